import { percentileByRank } from './percentile-rank.ts';
import type { WindowFunction } from './window-function.ts';

/** Values in the order of their coming; 8 bytes each and up to as much again in reserve. */
export interface ValueList {
  values: Float64Array;
  count: number;
}

/**
 * All values of a small window, for percentiles without error. Merged and whole are the same bits.
 *
 * @returns the median; `exactPercentiles` gives any
 */
export const exactMedian: WindowFunction<ValueList> = {
  id: 'exact-percentiles',
  empty: () => ({ values: new Float64Array(0), count: 0 }),
  add(state, _timeMs, value) {
    if (state.count === state.values.length) reserve(state, state.count + 1);
    state.values[state.count++] = value;
  },
  merge(into, later) {
    reserve(into, into.count + later.count);
    into.values.set(later.values.subarray(0, later.count), into.count);
    into.count += later.count;
  },
  result: (state) => exactPercentiles(state, [50])[0] ?? null,
};

/**
 * Percentiles of the values, linear between ranks as numpy has them by default, with one sort for all.
 *
 * @param percents 0 (the smallest) to 100 (the largest)
 * @returns nulls when there is no value
 */
export function exactPercentiles(state: ValueList, percents: readonly number[]): (number | null)[] {
  const sorted = state.values.slice(0, state.count).sort();
  return percents.map((percent) => percentileByRank(sorted.length, (rank) => sorted[rank]!, percent));
}

function reserve(state: ValueList, count: number): void {
  if (count <= state.values.length) return;
  const values = new Float64Array(Math.max(count, 16, 2 * state.values.length));
  values.set(state.values.subarray(0, state.count));
  state.values = values;
}
