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
  const sound = good.filter((_, index) => !glitch(good, index, rule));
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
  return to <= most ? [to, true] : [null, true];
}

/** Outside of its neighbours, while two on each side rise. */
function glitch(good: readonly NaivePoint[], index: number, rule: PaneRule): boolean {
  const at = (offset: number): number | undefined => good[index + offset]?.value;
  const [before, value, after] = [at(-1), at(0)!, at(1)];
  if (before === undefined || after === undefined) return false;
  const rise = (at(-2) ?? before) <= before && before <= after && after <= (at(2) ?? after);
  const tolerance = rule.register.backflowTolerance;
  return rise && (value < before - tolerance || value > after + tolerance);
}
