import { reviewRegister } from '../../../simulators/verify/index.ts';
import type { PaneRule } from '../../../src/windows/pane-rule.ts';
import type { RegisterIncrease } from '../../../src/windows/register-increase.ts';

/** A reading; NaN when it does not count. */
export interface NaivePoint {
  readonly timeMs: number;
  readonly value: number;
}

/** The increase of a register over [startMs, endMs) from all of its readings, written for clarity alone. */
export function naiveIncrease(
  points: readonly NaivePoint[],
  startMs: number,
  endMs: number,
  rule: PaneRule,
): RegisterIncrease {
  const good = points.filter((point) => !Number.isNaN(point.value));
  const { steps, passedOver } = reviewRegister(good, { ...rule.register, gapMsMax: rule.counterGapMsMax });
  const isInside = (timeMs: number): boolean => timeMs >= startMs && timeMs < endMs;
  const result = { increase: 0, increaseCoveredMs: 0, increaseAtEnd: 0, deltaCount: 0, counterEvents: 0 };
  result.counterEvents += passedOver.filter((point) => isInside(point.timeMs)).length;
  for (const { fromMs, toMs, delta, event } of steps) {
    if (isInside(toMs) && event !== null) result.counterEvents++;
    if (delta === null) continue;
    if (isInside(toMs)) {
      result.increaseAtEnd += delta;
      result.deltaCount++;
    }
    const gap = toMs - fromMs;
    const overlap = Math.min(toMs, endMs) - Math.max(fromMs, startMs);
    if (gap > rule.counterGapMsMax || overlap <= 0) continue;
    result.increase += (delta * overlap) / gap;
    result.increaseCoveredMs += overlap;
  }
  return result;
}
