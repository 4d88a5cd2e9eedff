import { exactSum, HOUR_MS } from '../base/index.ts';
import type { KpiDevice, KpiHour, KpiSeries, KpiWindow, Part } from './definition.ts';

/**
 * Hours before a local day in which a meter that reported is expected on the day too: one that fell silent lowers the
 * coverage of its first silent day. Also the reach of KPIs that ask for expected meters, so that a late reading there
 * makes them look again; short of the shortest day, so that it reaches the next day only.
 */
export const EXPECTED_AFTER_HOURS = 23;

type Span = Pick<KpiWindow, 'startMs' | 'endMs'>;

/**
 * The device's series of a quantity: the unnamed channel where there is one, otherwise the first; of several only those
 * with anything in the window, so that a channel which came later or went earlier makes no difference.
 */
export function mainSeries(device: KpiDevice, quantity: string, window: Span): KpiSeries | undefined {
  const known = seriesOf(device, quantity);
  if (known.length < 2) return known[0];
  const all = known.filter((one) => isHeard(one, window));
  return all.find(({ series }) => series.channel === '') ?? all.find(({ series }) => series.channel !== '1s') ?? all[0];
}

/** Without closures: most devices have few series, and KPIs ask for them with every reading. */
function seriesOf(device: KpiDevice, quantity: string): readonly KpiSeries[] {
  const known: KpiSeries[] = [];
  for (const one of device.series) if (one.series.quantity === quantity) known.push(one);
  return known;
}

/**
 * The series that together are a meter's whole: the unnamed channel, or else its phases (L1 to L3), tariffs (T1...) or
 * numbered outputs. Sub-meters with names of their own are never added to the meter above them.
 *
 * @returns the series expected in the window; empty when the meter measures no such quantity, or was not heard lately
 */
export function wholeSeries(device: KpiDevice, quantity: string, window: Span): readonly KpiSeries[] {
  const expected = { startMs: window.startMs - EXPECTED_AFTER_HOURS * HOUR_MS, endMs: window.endMs };
  const all = device.series.filter((one) => one.series.quantity === quantity && isHeard(one, expected));
  const main = all.filter(({ series }) => series.channel === '');
  const parts = all.filter(({ series }) => /^(?:[LT]\d|\d+)$/.test(series.channel));
  return parts.length === 0 || main.some((one) => isHeard(one, window)) ? main : parts;
}

function isHeard(series: KpiSeries, { startMs, endMs }: Span): boolean {
  return series.hasHours(startMs, endMs);
}

/**
 * The hour of a window of one hour: the one measured, or null when the station was heard in the hours before and is
 * expected in this one too, so that it lowers coverage instead of leaving it.
 *
 * @returns undefined when the device measures no such quantity, or was not heard lately
 */
export function expectedHour(device: KpiDevice, quantity: string, window: Span): KpiHour | null | undefined {
  const hour = mainSeries(device, quantity, window)?.hours(window.startMs, window.endMs)[0];
  if (hour !== undefined) return hour;
  const before = { startMs: window.startMs - EXPECTED_AFTER_HOURS * HOUR_MS, endMs: window.startMs };
  return mainSeries(device, quantity, before)?.hours(before.startMs, before.endMs).some(isMeasured) === true
    ? null
    : undefined;
}

function isMeasured({ made }: KpiHour): boolean {
  return made.isHeard;
}

/** What an hour of a gauge or level says; an expected hour that did not come says nothing. */
export function hourPart(hour: KpiHour | null): Part {
  if (hour === null) return { value: null, validCount: 0, expectedCount: 1, valid: false, note: '' };
  const { expectedSlots } = hour.made;
  const validCount = countedSlots(hour);
  return { value: hour.value, validCount, expectedCount: expectedSlots, valid: hour.valid, note: '' };
}

/** Expected readings of an hour that came; an hour that has one more than it is sure to get is covered, and no more. */
export function countedSlots({ made: { coveredSlots, expectedSlots } }: KpiHour): number {
  return Math.min(coveredSlots, expectedSlots);
}

/** An interval that all series of a whole have, with the sum of their values. */
export interface WholeInterval {
  readonly startMs: number;
  readonly endMs: number;
  readonly value: number;
  /** An amount that was measured over a part of the interval and is taken for all of it. */
  readonly isPartial: boolean;
}

/** What the amount of an interval is to be multiplied by for the whole interval. */
type FactorOf = (interval: KpiHour) => number;

const AS_IT_IS: FactorOf = () => 1;

