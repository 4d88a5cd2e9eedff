import { exactSum } from '../../base/index.ts';

/** Which way is better. */
export type Direction = 'higher' | 'lower';

/**
 * How much of its target a value reaches, percent: 100 and more when the target is met. Never below 0.
 *
 * @param direction with `higher` value / target; with `lower` target / value, so that twice the target reaches 50 %
 */
export function percentOfTarget(value: number, target: number, direction: Direction): number {
  const [part, whole] = direction === 'higher' ? [value, target] : [target, value];
  if (whole <= 0) return part >= whole ? 100 : 0;
  // To a billionth: 0.1 + 0.2 of 0.3 reaches it whole.
  return Math.max(0, Math.round((100 * part * 1e9) / whole) / 1e9);
}

/** The four ranges of the benchmark; the lower bound belongs to the range (KPI.md 1.3: not stated, chosen here). */
export const BENCHMARK_BANDS = [
  { name: '0-33', from: 0, points: 1 },
  { name: '33-66', from: 33, points: 2 },
  { name: '66-95', from: 66, points: 3 },
  { name: '95+', from: 95, points: 4 },
] as const;
export type BenchmarkBand = (typeof BENCHMARK_BANDS)[number]['name'];

const POINTS_MAX = 4;

/**
 * Points of a reported value, 1 to 4.
 *
 * @see U4SSC Verification Report Kristiansund 2020, p. 12
 */
export function benchmarkPoints(percent: number): number {
  return bandOf(percent).points;
}

/** Score of a category, sub-dimension or dimension. */
export interface BenchmarkScore {
  /** Points over those that could have been had, percent. */
  readonly percent: number;
  readonly band: BenchmarkBand;
}

/** Points of all values that have any, over four a value; null without one (what is not reported is excluded). */
export function benchmarkScore(points: readonly number[]): BenchmarkScore | null {
  if (points.length === 0) return null;
  const percent = (100 * exactSum(points)) / (POINTS_MAX * points.length);
  return { percent, band: bandOf(percent).name };
}

function bandOf(percent: number) {
  return BENCHMARK_BANDS.findLast(({ from }) => percent >= from) ?? BENCHMARK_BANDS[0];
}
