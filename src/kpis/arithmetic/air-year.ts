import { exactSum } from '../../base/index.ts';
import { annualComplete90 } from './completeness.ts';
import type { Aot40 } from './eight-hour-means.ts';
import { exceedsLimit } from './eu-limits.ts';
import { meanOfValid, percentileRankEpa } from './mean.ts';

/** A yearly mean with what it is worth. */
export interface YearlyMean {
  readonly mean: number | null;
  readonly validCount: number;
  readonly possibleCount: number;
  /** 90 % of the possible values are there. */
  readonly valid: boolean;
}

/** The mean of a year from days with their hours: each hour weighs alike, as if the hours themselves were averaged. */
export function yearlyMeanOfDays(
  days: readonly { readonly mean: number | null; readonly validHours: number }[],
  possibleHours: number,
): YearlyMean {
  const known = days.flatMap(({ mean, validHours }) => (mean === null ? [] : [{ mean, validHours }]));
  const validCount = known.reduce((sum, { validHours }) => sum + validHours, 0);
  const sum = exactSum(known.map(({ mean, validHours }) => mean * validHours));
  return {
    mean: validCount > 0 ? sum / validCount : null,
    validCount,
    possibleCount: possibleHours,
    valid: validCount > 0 && annualComplete90(validCount, possibleHours),
  };
}

/** The percentile that stands for 35 days above the limit where a year has gaps. */
const PM10_PERCENTILE = 0.904;
const PM10_DAY_LIMIT_UGM3 = 50;

/**
 * Days of PM10 above 50 ug/m3 from sparse data: the 90.4 percentile of the daily means is judged instead of a count; in a
 * whole year it is the 36th highest day.
 *
 * @param dailyMeans of valid days, in any order
 * @see Directive 2008/50/EC, annex I, note on random measurements
 */
export function pm10Percentile904(
  dailyMeans: readonly number[],
  limit = PM10_DAY_LIMIT_UGM3,
): { readonly percentile: number | null; readonly exceeds: boolean } {
  const percentile = percentileRankEpa(
    dailyMeans.toSorted((a, b) => a - b),
    PM10_PERCENTILE,
  );
  return { percentile, exceeds: percentile !== null && exceedsLimit(percentile, limit) };
}

/** AOT40 of a season from the records of its days. */
export function aot40OfDays(
  days: readonly { readonly measured: number; readonly validHours: number }[],
  possibleHours: number,
): Aot40 {
  const measured = exactSum(days.map((day) => day.measured));
  const validHours = days.reduce((sum, day) => sum + day.validHours, 0);
  return {
    measured,
    estimate: validHours === 0 ? null : (measured * possibleHours) / validHours,
    valid: annualComplete90(validHours, possibleHours),
  };
}

/** Days above the ozone target as the mean of up to three years (2008/50/EC annex VII); null without a valid year. */
export function ozoneTargetDays(daysOfYears: readonly (number | null)[]): number | null {
  return meanOfValid(daysOfYears.slice(-3));
}

const PEAK_SEASON_MONTHS = 6;

/**
 * Ozone of the peak season: the highest mean over six months in a row of the daily maximum 8-hour means.
 *
 * @param months daily maxima of months in a row, null where a day is not valid
 * @returns null with fewer than six months, or without a valid day in each of six in a row
 * @see WHO global air quality guidelines 2021, table 0.1
 */
export function ozonePeakSeason(months: readonly (readonly (number | null)[])[]): number | null {
  let highest: number | null = null;
  for (let first = 0; first + PEAK_SEASON_MONTHS <= months.length; first++) {
    const season = months.slice(first, first + PEAK_SEASON_MONTHS);
    if (season.some((days) => meanOfValid(days) === null)) continue;
    const mean = meanOfValid(season.flat());
    if (mean !== null && (highest === null || mean > highest)) highest = mean;
  }
  return highest;
}
