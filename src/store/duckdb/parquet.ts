import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { PANE_FIELDS, QUALITY_NAMES } from '../../model/index.ts';
import type { Exported, ExportKind, ExportOrder } from '../store.ts';
import { COUNTS } from './history.ts';
import { columnName } from './table.ts';
import { KPIS_TABLE, PANE_TABLES } from './tables.ts';

const NAMES = 's.device, s.quantity, s.channel, s.unit';
/** How often a reading is expected, s: without it, who takes the rows in cannot tell what is missing. */
const EVERY = 's.expect_every_ms / 1000 AS every';
const QUALITIES = `[${QUALITY_NAMES.map((name) => `'${name}'`).join(', ')}]`;

/** Columns are those of the tables, with names instead of numbers, and instants as such. */
const SELECTS: Readonly<Record<ExportKind, (fromMs: number, toMs: number) => string>> = {
  readings: (fromMs, toMs) =>
    `SELECT ${instant('r.time_ms')} AS time, ${NAMES}, r.value, list_extract(${QUALITIES}, r.quality + 1) AS quality,
       ${COUNTS.replace(/\b(status|quality|value)\b/g, 'r.$1')} AS counts, ${EVERY}, r.sequence
     FROM readings r JOIN series s ON s.id = r.series WHERE r.time_ms >= ${fromMs} AND r.time_ms < ${toMs}
     ORDER BY s.device, s.quantity, s.channel, r.time_ms, r.sequence`,
  quarters: (fromMs, toMs) => panes(PANE_TABLES.quarter.name, fromMs, toMs),
  hours: (fromMs, toMs) => panes(PANE_TABLES.hour.name, fromMs, toMs),
  kpis: (fromMs, toMs) => {
    const rest = KPIS_TABLE.columns.filter(({ property }) => !['startMs', 'endMs', 'watermarkMs'].includes(property));
    return `SELECT ${instant('start_ms')} AS start, ${instant('end_ms')} AS end, ${rest.map(({ property }) => columnName(property)).join(', ')}
      FROM kpis WHERE start_ms >= ${fromMs} AND start_ms < ${toMs} ORDER BY kpi, zone, "window", start_ms, revision`;
  },
};

/**
 * Writes the rows of a time range into a Parquet file (zstd), sorted by what they are of. The file is there whole or not
 * at all; one of that name is replaced.
 */
export async function exportParquet(
  connection: DuckDBConnection,
  { kind, fromMs, toMs, file }: ExportOrder,
): Promise<Exported> {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.part`;
  try {
    const select = SELECTS[kind](Math.ceil(fromMs), Math.ceil(toMs));
    const { rowsChanged } = await connection.run(
      `COPY (${select}) TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    renameSync(partial, file);
    return { rows: rowsChanged, bytes: statSync(file).size };
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function panes(table: string, fromMs: number, toMs: number): string {
  const fields = PANE_FIELDS.filter((field) => field !== 'startMs' && field !== 'endMs');
  return `SELECT ${instant('p.start_ms')} AS start, ${instant('p.end_ms')} AS end, ${NAMES},
      ${fields.map((field) => `p.${columnName(field)}`).join(', ')}, p.final
    FROM ${table} p JOIN series s ON s.id = p.series WHERE p.start_ms >= ${fromMs} AND p.start_ms < ${toMs}
    ORDER BY s.device, s.quantity, s.channel, p.start_ms`;
}

/** Milliseconds since 1970 as TIMESTAMP WITH TIME ZONE. */
function instant(column: string): string {
  return `make_timestamptz(${column} * 1000)`;
}

/** A text as SQL writes it: neither COPY nor the name of a file takes a parameter. */
export function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}
