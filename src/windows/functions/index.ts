// In: readings in order of event time. Out: mergeable partials of one aggregation each, and what they result in. Pure.
import { circularMean } from './circular-mean.ts';
import { count } from './count.ts';
import { energeticMean } from './energetic-mean.ts';
import { exactMedian } from './exact-percentiles.ts';
import { first } from './first.ts';
import { last } from './last.ts';
import { levelHistogram } from './level-histogram.ts';
import { max } from './max.ts';
import { mean } from './mean.ts';
import { min } from './min.ts';
import { sketchMedian } from './percentile-sketch.ts';
import { standardDeviation } from './standard-deviation.ts';
import { sum } from './sum.ts';
import { timeWeightedMean } from './time-weighted-mean.ts';
import type { WindowFunction } from './window-function.ts';

export * from './circular-mean.ts';
export * from './energetic-mean.ts';
export * from './exact-percentiles.ts';
export * from './level-histogram.ts';
export * from './percentile-rank.ts';
export * from './percentile-sketch.ts';
export * from './standard-deviation.ts';
export * from './time-weighted-mean.ts';
export * from './window-function.ts';

/** Readings of the listed time-weighted means further apart than this leave the time between them open, ms. */
export const LISTED_GAP_MS_MAX = 3 * 3_600_000;

/** Every aggregation of the product, once; bench and tests walk over this list. */
export const WINDOW_FUNCTIONS: readonly WindowFunction<unknown, unknown>[] = [
  count,
  sum,
  mean,
  min,
  max,
  first,
  last,
  standardDeviation,
  energeticMean,
  circularMean,
  levelHistogram,
  exactMedian,
  sketchMedian,
  timeWeightedMean('locf', LISTED_GAP_MS_MAX),
  timeWeightedMean('linear', LISTED_GAP_MS_MAX),
];
