import { type DuckDBConnection, INTEGER, LIST, listValue } from '@duckdb/node-api';
import type { Identities, StoredReading } from '../store.ts';
import { COUNTS } from './history.ts';
import { rowsFrom, stageName } from './table.ts';
import { EXCHANGED, IDENTITY_TABLE, READINGS_TABLE } from './tables.ts';

const STAGE = stageName(IDENTITY_TABLE);

/**
 * Moves the rows of the staged identities to those that were replaced, within the connection's transaction; the stage is
 * empty afterwards.
 *
 * @param at position of the batch
 * @returns how many rows went
 */
export async function exchange(connection: DuckDBConnection, { timeMs }: Identities, at: number): Promise<number> {
  const bounds = [BigInt(timeMs.reduce((a, b) => Math.min(a, b))), BigInt(timeMs.reduce((a, b) => Math.max(a, b)))];
  const within = `r.series = s.series AND r.time_ms = s.time_ms AND r.time_ms BETWEEN $1 AND $2`;
  await connection.run(
    `INSERT INTO replaced SELECT r.series, r.time_ms, r.value, r.quality, r.status, r.sequence, $3, r.negative_zeros
     FROM readings r JOIN ${STAGE} s ON ${within} ORDER BY r.rowid`,
    [...bounds, BigInt(at)],
  );
  await connection.run(`INSERT INTO replaced SELECT series, time_ms, 0, 0, ${EXCHANGED}, 0, $1, 0 FROM ${STAGE}`, [
    BigInt(at),
  ]);
  const { rowsChanged } = await connection.run(`DELETE FROM readings r USING ${STAGE} s WHERE ${within}`, bounds);
  await connection.run(`DELETE FROM ${STAGE}`);
  return rowsChanged;
}

/** The newest reading that counts of each of these series, where there is one. */
export async function newestOf(
  connection: DuckDBConnection,
  series: readonly number[],
): Promise<ReadonlyMap<number, StoredReading>> {
  if (series.length === 0) return new Map();
  const found = await connection.runAndReadAll(
    `SELECT ${READINGS_TABLE.select} FROM readings WHERE series IN (SELECT unnest($1)) AND ${COUNTS}
     QUALIFY row_number() OVER (PARTITION BY series ORDER BY time_ms DESC, sequence, rowid) = 1`,
    [listValue(series)],
    [LIST(INTEGER)],
  );
  return new Map(rowsFrom(READINGS_TABLE, found.getRows()).map((reading) => [reading.series, reading]));
}
