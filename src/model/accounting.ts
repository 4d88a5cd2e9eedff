import type { RejectReason } from './reading.ts';

/**
 * Where every message and every reading went. Two identities hold at every moment:
 * messages: received = decoded + ignored + quarantined
 * readings: received = counted + invalid + duplicate + lateFiled + quarantined
 */
export interface Accounting {
  /** Journal sequence up to which this speaks. */
  readonly sequence: number;
  readonly messages: {
    readonly received: number;
    /** Gave at least one reading. */
    readonly decoded: number;
    /** Known topic without readings (state, status, wills). */
    readonly ignored: number;
    readonly quarantined: number;
  };
  readonly readings: {
    readonly received: number;
    readonly counted: number;
    /** Delivered as bad: kept for coverage. */
    readonly invalid: number;
    readonly duplicate: number;
    /** Older than the horizon: filed in the store, not in a live window. */
    readonly lateFiled: number;
    readonly quarantined: number;
  };
  /** Quarantined messages and readings together, by reason. */
  readonly rejects: Readonly<Partial<Record<RejectReason, number>>>;
}
