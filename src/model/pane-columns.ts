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

/** What a pane says: how often it was corrected is no part of it. */
export const PANE_SAID = PANE_FIELDS.filter((field) => field !== 'revision');

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
  #numbers = numberColumns(64);

  get rows(): number {
    return this.#rows;
  }

  add(series: number, level: PaneLevel, pane: Pane): void {
    const row = this.#rows++;
    if (row === this.#length) this.#grow();
    this.#series[row] = series;
    this.#level[row] = PANE_LEVELS.indexOf(level);
    this.#final[row] = pane.final ? 1 : 0;
    this.#fill(row, pane);
  }

  /** Field by field: a loop over names costs ten times as much. */
  #fill(row: number, pane: Pane): void {
    const numbers = this.#numbers;
    numbers.startMs[row] = pane.startMs;
    numbers.endMs[row] = pane.endMs;
    numbers.count[row] = pane.count;
    numbers.invalidCount[row] = pane.invalidCount;
    numbers.coveredSlots[row] = pane.coveredSlots;
    numbers.expectedSlots[row] = pane.expectedSlots;
    numbers.sum[row] = pane.sum;
    numbers.sumSin[row] = pane.sumSin;
    numbers.min[row] = pane.min;
    numbers.max[row] = pane.max;
    numbers.firstMs[row] = pane.firstMs;
    numbers.first[row] = pane.first;
    numbers.lastMs[row] = pane.lastMs;
    numbers.last[row] = pane.last;
    numbers.increase[row] = pane.increase;
    numbers.increaseCoveredMs[row] = pane.increaseCoveredMs;
    numbers.increaseAtEnd[row] = pane.increaseAtEnd;
    numbers.deltaCount[row] = pane.deltaCount;
    numbers.counterEvents[row] = pane.counterEvents;
    numbers.revision[row] = pane.revision;
  }

  /** The columns, cut to their length; the builder is empty afterwards. */
  finish(): PaneColumns {
    const rows = this.#rows;
    const numbers = PANE_FIELDS.map((field) => [field, this.#numbers[field].slice(0, rows)] as const);
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
    const old = this.#numbers;
    this.#numbers = numberColumns(this.#length);
    for (const field of PANE_FIELDS) this.#numbers[field].set(old[field]);
  }
}

function numberColumns(length: number): Record<PaneField, Float64Array> {
  const columns = PANE_FIELDS.map((field) => [field, new Float64Array(length)] as const);
  return Object.fromEntries(columns) as Record<PaneField, Float64Array>;
}
