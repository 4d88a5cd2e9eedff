/**
 * The percentile of n values in ascending order, linear between the two nearest (Hyndman and Fan type 7: Excel
 * PERCENTILE, the default of numpy). Values are asked for by their rank, so lists and counters share the rule.
 *
 * @param valueAt the value of rank 0 to n - 1, ascending
 * @param percent 0 (the smallest) to 100 (the largest)
 * @returns null when n is 0
 */
export function percentileByRank(n: number, valueAt: (rank: number) => number, percent: number): number | null {
  if (n === 0) return null;
  const position = ((n - 1) * percent) / 100;
  const rank = Math.floor(position);
  const low = valueAt(rank);
  const share = position - rank;
  if (share === 0) return low;
  const high = valueAt(rank + 1);
  // From the nearer end, as numpy does: the result never leaves [low, high] and grows with the percent.
  return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}
