/** Customers who lost supply at one instant and had it back at another: one step of an outage. */
export interface Interruption {
  /** ms UTC. */
  readonly beginMs: number;
  /** ms UTC; undefined while they are without supply. */
  readonly endMs: number | undefined;
  /** More than 0. */
  readonly customers: number;
}

/** An interruption as an index of reliability counts it, at one instant. */
export interface OutageStep {
  /** Start of the local day to which all of its minutes belong: that on which it began, ms UTC. */
  readonly dayMs: number;
  readonly customers: number;
  /** Minutes without supply, so far where it runs. */
  readonly minutes: number;
  /** Longer than the limit of momentary interruptions, or running. */
  readonly sustained: boolean;
  /** Not over: the minutes are provisional. */
  readonly running: boolean;
}

/** What happened in one window, as indices of reliability need it. */
export interface OutageRecord {
  /** Interruptions that began in the window. */
  readonly steps: readonly OutageStep[];
  /** Interruptions that began before it, where the index looks at them: those that major event days are told from. */
  readonly before: readonly OutageStep[];
  /** Hours of the window that are over. */
  readonly periodHours: number;
}

/** Quantities whose changes are outages: customers without supply behind a device, and the state of one meter. */
export const OUTAGE_QUANTITIES = ['customers_out', 'power_outage'] as const;
