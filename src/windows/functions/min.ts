import type { WindowFunction } from './window-function.ts';

/** Smallest value; merges exactly. */
export const min: WindowFunction<{ min: number }> = {
  id: 'min',
  empty: () => ({ min: Number.NaN }),
  add(state, _timeMs, value) {
    // Written so that the NaN of an empty state gives way.
    if (!(value >= state.min)) state.min = value;
  },
  merge(into, later) {
    if (!(Number.isNaN(later.min) || later.min >= into.min)) into.min = later.min;
  },
  result: (state) => (Number.isNaN(state.min) ? null : state.min),
};
