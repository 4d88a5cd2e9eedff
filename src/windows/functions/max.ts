import type { WindowFunction } from './window-function.ts';

/** Largest value; merges exactly. */
export const max: WindowFunction<{ max: number }> = {
  id: 'max',
  empty: () => ({ max: Number.NaN }),
  add(state, _timeMs, value) {
    // Written so that the NaN of an empty state gives way.
    if (!(value <= state.max)) state.max = value;
  },
  merge(into, later) {
    if (!(Number.isNaN(later.max) || later.max <= into.max)) into.max = later.max;
  },
  result: (state) => (Number.isNaN(state.max) ? null : state.max),
};
