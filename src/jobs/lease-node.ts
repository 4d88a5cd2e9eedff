import type { Clock } from '../base/index.ts';
import { beyondShare, isSame, largestShare, type NodeHolding, shareOf } from './fair-share.ts';
import type { Lease, LeaseCounts, LeaseHolder } from './leases.ts';

export interface LeaseTiming {
  /** How long a name is a node's after it was renewed. */
  readonly leaseMs: number;
  /**
   * A node that was not heard for so long has no share until it is heard again. Far less than a lease: what it holds stays
   * its own, but what is free must not wait for a node that may be dead.
   */
  readonly presentMs: number;
  /** How long the work on a name may take to end before the name is given back all the same. */
  readonly drainMs: number;
  /** How long a node that hears of nobody at work waits for those that start with it. */
  readonly settleMs: number;
}

/** A lease is renewed so many times before it would run out: an attempt may fail, and the next one, too. */
const RENEWALS = 3;

/**
 * The part of a lease by which its node gives it up earlier than the table: clocks run at other rates, and what is under way
 * needs a moment to stop.
 */
const MARGIN = 1 / 10;

/**
 * Who is to have one more where shares cannot be equal depends on who has how many, which changes while names move: what is
 * one more is given up only once nothing has moved for so long.
 */
const QUIET_MS = 1_000;

/** Names that are asked for at once; between them the node renews what it has and hears of the others. */
const TAKEN_AT_ONCE = 64;

/** Between two looks for names that are gone, while there is less to take than there should be. */
const MEND_EVERY_MS = 1_000;

/** A name as the table gave it to a node. */
export interface Taking {
  readonly name: string;
  /** Higher with each taking. */
  readonly number: number;
  readonly token: string;
}

/** Where all nodes meet, as one of them sees it. All functions may refuse while it cannot be reached. */
export interface LeaseTable {
  /** This node lives and holds so many. @returns all nodes that are present, with this one */
  beat(held: number): Promise<readonly NodeHolding[]>;
  /** This node takes part no more. */
  leave(): Promise<void>;
  /** Any name that nobody holds, for the time of a lease; undefined when there is none. */
  take(): Promise<Taking | undefined>;
  /** For the time of a lease from now. @returns the names of which that is refused: they are not this node's */
  extend(takings: readonly Taking[]): Promise<readonly string[]>;
  /** Another node may take it. No effect when it is not this node's any more. */
  release(taking: Taking): Promise<void>;
  /** Makes names that are gone, whoever removed them, free again. */
  mend(): Promise<void>;
}

export interface LeaseNodeOptions {
  readonly id: string;
  readonly names: readonly string[];
  readonly table: LeaseTable;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timing: LeaseTiming;
  readonly holder: LeaseHolder;
}

interface Held {
  readonly lease: Lease;
  readonly taking: Taking;
  readonly number: number;
  readonly abort: AbortController;
  /** By the monotonic clock of this node; from then on it is lost. */
  untilMs: number;
  /** Set while its work is being ended; it is given back when that is done, or at that time. */
  drain: { readonly untilMs: number; isDone: boolean } | undefined;
}

/**
 * One of the nodes that share names. It has no timers: who owns it calls `step` again and again, one at a time, and `expire`
 * also while a step is waiting for the table.
 */
export class LeaseNode {
  readonly #options: LeaseNodeOptions;
  readonly #held = new Map<string, Held>();
  readonly #counts = { taken: 0, lost: 0, handedOver: 0 };
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #joinedAtMs = Number.NEGATIVE_INFINITY;
  #mendedAtMs = Number.NEGATIVE_INFINITY;
  #nodes: readonly NodeHolding[] = [];
  #changedAtMs = Number.NEGATIVE_INFINITY;
  #isLeaving = false;
  #hasLeft = false;

  constructor(options: LeaseNodeOptions) {
    this.#options = options;
  }

