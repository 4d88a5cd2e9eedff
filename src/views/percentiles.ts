/**
 * L_N: the level that is exceeded N % of the time, that is the (100-N)th percentile of short-time levels, linear
 * between ranks (KPI.md 3).
 *
 * @param levels in decibels, any order, left unchanged; NaN must not be among them
 * @param percent N, 0 (the highest level) to 100 (the lowest)
 * @returns null when there is no level
 */
export function exceedanceLevel(levels: readonly number[], percent: number): number | null {
  return exceedanceLevels(levels, [percent])[0] ?? null;
}

/** Several `exceedanceLevel`s of the same levels with one sort; all null when there is no level. */
export function exceedanceLevels(levels: readonly number[], percents: readonly number[]): (number | null)[] {
  const sorted = Float64Array.from(levels).sort();
  return percents.map((percent) =>
    sorted.length === 0 ? null : atRank(sorted, (1 - percent / 100) * (sorted.length - 1)),
  );
}

function atRank(sorted: Float64Array, rank: number): number {
  const lower = Math.floor(rank);
  const low = sorted[lower]!;
  const high = sorted[Math.min(lower + 1, sorted.length - 1)]!;
  return low + (high - low) * (rank - lower);
}
