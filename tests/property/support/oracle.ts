import type { Pane, QuantityKind } from '../../../src/model/index.ts';
import { registerSteps, type Step } from './register-oracle.ts';

// What the window engine must say, naively: every pane looks at all readings anew. Shares no code with the engine.

/** One reading as it is delivered; lists of deliveries are in order of arrival. NaN: a reading that does not count. */
export type Delivery = { readonly series: number; readonly timeMs: number; readonly value: number };
export type Point = readonly [timeMs: number, value: number];
export type Span = readonly [startMs: number, endMs: number];
export type OraclePane = Omit<Pane, 'revision' | 'final'>;
export type OracleRule = { kind: QuantityKind; expectEveryMs: number; counterGapMsMax: number; rateMaxPerHour: number };

const [HOUR_MS, QUARTER_MS] = [3_600_000, 900_000];

/** What becomes of each delivery where now is the newest event time so far. */
export function outcomesOf(deliveries: readonly Delivery[], horizonMs: (series: number) => number): string[] {
  const kept = new Map<string, number>();
  let nowMs = Number.NEGATIVE_INFINITY;
  return deliveries.map(({ series, timeMs, value }) => {
    if (timeMs < nowMs - horizonMs(series)) return 'lateFiled';
    nowMs = Math.max(nowMs, timeMs);
    const first = kept.get(`${series} ${timeMs}`);
    if (first !== undefined && (value === first || Number.isNaN(value))) return 'duplicate';
    if (first !== undefined && !Number.isNaN(first)) return 'conflict';
    kept.set(`${series} ${timeMs}`, value);
    return Number.isNaN(value) ? 'invalid' : 'counted';
  });
}

/** The readings of a series by time. Of one time the first value to arrive stays, but any value takes the place of NaN. */
export function readingsOf(deliveries: readonly Delivery[], series: number): Point[] {
  const kept = new Map<number, number>();
  for (const { timeMs, value } of deliveries.filter((delivery) => delivery.series === series)) {
    if (Number.isNaN(kept.get(timeMs) ?? Number.NaN)) kept.set(timeMs, value + 0); // -0 becomes 0
  }
  return [...kept].sort(([a], [b]) => a - b);
}

/** Hours of a zone's local days, from before to after the span. Days of 23.5 or 24.5 h end with half an hour. */
export function hoursOf(timeZone: string, [fromMs, toMs]: Span): Span[] {
  const hours: Span[] = [];
  let day = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timeZone).startOfDay();
  for (let next = day; day.epochMilliseconds < toMs; day = next) {
    next = day.add({ days: 1 }).startOfDay();
    for (let atMs = day.epochMilliseconds; atMs < next.epochMilliseconds; atMs += HOUR_MS) {
      hours.push([atMs, Math.min(atMs + HOUR_MS, next.epochMilliseconds)]);
    }
  }
  return hours;
}

export function quartersOf(hours: readonly Span[]): Span[] {
  const quarters = ([startMs, endMs]: Span) => Array.from({ length: (endMs - startMs) / QUARTER_MS }, (_, n) => n);
  return hours.flatMap((hour) => quarters(hour).map((n) => [hour[0] + n * QUARTER_MS, hour[0] + (n + 1) * QUARTER_MS]));
}

/** The pane [startMs, endMs), or nothing when there is no reading in it and no increase across it. */
export function paneOf(readings: readonly Point[], [startMs, endMs]: Span, rule: OracleRule): OraclePane | undefined {
  const inside = readings.filter(([timeMs]) => timeMs >= startMs && timeMs < endMs);
  const counting = inside.filter(([, value]) => !Number.isNaN(value));
  const values = counting.map(([, value]) => value);
  const increase = increaseOf(rule.kind === 'counter' ? readings : [], [startMs, endMs], rule);
  if (inside.length === 0 && increase.increaseCoveredMs === 0) return undefined;
  const [count, invalidCount] = [counting.length, inside.length - counting.length];
  // Whole intervals are sure to be there, a begun one may be.
  const expectedSlots = Math.max(1, Math.floor((endMs - startMs) / rule.expectEveryMs));
  const slotsMax = Math.max(1, Math.ceil((endMs - startMs) / rule.expectEveryMs));
  const coveredSlots = Math.min(slotsMax, slotsOf(counting, rule.expectEveryMs));
  const radians = values.map((degrees) => (degrees * Math.PI) / 180);
  const powers = values.map((decibels) => 10 ** (decibels / 10));
  const terms = { gauge: values, delta: values, level: powers, angle: radians.map(Math.cos), counter: [], state: [] };
  const [sum, sumSin] = [sumOf(terms[rule.kind]), sumOf(rule.kind === 'angle' ? radians.map(Math.sin) : [])];
  const [min, max] = count === 0 ? [Number.NaN, Number.NaN] : [Math.min(...values), Math.max(...values)];
  const [firstMs, first] = counting.at(0) ?? [Number.NaN, Number.NaN];
  const [lastMs, last] = counting.at(-1) ?? [Number.NaN, Number.NaN];
  const ends = { min, max, firstMs, first, lastMs, last };
  return { startMs, endMs, count, invalidCount, coveredSlots, expectedSlots, sum, sumSin, ...ends, ...increase };
}

