import { HOUR_MS } from '../base/index.ts';
import { type Pane, registerDelta } from '../model/index.ts';
import type { PaneRule, RegisterBelief } from './pane-rule.ts';
import type { SortedReadings } from './sorted-readings.ts';

/*
 * The increase of a cumulative register over a span of time (KPI.md 4.3), from its readings in event time. One reading
 * that does not fit while the others around it rise as a register does (a zero, a misread digit) is a glitch and is
 * passed over; what stays is differenced. Everything here is a function of the readings in event-time order.
 */

/** A step back of a register within this much is flow backwards, in the quantity's unit. */
export const BACKFLOW_TOLERANCE = 0.1;

/** A fall by at most this share of the count is flow backwards or a correction, not a new register. */
const FALL_SHARE = 0.1;

/** With more glitches than this between two sound readings, nothing is said of the time between them. */
const PASSED_OVER_MAX = 8;

/** Counting neighbours on each side that decide whether a reading is a glitch. */
const GLITCH_NEIGHBOURS = 2;

/** How many counting readings before any instant the functions here look back at, at most. */
export const NEIGHBOURS_KEPT = PASSED_OVER_MAX + 1 + GLITCH_NEIGHBOURS;

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

const NONE = -1;

/**
 * The increase of a register over [startMs, endMs): walks the sound readings in it, with one before and one after.
 * Sums are compensated in event-time order.
 */
export function increaseOf(readings: SortedReadings, startMs: number, endMs: number, rule: PaneRule): RegisterIncrease {
  const walk = new Walk(readings, startMs, endMs, rule);
  const first = readings.lowerBound(startMs);
  walk.begin(countingBefore(readings, first));
  let at = countingFrom(readings, first);
  while (at !== NONE && readings.timeMsAt(at) < endMs) {
    if (isGlitch(readings, at, rule.register)) walk.passOver();
    else walk.step(at);
    at = countingFrom(readings, at + 1);
  }
  walk.finish(at);
  return walk.result();
}

/**
 * The spans of time, oldest first, whose increase may have changed because the reading at `timeMs` was just put in (or
 * got its value). Empty when there is no counting reading at that time.
 */
export function increaseReach(readings: SortedReadings, timeMs: number, rule: PaneRule): TimeSpan[] {
  const at = readings.lowerBound(timeMs);
  if (at === readings.count || readings.timeMsAt(at) !== timeMs || Number.isNaN(readings.valueAt(at))) return [];
  // Where all rise no reading around is or was a glitch, and only the increase to the next neighbours changes.
  const reach = risesAround(readings, at, 2 * GLITCH_NEIGHBOURS) ? 1 : NEIGHBOURS_KEPT;
  const spans: TimeSpan[] = [];
  let previousMs = readings.timeMsAt(countingSteps(readings, at, -reach));
  let fromMs = previousMs;
  const lastMs = readings.timeMsAt(countingSteps(readings, at, reach));
  for (let next = readings.lowerBound(previousMs); previousMs < lastMs; ) {
    next = countingFrom(readings, next + 1);
    const nextMs = readings.timeMsAt(next);
    if (nextMs - previousMs > rule.counterGapMsMax) {
      // The inside of such a gap stays open whichever readings are passed over.
      spans.push({ fromMs, toMs: previousMs });
      fromMs = nextMs;
    }
    previousMs = nextMs;
  }
  spans.push({ fromMs, toMs: lastMs });
  return spans;
}

/** Steps from one sound reading to the next and sums what falls to a pane. */
class Walk {
  readonly #readings: SortedReadings;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #rule: PaneRule;
  #before = NONE;
  /** Glitches since the sound reading before. */
  #passedOver = 0;
  #sum = 0;
  #sumLost = 0;
  #atEnd = 0;
  #atEndLost = 0;
  #coveredMs = 0;
  #deltaCount = 0;
  #events = 0;

  constructor(readings: SortedReadings, startMs: number, endMs: number, rule: PaneRule) {
    this.#readings = readings;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#rule = rule;
  }

