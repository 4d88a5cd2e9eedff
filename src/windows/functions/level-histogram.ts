import { BinCounts } from './bin-counts.ts';
import { percentileByRank } from './percentile-rank.ts';
import type { WindowFunction } from './window-function.ts';

const BINS_PER_DB = 10;
/** Levels outside fall into the bin at the end; intake refuses levels outside 0 to 160 dB long before. */
const LOWEST_BIN = -100 * BINS_PER_DB;
const HIGHEST_BIN = 250 * BINS_PER_DB;

export interface LevelState {
  readonly bins: BinCounts;
  min: number;
  max: number;
}

/** Levels exceeded 10, 50 and 90 % of the time and the highest one, dB. */
export interface LevelStatistics {
  readonly l10: number | null;
  readonly l50: number | null;
  readonly l90: number | null;
  readonly lmax: number | null;
}

/**
 * Histogram of short-time levels in bins of 0.1 dB, about 1.5 KB for a window of city noise, so that windows of any
 * length merge (KPI.md 3). Counts merge bit for bit. L_N is off by at most half a bin, 0.05 dB, and exact where levels
 * are whole tenths of a decibel; `lmax` is exact.
 */
export const levelHistogram: WindowFunction<LevelState, LevelStatistics> = {
  id: 'level-histogram',
  empty: () => ({
    bins: new BinCounts(LOWEST_BIN, HIGHEST_BIN),
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  }),
  add(state, _timeMs, level) {
    state.bins.add(Math.min(HIGHEST_BIN, Math.max(LOWEST_BIN, Math.round(level * BINS_PER_DB))));
    if (level < state.min) state.min = level;
    if (level > state.max) state.max = level;
  },
  merge(into, later) {
    into.bins.merge(later.bins);
    into.min = Math.min(into.min, later.min);
    into.max = Math.max(into.max, later.max);
  },
  result: (state) => ({
    l10: levelPercentile(state, 90),
    l50: levelPercentile(state, 50),
    l90: levelPercentile(state, 10),
    lmax: state.bins.total === 0 ? null : state.max,
  }),
};

/**
 * Percentile of the levels in a histogram, linear between ranks. L_N, exceeded N % of the time, is the (100-N)th.
 *
 * @param percent 0 (the lowest level) to 100 (the highest)
 */
export function levelPercentile(state: LevelState, percent: number): number | null {
  const levelOfRank = (rank: number) =>
    Math.min(state.max, Math.max(state.min, state.bins.binOfRank(rank) / BINS_PER_DB));
  return percentileByRank(state.bins.total, levelOfRank, percent);
}
