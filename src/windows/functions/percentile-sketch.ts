import { BinCounts } from './bin-counts.ts';
import { percentileByRank } from './percentile-rank.ts';
import type { WindowFunction } from './window-function.ts';

/*
 * DDSketch: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
 * VLDB 2019. Bin i holds the values in (gamma^(i-1), gamma^i]; the middle of a bin, 2 * gamma^i / (gamma + 1), is at most
 * 1 % away from all of them. The range of bins is fixed, so nothing ever collapses and the order of coming and merging
 * leaves no trace.
 */

/** Largest distance of an estimate from the value it stands for, relative to that value. */
export const SKETCH_ACCURACY = 0.01;
const GAMMA = (1 + SKETCH_ACCURACY) / (1 - SKETCH_ACCURACY);
const PER_LOG = 1 / Math.log(GAMMA);
/** Magnitudes below count as zero; above, they fall into the last bin. No quantity of a city comes near either end. */
export const SKETCH_MAGNITUDE_MIN = 1e-9;
export const SKETCH_MAGNITUDE_MAX = 1e16;
const LOWEST_BIN = binOf(SKETCH_MAGNITUDE_MIN);
const HIGHEST_BIN = binOf(SKETCH_MAGNITUDE_MAX);
const MIDDLES = Float64Array.from(
  { length: HIGHEST_BIN - LOWEST_BIN + 1 },
  (_, index) => (2 * GAMMA ** (LOWEST_BIN + index)) / (GAMMA + 1),
);

export interface SketchState {
  readonly positives: BinCounts;
  readonly negatives: BinCounts;
  zeroCount: number;
  min: number;
  max: number;
}

/**
 * Percentiles of any number of values in bounded memory: at most 2,900 bins of 4 bytes for each sign, some hundred in
 * practice. Counts merge bit for bit.
 *
 * @returns the median; `sketchPercentile` gives any
 */
export const sketchMedian: WindowFunction<SketchState> = {
  id: 'percentile-sketch',
  empty: () => ({
    positives: new BinCounts(LOWEST_BIN, HIGHEST_BIN),
    negatives: new BinCounts(LOWEST_BIN, HIGHEST_BIN),
    zeroCount: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
  }),
  add(state, _timeMs, value) {
    if (value >= SKETCH_MAGNITUDE_MIN) state.positives.add(Math.min(HIGHEST_BIN, binOf(value)));
    else if (value <= -SKETCH_MAGNITUDE_MIN) state.negatives.add(Math.min(HIGHEST_BIN, binOf(-value)));
    else state.zeroCount++;
    if (value < state.min) state.min = value;
    if (value > state.max) state.max = value;
  },
  merge(into, later) {
    into.positives.merge(later.positives);
    into.negatives.merge(later.negatives);
    into.zeroCount += later.zeroCount;
    into.min = Math.min(into.min, later.min);
    into.max = Math.max(into.max, later.max);
  },
  result: (state) => sketchPercentile(state, 50),
};

/**
 * Percentile by the sketch, linear between ranks. Each of the two neighbours is within 1 % of its own value (within 1e-9
 * near zero), and smallest and largest are exact.
 *
 * @param percent 0 (the smallest) to 100 (the largest)
 */
export function sketchPercentile(state: SketchState, percent: number): number | null {
  const n = sketchCount(state);
  const valueAt = (rank: number): number => {
    if (rank === 0) return state.min;
    return rank === n - 1 ? state.max : Math.min(state.max, Math.max(state.min, estimateOfRank(state, rank)));
  };
  return percentileByRank(n, valueAt, percent);
}

export function sketchCount(state: SketchState): number {
  return state.negatives.total + state.zeroCount + state.positives.total;
}

function estimateOfRank({ positives, negatives, zeroCount }: SketchState, rank: number): number {
  const fromZero = rank - negatives.total;
  // Negative values ascend as their magnitudes fall.
  if (fromZero < 0) return -middleOf(negatives.binOfRank(-fromZero - 1));
  return fromZero < zeroCount ? 0 : middleOf(positives.binOfRank(fromZero - zeroCount));
}

function binOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) * PER_LOG);
}

function middleOf(bin: number): number {
  return MIDDLES[bin - LOWEST_BIN]!;
}
