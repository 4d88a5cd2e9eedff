import { expectedSlotsOf, type Pane, type QuantityKind, slotsMaxOf } from '../model/index.ts';
import type { PaneRule } from './pane-rule.ts';
import { increaseOf, type RegisterIncrease } from './register-increase.ts';
import type { SortedReadings } from './sorted-readings.ts';

/**
 * A reading fills the next slot when it comes at least this share of the interval after the one before it. Slots follow
 * the readings and not the clock: a sensor that reports every minute give or take seconds fills all of them, and one
 * that reports too often in half an hour does not fill the other half.
 */
const SLOT_SHARE = 0.75;

/**
 * The pane [startMs, endMs) of a series: a fold over its readings in event-time order, so the same set of readings gives
 * the same bits whatever order they came in. Sums are compensated (Knuth's TwoSum), which keeps their error below one
 * unit in the last place.
 *
 * @returns undefined when there is no reading in the pane and no increase across it
 */
export function paneOfReadings(
  readings: SortedReadings,
  startMs: number,
  endMs: number,
  rule: PaneRule,
): MutablePane | undefined {
  const from = readings.lowerBound(startMs);
  const to = from === readings.count ? from : readings.lowerBound(endMs);
  const isRegister = rule.kind === 'counter';
  if (from === to && !isRegister) return undefined;
  const pane = emptyPane(startMs, endMs, rule.expectEveryMs);
  foldReadings(pane, readings, from, to, rule.expectEveryMs);
  foldSums(pane, readings, from, to, rule.kind);
  if (!isRegister) return pane;
  const increase = increaseOf(readings, startMs, endMs, rule);
  if (from === to && increase.increaseCoveredMs === 0) return undefined;
  return withIncrease(pane, increase);
}

/** A pane in the making; `revision` and `final` are there from the start, so that all panes have one shape. */
export type MutablePane = { -readonly [Key in keyof Pane]: Pane[Key] };

/** A pane that holds nothing. */
export function emptyPane(startMs: number, endMs: number, expectEveryMs: number): MutablePane {
  return {
    startMs,
    endMs,
    count: 0,
    invalidCount: 0,
    coveredSlots: 0,
    expectedSlots: expectedSlotsOf(startMs, endMs, expectEveryMs),
    sum: 0,
    sumSin: 0,
    min: Number.NaN,
    max: Number.NaN,
    firstMs: Number.NaN,
    first: Number.NaN,
    lastMs: Number.NaN,
    last: Number.NaN,
    increase: 0,
    increaseCoveredMs: 0,
    increaseAtEnd: 0,
    deltaCount: 0,
    counterEvents: 0,
    revision: 0,
    final: false,
  };
}

function withIncrease(pane: MutablePane, increase: RegisterIncrease): MutablePane {
  pane.increase = increase.increase;
  pane.increaseCoveredMs = increase.increaseCoveredMs;
  pane.increaseAtEnd = increase.increaseAtEnd;
  pane.deltaCount = increase.deltaCount;
  pane.counterEvents = increase.counterEvents;
  return pane;
}

/** Counts, slots, extremes, first and last. */
function foldReadings(pane: MutablePane, readings: SortedReadings, from: number, to: number, everyMs: number): void {
  const slotMs = SLOT_SHARE * everyMs;
  let count = 0;
  let slots = 0;
  let slotAtMs = Number.NEGATIVE_INFINITY;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let first = -1;
  let last = -1;
  for (let index = from; index < to; index++) {
    const value = readings.valueAt(index);
    // NaN: delivered, and does not count.
    if (Number.isNaN(value)) continue;
    count++;
    if (first < 0) first = index;
    last = index;
    if (value < min) min = value;
    if (value > max) max = value;
    const timeMs = readings.timeMsAt(index);
    if (timeMs - slotAtMs < slotMs) continue;
    slots++;
    slotAtMs = timeMs;
  }
  pane.invalidCount = to - from - count;
  if (count === 0) return;
  pane.count = count;
  pane.coveredSlots = Math.min(slots, slotsMaxOf(pane.startMs, pane.endMs, everyMs));
  pane.min = min;
  pane.max = max;
  pane.firstMs = readings.timeMsAt(first);
  pane.first = readings.valueAt(first);
  pane.lastMs = readings.timeMsAt(last);
  pane.last = readings.valueAt(last);
}

function foldSums(pane: MutablePane, readings: SortedReadings, from: number, to: number, kind: QuantityKind): void {
  switch (kind) {
    case 'gauge':
    case 'delta':
      pane.sum = sumOf(readings, from, to);
      break;
    case 'level':
      pane.sum = foldSum(readings, from, to, energyOf);
      break;
    case 'angle':
      pane.sum = foldSum(readings, from, to, cosineOf);
      pane.sumSin = foldSum(readings, from, to, sineOf);
      break;
    default:
  }
}

/** Levels add as energies: 10^(L/10). */
const energyOf = (level: number): number => 10 ** (level / 10);
const cosineOf = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
const sineOf = (degrees: number): number => Math.sin((degrees * Math.PI) / 180);

function sumOf(readings: SortedReadings, from: number, to: number): number {
  let sum = 0;
  let lost = 0;
  for (let index = from; index < to; index++) {
    const value = readings.valueAt(index);
    if (Number.isNaN(value)) continue;
    const next = sum + value;
    const rounded = next - sum;
    lost += sum - (next - rounded) + (value - rounded);
    sum = next;
  }
  return sum + lost;
}

function foldSum(readings: SortedReadings, from: number, to: number, term: (value: number) => number): number {
  let sum = 0;
  let lost = 0;
  for (let index = from; index < to; index++) {
    const value = readings.valueAt(index);
    if (Number.isNaN(value)) continue;
    const added = term(value);
    const next = sum + added;
    const rounded = next - sum;
    lost += sum - (next - rounded) + (added - rounded);
    sum = next;
  }
  return sum + lost;
}
