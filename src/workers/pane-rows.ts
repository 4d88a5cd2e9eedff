import { PANE_SAID, type PaneColumns, type PaneLevel, paneLevelAt } from '../model/index.ts';
import { isEmptyPane } from '../windows/index.ts';

/** What a pane is of. */
export interface PaneKey {
  readonly series: number;
  readonly level: PaneLevel;
  /** ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Where a pane stands. */
export interface PaneRow {
  readonly columns: PaneColumns;
  readonly row: number;
  readonly isFinal: boolean;
}

/** Panes in columns, to be found by what they are of; those that hold nothing are none. */
export class PaneRows {
  readonly #columns: readonly PaneColumns[];
  /** By series and level, then by start. */
  readonly #places = new Map<string, Map<number, PaneRow>>();

  constructor(columns: readonly PaneColumns[]) {
    this.#columns = columns;
    for (const [{ series, level, startMs }, place] of this.rows()) {
      const name = `${series} ${level}`;
      const places = this.#places.get(name);
      if (places === undefined) this.#places.set(name, new Map([[startMs, place]]));
      else places.set(startMs, place);
    }
  }

  *rows(): Generator<readonly [PaneKey, PaneRow]> {
    for (const columns of this.#columns) {
      const { series, startMs, endMs, final, count, invalidCount, increaseCoveredMs } = columns;
      for (let row = 0; row < columns.rows; row++) {
        const held = {
          count: count[row]!,
          invalidCount: invalidCount[row]!,
          increaseCoveredMs: increaseCoveredMs[row]!,
        };
        if (isEmptyPane(held)) continue;
        const key = {
          series: series[row]!,
          level: paneLevelAt(columns, row),
          startMs: startMs[row]!,
          endMs: endMs[row]!,
        };
        yield [key, { columns, row, isFinal: final[row] === 1 }];
      }
    }
  }

  find({ series, level, startMs }: PaneKey): PaneRow | undefined {
    return this.#places.get(`${series} ${level}`)?.get(startMs);
  }

  /** Whether two panes say the same, bit for bit. */
  isSame(one: PaneRow, other: PaneRow): boolean {
    return PANE_SAID.every((field) => Object.is(one.columns[field][one.row], other.columns[field][other.row]));
  }
}