/**
 * Sums the series of a whole interval by interval. An interval in which one of them does not count is left out: the sum
 * would be too small.
 *
 * @param series intervals of each series
 * @param factors of each series; values are as they are when absent
 * @returns by start, ms UTC, in order of time
 */
export function wholeIntervals(
  series: readonly (readonly KpiHour[])[],
  counts: (interval: KpiHour) => boolean,
  factors: readonly FactorOf[] = [],
): ReadonlyMap<number, WholeInterval> {
  const [only, ...others] = series;
  // By far the most meters have one series.
  if (only !== undefined && others.length === 0) return aloneIntervals(only, counts, factors[0]);
  const counted = series.flatMap((intervals, at) => [...aloneIntervals(intervals, counts, factors[at]).values()]);
  const whole = new Map<number, WholeInterval>();
  for (const [startMs, same] of Map.groupBy(counted, (interval) => interval.startMs)) {
    const [first] = same;
    if (first === undefined || same.length < series.length) continue;
    const value = exactSum(same.map((one) => one.value));
    whole.set(startMs, { startMs, endMs: first.endMs, value, isPartial: same.some((one) => one.isPartial) });
  }
  return whole;
}

function aloneIntervals(
  intervals: readonly KpiHour[],
  counts: (interval: KpiHour) => boolean,
  factorOf: FactorOf = AS_IT_IS,
): ReadonlyMap<number, WholeInterval> {
  const whole = new Map<number, WholeInterval>();
  for (const one of intervals) {
    const { startMs, endMs, value } = one;
    if (value === null || !counts(one)) continue;
    const factor = factorOf(one);
    whole.set(startMs, { startMs, endMs, value: value * factor, isPartial: factor !== 1 });
  }
  return whole;
}

/**
 * Hours of a window that are valid in all series of a whole, summed. An amount that was measured over three quarters of
 * an hour or more is taken for the whole hour, as a mean is: adding what is there would fill the rest with zero
 * (KPI.md 6.2).
 */
export function wholeHours(series: readonly KpiSeries[], window: Span): ReadonlyMap<number, WholeInterval> {
  const hours = series.map((one) => one.hours(window.startMs, window.endMs));
  const factors = series.map((one, at) => factorOfHours(one, hours[at]!));
  return wholeIntervals(hours, isValid, factors);
}

function isValid({ valid }: KpiHour): boolean {
  return valid;
}

function factorOfHours({ series: { kind } }: KpiSeries, hours: readonly KpiHour[]): FactorOf {
  if (kind === 'counter') return wholeIncrease;
  return kind === 'delta' ? wholeDeltas(hours) : AS_IT_IS;
}

/** Nothing is counted twice: time that a register's increase does not cover is in no hour. */
function wholeIncrease({ made, pane, startMs, endMs }: KpiHour): number {
  return made.isCrossed ? 1 : (endMs - startMs) / pane.increaseCoveredMs;
}

/**
 * Interval amounts of the valid hours together: a reading that came seconds early is missing in its hour and too much in
 * the one before, which would count it twice hour by hour.
 */
function wholeDeltas(hours: readonly KpiHour[]): FactorOf {
  const valid = hours.filter(isValid);
  if (valid.every(({ made }) => made.isFull)) return AS_IT_IS;
  let count = 0;
  let expectedCount = 0;
  for (const { made, pane } of valid) {
    count += pane.count;
    expectedCount += made.expectedSlots;
  }
  const factor = Math.max(1, expectedCount / count);
  return () => factor;
}

/** How many hours of a meter were taken for whole ones, in words. */
export function partialNote(hours: Iterable<WholeInterval>): string {
  let count = 0;
  for (const hour of hours) if (hour.isPartial) count++;
  return count === 0 ? '' : `hours with a part missing: ${count}`;
}

/** Number of hours of a window; days have 23 to 25. */
export function hoursOf(window: Span): number {
  return Math.round((window.endMs - window.startMs) / HOUR_MS);
}

/** Hours that a rolling or civil day needs: 75 %, rounded up (18 of 24; KPI.md 2.9 and 6.1). */
export function threeQuarters(count: number): number {
  return Math.ceil((3 * count) / 4);
}

/** Valid hourly values, in order of time. */
export function validValues(hours: readonly KpiHour[]): number[] {
  return hours.filter((hour) => hour.valid && hour.value !== null).map((hour) => hour.value ?? Number.NaN);
}

/** A part from a value and its count of valid hours. */
export function partOf(
  value: number | null,
  validCount: number,
  expectedCount: number,
  neededCount: number,
  note = '',
): Part {
  return { value, validCount, expectedCount, neededCount, valid: value !== null && validCount >= neededCount, note };
}
