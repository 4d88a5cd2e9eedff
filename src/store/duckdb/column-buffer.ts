import { type DuckDBAppender, DuckDBDataChunk, type DuckDBType, type DuckDBVector } from '@duckdb/node-api';
import {
  CHUNK_ROWS_MAX,
  type ColumnKind,
  columnTypes,
  DUCKDB_TYPES,
  isDouble,
  keyColumns,
  type Table,
  unsignedZero,
} from './table.ts';

/** A table of numbers as columns by property: one number a row, flags 0 or 1. */
export type NumberColumns<Row> = Readonly<Record<keyof Row & string, ArrayLike<number>>>;

/**
 * Appends rows of typed columns to a table, without an object a row. The chunk that rows go through is made once: making
 * one, and the arrays in front of its vectors, takes several times as long as filling it.
 */
export class ColumnBuffer<Row> {
  private readonly table: Table<Row>;
  private readonly chunk: Chunk;
  private readonly masks = new Int32Array(CHUNK_ROWS_MAX);

  constructor(table: Table<Row>) {
    this.table = table;
    this.chunk = new Chunk(columnTypes(table));
  }

  /** @param rows indexes in the columns; @param writtenAt stamp of the batch, for tables that are stamped */
  append(appender: DuckDBAppender, columns: NumberColumns<Row>, rows: Int32Array, writtenAt: number): void {
    const { vectors } = this.chunk;
    const maskAt = this.table.columns.length;
    for (let from = 0; from < rows.length; from += CHUNK_ROWS_MAX) {
      const part = rows.subarray(from, from + CHUNK_ROWS_MAX);
      this.masks.fill(0);
      let bit = 1;
      this.table.columns.forEach(({ property, kind }, at) => {
        fill(vectors[at]!, kind, columns[property], part);
        if (!isDouble(kind)) return;
        markNegativeZeros(this.masks, bit, columns[property], part);
        bit <<= 1;
      });
      for (let at = 0; at < part.length; at++) vectors[maskAt]!.setItem(at, this.masks[at]!);
      if (this.table.isStamped) fillStamp(vectors[maskAt + 1]!, writtenAt, part.length);
      this.chunk.appendTo(appender, part.length);
    }
  }
}

/** As `ColumnBuffer`, of the key columns only, as `stageDdl` lays them out. */
export class KeyBuffer<Row> {
  private readonly keys: Table<Row>['columns'];
  private readonly chunk: Chunk;

  constructor(table: Table<Row>) {
    this.keys = keyColumns(table);
    this.chunk = new Chunk(this.keys.map(({ kind }) => DUCKDB_TYPES[kind]));
  }

  append(appender: DuckDBAppender, columns: NumberColumns<Row>, rows: Int32Array): void {
    for (let from = 0; from < rows.length; from += CHUNK_ROWS_MAX) {
      const part = rows.subarray(from, from + CHUNK_ROWS_MAX);
      this.keys.forEach(({ property, kind }, at) => {
        fill(this.chunk.vectors[at]!, kind, columns[property], part);
      });
      this.chunk.appendTo(appender, part.length);
    }
  }
}

/** A chunk with its vectors; appending copies, so it can be filled again. */
class Chunk {
  readonly vectors: readonly DuckDBVector[];
  private readonly chunk: DuckDBDataChunk;

  constructor(types: readonly DuckDBType[]) {
    const chunk = DuckDBDataChunk.create(types, CHUNK_ROWS_MAX);
    this.vectors = types.map((_, at) => chunk.getColumnVector(at));
    this.chunk = chunk;
  }

  appendTo(appender: DuckDBAppender, rows: number): void {
    this.chunk.rowCount = rows;
    for (const vector of this.vectors) vector.flush();
    appender.appendDataChunk(this.chunk);
  }
}

/** Fills the head of a vector with the numbers of some rows; zeros are stored unsigned. */
function fill(vector: DuckDBVector, kind: ColumnKind, from: ArrayLike<number>, rows: Int32Array): void {
  if (kind === 'ms') fillBigints(vector, from, rows);
  else if (kind === 'flag') for (let at = 0; at < rows.length; at++) vector.setItem(at, from[rows[at]!] === 1);
  else if (isDouble(kind)) for (let at = 0; at < rows.length; at++) vector.setItem(at, unsignedZero(from[rows[at]!]!));
  else for (let at = 0; at < rows.length; at++) vector.setItem(at, from[rows[at]!]!);
}

/** Neighbours often have the same time or message: one bigint serves them all. */
function fillBigints(vector: DuckDBVector, from: ArrayLike<number>, rows: Int32Array): void {
  let number = 0;
  let bigint = 0n;
  for (let at = 0; at < rows.length; at++) {
    const next = from[rows[at]!]!;
    if (next !== number) {
      number = next;
      bigint = BigInt(next);
    }
    vector.setItem(at, bigint);
  }
}

function fillStamp(vector: DuckDBVector, writtenAt: number, rows: number): void {
  const stamp = BigInt(writtenAt);
  for (let row = 0; row < rows; row++) vector.setItem(row, stamp);
}

/** Sets a bit in the masks of the rows whose number is -0. */
function markNegativeZeros(masks: Int32Array, bit: number, from: ArrayLike<number>, rows: Int32Array): void {
  for (let at = 0; at < rows.length; at++) if (Object.is(from[rows[at]!], -0)) masks[at]! |= bit;
}
