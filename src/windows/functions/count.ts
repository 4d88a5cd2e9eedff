import type { WindowFunction } from './window-function.ts';

/** Number of readings that count; merges exactly. */
export const count: WindowFunction<{ count: number }, number> = {
  id: 'count',
  empty: () => ({ count: 0 }),
  add(state) {
    state.count++;
  },
  merge(into, later) {
    into.count += later.count;
  },
  result: (state) => state.count,
};
