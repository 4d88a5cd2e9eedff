import { exactSum } from '../base/index.ts';
import { type Pane, type QuantityKind, qualityCounts } from '../model/index.ts';
import { deltaBetween, isGlitch, type RegisterBelief, soundAfter, soundBefore } from './register-readings.ts';
import type { KeptReading, SeriesReadings } from './series-readings.ts';

/** What a pane needs to know of its series. */
export interface PaneRule {
  readonly kind: QuantityKind;
  readonly expectEveryMs: number;
  /** Register neighbours further apart leave the time between them open, ms. */
  readonly counterGapMsMax: number;
  readonly register: RegisterBelief;
}

/**
 * A reading fills the next slot when it comes at least this share of the interval after the one before it. Slots follow
 * the readings and not the clock: a sensor that reports every minute give or take seconds fills all of them, and one
 * that reports too often in half an hour does not fill the other half.
 */
const SLOT_SHARE = 0.75;

/**
 * The pane [startMs, endMs) of a series, from all of its kept readings: the same set of readings gives the same bits
 * whatever order they came in, because sums are exact and everything else follows event time.
 *
 * @returns undefined when there is no reading in the pane and no increase across it
 */
export function paneOfReadings(
  readings: SeriesReadings,
  startMs: number,
  endMs: number,
  rule: PaneRule,
): Omit<Pane, 'revision' | 'final'> | undefined {
  const timesMs: number[] = [];
  const values: number[] = [];
  let invalidCount = 0;
  let coveredSlots = 0;
  let slotMs = Number.NEGATIVE_INFINITY;
  readings.visit(startMs, endMs, (timeMs, value, quality) => {
    if (!qualityCounts(quality)) {
      invalidCount++;
      return;
    }
    timesMs.push(timeMs);
    values.push(value);
    if (timeMs - slotMs < SLOT_SHARE * rule.expectEveryMs) return;
    coveredSlots++;
    slotMs = timeMs;
  });
  const counter = rule.kind === 'counter' ? increaseOf(readings, timesMs, values, startMs, endMs, rule) : NO_INCREASE;
  if (values.length === 0 && invalidCount === 0 && counter.increaseCoveredMs === 0) return undefined;
  const expectedSlots = Math.max(1, Math.round((endMs - startMs) / rule.expectEveryMs));
  return {
    startMs,
    endMs,
    count: values.length,
    invalidCount,
    coveredSlots: Math.min(coveredSlots, expectedSlots),
    expectedSlots,
    ...sumsOf(rule.kind, values),
    ...extremesOf(timesMs, values),
    ...counter,
  };
}

function sumsOf(kind: QuantityKind, values: readonly number[]): { sum: number; sumSin: number } {
  switch (kind) {
    case 'level':
      return { sum: exactSum(values.map((level) => 10 ** (level / 10))), sumSin: 0 };
    case 'angle':
      return {
        sum: exactSum(values.map((degrees) => Math.cos((degrees * Math.PI) / 180))),
        sumSin: exactSum(values.map((degrees) => Math.sin((degrees * Math.PI) / 180))),
      };
    case 'gauge':
    case 'delta':
      return { sum: exactSum(values), sumSin: 0 };
    default:
      return { sum: 0, sumSin: 0 };
  }
}

function extremesOf(timesMs: readonly number[], values: readonly number[]) {
  let min = Number.NaN;
  let max = Number.NaN;
  for (const value of values) {
    if (!(value >= min)) min = value;
    if (!(value <= max)) max = value;
  }
  return {
    min,
    max,
    firstMs: timesMs[0] ?? Number.NaN,
    first: values[0] ?? Number.NaN,
    lastMs: timesMs.at(-1) ?? Number.NaN,
    last: values.at(-1) ?? Number.NaN,
  };
}

type Increase = Pick<Pane, 'increase' | 'increaseCoveredMs' | 'increaseAtEnd' | 'deltaCount' | 'counterEvents'>;

const NO_INCREASE: Increase = {
  increase: 0,
  increaseCoveredMs: 0,
  increaseAtEnd: 0,
  deltaCount: 0,
  counterEvents: 0,
};

/** Walks the register's neighbours in event time, one before and one after the pane included. */
function increaseOf(
  readings: SeriesReadings,
  timesMs: readonly number[],
  values: readonly number[],
  startMs: number,
  endMs: number,
  rule: PaneRule,
): Increase {
  const apportioned: number[] = [];
  const atEnd: number[] = [];
  let increaseCoveredMs = 0;
  let counterEvents = 0;
  let previous = soundBefore(readings, startMs, rule.register);
  const step = (current: KeptReading): void => {
    if (previous !== undefined) {
      const { delta, event } = deltaBetween(previous, current, rule.register);
      const inside = current.timeMs < endMs;
      if (inside && event !== null) counterEvents++;
      if (delta !== null) {
        if (inside) atEnd.push(delta);
        const gapMs = current.timeMs - previous.timeMs;
        const overlapMs = Math.min(current.timeMs, endMs) - Math.max(previous.timeMs, startMs);
        if (overlapMs > 0 && gapMs <= rule.counterGapMsMax) {
          apportioned.push(overlapMs === gapMs ? delta : (delta * overlapMs) / gapMs);
          increaseCoveredMs += overlapMs;
        }
      }
    }
    previous = current;
  };
  for (let at = 0; at < values.length; at++) {
    const reading = { timeMs: timesMs[at]!, value: values[at]! };
    if (isGlitch(readings, reading, rule.register)) counterEvents++;
    else step(reading);
  }
  const following = soundAfter(readings, endMs, rule.register);
  if (following !== undefined) step(following);
  return {
    increase: exactSum(apportioned),
    increaseCoveredMs,
    increaseAtEnd: exactSum(atEnd),
    deltaCount: atEnd.length,
    counterEvents,
  };
}
