import type { KpiValue, PaneColumns } from '../model/index.ts';
import type { ReadingColumns, Store } from './store.ts';

/** What rows are of; each may be kept for another time. */
export const MIRROR_LEVELS = ['raw', 'quarter', 'hour', 'kpi'] as const;
export type MirrorLevel = (typeof MIRROR_LEVELS)[number];

/**
 * How far the embedded store is: a position in the journal, which readings go by, and how many batches it has written,
 * which stamps panes and values. Several batches can have one position: values of the past are looked at again without a
 * new message.
 */
export interface StoreMark {
  readonly position: number;
  readonly stamp: number;
}

/** What was written after one mark (exclusive), up to another (inclusive). */
export interface MarkRange {
  readonly after: StoreMark;
  readonly upTo: StoreMark;
}

/**
 * How the rows stand that batches of a range wrote: each identity once, with what it says now. Telling them twice, or
 * in overlapping ranges, says the same.
 */
export interface StoreChanges {
  /** What they go up to; less than was asked for where that would have been too much at once. */
  readonly upTo: StoreMark;
  /** A reading that does not count has NaN; so has one that is not there any more. */
  readonly readings: ReadingColumns;
  readonly panes: PaneColumns;
  /** Of a window the newest revision. */
  readonly kpis: readonly KpiValue[];
}

/** Where mirrors get from what they are told: the embedded store. */
export interface ChangesSource extends Pick<Store, 'series' | 'stats' | 'changes' | 'markBefore'> {}

/** What became of lines that were sent. */
export type Sent =
  /** They are there for good, but for those that the store's own retention let go at once. */
  | { readonly kind: 'taken'; readonly dropped: number }
  /** Some cannot be taken, now or ever; the others may be there. `lines` are those, from 0, where the store says so. */
  | { readonly kind: 'refused'; readonly detail: string; readonly lines?: readonly number[] }
  /** The request is too large; a part of it may not be. */
  | { readonly kind: 'tooLarge'; readonly detail: string }
  /**
   * Nothing is known to be there: the store is busy, does not let us in, or is away. One that was away may have been
   * killed, and not every store has on disk what it took.
   */
  | {
      readonly kind: 'later';
      readonly detail: string;
      readonly afterMs?: number;
      readonly isAway?: boolean;
      /** What `open` makes is not there. */
      readonly isMissing?: boolean;
    };

/** What a mirror can do; a text says why it cannot. */
export interface MirrorCapabilities {
  /** `points` answers. */
  readonly read: true | string;
  /** Levels are kept for times of their own, which it sets at the start. */
  readonly retention: true | string;
  /** A point that comes again takes the place of the one with its tags and time. */
  readonly replace: true | string;
}

/** A number that a point says, and how good it is. */
export interface MirrorPoint {
  readonly timeMs: number;
  /** Null where there is none (any more). */
  readonly value: number | null;
  readonly coverage: number | null;
  readonly count: number | null;
}

/** Points with all of these tags, of one measurement. */
export interface PointsQuery {
  readonly level: MirrorLevel;
  /** A domain of quantities, or `kpi`. */
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Inclusive and exclusive, ms UTC. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A store beside the embedded one, which is told everything that the embedded one has, at its own pace. It takes line
 * protocol with times in ms.
 */
export interface Mirror {
  readonly capabilities: MirrorCapabilities;
  /**
   * Makes databases, buckets and retention rules that are not there, where that is allowed; again when they are gone.
   * Never rejects.
   *
   * @returns what could not be made, for the log; the rest works without it
   */
  open(): Promise<readonly string[]>;
  /** Never rejects. */
  send(level: MirrorLevel, lines: string): Promise<Sent>;
  /** Oldest first. @throws OperatingError `store_cannot_read` where `capabilities.read` is a text, `store_unreachable` */
  points(query: PointsQuery): Promise<readonly MirrorPoint[]>;
  close(): Promise<void>;
}

/** How a mirror stands. */
export interface MirrorStanding {
  readonly name: string;
  /** It has everything that messages up to this journal position brought; 0 before the first. */
  readonly position: number;
  /** Why it gets nothing at present; null when all is well. */
  readonly problem: string | null;
  /** Batches of panes and values that it has not been told of, as of the last look; Infinity before the first. */
  readonly batchesBehind: number;
  /** It is told again, or will be, what it may have had in memory only when it went away. */
  readonly isRepeating: boolean;
  /** Wall clock when it had all that the embedded store had, ms UTC; NaN while nobody knows. */
  readonly levelAtMs: number;
  /** Since the start of the program. */
  readonly linesTotal: number;
  readonly bytesTotal: number;
  /** Points that it refused for good; they are written down beside its cursor. */
  readonly refusedTotal: number;
  /** Points that were older than what it keeps. */
  readonly droppedTotal: number;
  readonly retriesTotal: number;
}
