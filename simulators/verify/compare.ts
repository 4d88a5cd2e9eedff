import type { Comparison } from './spec-kinds.ts';

/** One expected number that the product answers otherwise. */
export interface Difference {
  /** Which row: device, quantity, window. */
  readonly row: string;
  readonly want: string;
  readonly got: string;
  /** What the product answered for this window, as JSON; `no answer` when it has no such window. */
  readonly answer: string;
}

/**
 * A number that differs from a naive sum of differences by a rule for registers: the product's is what the rules make
 * of the recorded readings.
 */
export interface RegisterRow {
  readonly device: string;
  /** The window, as the file names it. */
  readonly key: string;
  /** In the recorded unit. */
  readonly ours: number;
  readonly sumDelta: string;
  readonly sumPos: string;
  /** Which rules, and the amounts. */
  readonly reason: string;
}

/** A number that differs by a rule of the product that is no rule for registers. */
export interface RuledRow {
  readonly row: string;
  readonly ours: number;
  readonly want: string;
  readonly reason: string;
}

/** The outcome of one column of one file. */
export interface ColumnResult {
  readonly file: string;
  readonly column: string;
  readonly source: string;
  compared: number;
  different: number;
  /** Rows that differ by a rule for registers. */
  readonly explained: RegisterRow[];
  /** Rows that differ by another rule. */
  readonly ruled: RuledRow[];
  /** Rows that the product has no comparable number for. */
  notCovered: number;
  /** The first few. */
  readonly differences: Difference[];
}

/** A column of which nothing has been compared yet. */
export function emptyResult(file: string, column: string, source: string): ColumnResult {
  return { file, column, source, compared: 0, different: 0, explained: [], ruled: [], notCovered: 0, differences: [] };
}

const DIFFERENCES_SHOWN_MAX = 5;

/** Counts a number that the product answers otherwise; the first few are told. */
export function addDifference(
  result: ColumnResult,
  { row, want, got, answer }: Omit<Difference, 'got'> & { readonly got: number | boolean | null | undefined },
): void {
  result.different++;
  if (result.differences.length >= DIFFERENCES_SHOWN_MAX) return;
  result.differences.push({ row, want: want === '' ? 'nothing' : want, got: String(got ?? 'nothing'), answer });
}

const EXACT_RELATIVE = 1e-9;
const ROUNDED_RELATIVE = 1e-6;
/** Results are printed with so many decimals at most. */
const DECIMALS_PRINTED_MAX = 6;

/** Most decimals that a column prints: what its numbers were rounded to. */
export function decimalsOf(texts: readonly string[]): number {
  return texts.reduce((most, text) => {
    const [, fraction = '', exponent = '0'] = /^-?\d*\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text.trim()) ?? [];
    return Math.max(most, fraction.length - Number(exponent));
  }, 0);
}

/**
 * True when an answer is what was expected.
 *
 * @param want as printed; empty: nothing can be said
 * @param got null or undefined: the product says that there is nothing
 * @param decimals most decimals of the column, for `rounded`
 */
export function agrees(
  want: string,
  got: number | boolean | null | undefined,
  comparison: Comparison,
  decimals: number,
): boolean {
  if (want === '') return got === null || got === undefined;
  if (got === null || got === undefined) return false;
  const number = Number(want);
  if (typeof comparison === 'object') {
    return typeof got === 'number' && Math.abs(got - number) <= comparison.within * (1 + ROUNDED_RELATIVE);
  }
  switch (comparison) {
    case 'flag':
      return typeof got === 'boolean' && got === (number === 1);
    case 'count':
      return got === number;
    case 'exact': {
      // A number printed with all six decimals may itself have been cut there (a third of a ppb).
      const cut = decimalsOf([want]) >= DECIMALS_PRINTED_MAX ? 0.5 * 10 ** -DECIMALS_PRINTED_MAX * (1 + 1e-6) : 0;
      return (
        typeof got === 'number' &&
        Math.abs(got - number) <= Math.max(cut, EXACT_RELATIVE * Math.max(1, Math.abs(number)))
      );
    }
    case 'rounded': {
      const halfUnit = 0.5 * 10 ** -decimals * (1 + 1e-6);
      return (
        typeof got === 'number' && Math.abs(got - number) <= Math.max(halfUnit, ROUNDED_RELATIVE * Math.abs(number))
      );
    }
  }
}
