import type { DuckDBConnection } from '@duckdb/node-api';
import { OperatingError } from '../../base/index.ts';
import { META_DDL, MIGRATIONS, SCHEMA_VERSION, TABLES } from './tables.ts';

export interface OpenedSchema {
  readonly position: number;
  readonly basis: string | undefined;
  /** Of the newest batch. */
  readonly stamp: number;
  readonly madeAtMs: number;
}

/**
 * Makes the tables of a new file, or checks those of an old one and brings them up to date.
 *
 * @returns the journal position that the file includes, and the basis of its KPI values
 * @throws OperatingError `store_schema_newer`, `store_damaged`
 */
export async function openSchema(connection: DuckDBConnection, file: string, nowMs: number): Promise<OpenedSchema> {
  const found = await connection.runAndReadAll('SELECT table_name FROM duckdb_tables() WHERE NOT internal');
  const names = found.getRows().map((row) => String(row[0]));
  if (names.length === 0) return createSchema(connection, nowMs);
  if (!names.includes('meta')) {
    throw new OperatingError(
      'store_damaged',
      `cannot open the store ${file}: it is a DuckDB file of something else (tables ${names.join(', ')})`,
    );
  }
  const [version, position] =
    (await connection.runAndReadAll('SELECT schema_version, position FROM meta')).getRows()[0] ?? [];
  if (version === undefined)
    throw new OperatingError('store_damaged', `cannot open the store ${file}: its meta table is empty`);
  if (Number(version) > SCHEMA_VERSION) {
    const message = `cannot open the store ${file}: it has schema version ${version}, this program knows up to ${SCHEMA_VERSION}; use the newer program`;
    throw new OperatingError('store_schema_newer', message);
  }
  await migrate(connection, Number(version));
  const [basis, stamp, madeAtMs] =
    (await connection.runAndReadAll('SELECT basis, stamp, created_at_ms FROM meta')).getRows()[0] ?? [];
  return {
    position: Number(position),
    basis: typeof basis === 'string' ? basis : undefined,
    stamp: Number(stamp),
    madeAtMs: Number(madeAtMs),
  };
}

/** All steps in one transaction: a file is of the old version or of the new one. */
async function migrate(connection: DuckDBConnection, from: number): Promise<void> {
  if (from === SCHEMA_VERSION) return;
  await connection.run('BEGIN TRANSACTION');
  for (let version = from; version < SCHEMA_VERSION; version++) {
    for (const statement of MIGRATIONS[version] ?? []) await connection.run(statement);
  }
  await connection.run('UPDATE meta SET schema_version = $1::INTEGER', [SCHEMA_VERSION]);
  await connection.run('COMMIT');
}

async function createSchema(connection: DuckDBConnection, nowMs: number): Promise<OpenedSchema> {
  await connection.run('BEGIN TRANSACTION');
  for (const table of TABLES) await connection.run(table.ddl);
  await connection.run(META_DDL);
  await connection.run('INSERT INTO meta VALUES ($1::INTEGER, $2::BIGINT, 0, 0, NULL, 0)', [
    SCHEMA_VERSION,
    BigInt(Math.trunc(nowMs)),
  ]);
  await connection.run('COMMIT');
  return { position: 0, basis: undefined, stamp: 0, madeAtMs: Math.trunc(nowMs) };
}
