/**
 * The aggregate of one series over one pane (15 minutes or an hour; merged ones are longer). Panes of one series merge upward in
 * event-time order, so every arrival order gives the same bits.
 */
export interface Pane {
  /** Inclusive start, ms UTC. */
  readonly startMs: number;
  /** Exclusive end, ms UTC. */
  readonly endMs: number;
  /** Readings that count. */
  readonly count: number;
  /** Readings that were delivered but are bad: they lower coverage and never enter a value. */
  readonly invalidCount: number;
  /**
   * Expected-interval slots of the pane with at least one reading that counts: one more than expected at most, where the
   * pane is no multiple of the interval, so that those of panes in a row add up to those of the time they span.
   */
  readonly coveredSlots: number;
  /** Expected-interval slots of the pane: see `expectedSlotsOf`. */
  readonly expectedSlots: number;
  /** gauge, delta: sum of values. level: sum of 10^(L/10). angle: sum of cosines. counter, state: 0. */
  readonly sum: number;
  /** angle: sum of sines. Others 0. */
  readonly sumSin: number;
  readonly min: number;
  readonly max: number;
  readonly firstMs: number;
  readonly first: number;
  readonly lastMs: number;
  readonly last: number;
  /** counter: increase apportioned linearly in time between neighbours at most `gapMax` apart (KPI.md 4.3). */
  readonly increase: number;
  /** counter: part of the pane, ms, that apportioned increases cover. */
  readonly increaseCoveredMs: number;
  /** counter: sum of the deltas whose later reading lies in the pane, whatever the gap. */
  readonly increaseAtEnd: number;
  /** counter: number of deltas in `increaseAtEnd`. */
  readonly deltaCount: number;
  /** counter: register events (reset, roll-over, backflow, spike) in the pane. */
  readonly counterEvents: number;
  /** 0 until the pane was final and changed afterwards; then counts the changes. */
  readonly revision: number;
  /** True once the series' watermark has passed the end. */
  readonly final: boolean;
}

/** Pane lengths that are stored; days and longer windows are merged from hours when they are asked for. */
export const PANE_LEVELS = ['quarter', 'hour'] as const;
export type PaneLevel = (typeof PANE_LEVELS)[number];

/** What division may lose of a whole number of intervals. */
const SLOT_TOLERANCE = 1e-6;

/**
 * Readings that a time is sure to get of a device that keeps its interval: the whole intervals in it, and one at least.
 * A quarter-hour holds one or two readings of ten minutes, and so expects one.
 */
export function expectedSlotsOf(startMs: number, endMs: number, expectEveryMs: number): number {
  return Math.max(1, Math.floor((endMs - startMs) / expectEveryMs + SLOT_TOLERANCE));
}

/** Readings that a time can get of such a device at most. */
export function slotsMaxOf(startMs: number, endMs: number, expectEveryMs: number): number {
  return Math.max(1, Math.ceil((endMs - startMs) / expectEveryMs - SLOT_TOLERANCE));
}
