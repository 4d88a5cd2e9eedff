/*
 * A table as a list of typed properties. Rows go in as data chunks (typed columns, no SQL text) and come back as plain
 * objects with the same properties.
 *
 * DuckDB compares 0 and -0 as equal, and its constant and run-length compression therefore keep only one of them for a
 * whole segment: measured, 122,834 of 200,000 values came back with the wrong sign. So zeros are stored unsigned, and a
 * bit mask beside them says which columns of the row were -0. All other doubles survive bit for bit.
 */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBAppender,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import { assert } from '../../base/index.ts';

/**
 * `count`: integer up to 2^31-1. `ms`: integer up to 2^53. `double`: any double. `double?`: any double or null. `text?`: a
 * text, or a property that is not there.
 */
export type ColumnKind = 'count' | 'ms' | 'double' | 'double?' | 'text' | 'text?' | 'flag';

export const DUCKDB_TYPES: Readonly<Record<ColumnKind, DuckDBType>> = {
  count: INTEGER,
  ms: BIGINT,
  double: DOUBLE,
  'double?': DOUBLE,
  text: VARCHAR,
  'text?': VARCHAR,
  flag: BOOLEAN,
};

/** Rows of one chunk; the size of DuckDB's vectors. */
export const CHUNK_ROWS_MAX = 2048;

/** A bit for each double column must fit into the mask. */
const DOUBLE_COLUMNS_MAX = 31;

/** A table whose rows are objects of type `Row`; `key` names the properties that identify one. */
export interface Table<Row> {
  readonly name: string;
  readonly key: readonly (keyof Row & string)[];
  readonly columns: readonly { readonly property: keyof Row & string; readonly kind: ColumnKind }[];
  /** Comma-separated quoted column names in the order that `rowsFrom` expects, the mask last. */
  readonly select: string;
  /** `CREATE TABLE` text. */
  readonly ddl: string;
  /** Rows say the stamp of the batch that wrote them, in a last column beside `select`. */
  readonly isStamped: boolean;
}

/** Below 0 for rows that were there before rows were stamped. */
export const STAMP_DDL = 'written_at BIGINT DEFAULT 0';

/** Describes a table; every property of `Row` must be named, so a new field of the model cannot be forgotten. */
export function defineTable<Row>(
  name: string,
  kinds: Readonly<Required<Record<keyof Row & string, ColumnKind>>>,
  key: readonly (keyof Row & string)[] = [],
  { isStamped = false }: { readonly isStamped?: boolean } = {},
): Table<Row> {
  const columns = Object.entries(kinds).map(([property, kind]) => ({
    property: property as keyof Row & string,
    kind: kind as ColumnKind,
  }));
  const doubles = columns.filter((column) => isDouble(column.kind)).length;
  assert(doubles <= DOUBLE_COLUMNS_MAX, `table ${name} has ${doubles} double columns, at most ${DOUBLE_COLUMNS_MAX}`);
  const lines = columns.map(
    ({ property, kind }) => `${columnName(property)} ${DUCKDB_TYPES[kind]}${kind.endsWith('?') ? '' : ' NOT NULL'}`,
  );
  return {
    name,
    key,
    columns,
    select: [...columns.map((column) => columnName(column.property)), 'negative_zeros'].join(', '),
    ddl: `CREATE TABLE ${name} (${[...lines, 'negative_zeros INTEGER NOT NULL', ...(isStamped ? [STAMP_DDL] : [])].join(', ')})`,
    isStamped,
  };
}

