/** A name that this node holds, and no other one does. */
export interface Lease {
  readonly name: string;
  /** Higher than that of everybody who held the name before: what they still write can be told from this one's. */
  readonly number: number;
  /** Aborted when the name is not this node's any more: nothing may be begun for it from then on. */
  readonly lost: AbortSignal;
  /** Gives the name back unasked; whoever has less than its share takes it, this node included. */
  release(): void;
}

/** What a node does with the names it holds. Neither function may throw. */
export interface LeaseHolder {
  take(lease: Lease): void;
  /**
   * Another node is to have it: ends the work on it, and resolves once nothing of it is under way. The lease is held until
   * then, but not longer than the time for it; then `lost` is aborted.
   */
  drain(lease: Lease): Promise<void>;
}

export interface LeaseOwner {
  readonly name: string;
  /** Undefined while nobody holds it. */
  readonly node: string | undefined;
  /** Wall clock of that node when it took the name, ms UTC. */
  readonly sinceMs: number | undefined;
}

/** What has happened on this node since its start, in names. */
export interface LeaseCounts {
  readonly held: number;
  readonly taken: number;
  /** The lease ran out before it was renewed. */
  readonly lost: number;
  /** Given back, to be taken by another node. */
  readonly handedOver: number;
}

/**
 * Who holds which of some names: each is held by one node at a time, and all nodes hold as many, give or take one. A name
 * moves only where somebody came or left, and no more names than that takes, give or take one where what nodes know of each
 * other is a step old:
 *
 * - a node that joins gets its share as soon as those who have more have ended their work on it;
 * - a node that closes hands all over, the same way;
 * - a node that died or hangs loses its names when its lease runs out. It knows by itself, by its own monotonic clock and
 *   some time before another one may take them.
 */
export interface Leases {
  /** Takes part, until it is closed. All nodes give the same names: letters, digits and dashes. */
  run(names: readonly string[], holder: LeaseHolder): void;
  /** Also for who takes no part. @throws OperatingError `jobs_unreachable` (retryable) */
  owners(names: readonly string[]): Promise<readonly LeaseOwner[]>;
  counts(): LeaseCounts;
  /** Ends the work on all names, gives them back and takes part no more. */
  close(): Promise<void>;
}
