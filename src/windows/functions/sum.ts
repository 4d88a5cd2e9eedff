import { addCompensated, type CompensatedSum, compensatedTotal, mergeCompensated } from './compensated-sum.ts';
import type { WindowFunction } from './window-function.ts';

/** Sum of the values; 0 when there is none. Merges within the error of a compensated sum. */
export const sum: WindowFunction<CompensatedSum, number> = {
  id: 'sum',
  empty: () => ({ high: 0, low: 0 }),
  add(state, _timeMs, value) {
    addCompensated(state, value);
  },
  merge: mergeCompensated,
  result: compensatedTotal,
};
