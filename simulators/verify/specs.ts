import { type AggregateColumn, least, mean, most, parts, readings } from './aggregate-columns.ts';
import { AIR_YEAR_SPECS } from './air-year-specs.ts';
import type { ExpectedRow, FileSpec, Source } from './spec-kinds.ts';

/** Sums of a register's differences, signed or rises only, without any judgement of its readings. */
const naiveSums: readonly AggregateColumn[] = [
  { ...mean('sum_delta'), isNaiveSum: true },
  { ...mean('sum_pos'), isNaiveSum: true },
];
const validity: AggregateColumn = { column: 'valid', comparison: 'flag', pick: (row) => row.valid };
const possible = (column: string): AggregateColumn => ({ column, comparison: 'count', pick: (row) => row.expected });
/** Hourly means in m3/h, summed: mean times hours. */
const volume: AggregateColumn = {
  column: 'volume_m3',
  comparison: 'rounded',
  pick: (row) => (row.value === null ? null : row.value * row.validParts),
  unit: 'none',
};

const kpiValue = (column: string, kpi: string): Source => ({
  kind: 'kpi',
  kpi,
  window: 'day',
  columns: [{ column, comparison: 'rounded', pick: (value) => value.value, unit: 'recorded' }],
});

/** Raw sums of a broken file hold what no meter can say, which the product keeps as bad readings. */
const isPlausible = ({ negatives, max_value }: ExpectedRow): boolean =>
  Number(negatives) === 0 && Math.abs(Number(max_value)) < 1e4;

/**
 * What the files of `expected/` mean in terms of docs/api.md. A column that stands in no source is reported as not
 * covered: the product has no window for it.
 */