/** Quoted column of a property: `startMs` is `"start_ms"`. */
export function columnName(property: string): string {
  return `"${property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
}

/**
 * Appends rows; they are in the connection's transaction once the appender is flushed.
 *
 * @param writtenAt stamp of the batch
 */
export function appendRows<Row>(
  table: Table<Row>,
  appender: DuckDBAppender,
  rows: readonly Row[],
  writtenAt: number,
): void {
  const types = columnTypes(table);
  for (let from = 0; from < rows.length; from += CHUNK_ROWS_MAX) {
    const part = rows.slice(from, from + CHUNK_ROWS_MAX);
    const chunk = DuckDBDataChunk.create(types, part.length);
    fillChunk(table, chunk, part);
    fillStamp(table, chunk, part.length, writtenAt);
    appender.appendDataChunk(chunk);
  }
}

/** Appends the key columns of rows only, as `stageDdl` lays them out. */
export function appendKeys<Row>(table: Table<Row>, appender: DuckDBAppender, rows: readonly Row[]): void {
  const columns = keyColumns(table);
  const types = columns.map((column) => DUCKDB_TYPES[column.kind]);
  for (let from = 0; from < rows.length; from += CHUNK_ROWS_MAX) {
    const part = rows.slice(from, from + CHUNK_ROWS_MAX);
    const chunk = DuckDBDataChunk.create(types, part.length);
    columns.forEach(({ property, kind }, at) => {
      fillColumn(chunk.getColumnVector(at), kind, part, property);
    });
    appender.appendDataChunk(chunk);
  }
}

/** `CREATE TEMP TABLE` text of the staging table that `appendKeys` fills. */
export function stageDdl<Row>(table: Table<Row>): string {
  const lines = keyColumns(table).map(({ property, kind }) => `${columnName(property)} ${DUCKDB_TYPES[kind]} NOT NULL`);
  return `CREATE TEMP TABLE ${stageName(table)} (${lines.join(', ')})`;
}

export function stageName<Row>(table: Table<Row>): string {
  return `stage_${table.name}`;
}

/** Rows of a result whose columns are `table.select`. */
export function rowsFrom<Row>(table: Table<Row>, values: readonly (readonly DuckDBValue[])[]): Row[] {
  return values.map((line) => rowFrom(table, line));
}

function rowFrom<Row>(table: Table<Row>, line: readonly DuckDBValue[]): Row {
  const mask = line[table.columns.length] as number;
  const row: Record<string, unknown> = {};
  let bit = 1;
  for (let at = 0; at < table.columns.length; at++) {
    const { property, kind } = table.columns[at]!;
    const value = line[at];
    if (kind === 'ms') row[property] = Number(value);
    else if (kind === 'text?') {
      if (value !== null) row[property] = value;
    } else if (!isDouble(kind)) row[property] = value;
    else {
      row[property] = (mask & bit) === 0 ? value : -0;
      bit <<= 1;
    }
  }
  return row as Row;
}

function fillChunk<Row>(table: Table<Row>, chunk: DuckDBDataChunk, rows: readonly Row[]): void {
  const masks = new Int32Array(rows.length);
  let bit = 1;
  table.columns.forEach(({ property, kind }, at) => {
    fillColumn(chunk.getColumnVector(at), kind, rows, property);
    if (!isDouble(kind)) return;
    for (let row = 0; row < rows.length; row++) if (Object.is(rows[row]![property], -0)) masks[row]! |= bit;
    bit <<= 1;
  });
  fillMasks(chunk.getColumnVector(table.columns.length), masks);
}

function fillColumn<Row>(
  vector: DuckDBVector,
  kind: ColumnKind,
  rows: readonly Row[],
  property: keyof Row & string,
): void {
  for (let row = 0; row < rows.length; row++) {
    const value = rows[row]![property];
    if (kind === 'ms') vector.setItem(row, BigInt(value as number));
    else if (isDouble(kind)) vector.setItem(row, unsignedZero(value as number | null));
    else vector.setItem(row, (value ?? null) as DuckDBValue);
  }
  vector.flush();
}

/** Types of all columns, as an appender of the table takes them. */
export function columnTypes<Row>(table: Table<Row>): DuckDBType[] {
  const types = table.columns.map((column) => DUCKDB_TYPES[column.kind]);
  return table.isStamped ? [...types, INTEGER, BIGINT] : [...types, INTEGER];
}

function fillStamp<Row>(table: Table<Row>, chunk: DuckDBDataChunk, rows: number, writtenAt: number): void {
  if (!table.isStamped) return;
  const vector = chunk.getColumnVector(table.columns.length + 1);
  const stamp = BigInt(writtenAt);
  for (let row = 0; row < rows; row++) vector.setItem(row, stamp);
  vector.flush();
}

function fillMasks(vector: DuckDBVector, masks: Int32Array): void {
  for (let row = 0; row < masks.length; row++) vector.setItem(row, masks[row]!);
  vector.flush();
}

export function unsignedZero(value: number | null): number | null {
  return value === 0 ? 0 : value;
}

/** Properties that are doubles, in the order of the bits of `negative_zeros`. */
export function doubleColumns<Row>(table: Table<Row>): (keyof Row & string)[] {
  return table.columns.filter((column) => isDouble(column.kind)).map((column) => column.property);
}

/** Columns of the staging table. */
export function keyColumns<Row>(table: Table<Row>): Table<Row>['columns'] {
  return table.columns.filter((column) => table.key.includes(column.property));
}

export function isDouble(kind: ColumnKind): boolean {
  return kind === 'double' || kind === 'double?';
}