  /** Looks for the sound reading before the pane, from the last counting one before it. */
  begin(last: number): void {
    let at = last;
    while (at !== NONE && this.#passedOver <= PASSED_OVER_MAX) {
      if (!isGlitch(this.#readings, at, this.#rule.register)) {
        this.#before = at;
        return;
      }
      this.#passedOver++;
      at = countingBefore(this.#readings, at);
    }
  }

  /** Looks for the sound reading after the pane, from the first counting one after it. */
  finish(next: number): void {
    let at = next;
    while (at !== NONE && this.#passedOver <= PASSED_OVER_MAX) {
      if (!isGlitch(this.#readings, at, this.#rule.register)) {
        this.step(at);
        return;
      }
      this.#passedOver++;
      at = countingFrom(this.#readings, at + 1);
    }
  }

  passOver(): void {
    this.#passedOver++;
    this.#events++;
  }

  step(at: number): void {
    if (this.#before !== NONE && this.#passedOver <= PASSED_OVER_MAX) this.#difference(this.#before, at);
    this.#before = at;
    this.#passedOver = 0;
  }

  #difference(before: number, at: number): void {
    const fromMs = this.#readings.timeMsAt(before);
    const toMs = this.#readings.timeMsAt(at);
    const inside = toMs < this.#endMs;
    const from = this.#readings.valueAt(before);
    const to = this.#readings.valueAt(at);
    const { rateMaxPerHour, backflowTolerance } = this.#rule.register;
    const maxDelta = rateMaxPerHour * Math.max(1, (toMs - fromMs) / HOUR_MS);
    let delta = to - from;
    if (!(delta >= 0 && delta <= maxDelta)) {
      const judged = registerDelta(from, to, {
        maxDelta,
        backflowTolerance: Math.max(backflowTolerance, FALL_SHARE * from),
      });
      if (inside && judged.event !== null) this.#events++;
      if (judged.delta === null) return;
      delta = judged.delta;
    }
    if (inside) this.#addAtEnd(delta);
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

/** True when the two readings before and after rise as a register does, and this one lies outside of them. */
function isGlitch(readings: SortedReadings, at: number, belief: RegisterBelief): boolean {
  const before = countingBefore(readings, at);
  if (before === NONE) return false;
  const after = countingFrom(readings, at + 1);
  if (after === NONE) return false;
  const value = readings.valueAt(at);
  const low = readings.valueAt(before);
  const high = readings.valueAt(after);
  if (high < low) return false;
  if (value >= low - belief.backflowTolerance && value <= high + belief.backflowTolerance) return false;
  const earlier = countingBefore(readings, before);
  if (earlier !== NONE && readings.valueAt(earlier) > low) return false;
  const later = countingFrom(readings, after + 1);
  return later === NONE || readings.valueAt(later) >= high;
}

/** True when the counting readings around an index, so many on each side, never fall. */
function risesAround(readings: SortedReadings, at: number, neighbours: number): boolean {
  let next = at;
  for (let left = neighbours; left > 0; left--) {
    const before = countingBefore(readings, next);
    if (before === NONE) break;
    if (readings.valueAt(before) > readings.valueAt(next)) return false;
    next = before;
  }
  let previous = at;
  for (let left = neighbours; left > 0; left--) {
    const after = countingFrom(readings, previous + 1);
    if (after === NONE) break;
    if (readings.valueAt(after) < readings.valueAt(previous)) return false;
    previous = after;
  }
  return true;
}

/** The index so many counting readings later (earlier, when negative), or as far as there are any. */
function countingSteps(readings: SortedReadings, from: number, steps: number): number {
  let at = from;
  for (let left = Math.abs(steps); left > 0; left--) {
    const next = steps > 0 ? countingFrom(readings, at + 1) : countingBefore(readings, at);
    if (next === NONE) break;
    at = next;
  }
  return at;
}

/** The newest counting reading before an index. */
function countingBefore(readings: SortedReadings, index: number): number {
  for (let at = index - 1; at >= 0; at--) if (!Number.isNaN(readings.valueAt(at))) return at;
  return NONE;
}

/** The oldest counting reading at an index or after it. */
function countingFrom(readings: SortedReadings, index: number): number {
  const { count } = readings;
  for (let at = index; at < count; at++) if (!Number.isNaN(readings.valueAt(at))) return at;
  return NONE;
}
