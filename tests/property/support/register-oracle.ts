import type { OracleRule, Point } from './oracle.ts';

// What the readings of a cumulative register say from one to the next (KPI.md 4.3), naively: every pair of readings is
// tried as the two ends of a band that the register rises in.

/** From one reading that holds to the next; `delta` is null when it cannot be believed. */
export type Step = { fromMs: number; toMs: number; delta: number | null; isEvent: boolean };

const TOLERANCE = 0.1;
const EXCURSION_MAX = 8;
const FAR = 10;

type Steps = { passedOver: number[]; steps: Step[] };
/** Every pane of a case asks for the same. */
const known = new WeakMap<readonly Point[], Steps>();

/** The steps of a register, and the times of its readings that are passed over. */
export function registerSteps(readings: readonly Point[], rule: OracleRule): Steps {
  const steps = known.get(readings) ?? judge(readings, rule);
  known.set(readings, steps);
  return steps;
}

function judge(readings: readonly Point[], rule: OracleRule): Steps {
  const counting = readings.filter(([, value]) => !Number.isNaN(value));
  const isOver = markPassedOver(counting, rule);
  const holding = [...counting.keys()].filter((at) => !isOver[at]);
  const pairs = holding.slice(1).map((to, n) => [holding[n]!, to] as const);
  const near = pairs.filter(([from, to]) => to - from - 1 <= EXCURSION_MAX);
  const steps = near.map(([from, to]) => stepOf(counting[from]!, counting[to]!, rule));
  return { passedOver: counting.filter((_, at) => isOver[at]).map(([timeMs]) => timeMs), steps };
}

/** True for each reading that lies outside of a band which the register rises in, from one reading to a later one. */
function markPassedOver(points: readonly Point[], rule: OracleRule): boolean[] {
  const isOver = points.map(() => false);
  for (let start = 0; start < points.length; start++) {
    for (let end = start + 2; end < points.length && end - start - 1 <= EXCURSION_MAX; end++) {
      if (!isBand(points, start, end, rule.counterGapMsMax)) continue;
      for (let at = start + 1; at < end; at++) isOver[at] ||= sideOf(points, at, start, end) !== 0;
    }
  }
  return isOver;
}

/** Above the band (1), below it (-1), or in it. */
function sideOf(points: readonly Point[], at: number, start: number, end: number): number {
  const value = points[at]![1];
  return value > points[end]![1] + TOLERANCE ? 1 : value < points[start]![1] - TOLERANCE ? -1 : 0;
}

function isBand(points: readonly Point[], start: number, end: number, gapMsMax: number): boolean {
  const [before, low, high, after] = [start - 1, start, end, end + 1].map((at) => points[at]?.[1]);
  if (high! < low! || (before !== undefined && before > low!)) return false;
  const isDense = (from: number, to: number) =>
    points.slice(from + 1, to + 1).every(([timeMs], n) => timeMs - points[from + n]![0] <= gapMsMax);
  if (after === undefined || after >= high!)
    return end === start + 2 || (isDense(start, end) && isFar(points, start, end));
  if (before === undefined || !isDense(start, end + 1) || !isFar(points, start, end)) return false;
  // An exchange: what lies below are the first readings of the register that goes on, sent among the old one's last.
  const inner = points.slice(start + 1, end).map(([, value]) => value);
  const fresh = [...inner.filter((value) => value < low! - TOLERANCE), after];
  const rises = fresh.length > 1 && fresh.every((value, n) => n === 0 || value >= fresh[n - 1]!);
  const moved = Math.max(low! - before, high! - low!, after - fresh.at(-2)!);
  return rises && inner.every((value) => value <= high!) && low! - after > FAR * moved;
}

/** All outside are many times as far off as the band rises, and as any run of them on one side moves. */
function isFar(points: readonly Point[], start: number, end: number): boolean {
  const [low, high] = [points[start]![1], points[end]![1]];
  let moved = Math.max(TOLERANCE, high - low);
  let offMin = Number.POSITIVE_INFINITY;
  let run: number[] = [];
  for (let at = start + 1; at < end; at++) {
    const [side, value] = [sideOf(points, at, start, end), points[at]![1]];
    if (side !== 0) offMin = Math.min(offMin, side > 0 ? value - high : low - value);
    run = side === 0 ? [] : side === sideOf(points, at - 1, start, end) ? [...run, value] : [value];
    if (side !== 0) moved = Math.max(moved, Math.max(...run) - Math.min(...run));
  }
  return Number.isFinite(offMin) && offMin > FAR * moved;
}

/** An increase, a flow backwards, a roll-over, a reset or exchange of the register, or what cannot be believed. */
function stepOf([fromMs, from]: Point, [toMs, to]: Point, rule: OracleRule): Step {
  const deltaMax = rule.rateMaxPerHour * Math.max(1, (toMs - fromMs) / 3_600_000);
  if (to >= from && to - from <= deltaMax) return { fromMs, toMs, delta: to - from, isEvent: false };
  if (to < from && from - to <= Math.max(TOLERANCE, 0.1 * from))
    return { fromMs, toMs, delta: to - from, isEvent: true };
  for (const modulus of [2 ** 16, 2 ** 32, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]) {
    const around = modulus - from + to;
    const isNear = from < modulus && to >= 0 && around <= 0.01 * modulus;
    if (to < from && isNear && around <= deltaMax) return { fromMs, toMs, delta: around, isEvent: true };
  }
  if (to < from && to >= 0 && to <= deltaMax) return { fromMs, toMs, delta: to, isEvent: true };
  return { fromMs, toMs, delta: null, isEvent: true };
}
