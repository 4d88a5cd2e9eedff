import { addCompensated, type CompensatedSum, compensatedTotal, mergeCompensated } from './compensated-sum.ts';
import type { WindowFunction } from './window-function.ts';

export interface CircularState {
  count: number;
  readonly cosines: CompensatedSum;
  readonly sines: CompensatedSum;
}

const RADIANS = Math.PI / 180;

/**
 * Direction of the vector mean of angles in degrees, 0 to 360. Where the vectors cancel, as north and south do, the
 * direction is that of the rounding and means nothing. Merges within the error of compensated sums.
 */
export const circularMean: WindowFunction<CircularState> = {
  id: 'circular-mean',
  empty: () => ({ count: 0, cosines: { high: 0, low: 0 }, sines: { high: 0, low: 0 } }),
  add(state, _timeMs, degrees) {
    state.count++;
    addCompensated(state.cosines, Math.cos(degrees * RADIANS));
    addCompensated(state.sines, Math.sin(degrees * RADIANS));
  },
  merge(into, later) {
    into.count += later.count;
    mergeCompensated(into.cosines, later.cosines);
    mergeCompensated(into.sines, later.sines);
  },
  result(state) {
    if (state.count === 0) return null;
    return (Math.atan2(compensatedTotal(state.sines), compensatedTotal(state.cosines)) / RADIANS + 360) % 360;
  },
};
