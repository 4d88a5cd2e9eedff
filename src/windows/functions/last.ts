import type { HeldReading } from './first.ts';
import type { WindowFunction } from './window-function.ts';

/** Value of the latest reading by event time; merges exactly. */
export const last: WindowFunction<HeldReading> = {
  id: 'last',
  empty: () => ({ timeMs: Number.NaN, value: Number.NaN }),
  add(state, timeMs, value) {
    state.timeMs = timeMs;
    state.value = value;
  },
  merge(into, later) {
    if (!Number.isNaN(later.timeMs)) Object.assign(into, later);
  },
  result: (state) => (Number.isNaN(state.timeMs) ? null : state.value),
};
