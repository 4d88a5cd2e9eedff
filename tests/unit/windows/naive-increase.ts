import type { PaneRule } from '../../../src/windows/pane-rule.ts';
import type { RegisterIncrease } from '../../../src/windows/register-increase.ts';

/** A reading; NaN when it does not count. */
export interface NaivePoint {
  readonly timeMs: number;
  readonly value: number;
}

const HOUR = 3_600_000;

/** The increase of a register over [startMs, endMs) from all of its readings, written for clarity alone. */
export function naiveIncrease(
  points: readonly NaivePoint[],
  startMs: number,
  endMs: number,
  rule: PaneRule,
): RegisterIncrease {
  const good = points.filter((point) => !Number.isNaN(point.value));
  const isInside = (point: NaivePoint): boolean => point.timeMs >= startMs && point.timeMs < endMs;
  const result = { increase: 0, increaseCoveredMs: 0, increaseAtEnd: 0, deltaCount: 0, counterEvents: 0 };
  const sound = good.filter((_, index) => !isPassedOver(good, index, rule));
  result.counterEvents += good.filter((point) => isInside(point) && !sound.includes(point)).length;
  for (let index = 1; index < sound.length; index++) {
    const [a, b] = [sound[index - 1]!, sound[index]!];
    const between = good.filter((point) => point.timeMs > a.timeMs && point.timeMs < b.timeMs).length;
    if (between > 8) continue;
    const gap = b.timeMs - a.timeMs;
    const [delta, odd] = judge(a.value, b.value, rule.register.rateMaxPerHour * Math.max(1, gap / HOUR));
    if (isInside(b) && odd) result.counterEvents++;
    if (delta === null) continue;
    if (isInside(b)) {
      result.increaseAtEnd += delta;
      result.deltaCount++;
    }
    const overlap = Math.min(b.timeMs, endMs) - Math.max(a.timeMs, startMs);
    if (gap > rule.counterGapMsMax || overlap <= 0) continue;
    result.increase += (delta * overlap) / gap;
    result.increaseCoveredMs += overlap;
  }
  return result;
}

/** The delta, null when it cannot be believed, and whether it is out of the ordinary. */
function judge(from: number, to: number, most: number): [number | null, boolean] {
  if (to >= from) return to - from > most ? [null, true] : [to - from, false];
  if (from - to <= Math.max(0.1, from / 10)) return [to - from, true];
  const moduli = [2 ** 16, 2 ** 32, 10 ** Math.max(4, Math.floor(Math.log10(from)) + 1)];
  for (const modulus of moduli) {
    const around = modulus - from + to;
    if (from < modulus && to >= 0 && around <= Math.min(modulus / 100, most)) return [around, true];
  }
  return to >= 0 && to <= most ? [to, true] : [null, true];
}

/** A reading is passed over when there is a band of rising readings that it lies outside of. */
function isPassedOver(good: readonly NaivePoint[], index: number, rule: PaneRule): boolean {
  for (let start = Math.max(0, index - 8); start < index; start++) {
    for (let end = index + 1; end <= start + 9 && end < good.length; end++) {
      if (isOutside(good, index, start, end, rule) && isBand(good, start, end, rule)) return true;
    }
  }
  return false;
}

function isOutside(good: readonly NaivePoint[], index: number, start: number, end: number, rule: PaneRule): boolean {
  const { value } = good[index]!;
  const tolerance = rule.register.backflowTolerance;
  return value < good[start]!.value - tolerance || value > good[end]!.value + tolerance;
}

function isBand(good: readonly NaivePoint[], start: number, end: number, rule: PaneRule): boolean {
  const [low, high] = [good[start]!.value, good[end]!.value];
  const [before, after] = [good[start - 1], good[end + 1]];
  if (high < low || (before !== undefined && before.value > low)) return false;
  const part = good.slice(start, end + 1);
  const dense = hasNoGap(part, rule);
  if (after === undefined || after.value >= high) return end === start + 2 || (dense && isFar(part, 0, rule));
  // The old register's last readings among the new one's first.
  const lows = part.filter((point, at) => at > 0 && point !== part.at(-1) && point.value < low - 0.1);
  const others = part.filter((point, at) => at > 0 && !lows.includes(point));
  const chain = [...lows, after];
  const rises = chain.every((point, at) => at === 0 || point.value >= chain[at - 1]!.value);
  if (before === undefined || !dense || !hasNoGap([part.at(-1)!, after], rule) || lows.length === 0) return false;
  if (!rises || others.some((point) => point.value > high)) return false;
  const newest = lows.at(-1)!.value;
  const moved = Math.max(low - before.value, high - low, after.value - newest);
  return low - after.value > 10 * moved && isFar(part, 0, rule);
}

function hasNoGap(points: readonly NaivePoint[], rule: PaneRule): boolean {
  return points.every((point, at) => at === 0 || point.timeMs - points[at - 1]!.timeMs <= rule.counterGapMsMax);
}

/** All outer readings are ten times as far off as the band rises, and as any run of them on one side moves. */
function isFar(part: readonly NaivePoint[], start: number, rule: PaneRule): boolean {
  const end = part.length - 1;
  const [low, high] = [part[start]!.value, part[end]!.value];
  const outer = part.map((_, at) => at > start && at < end && isOutside(part, at, start, end, rule));
  const off = part.filter((_, at) => outer[at]).map(({ value }) => (value > high ? value - high : low - value));
  if (off.length === 0) return false;
  const moves = [rule.register.backflowTolerance, high - low];
  for (let from = 1; from < end; from++) {
    for (let to = from; to < end; to++) {
      const run = part.slice(from, to + 1);
      const oneSide = run.every(({ value }) => value > high) || run.every(({ value }) => value < low);
      const allOuter = outer.slice(from, to + 1).every(Boolean);
      if (oneSide && allOuter) moves.push(Math.abs(part[to]!.value - part[from]!.value));
    }
  }
  return Math.min(...off) > 10 * Math.max(...moves);
}
