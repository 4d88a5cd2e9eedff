import { HOUR_MS } from '../base/index.ts';
import { type Pane, registerDelta } from '../model/index.ts';
import type { PaneRule } from './pane-rule.ts';
import { EXCURSION_MAX, markExcursions, type RegisterSequence } from './register-excursions.ts';
import type { SortedReadings } from './sorted-readings.ts';

/*
 * The increase of a cumulative register over a span of time (KPI.md 4.3), from its readings in event time. Readings
 * that do not fit how the register rises around them are passed over; what stays is differenced.
 */

/** A step back of a register within this much is flow backwards, in the quantity's unit. */
export const BACKFLOW_TOLERANCE = 0.1;

/** A fall by at most this share of the count is flow backwards or a correction, not a new register. */
const FALL_SHARE = 0.1;

/** With more readings than this passed over between two that hold, nothing is said of the time between them. */
const PASSED_OVER_MAX = EXCURSION_MAX;

/**
 * How many counting readings before any instant the functions here look back at, at most: those passed over, the one
 * that holds before them, and what its own excursion is judged by.
 */
export const NEIGHBOURS_KEPT = PASSED_OVER_MAX + 1 + EXCURSION_MAX + 1;

/** Where so many on each side of a span rise, none of them is passed over, and the next ones outside are its neighbours. */
const NEIGHBOURS_JUDGED = 1 + EXCURSION_MAX + 1;

/**
 * Where registers start again at 0: mechanical ones with four digits or more, pulse counters of 16 and 32 bits. Only a
 * count within this share below is taken to have rolled over, and only when it has not risen by more since.
 */
const ROLL_OVER_SHARE = 0.01;
const DECADE_MIN = 1e4;
const DECADE_MAX = 1e12;
const PULSE_MODULI = [2 ** 16, 2 ** 32];

/** What a register says of a pane; the fields are those of `Pane`. */
export type RegisterIncrease = Pick<
  Pane,
  'increase' | 'increaseCoveredMs' | 'increaseAtEnd' | 'deltaCount' | 'counterEvents'
>;

/** A closed span of event time, ms UTC. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The increase of a register over [startMs, endMs), from the readings in it and `NEIGHBOURS_KEPT` counting ones on each
 * side. Sums are compensated in event-time order. The spikes, resets, roll-overs and flows backwards whose later reading
 * lies in the span and the readings passed over in it are its `counterEvents`.
 */
export function increaseOf(readings: SortedReadings, startMs: number, endMs: number, rule: PaneRule): RegisterIncrease {
  let span = gather(readings, startMs, endMs, NEIGHBOURS_JUDGED);
  if (span.falls) {
    span = gather(readings, startMs, endMs, NEIGHBOURS_KEPT);
    markExcursions(scratch, rule);
  }
  const { passedOver } = scratch;
  const walk = new Walk(startMs, endMs, rule);
  let at = span.first;
  for (let left = PASSED_OVER_MAX + 1; at > 0 && left > 0; left--) {
    at--;
    if (!(span.falls && passedOver[at] === 1)) break;
  }
  for (; at < scratch.count; at++) {
    const isInside = at >= span.first && at < span.after;
    if (span.falls && passedOver[at] === 1) walk.passOver(isInside);
    else {
      walk.step(at);
      if (at >= span.after) break;
    }
  }
  return walk.result();
}

/**
 * The spans of time, oldest first, whose increase may have changed because the reading at `timeMs` was just put in (or
 * got its value). Empty when there is no counting reading at that time.
 */
export function increaseReach(readings: SortedReadings, timeMs: number, rule: PaneRule): TimeSpan[] {
  const at = readings.lowerBound(timeMs);
  if (at === readings.count || readings.timeMsAt(at) !== timeMs || Number.isNaN(readings.valueAt(at))) return [];
  const { first, falls } = gather(readings, timeMs, timeMs + 1, NEIGHBOURS_KEPT);
  const { timeMs: times, count } = scratch;
  // Where all rise no reading around is or was passed over, and only the increase to the next neighbours changes.
  const from = falls ? 0 : Math.max(0, first - 1);
  const to = falls ? count - 1 : Math.min(count - 1, first + 1);
  const spans: TimeSpan[] = [];
  let fromMs = times[from]!;
  for (let next = from + 1; next <= to; next++) {
    // The inside of such a gap stays open whichever readings are passed over.
    if (times[next]! - times[next - 1]! <= rule.counterGapMsMax) continue;
    spans.push({ fromMs, toMs: times[next - 1]! });
    fromMs = times[next]!;
  }
  spans.push({ fromMs, toMs: times[to]! });
  return spans;
}

/** From the outermost neighbour that is looked at before an instant to the one behind it. */
export function neighbourReach(readings: SortedReadings, timeMs: number): TimeSpan {
  gather(readings, timeMs, timeMs + 1, NEIGHBOURS_KEPT);
  const { timeMs: times, count } = scratch;
  if (count === 0) return { fromMs: timeMs, toMs: timeMs };
  return { fromMs: Math.min(timeMs, times[0]!), toMs: Math.max(timeMs, times[count - 1]!) };
}

/** The counting readings under consideration; lives for one call, and grows to the largest. */
const scratch = {
  count: 0,
  timeMs: new Float64Array(256),
  value: new Float64Array(256),
  passedOver: new Uint8Array(256),
} satisfies RegisterSequence;

interface Gathered {
  /** Index in `scratch` of the first reading at or after the start, and at or after the end. */
  readonly first: number;
  readonly after: number;
  /** A reading is below the one before it. */
  readonly falls: boolean;
}

