import { pm10Percentile904 } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { overDays, validDays } from '../long-kpi.ts';
import { WORST } from '../spatial-rules.ts';
import { airDayOf } from './day-of-pollutant.ts';

/** Random measurements have to cover 14 % of a year (2008/50/EC annex I; unconfirmed). */
const COVERED_PERCENT = 14;

/** What stands for the count of PM10 days where a year has gaps: in a whole year it is the 36th highest day. */
export const airPm10Percentile: readonly KpiDefinition[] = overDays({
  id: 'air-pm10-p90-4',
  title: 'PM10, 90.4 percentile of the daily means',
  bands: [
    { name: 'at most 35 days above 50', upTo: 50, color: '#2e9e6b' },
    { name: 'more than 35 days above 50', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  method:
    'daily mean of rank floor(0.904 n) + 1 of the n valid days of the calendar year in ascending order; judged against 50 instead of a count where days are missing',
  completeness:
    'valid values for at least 14 % of the days that have ended; that they are spread evenly is not checked',
  source: 'Directive 2008/50/EC, annex I, data quality objectives, random measurements',
  spatial: WORST,
  windows: ['year'],
  of: airDayOf('pm10'),
  level: 'device',
  fold: (days, span) => {
    const means = validDays(days).flatMap(({ value }) => (value === null ? [] : [value]));
    const { percentile } = pm10Percentile904(means);
    const valid = percentile !== null && 100 * means.length >= COVERED_PERCENT * span.days;
    return { value: percentile, validCount: means.length, expectedCount: span.days, valid, note: '' };
  },
});
