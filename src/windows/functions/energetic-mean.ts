import { addCompensated, compensatedTotal, mergeCompensated } from './compensated-sum.ts';
import type { MeanState } from './mean.ts';
import type { WindowFunction } from './window-function.ts';

/**
 * Energetic mean of levels, 10*log10(mean(10^(L/10))), dB (KPI.md 3). Merges within the error of a compensated sum of
 * energies, far below 1e-9 dB.
 */
export const energeticMean: WindowFunction<MeanState> = {
  id: 'energetic-mean',
  empty: () => ({ count: 0, high: 0, low: 0 }),
  add(state, _timeMs, level) {
    state.count++;
    addCompensated(state, 10 ** (level / 10));
  },
  merge(into, later) {
    into.count += later.count;
    mergeCompensated(into, later);
  },
  result: (state) => (state.count === 0 ? null : 10 * Math.log10(compensatedTotal(state) / state.count)),
};
