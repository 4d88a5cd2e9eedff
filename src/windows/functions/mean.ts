import { addCompensated, type CompensatedSum, compensatedTotal, mergeCompensated } from './compensated-sum.ts';
import type { WindowFunction } from './window-function.ts';

export interface MeanState extends CompensatedSum {
  count: number;
}

/** Arithmetic mean of the readings, each with the same weight. Merges within the error of a compensated sum. */
export const mean: WindowFunction<MeanState> = {
  id: 'mean',
  empty: () => ({ count: 0, high: 0, low: 0 }),
  add(state, _timeMs, value) {
    state.count++;
    addCompensated(state, value);
  },
  merge(into, later) {
    into.count += later.count;
    mergeCompensated(into, later);
  },
  result: (state) => (state.count === 0 ? null : compensatedTotal(state) / state.count),
};
