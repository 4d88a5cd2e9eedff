/*
 * Results as typed columns, without an object a row. Times are read as doubles, exact up to 2^53, which spares a big
 * integer a value.
 */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { PANE_FIELDS, PANE_LEVELS, type PaneColumns, type PaneField, type PaneLevel } from '../../model/index.ts';
import type { ReadingColumns } from '../store.ts';
import type { Parameter } from './parameters.ts';
import { columnName, doubleColumns } from './table.ts';
import { PANE_TABLES } from './tables.ts';

/** Everything that a query answers. */
export async function chunksOf(
  connection: DuckDBConnection,
  sql: string,
  parameters: readonly Parameter[],
): Promise<DuckDBDataChunk[]> {
  return (await connection.run(sql, ...splitParameters(parameters))).fetchAllChunks();
}

export function splitParameters(parameters: readonly Parameter[]): [DuckDBValue[], DuckDBType[]] {
  return [parameters.map((parameter) => parameter[0]), parameters.map((parameter) => parameter[1])];
}

/** Panes of a level by series and start. @param condition joins and filter of the panes `p` */
export async function panesWhere(
  connection: DuckDBConnection,
  level: PaneLevel,
  condition: string,
  parameters: readonly Parameter[],
): Promise<PaneColumns> {
  const table = PANE_TABLES[level];
  const fields = PANE_FIELDS.map((field) => `p.${columnName(field)}::DOUBLE`);
  const chunks = await chunksOf(
    connection,
    `SELECT p.series, ${fields.join(', ')}, p.final::UTINYINT, p.negative_zeros
     FROM ${table.name} p ${condition} ORDER BY p.series, p.start_ms`,
    parameters,
  );
  const rows = rowCount(chunks);
  const numbers = PANE_FIELDS.map((field, at) => [field, float64Column(chunks, at + 1, rows)] as const);
  const columns = Object.fromEntries(numbers) as Record<PaneField, Float64Array>;
  const masks = int32Column(chunks, PANE_FIELDS.length + 2, rows);
  doubleColumns(table).forEach((property, bit) => {
    signZeros(columns[property as PaneField], masks, 1 << bit);
  });
  return {
    ...columns,
    rows,
    series: int32Column(chunks, 0, rows),
    level: new Uint8Array(rows).fill(PANE_LEVELS.indexOf(level)),
    final: Uint8Array.from(int32Column(chunks, PANE_FIELDS.length + 1, rows)),
  };
}

/** Of rows of series, time, value, quality, status and sequence. */
export function readingColumns(chunks: readonly DuckDBDataChunk[]): ReadingColumns {
  const count = rowCount(chunks);
  return {
    count,
    series: int32Column(chunks, 0, count),
    timeMs: float64Column(chunks, 1, count),
    value: float64Column(chunks, 2, count),
    quality: Uint8Array.from(int32Column(chunks, 3, count)),
    status: Uint8Array.from(int32Column(chunks, 4, count)),
    sequence: float64Column(chunks, 5, count),
  };
}

export function rowCount(chunks: readonly DuckDBDataChunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
}

export function float64Column(chunks: readonly DuckDBDataChunk[], column: number, rows: number): Float64Array {
  return fillColumn(new Float64Array(rows), chunks, column);
}

export function int32Column(chunks: readonly DuckDBDataChunk[], column: number, rows: number): Int32Array {
  return fillColumn(new Int32Array(rows), chunks, column);
}

function fillColumn<Column extends Float64Array | Int32Array>(
  target: Column,
  chunks: readonly DuckDBDataChunk[],
  column: number,
): Column {
  let at = 0;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(column);
    for (let row = 0; row < vector.itemCount; row++) target[at++] = vector.getItem(row) as number;
  }
  return target;
}

function signZeros(column: Float64Array, masks: Int32Array, bit: number): void {
  for (let row = 0; row < column.length; row++) if ((masks[row]! & bit) !== 0) column[row] = -0;
}
