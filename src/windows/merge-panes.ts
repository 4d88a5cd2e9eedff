import { exactSum } from '../base/index.ts';
import { expectedSlotsOf, type Pane, type QuantityKind, type Series } from '../model/index.ts';

/**
 * Merges panes of one series upward: hours to a day, a day to longer windows. Panes must not overlap and stand in order
 * of time; the result has the bounds given, and its expected slots are those of the whole time.
 */
export function mergePanes(panes: readonly Pane[], startMs: number, endMs: number, expectEveryMs: number): Pane {
  const counted = panes.filter((pane) => pane.count > 0);
  const total = (pick: (pane: Pane) => number): number => panes.reduce((sum, pane) => sum + pick(pane), 0);
  const expectedSlots = expectedSlotsOf(startMs, endMs, expectEveryMs);
  return {
    startMs,
    endMs,
    count: total((pane) => pane.count),
    invalidCount: total((pane) => pane.invalidCount),
    coveredSlots: Math.min(
      expectedSlots,
      total((pane) => pane.coveredSlots),
    ),
    expectedSlots,
    sum: exactSum(panes.map((pane) => pane.sum)),
    sumSin: exactSum(panes.map((pane) => pane.sumSin)),
    min: counted.reduce((least, pane) => (pane.min >= least ? least : pane.min), Number.NaN),
    max: counted.reduce((most, pane) => (pane.max <= most ? most : pane.max), Number.NaN),
    firstMs: counted[0]?.firstMs ?? Number.NaN,
    first: counted[0]?.first ?? Number.NaN,
    lastMs: counted.at(-1)?.lastMs ?? Number.NaN,
    last: counted.at(-1)?.last ?? Number.NaN,
    increase: exactSum(panes.map((pane) => pane.increase)),
    increaseCoveredMs: total((pane) => pane.increaseCoveredMs),
    increaseAtEnd: exactSum(panes.map((pane) => pane.increaseAtEnd)),
    deltaCount: total((pane) => pane.deltaCount),
    counterEvents: total((pane) => pane.counterEvents),
    revision: total((pane) => pane.revision),
    final: panes.length > 0 && panes.every((pane) => pane.final),
  };
}

/** True for a pane that holds nothing: what it held was taken away again. It counts as absent. */
export function isEmptyPane(pane: Pick<Pane, 'count' | 'invalidCount' | 'increaseCoveredMs'>): boolean {
  return pane.count === 0 && pane.invalidCount === 0 && pane.increaseCoveredMs === 0;
}

/**
 * The value of a pane by the kind of its quantity: mean, energetic mean, vector mean, increase, sum or last value.
 *
 * @returns null when the pane has no reading that counts (for registers: no increase)
 */
export function paneValue(
  kind: QuantityKind,
  pane: Pane,
  counterMethod: 'interpolated' | 'end' = 'interpolated',
): number | null {
  if (kind === 'counter') {
    if (counterMethod === 'end') return pane.deltaCount > 0 ? pane.increaseAtEnd : null;
    return pane.increaseCoveredMs > 0 ? pane.increase : null;
  }
  if (pane.count === 0) return null;
  switch (kind) {
    case 'gauge':
      return pane.sum / pane.count;
    case 'level':
      return 10 * Math.log10(pane.sum / pane.count);
    case 'angle':
      return (Math.atan2(pane.sumSin, pane.sum) * (180 / Math.PI) + 360) % 360;
    case 'delta':
      return pane.sum;
    default:
      return pane.last;
  }
}

/** The value of a window from the readings in its panes, and what it is worth. */
export interface ReadingsSummary {
  /** All panes of the window as one. */
  readonly pane: Pane;
  readonly value: number | null;
  /** Slots with a reading, and slots of the window. */
  readonly validParts: number;
  readonly expectedParts: number;
  /** 0 to 1: share of slots; for registers whose increase is interpolated, share of the time that increases cover. */
  readonly coverage: number;
  /** Three quarters are covered (2008/50/EC annex I: 45 minutes of an hour). */
  readonly valid: boolean;
}

/** Merges the panes of a window and tells its value by the kind of the quantity. */
export function summaryOfReadings(
  { kind, expectEveryMs }: Pick<Series, 'kind' | 'expectEveryMs'>,
  counterMethod: 'interpolated' | 'end',
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  panes: readonly Pane[],
): ReadingsSummary {
  const pane = mergePanes(panes, startMs, endMs, expectEveryMs);
  const value = paneValue(kind, pane, counterMethod);
  const byTime = kind === 'counter' && counterMethod === 'interpolated';
  const coverage = byTime
    ? pane.increaseCoveredMs / (endMs - startMs)
    : Math.min(1, pane.coveredSlots / pane.expectedSlots);
  return {
    pane,
    value,
    validParts: pane.coveredSlots,
    expectedParts: pane.expectedSlots,
    coverage,
    valid: value !== null && (byTime ? coverage >= 0.75 : 4 * pane.coveredSlots >= 3 * pane.expectedSlots),
  };
}

/**
 * The 75 % rule for an hour (2008/50/EC annex I: 45 minutes; KPI.md 6.2): slots for readings, time for registers.
 */
export function hourIsValid(kind: QuantityKind, pane: Pane): boolean {
  if (kind === 'counter') return 4 * pane.increaseCoveredMs >= 3 * (pane.endMs - pane.startMs);
  return pane.count > 0 && 4 * pane.coveredSlots >= 3 * pane.expectedSlots;
}
