import type { WindowFunction } from './window-function.ts';

export interface Moments {
  count: number;
  mean: number;
  /** Sum of the squared distances from the mean. */
  squares: number;
}

/**
 * Sample standard deviation (n - 1); null below two readings. Welford 1962 for readings, Chan, Golub and LeVeque 1979
 * for states: neither cancels when the spread is small beside the values.
 *
 * Error, and difference between merged and whole: at most n * 2^-50 * the largest |value|.
 */
export const standardDeviation: WindowFunction<Moments> = {
  id: 'sd',
  empty: () => ({ count: 0, mean: 0, squares: 0 }),
  add(state, _timeMs, value) {
    state.count++;
    const distance = value - state.mean;
    state.mean += distance / state.count;
    state.squares += distance * (value - state.mean);
  },
  merge(into, later) {
    if (later.count === 0) return;
    if (into.count === 0) {
      Object.assign(into, later);
      return;
    }
    const count = into.count + later.count;
    const distance = later.mean - into.mean;
    into.squares += later.squares + distance * distance * ((into.count * later.count) / count);
    into.mean += distance * (later.count / count);
    into.count = count;
  },
  result: (state) => (state.count < 2 ? null : Math.sqrt(state.squares / (state.count - 1))),
};
