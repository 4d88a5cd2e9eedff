import { assert, exactSum } from '../../base/index.ts';

/** Arithmetic mean of the values that are there, null when none is; the order of the values changes no bit. */
export function meanOfValid(values: readonly (number | null)[]): number | null {
  const valid = values.filter((value) => value !== null);
  return valid.length === 0 ? null : exactSum(valid) / valid.length;
}

/**
 * The percentile that compliance is judged by: the value of rank floor(n*p) + 1, never interpolated.
 *
 * @param sorted ascending
 * @param p 0 to 1, such as 0.98
 * @returns null without values
 * @see 40 CFR 50 appendix N; CAAQS
 */
export function percentileRankEpa(sorted: readonly number[], p: number): number | null {
  assert(p >= 0 && p <= 1, `percentileRankEpa: p is ${p}, allowed 0 to 1`);
  if (sorted.length === 0) return null;
  // Rounded first: a product such as 0.29 * 100 is 28.999999999999996 and would lose a rank.
  const rank = Math.floor(Math.round(sorted.length * p * 1e9) / 1e9) + 1;
  return sorted[Math.min(rank, sorted.length) - 1]!;
}

/**
 * The percentile of values with linear interpolation between neighbours (type 7).
 *
 * @param values at least one, in any order
 * @param percent 0 to 100; 50 is the median
 */
export function percentileLinear(values: readonly number[], percent: number): number {
  assert(values.length > 0 && percent >= 0 && percent <= 100, `percentile ${percent} of ${values.length} values`);
  const sorted = values.toSorted((a, b) => a - b);
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

/** Standard deviation of a sample (n - 1); null with fewer than two values, which have none. */
export function sampleDeviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = exactSum(values) / values.length;
  return Math.sqrt(exactSum(values.map((value) => (value - mean) ** 2)) / (values.length - 1));
}

/**
 * Rounds to decimals, halves away from zero, as the number is written in decimal text: 0.15 becomes 0.2 and 1.005
 * becomes 1.01, although both lie below the half in binary.
 *
 * @param value finite
 * @param digits decimals, 0 or more
 */
export function roundHalfUp(value: number, digits = 0): number {
  assert(Number.isFinite(value) && Number.isInteger(digits), `roundHalfUp: ${value} to ${digits} digits`);
  const rounded = shift(Math.round(shift(Math.abs(value), digits)), -digits);
  return value < 0 && rounded !== 0 ? -rounded : rounded;
}

/** Times ten to the power of `digits`, by the decimal text, so that no binary product comes between. */
function shift(value: number, digits: number): number {
  const [mantissa, exponent = '0'] = String(value).split('e');
  return Number(`${mantissa}e${Number(exponent) + digits}`);
}