export const FILE_SPECS: readonly FileSpec[] = [
  {
    name: /^daily_mean\.csv$/,
    needs: ['day', 'n', 'mean', 'valid'],
    key: 'day',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'hours',
        tz: 'calendar',
        columns: [parts(), mean(), least(), most(), validity],
      },
    ],
  },
  {
    name: /^monthly\.csv$/,
    needs: ['month', 'valid_days', 'mean_of_valid_days'],
    key: 'month',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'month',
        of: 'hours',
        tz: 'calendar',
        columns: [
          parts(),
          mean(),
          most(),
          {
            column: 'coverage',
            comparison: 'rounded',
            pick: (row) => row.coverage,
            // The file counts the hours present in the recording; where they are not those of the month it is another ratio.
            when: (row, answer) => Number(row.hours) === answer.expected,
          },
        ],
      },
      {
        kind: 'aggregate',
        window: 'month',
        of: 'days',
        tz: 'calendar',
        columns: [parts('valid_days'), mean('mean_of_valid_days')],
      },
    ],
  },
  ...AIR_YEAR_SPECS,
  {
    name: /^o3_8h_daily_max\.csv$/,
    needs: ['day', 'windows', 'max8h', 'valid'],
    key: 'day',
    quantity: 'O3',
    count: 'windows',
    sources: [
      {
        kind: 'kpi',
        kpi: 'air-o3-mda8',
        window: 'day',
        columns: [
          {
            column: 'windows',
            comparison: 'count',
            pick: (value) => value.validCount,
            // The file counts the 24 slots that the source has for every day; days of 23 and 25 hours have other windows.
            when: (_row, value) => value.expectedCount === 24,
          },
          { column: 'max8h', comparison: 'rounded', pick: (value) => value.value, unit: 'recorded' },
          { column: 'valid', comparison: 'flag', pick: (value) => value.valid },
        ],
      },
    ],
  },
  {
    name: /^hourly_mean_utc\.csv$/,
    needs: ['bin', 'n', 'mean'],
    key: 'bin',
    count: 'n',
    countsRepeats: true,
    sources: [
      {
        kind: 'aggregate',
        window: 'hour',
        of: 'readings',
        tz: 'UTC',
        columns: [readings(), mean(), least(), most(), validity],
      },
    ],
  },
  {
    name: /^daily_mean_utc(_of_minutes)?\.csv$/,
    needs: ['bin', 'n', 'mean'],
    key: 'bin',
    count: 'n',
    countsRepeats: true,
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'readings',
        tz: 'UTC',
        columns: [readings(), mean(), least(), most(), validity],
      },
    ],
  },
  {
    name: /^hourly\.csv$/,
    needs: ['t', 'LAeq', 'L10'],
    key: 't',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'hour',
        of: 'readings',
        tz: 'calendar',
        percentiles: true,
        columns: [
          readings(),
          mean('LAeq'),
          { ...least(), comparison: 'rounded' },
          { ...most(), comparison: 'rounded' },
          { column: 'L10', comparison: 'rounded', pick: (row) => row.l10, unit: 'recorded' },
          { column: 'L50', comparison: 'rounded', pick: (row) => row.l50, unit: 'recorded' },
          { column: 'L90', comparison: 'rounded', pick: (row) => row.l90, unit: 'recorded' },
        ],
      },
    ],
  },
  {
    name: /^daily\.csv$/,
    needs: ['day', 'LAeq24', 'Lden'],
    key: 'day',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'readings',
        tz: 'calendar',
        columns: [
          readings(),
          mean('LAeq24'),
          { column: 'coverage', comparison: 'rounded', pick: (row) => row.coverage },
        ],
      },
      kpiValue('Lday', 'noise-lday'),
      kpiValue('Levening', 'noise-levening'),
      kpiValue('Lnight_calendar', 'noise-lnight'),
      kpiValue('Lden', 'noise-lden'),
    ],
  },
  {
    name: /^daily_consumption\.csv$/,
    needs: ['day', 'n_readings', 'sum_delta', 'boundary'],
    key: 'day',
    count: 'n_readings',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'readings',
        tz: 'calendar',
        method: 'end',
        columns: [
          readings('n_readings'),
          { column: 'first', comparison: 'exact', pick: (row) => row.first, unit: 'recorded' },
          { column: 'last', comparison: 'exact', pick: (row) => row.last, unit: 'recorded' },
          ...naiveSums,
          {
            column: 'boundary',
            comparison: 'rounded',
            pick: (row, previous) =>
              row.last === null || previous === undefined || previous.last === null ? null : row.last - previous.last,
            unit: 'recorded',
          },
        ],
      },
    ],
  },
  {
    name: /^monthly_consumption\.csv$/,
    needs: ['month', 'n_readings', 'sum_delta'],
    key: 'month',
    count: 'n_readings',
    sources: [
      {
        kind: 'aggregate',
        window: 'month',
        of: 'readings',
        tz: 'calendar',
        method: 'end',
        columns: [readings('n_readings'), ...naiveSums],
      },
    ],
  },
  {
    name: /^daily\.csv$/,
    needs: ['day', 'volume_m3', 'mean_lps'],
    key: 'day',
    quantity: 'net-inflow',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'hours',
        tz: 'calendar',
        columns: [
          possible('hours_in_day'),
          parts(),
          volume,
          mean('mean_lps'),
          { ...most('max_lps'), comparison: 'rounded' },
        ],
      },
      kpiValue('night_min_lps', 'water-mnf'),
    ],
  },
  {
    name: /^daily_raw_sums\.csv$/,
    needs: ['day', 'rows', 'sum_value', 'max_value'],
    key: 'day',
    count: 'rows',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'readings',
        tz: 'calendar',
        columns: [
          { ...readings('rows'), rows: isPlausible },
          { ...mean('sum_value'), from: 'volumes of events', rows: ({ quantity }) => quantity === 'event-volume' },
          {
            ...mean('sum_value'),
            from: 'mean flow times readings',
            rows: (row) => row.quantity !== 'event-volume' && isPlausible(row),
            pick: (row) => (row.value === null ? null : row.value * row.count),
          },
          { ...most('max_value'), comparison: 'rounded', rows: isPlausible },
        ],
      },
    ],
  },
  {
    name: /^monthly\.csv$/,
    needs: ['month', 'volume_m3', 'mean_lps'],
    key: 'month',
    quantity: 'net-inflow',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'month',
        of: 'hours',
        tz: 'calendar',
        columns: [possible('hours'), parts(), volume, mean('mean_lps')],
      },
    ],
  },
  {
    name: /^hourly_active_energy\.csv$/,
    needs: ['hour', 'n', 'mean_kW'],
    key: 'hour',
    quantity: 'Global_active_power',
    count: 'n',
    sources: [
      {
        kind: 'aggregate',
        window: 'hour',
        of: 'readings',
        tz: 'calendar',
        columns: [readings(), mean('mean_kW'), most('max_kW')],
      },
    ],
  },
  {
    name: /^daily_active_energy\.csv$/,
    needs: ['day', 'n', 'mean_kW'],
    key: 'day',
    quantity: 'Global_active_power',
    count: 'n',
    sources: [
      { kind: 'aggregate', window: 'day', of: 'readings', tz: 'calendar', columns: [readings(), mean('mean_kW')] },
    ],
  },
  {
    name: /^daily_voltage\.csv$/,
    needs: ['day', 'count', 'mean'],
    key: 'day',
    quantity: 'Voltage',
    count: 'count',
    sources: [
      {
        kind: 'aggregate',
        window: 'day',
        of: 'readings',
        tz: 'calendar',
        columns: [readings('count'), mean(), least(), most()],
      },
    ],
  },
];

/** The spec that fits a file, or undefined: then the whole file is not covered. */
export function specOf(name: string, header: readonly string[]): FileSpec | undefined {
  return FILE_SPECS.find((spec) => spec.name.test(name) && spec.needs.every((column) => header.includes(column)));
}