/** Copies the counting readings of [startMs, endMs) and so many on each side to `scratch`. */
function gather(readings: SortedReadings, startMs: number, endMs: number, neighbours: number): Gathered {
  let at = readings.lowerBound(startMs);
  let first = 0;
  while (at > 0 && first < neighbours) if (!Number.isNaN(readings.valueAt(--at))) first++;
  let count = 0;
  let after = -1;
  let falls = false;
  let previous = Number.NEGATIVE_INFINITY;
  for (; at < readings.count; at++) {
    const value = readings.valueAt(at);
    if (Number.isNaN(value)) continue;
    // The outer neighbours' times are asked for only where readings fall: here is where registers spend their time.
    const isOuter = neighbours === NEIGHBOURS_JUDGED && (after >= 0 || count < first - 1);
    const timeMs = isOuter ? Number.NaN : readings.timeMsAt(at);
    if (after < 0 && timeMs >= endMs) after = count;
    if (after >= 0 && count === after + neighbours) break;
    if (count === scratch.timeMs.length) growScratch();
    scratch.timeMs[count] = timeMs;
    scratch.value[count] = value;
    count++;
    if (value < previous) falls = true;
    previous = value;
  }
  scratch.count = count;
  return { first, after: after < 0 ? count : after, falls };
}

function growScratch(): void {
  const length = 2 * scratch.timeMs.length;
  const timeMs = new Float64Array(length);
  const value = new Float64Array(length);
  timeMs.set(scratch.timeMs);
  value.set(scratch.value);
  scratch.timeMs = timeMs;
  scratch.value = value;
  scratch.passedOver = new Uint8Array(length);
}

/** Steps from one reading that holds to the next and sums what falls to a pane. */
class Walk {
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #rule: PaneRule;
  #before = -1;
  /** Readings passed over since the one before. */
  #passedOver = 0;
  #sum = 0;
  #sumLost = 0;
  #atEnd = 0;
  #atEndLost = 0;
  #coveredMs = 0;
  #deltaCount = 0;
  #events = 0;

  constructor(startMs: number, endMs: number, rule: PaneRule) {
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#rule = rule;
  }

  passOver(isInside: boolean): void {
    this.#passedOver++;
    if (isInside) this.#events++;
  }

  step(at: number): void {
    if (this.#before >= 0 && this.#passedOver <= PASSED_OVER_MAX) this.#difference(this.#before, at);
    this.#before = at;
    this.#passedOver = 0;
  }

  #difference(before: number, at: number): void {
    const fromMs = scratch.timeMs[before]!;
    const toMs = scratch.timeMs[at]!;
    const isInside = toMs >= this.#startMs && toMs < this.#endMs;
    const maxDelta = this.#rule.register.rateMaxPerHour * Math.max(1, (toMs - fromMs) / HOUR_MS);
    let delta = scratch.value[at]! - scratch.value[before]!;
    if (!(delta >= 0 && delta <= maxDelta)) {
      const judged = judge(scratch.value[before]!, scratch.value[at]!, maxDelta, this.#rule);
      if (isInside && judged.event !== null) this.#events++;
      if (judged.delta === null) return;
      delta = judged.delta;
    }
    if (isInside) this.#addAtEnd(delta);
    const gapMs = toMs - fromMs;
    const overlapMs = Math.min(toMs, this.#endMs) - Math.max(fromMs, this.#startMs);
    if (overlapMs <= 0 || gapMs > this.#rule.counterGapMsMax) return;
    this.#add(overlapMs === gapMs ? delta : (delta * overlapMs) / gapMs);
    this.#coveredMs += overlapMs;
  }

  /** TwoSum (Knuth): what rounding loses is kept beside the sum. */
  #add(value: number): void {
    const sum = this.#sum + value;
    const rounded = sum - this.#sum;
    this.#sumLost += this.#sum - (sum - rounded) + (value - rounded);
    this.#sum = sum;
  }

  #addAtEnd(value: number): void {
    const sum = this.#atEnd + value;
    const rounded = sum - this.#atEnd;
    this.#atEndLost += this.#atEnd - (sum - rounded) + (value - rounded);
    this.#atEnd = sum;
    this.#deltaCount++;
  }

  result(): RegisterIncrease {
    return {
      increase: this.#sum + this.#sumLost,
      increaseCoveredMs: this.#coveredMs,
      increaseAtEnd: this.#atEnd + this.#atEndLost,
      deltaCount: this.#deltaCount,
      counterEvents: this.#events,
    };
  }
}

/** A step that is not simply an increase. */
function judge(from: number, to: number, maxDelta: number, rule: PaneRule): ReturnType<typeof registerDelta> {
  const modulus = to < from ? modulusAbove(from, to) : undefined;
  return registerDelta(from, to, {
    maxDelta,
    backflowTolerance: Math.max(rule.register.backflowTolerance, FALL_SHARE * from),
    ...(modulus === undefined ? {} : { modulus }),
  });
}

/** The modulus that a register which fell has rolled over at, if it looks like it. */
function modulusAbove(from: number, to: number): number | undefined {
  for (const modulus of PULSE_MODULI) if (rolledOver(from, to, modulus)) return modulus;
  for (let modulus = DECADE_MIN; modulus <= DECADE_MAX; modulus *= 10) {
    if (modulus > from) return rolledOver(from, to, modulus) ? modulus : undefined;
  }
  return undefined;
}

function rolledOver(from: number, to: number, modulus: number): boolean {
  return from < modulus && to >= 0 && modulus - from + to <= ROLL_OVER_SHARE * modulus;
}
