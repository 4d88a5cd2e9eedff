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
  | 'flag'
  /** Printed less finely than it was computed: at most so far away, in the recorded unit. */
  | { readonly within: number };

/** Where an expected number is found in an answer. */
export interface ColumnRule<Answer> {
  readonly column: string;
  /** What the number is made of, for the report, where the name of the source does not say it. */
  readonly from?: string;
  readonly comparison: Comparison;
  /** `previous` is the answer for the row before, of the same series. Null where the product says that there is nothing. */
  readonly pick: (answer: Answer, previous: Answer | undefined) => number | boolean | null | undefined;
  /** The number is in the quantity's unit and is turned back into the recorded one (or into the unit given). */
  readonly unit?: 'recorded' | 'none' | { readonly ucum: string };
  /** A sum of plain differences: the product may differ where its rules for registers say so. */
  readonly isNaiveSum?: true;
  /** Rows that the column says something about; the others are reported as not covered. */
  readonly when?: (row: ExpectedRow, answer: Answer) => boolean;
  /** Rows that the column has a number for at all; the others are neither compared nor missing. */
  readonly rows?: (row: ExpectedRow) => boolean;
  /** What the row expects, where it is not the text of the column itself. */
  readonly want?: (row: ExpectedRow) => string;
  /** What a window that the product does not know amounts to. */
  readonly absent?: boolean;
  /** Why the product's number is another one by a rule of its own, in words; undefined when no rule leads to it. */
  readonly byRule?: (answer: Answer, want: number, got: number) => string | undefined;
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
      /** Statistics to ask for, such as `p50,p98`. */
      readonly stats?: string;
      readonly columns: readonly ColumnRule<AggregateAnswer>[];
    }
  | {
      readonly kind: 'kpi';
      readonly kpi: string;
      readonly window: 'day' | 'year';
      /** KPI of a day whose values in the window are put beside the answer. */
      readonly days?: string;
      /** Only rows of this quantity of the product. */
      readonly quantity?: string;
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
