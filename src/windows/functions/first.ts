import type { WindowFunction } from './window-function.ts';

/** A reading held by a state; `timeMs` is NaN where there is none. */
export interface HeldReading {
  timeMs: number;
  value: number;
}

/** Value of the earliest reading by event time; merges exactly. */
export const first: WindowFunction<HeldReading> = {
  id: 'first',
  empty: () => ({ timeMs: Number.NaN, value: Number.NaN }),
  add(state, timeMs, value) {
    if (!Number.isNaN(state.timeMs)) return;
    state.timeMs = timeMs;
    state.value = value;
  },
  merge(into, later) {
    if (Number.isNaN(into.timeMs)) Object.assign(into, later);
  },
  result: (state) => (Number.isNaN(state.timeMs) ? null : state.value),
};
