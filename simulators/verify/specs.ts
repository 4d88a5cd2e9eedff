import type { WindowKind } from '../../src/model/index.ts';
import type { AggregateAnswer, KpiAnswer } from './api.ts';

/** How an expected number is held against the product's. */
export type Comparison =
  /** The printed number is the exact one: relative 1e-9, or the sixth decimal where it prints that many. */
  | 'exact'
  /** The printed number is rounded: relative 1e-6, or half a unit of the last digit that its column prints. */
  | 'rounded'
  | 'count'
  /** 1 or 0 against true or false. */
  | 'flag';

/** Where an expected number is found in an answer. */
export interface ColumnRule<Answer> {
  readonly column: string;
  readonly comparison: Comparison;
  /** `previous` is the answer for the row before, of the same series. Null where the product says that there is nothing. */
  readonly pick: (answer: Answer, previous: Answer | undefined) => number | boolean | null | undefined;
  /** The number is in the quantity's unit and is turned back into the recorded one (or into the unit given). */
  readonly unit?: 'recorded' | 'none' | { readonly ucum: string };
  /** A sum of plain differences: the product may differ where its rules for registers say so. */
  readonly isNaiveSum?: true;
  /** Rows that the column says something about; the others are reported as not covered. */
  readonly when?: (row: ExpectedRow, answer: Answer) => boolean;
}

export type ExpectedRow = Readonly<Record<string, string>>;

/** A question of one kind, and the columns that it answers. */
export type Source =
  | {
      readonly kind: 'aggregate';
      readonly window: WindowKind;
      readonly of: 'readings' | 'hours' | 'days';
      /** `calendar`: the zone of the recording's place. */
      readonly tz: 'calendar' | 'UTC';
      readonly method?: 'end';
      readonly percentiles?: boolean;
      readonly columns: readonly ColumnRule<AggregateAnswer>[];
    }
  | {
      readonly kind: 'kpi';
      readonly kpi: string;
      readonly window: 'day';
      readonly columns: readonly ColumnRule<KpiAnswer>[];
    };

/** A kind of file in `expected/`: told by its name and its columns. */
export interface FileSpec {
  readonly name: RegExp;
  readonly needs: readonly string[];
  /** Column that names the window. */
  readonly key: string;
  /** Recorded quantity of all rows, where the file has no such column. */
  readonly quantity?: string;
  /** Column that counts what the row is made of: where it is 0 the product may have no row at all. */
  readonly count: string;
  /** The file counts a stamp that a series has twice twice; the product counts it once. */
  readonly countsRepeats?: true;
  readonly sources: readonly Source[];
}

type Picks = ColumnRule<AggregateAnswer>;

const mean = (column = 'mean'): Picks => ({
  column,
  comparison: 'rounded',
  pick: (row) => row.value,
  unit: 'recorded',
});
/** Sums of a register's differences, signed or rises only, without any judgement of its readings. */
const naiveSums: readonly Picks[] = [
  { ...mean('sum_delta'), isNaiveSum: true },
  { ...mean('sum_pos'), isNaiveSum: true },
];
const least = (column = 'min'): Picks => ({ column, comparison: 'exact', pick: (row) => row.min, unit: 'recorded' });
const most = (column = 'max'): Picks => ({ column, comparison: 'exact', pick: (row) => row.max, unit: 'recorded' });
const parts = (column = 'n'): Picks => ({ column, comparison: 'count', pick: (row) => row.validParts });
const readings = (column = 'n'): Picks => ({ column, comparison: 'count', pick: (row) => row.count });
const validity: Picks = { column: 'valid', comparison: 'flag', pick: (row) => row.valid };
const possible = (column: string): Picks => ({ column, comparison: 'count', pick: (row) => row.expected });
/** Hourly means in m3/h, summed: mean times hours. */
const volume: Picks = {
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
  {
    name: /^yearly\.csv$/,
    needs: ['year', 'n', 'mean'],
    key: 'year',
    count: 'n',
    sources: [{ kind: 'aggregate', window: 'year', of: 'hours', tz: 'calendar', columns: [parts(), mean(), most()] }],
  },
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
