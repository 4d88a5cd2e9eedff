import type { KpiValue } from '../model/index.ts';

/** What a trial comes to. */
export interface TrialSummary {
  readonly windows: number;
  /** Values with a number, and those of them that are valid. */
  readonly values: number;
  readonly valid: number;
  /** Of the valid ones, or of all with a number where none is valid; null when there is none. */
  readonly min: number | null;
  readonly median: number | null;
  readonly max: number | null;
}

export function trialSummary(values: readonly KpiValue[], windows: number): TrialSummary {
  const known = values.filter(({ value }) => value !== null);
  const valid = known.filter((one) => one.valid);
  const numbers = (valid.length > 0 ? valid : known).map(({ value }) => value ?? Number.NaN).sort((a, b) => a - b);
  return {
    windows,
    values: known.length,
    valid: valid.length,
    min: numbers[0] ?? null,
    median: medianOf(numbers),
    max: numbers.at(-1) ?? null,
  };
}

function medianOf(sorted: readonly number[]): number | null {
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
