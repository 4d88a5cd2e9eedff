import type { RejectReason } from './reading.ts';

/** Before anything was decoded again. */
export const NOTHING_AGAIN: Accounting['again'] = {
  messages: { received: 0, decoded: 0, ignored: 0, quarantined: 0 },
  readings: { received: 0, added: 0, replaced: 0, duplicate: 0, quarantined: 0 },
  withdrawn: 0,
};

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
  /**
   * Messages that were decoded again by order; they and their readings are in none of the numbers above. messages: received
   * = decoded + ignored + quarantined. readings: received = added + replaced + duplicate + quarantined.
   */
  readonly again: {
    readonly messages: Accounting['messages'];
    readonly readings: {
      readonly received: number;
      /** Of an identity of which nothing was known. */
      readonly added: number;
      /** In place of another value, quality or message. */
      readonly replaced: number;
      /** What stands there already. */
      readonly duplicate: number;
      readonly quarantined: number;
    };
    /** Readings that stood and that their messages do not give any more. */
    readonly withdrawn: number;
  };
  /** Quarantined messages and readings together, by reason. */
  readonly rejects: Readonly<Partial<Record<RejectReason, number>>>;
}