  counts(): LeaseCounts {
    return { held: this.#held.size, ...this.#counts };
  }

  /** Counts as lost what was not renewed in time. */
  expire(): void {
    const nowMs = this.#nowMs();
    for (const held of this.#held.values()) if (nowMs >= held.untilMs) this.#lose(held);
  }

  /** From now on each step ends work and gives names back, until none is held. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** It has left, and holds nothing any more. */
  get isGone(): boolean {
    return this.#hasLeft && this.#held.size === 0;
  }

  /** Counts everything as lost: the table cannot be told. */
  abandon(): void {
    for (const held of this.#held.values()) this.#lose(held);
  }

  /**
   * Renews, gives back, gives up and takes what there is to.
   *
   * @throws what the table refuses with; the next step goes on from there
   */
  async step(): Promise<void> {
    for (;;) {
      this.expire();
      await this.#renew();
      await this.#giveBack();
      if (this.#isLeaving) return this.#leaveTable();
      const { share, most, mayTake } = await this.#hearOthers();
      const kept = this.#kept();
      for (const held of beyondShare(kept, most)) this.#drain(held);
      const wanted = mayTake ? Math.min(share - kept.length, TAKEN_AT_ONCE) : 0;
      if (wanted <= 0) return;
      const taken = await this.#take(wanted);
      if (taken < wanted) return this.#mend();
    }
  }

  async #renew(): Promise<void> {
    const sentAtMs = this.#nowMs();
    if (sentAtMs - this.#renewedAtMs < this.#options.timing.leaseMs / RENEWALS) return;
    const all = [...this.#held.values()];
    const refused = all.length === 0 ? [] : await this.#options.table.extend(all.map(({ taking }) => taking));
    this.#renewedAtMs = sentAtMs;
    for (const held of all) held.untilMs = this.#untilMs(sentAtMs);
    for (const held of all) if (refused.includes(held.lease.name)) this.#lose(held);
    this.expire();
  }

  async #giveBack(): Promise<void> {
    const nowMs = this.#nowMs();
    const drained = [...this.#held.values()].filter(({ drain }) => drain !== undefined && isOver(drain, nowMs));
    await allOf(
      drained.map(async (held) => {
        held.abort.abort();
        await this.#options.table.release(held.taking);
        if (this.#forget(held)) this.#counts.handedOver++;
      }),
    );
  }

  async #leaveTable(): Promise<void> {
    // Others take over its share from now on; what it has yet to end follows.
    if (!this.#hasLeft) await this.#options.table.leave();
    this.#hasLeft = true;
    for (const held of this.#kept()) this.#drain(held);
  }

  /** @returns what it is to hold, more than which it gives up, and whether it may take any */
  async #hearOthers(): Promise<{ readonly share: number; readonly most: number; readonly mayTake: boolean }> {
    const { id, names, table, timing } = this.#options;
    const nodes = await table.beat(this.#kept().length);
    const nowMs = this.#nowMs();
    // It lost all it had, as may have done all others: it is as new.
    if (nowMs - this.#heardAtMs > timing.leaseMs) await this.#join(nowMs);
    this.#heardAtMs = nowMs;
    const isAtWork = nodes.some((node) => node.id !== id && node.held > 0);
    const mayTake = isAtWork || nowMs - this.#joinedAtMs >= timing.settleMs;
    if (!isSame(nodes, this.#nodes)) this.#changedAtMs = nowMs;
    this.#nodes = nodes;
    const share = shareOf(id, nodes, names.length);
    const isQuiet = nowMs - this.#changedAtMs >= QUIET_MS;
    return { share, most: isQuiet ? share : largestShare(nodes.length, names.length), mayTake };
  }

  async #join(nowMs: number): Promise<void> {
    this.#joinedAtMs = nowMs;
    await this.#mend();
  }

  async #mend(): Promise<void> {
    const nowMs = this.#nowMs();
    if (nowMs - this.#mendedAtMs < MEND_EVERY_MS) return;
    this.#mendedAtMs = nowMs;
    await this.#options.table.mend();
  }

  /** @returns how many there were */
  async #take(count: number): Promise<number> {
    const taken = await allOf(Array.from({ length: count }, () => this.#takeOne()));
    return taken.filter((isTaken) => isTaken).length;
  }

  async #takeOne(): Promise<boolean> {
    const { table, holder } = this.#options;
    const sentAtMs = this.#nowMs();
    const taking = await table.take();
    if (taking === undefined) return false;
    const untilMs = this.#untilMs(sentAtMs);
    // The answer came too late; or the table forgot that this node holds it, and will refuse to renew what it forgot.
    if (this.#isLeaving || this.#nowMs() >= untilMs || this.#held.has(taking.name)) {
      await table.release(taking);
      return false;
    }
    const held = this.#heldOf(taking, untilMs);
    this.#held.set(taking.name, held);
    this.#counts.taken++;
    holder.take(held.lease);
    return true;
  }

  #heldOf(taking: Taking, untilMs: number): Held {
    const { name, number } = taking;
    const abort = new AbortController();
    const release = (): void => {
      held.drain = { untilMs: 0, isDone: true };
      abort.abort();
    };
    const lease: Lease = { name, number, lost: abort.signal, release };
    const held: Held = { lease, taking, number, abort, untilMs, drain: undefined };
    return held;
  }

  #drain(held: Held): void {
    const drain = { untilMs: this.#nowMs() + this.#options.timing.drainMs, isDone: false };
    held.drain = drain;
    void this.#options.holder.drain(held.lease).then(() => {
      drain.isDone = true;
    });
  }

  /** What it holds and is to go on with. */
  #kept(): readonly Held[] {
    return [...this.#held.values()].filter(({ drain }) => drain === undefined);
  }

  #lose(held: Held): void {
    if (this.#forget(held)) this.#counts.lost++;
    held.abort.abort();
  }

  #forget(held: Held): boolean {
    return this.#held.get(held.lease.name) === held && this.#held.delete(held.lease.name);
  }

  /** A lease begins in the table when the order comes there, which is after it was sent. */
  #untilMs(sentAtMs: number): number {
    return sentAtMs + this.#options.timing.leaseMs * (1 - MARGIN);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function isOver({ untilMs, isDone }: { readonly untilMs: number; readonly isDone: boolean }, nowMs: number): boolean {
  return isDone || nowMs >= untilMs;
}

/** All of them are waited for, also when one fails. @throws the first failure */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
