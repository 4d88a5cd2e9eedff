import { type DecodedAgain, type ReadingColumns, readingAt, type StoredReading } from '../../src/store/index.ts';

/** Rows of readings in the order of their arrival, and what was exchanged of them: plain arrays, whole scans. */
export class ExchangedRows {
  rows: StoredReading[] = [];
  /** What stood at an identity before the batch of a position, oldest first. */
  #exchanged: { readonly at: number; readonly key: string; readonly rows: readonly StoredReading[] }[] = [];

  exchange({ identities, readings }: DecodedAgain, at: number): void {
    const keys = new Set(Array.from(identities.series, (series, row) => `${series} ${identities.timeMs[row]}`));
    for (const key of keys) {
      this.#exchanged.push({ at, key, rows: this.rows.filter((row) => keyOf(row) === key) });
    }
    this.rows = [...this.rows.filter((row) => !keys.has(keyOf(row))), ...rowsOfColumns(readings)];
  }

  /** The rows as they were when the position was the given one. */
  asOf(position: number): StoredReading[] {
    const before = new Map<string, readonly StoredReading[]>();
    for (const { at, key, rows } of this.#exchanged) {
      if (at > position && !before.has(key)) before.set(key, rows);
    }
    const rows = [...this.rows.filter((row) => !before.has(keyOf(row))), ...[...before.values()].flat()];
    return rows.filter(({ sequence }) => sequence <= position);
  }

  readingsOf(
    of: { readonly messages: readonly number[] } | Pick<ReadingColumns, 'series' | 'timeMs'>,
    position: number,
  ): ReadingColumns {
    const isWanted =
      'messages' in of
        ? ({ sequence }: StoredReading) => of.messages.includes(sequence)
        : (row: StoredReading) => of.series.some((series, at) => series === row.series && of.timeMs[at] === row.timeMs);
    return columnsOf(
      this.asOf(position)
        .filter(isWanted)
        .sort((a, b) => a.series - b.series || a.timeMs - b.timeMs || a.sequence - b.sequence),
    );
  }

  /** Identities that batches of these positions exchanged. */
  exchangedIn(afterPosition: number, upToPosition: number): (readonly [series: number, timeMs: number])[] {
    return this.#exchanged
      .filter(({ at }) => at > afterPosition && at <= upToPosition)
      .map(({ key }) => key.split(' ').map(Number) as [number, number]);
  }

  /** @returns how many went */
  deleteBefore(timeMs: number): number {
    const { length } = this.rows;
    this.rows = this.rows.filter((row) => row.timeMs >= timeMs);
    this.#exchanged = this.#exchanged.filter(({ key }) => Number(key.split(' ')[1]) >= timeMs);
    return length - this.rows.length;
  }
}

export function rowsOfColumns(columns: ReadingColumns): StoredReading[] {
  return Array.from({ length: columns.count }, (_, row) => readingAt(columns, row));
}

function columnsOf(rows: readonly StoredReading[]): ReadingColumns {
  return {
    count: rows.length,
    series: Int32Array.from(rows, (row) => row.series),
    timeMs: Float64Array.from(rows, (row) => row.timeMs),
    value: Float64Array.from(rows, (row) => row.value + 0),
    quality: Uint8Array.from(rows, (row) => row.quality),
    status: Uint8Array.from(rows, (row) => row.status),
    sequence: Float64Array.from(rows, (row) => row.sequence),
  };
}

function keyOf({ series, timeMs }: StoredReading): string {
  return `${series} ${timeMs}`;
}