/** The value of a pane by kind. */
export function paneValueOf(kind: QuantityKind, pane: OraclePane): number | null {
  if (kind === 'counter') return pane.increaseCoveredMs > 0 ? pane.increase : null;
  if (pane.count === 0) return null;
  if (kind === 'level') return 10 * Math.log10(pane.sum / pane.count);
  if (kind === 'angle') return (Math.atan2(pane.sumSin, pane.sum) * (180 / Math.PI) + 360) % 360;
  return { gauge: pane.sum / pane.count, delta: pane.sum, state: pane.last }[kind];
}

/** A rolling window of a gauge: sums of every other reading, and the percentile linear between order statistics. */
export function rollingOf(readings: readonly Point[], [startMs, endMs]: Span) {
  const inside = readings.filter(([timeMs, value]) => timeMs >= startMs && timeMs < endMs && !Number.isNaN(value));
  const lane = (which: number) => inside.reduce((sum, [, value], n) => (n % 2 === which ? sum + value : sum), 0);
  const sorted = inside.map(([, value]) => value).sort((a, b) => a - b);
  const rank = 0.95 * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  const p95 = below + (rank - Math.floor(rank)) * (above - below);
  return { count: sorted.length, mean: (lane(0) + lane(1)) / sorted.length, min: sorted[0]!, max: sorted.at(-1)!, p95 };
}

/** A sum in event-time order; what rounding loses is summed beside it (TwoSum, Knuth). */
function sumOf(terms: readonly number[]): number {
  let [sum, lost] = [0, 0];
  for (const term of terms) {
    const next = sum + term;
    lost += sum - (next - (next - sum)) + (term - (next - sum));
    sum = next;
  }
  return sum + lost;
}

/** A reading fills the next slot when it comes at least 3/4 of the interval after the one that filled the slot before. */
function slotsOf(counting: readonly Point[], everyMs: number): number {
  let [slots, filledMs] = [0, Number.NEGATIVE_INFINITY];
  for (const [timeMs] of counting) if (timeMs - filledMs >= 0.75 * everyMs) [slots, filledMs] = [slots + 1, timeMs];
  return slots;
}

/** KPI.md 4.3: the difference of neighbours that hold is shared out in time, unless they are far apart. */
function increaseOf(readings: readonly Point[], [startMs, endMs]: Span, rule: OracleRule) {
  const { passedOver, steps } = registerSteps(readings, rule);
  const isInside = (timeMs: number) => timeMs >= startMs && timeMs < endMs;
  const ended = steps.filter(({ toMs }) => isInside(toMs));
  const overlapMs = ({ fromMs, toMs }: Step) => Math.min(toMs, endMs) - Math.max(fromMs, startMs);
  const gapMs = ({ fromMs, toMs }: Step) => toMs - fromMs;
  const shared = steps.filter((s) => s.delta !== null && gapMs(s) <= rule.counterGapMsMax && overlapMs(s) > 0);
  const share = (s: Step) => (overlapMs(s) === gapMs(s) ? s.delta! : (s.delta! * overlapMs(s)) / gapMs(s));
  const deltas = ended.map(({ delta }) => delta).filter((delta) => delta !== null);
  const increaseCoveredMs = sumOf(shared.map(overlapMs));
  const [increase, increaseAtEnd] = [sumOf(shared.map(share)), sumOf(deltas)];
  const counterEvents = passedOver.filter(isInside).length + ended.filter((s) => s.isEvent).length;
  return { increase, increaseCoveredMs, increaseAtEnd, deltaCount: deltas.length, counterEvents };
}
