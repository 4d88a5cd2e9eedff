import { PANE_LEVELS, type Pane, type PaneLevel } from './pane.ts';

/** The numbers of a pane, in the order of the columns. */
export const PANE_FIELDS = [
  'startMs',
  'endMs',
  'count',
  'invalidCount',
  'coveredSlots',
  'expectedSlots',
  'sum',
  'sumSin',
  'min',
  'max',
  'firstMs',
  'first',
  'lastMs',
  'last',
  'increase',
  'increaseCoveredMs',
  'increaseAtEnd',
  'deltaCount',
  'counterEvents',
  'revision',
] as const satisfies readonly (keyof Pane)[];
export type PaneField = (typeof PANE_FIELDS)[number];

/** Panes as columns of equal length: one row a pane of a series and level. Buffers are handed over with them. */
export interface PaneColumns extends Readonly<Record<PaneField, Float64Array>> {
  readonly rows: number;
  readonly series: Int32Array;
  /** Index in `PANE_LEVELS`. */
  readonly level: Uint8Array;
  /** 1 for a final pane. */
  readonly final: Uint8Array;
}

/** The pane of a row as an object. */
export function paneAt(columns: PaneColumns, row: number): Pane {
  const numbers = Object.fromEntries(PANE_FIELDS.map((field) => [field, columns[field][row]!]));
  return { ...(numbers as Record<PaneField, number>), final: columns.final[row] === 1 };
}

/** The level of a row. */
export function paneLevelAt(columns: PaneColumns, row: number): PaneLevel {
  return PANE_LEVELS[columns.level[row]!]!;
}

/** Collects panes as columns that grow. */
export class PaneColumnsBuilder {
  #rows = 0;
  #length = 64;
  #series = new Int32Array(64);
  #level = new Uint8Array(64);
  #final = new Uint8Array(64);
  readonly #numbers: Float64Array[] = PANE_FIELDS.map(() => new Float64Array(64));

  get rows(): number {
    return this.#rows;
  }

  add(series: number, level: PaneLevel, pane: Pane): void {
    const row = this.#rows++;
    if (row === this.#length) this.#grow();
    this.#series[row] = series;
    this.#level[row] = PANE_LEVELS.indexOf(level);
    this.#final[row] = pane.final ? 1 : 0;
    for (let field = 0; field < PANE_FIELDS.length; field++) this.#numbers[field]![row] = pane[PANE_FIELDS[field]!];
  }

  /** The columns, cut to their length; the builder is empty afterwards. */
  finish(): PaneColumns {
    const rows = this.#rows;
    const numbers = PANE_FIELDS.map((field, index) => [field, this.#numbers[index]!.slice(0, rows)] as const);
    const columns = {
      ...(Object.fromEntries(numbers) as Record<PaneField, Float64Array>),
      rows,
      series: this.#series.slice(0, rows),
      level: this.#level.slice(0, rows),
      final: this.#final.slice(0, rows),
    };
    this.#rows = 0;
    return columns;
  }

  #grow(): void {
    this.#length *= 2;
    const larger = <T extends Int32Array | Float64Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.#series = larger(this.#series, new Int32Array(this.#length));
    this.#level = larger(this.#level, new Uint8Array(this.#length));
    this.#final = larger(this.#final, new Uint8Array(this.#length));
    for (let field = 0; field < PANE_FIELDS.length; field++) {
      this.#numbers[field] = larger(this.#numbers[field]!, new Float64Array(this.#length));
    }
  }
}
