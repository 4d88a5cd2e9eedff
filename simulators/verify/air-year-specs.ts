import { type AggregateColumn, mean, most, parts } from './aggregate-columns.ts';
import type { KpiAnswer } from './api.ts';
import type { ColumnRule, ExpectedRow, FileSpec, Source } from './spec-kinds.ts';

/*
 * Years of air stations, and what a city itself published of their days. The files count what lies above a level as it
 * was computed; counts against EU limits round first (docs/kpis.md 2.8), and are held against both.
 */

type Rule = ColumnRule<KpiAnswer>;

/** Levels are in ug/m3; recordings in ppb count other hours and days. */
const isMass = (row: ExpectedRow): boolean => row.unit === 'ug/m3' || row.unit === undefined;
const ofDays = ({ days = [] }: KpiAnswer): readonly number[] =>
  days.flatMap(({ value, valid }) => (valid && value !== null ? [value] : []));
const above = (answer: KpiAnswer, limit: number): number => ofDays(answer).filter((value) => value > limit).length;
/** Limits that are counted here are printed without decimals; halves go up. */
const roundedAbove = (answer: KpiAnswer, limit: number): number =>
  ofDays(answer).filter((value) => Math.floor(value + 0.5) > limit).length;

const annualMean = (quantity: string, kpi: string): Source => ({
  kind: 'kpi',
  kpi,
  quantity,
  window: 'year',
  columns: [
    { column: 'n', comparison: 'count', pick: (value) => value.validCount },
    { column: 'mean', comparison: 'rounded', pick: (value) => value.value, unit: 'recorded' },
    {
      column: 'coverage',
      comparison: 'rounded',
      pick: (value) => value.coverage,
      // The file counts the hours that the recording has rows of; where they are not those of the year it is another ratio.
      when: (row, answer) => Number(row.hours_in_data) === answer.expectedCount,
    },
  ],
});

/** Days above a limit: counted by the product, and counted here from its days as they are. */
const daysAbove = (
  column: string,
  quantity: string,
  limit: number,
  kpi: string,
  days: string,
  more: Rule[] = [],
): Source => ({
  kind: 'kpi',
  kpi,
  quantity,
  window: 'year',
  days,
  columns: [
    {
      column,
      comparison: 'count',
      pick: (value) => value.value,
      when: isMass,
      byRule: (answer, want, got) => {
        if (want !== above(answer, limit) || got !== roundedAbove(answer, limit)) return undefined;
        return `${want - got} days above ${limit} are not when rounded to the decimals of the limit`;
      },
    },
    {
      column,
      from: `days of kpi ${days}`,
      comparison: 'count',
      pick: (value) => above(value, limit),
      when: isMass,
    },
    ...more,
  ],
});

const yearCount = (column: string, quantity: string, kpi: string): Source => ({
  kind: 'kpi',
  kpi,
  quantity,
  window: 'year',
  columns: [{ column, comparison: 'count', pick: (value) => value.value, when: isMass }],
});

const highest = (answer: KpiAnswer): number | null => {
  const values = ofDays(answer);
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value));
};

/** Furthest that a mean of the city's lies from that of its hours: it cuts or rounds to what the gas is told in. */
const CITY_WITHIN = 0.75;
const CITY_WITHIN_MG = 0.075;
const cityMean = (unit: string, within: number): AggregateColumn => ({
  ...mean('city_daily_mean'),
  comparison: { within },
  rows: (row) => row.city_flag === 'V' && row.unit === unit,
});

export const AIR_YEAR_SPECS: readonly FileSpec[] = [
  {
    name: /^yearly\.csv$/,
    needs: ['year', 'n', 'mean', 'hours_in_data'],
    key: 'year',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'year',
        of: 'hours',
        tz: 'calendar',
        columns: [parts(), mean(), most()],
      },
      {
        kind: 'aggregate',
        window: 'year',
        of: 'readings',
        tz: 'calendar',
        stats: 'p50,p98',
        columns: [
          { column: 'p50', comparison: 'rounded', pick: (row) => row.stats?.p50?.value, unit: 'recorded' },
          { column: 'p98', comparison: 'rounded', pick: (row) => row.stats?.p98?.value, unit: 'recorded' },
        ],
      },
      annualMean('pm10', 'air-pm10-year'),
      annualMean('pm2_5', 'air-pm2-5-year'),
      annualMean('no2', 'air-no2-year'),
      annualMean('so2', 'air-so2-year'),
      annualMean('o3', 'air-o3-year'),
      yearCount('hours_gt_200', 'no2', 'air-no2-hours-above-200-year'),
      daysAbove('valid_days_gt_50', 'pm10', 50, 'air-pm10-days-above-50-year', 'air-pm10-day'),
      daysAbove('valid_days_gt_25', 'pm2_5', 25, 'air-pm2-5-days-above-25-year', 'air-pm2-5-day'),
      yearCount('valid_days_gt_15', 'pm2_5', 'air-pm2-5-who-days-year'),
      daysAbove('o3_days_gt_120', 'o3', 120, 'air-o3-days-above-120-year', 'air-o3-mda8', [
        { column: 'o3_valid_days', comparison: 'count', pick: (value) => value.validCount },
        { column: 'o3_max8h', comparison: 'rounded', pick: highest, when: isMass },
      ]),
      yearCount('o3_days_gt_100', 'o3', 'air-o3-who-days-year'),
    ],
  },
  {
    name: /^published\/city_daily_means.*\.csv$/,
    needs: ['date', 'city_daily_mean', 'city_flag'],
    key: 'date',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'hours',
        tz: 'calendar',
        columns: [
          cityMean('ug/m3', CITY_WITHIN),
          cityMean('mg/m3', CITY_WITHIN_MG),
          {
            column: 'city_flag',
            comparison: 'flag',
            want: (row) => (row.city_flag === 'V' ? '1' : '0'),
            pick: (row) => row.valid,
            absent: false,
          },
        ],
      },
    ],
  },
];
