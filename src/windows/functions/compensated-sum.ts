/**
 * A sum that carries its rounding errors along (Knuth's TwoSum; Ogita, Rump and Oishi, "Accurate sum and dot product",
 * 2005, Sum2): as if added in twice the precision of a double and rounded once.
 *
 * Error of `compensatedTotal`: at most 2^-53 * |sum| + n^2 * 2^-105 * sum of |values|.
 */
export interface CompensatedSum {
  high: number;
  low: number;
}

export function addCompensated(sum: CompensatedSum, value: number): void {
  const high = sum.high + value;
  const part = high - sum.high;
  sum.low += sum.high - (high - part) + (value - part);
  sum.high = high;
}

/** Adds a sum to another; the bound on the error holds for all numbers in both. */
export function mergeCompensated(into: CompensatedSum, later: CompensatedSum): void {
  addCompensated(into, later.high);
  into.low += later.low;
}

export function compensatedTotal(sum: CompensatedSum): number {
  return sum.high + sum.low;
}
