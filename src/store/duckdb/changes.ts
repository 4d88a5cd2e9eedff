import type { DuckDBConnection } from '@duckdb/node-api';
import { PANE_LEVELS, type PaneColumns } from '../../model/index.ts';
import type { MarkRange, StoreChanges, StoreMark } from '../mirror.ts';
import type { ReadingColumns } from '../store.ts';
import { chunksOf, panesWhere, readingColumns } from './chunks.ts';
import { COUNTS, FIRST_OF_IDENTITY } from './history.ts';
import { bound, type Parameter } from './parameters.ts';
import { rowsFrom } from './table.ts';
import { EXCHANGED, KPIS_TABLE } from './tables.ts';

/** A reading whose value does not count has none. */
const STANDS = `CASE WHEN ${COUNTS} THEN value ELSE 'NaN' END`;

/** A table, and what its rows are counted by. */
type Counted = readonly [table: string, by: string];

const READ: readonly Counted[] = [
  ['readings', 'sequence'],
  ['replaced', 'replaced_at'],
];
const STAMPED: readonly Counted[] = [
  ['panes_quarter', 'written_at'],
  ['panes_hour', 'written_at'],
  ['kpis', 'written_at'],
];

/** What was written between two marks, as it stands now; on a connection that reads. */
export class Changes {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async between({ after, upTo: asked }: MarkRange, rowsMax: number): Promise<StoreChanges> {
    const upTo = {
      position: await this.#atMost(rowsMax, after.position, asked.position, READ),
      stamp: await this.#atMost(rowsMax, after.stamp, asked.stamp, STAMPED),
    };
    const readings = await this.#readings([bound(after.position), bound(upTo.position)]);
    const range = [bound(after.stamp), bound(upTo.stamp)];
    const panes: PaneColumns[] = [];
    // One after the other: the connection must not be closed under a question that nobody waits for.
    for (const level of PANE_LEVELS) {
      panes.push(await panesWhere(this.#connection, level, 'WHERE p.written_at > ? AND p.written_at <= ?', range));
    }
    const kpis = await this.#connection.runAndReadAll(
      `SELECT ${KPIS_TABLE.select} FROM kpis WHERE written_at > ? AND written_at <= ?
       QUALIFY row_number() OVER (PARTITION BY kpi, zone, "window", start_ms ORDER BY revision DESC) = 1`,
      range.map(([value]) => value),
      range.map(([, type]) => type),
    );
    return { upTo, readings, panes: joined(panes), kpis: rowsFrom(KPIS_TABLE, kpis.getRows()) };
  }

  /** An end up to which there are not more rows than that, or the next one after the start. */
  async #atMost(rowsMax: number, after: number, asked: number, tables: readonly Counted[]): Promise<number> {
    let upTo = asked;
    while (upTo > after + 1 && (await this.#countRows(after, upTo, tables)) > rowsMax) {
      upTo = after + Math.ceil((upTo - after) / 2);
    }
    return upTo;
  }

  async #countRows(after: number, upTo: number, tables: readonly Counted[]): Promise<number> {
    const counts = tables.map(([table, by]) => `(SELECT count(*) FROM ${table} WHERE ${by} > $1 AND ${by} <= $2)`);
    const found = await this.#connection.runAndReadAll(`SELECT (${counts.join(' + ')})::DOUBLE`, [
      bound(after)[0],
      bound(upTo)[0],
    ]);
    return found.getRows()[0]![0] as number;
  }

  /**
   * A counted reading stands as it came; of one that was bad, filed late or decoded again others may say the same
   * identity, and of one that was exchanged there may be none any more.
   */
  async #readings(range: readonly Parameter[]): Promise<ReadingColumns> {
    const chunks = await chunksOf(
      this.#connection,
      `WITH told AS (
         SELECT DISTINCT series, time_ms FROM readings WHERE sequence > ? AND sequence <= ? AND status <> 0
         UNION SELECT series, time_ms FROM replaced WHERE replaced_at > ? AND replaced_at <= ? AND status = ${EXCHANGED}),
       standing AS (
         SELECT series, time_ms, ${STANDS} AS value, quality, status, sequence FROM readings SEMI JOIN told USING (series, time_ms)
         WHERE time_ms >= (SELECT min(time_ms) FROM told) AND time_ms <= (SELECT max(time_ms) FROM told)
         QUALIFY ${FIRST_OF_IDENTITY})
       SELECT series, time_ms::DOUBLE, ${STANDS}, quality, status, sequence::DOUBLE FROM readings
       WHERE sequence > ? AND sequence <= ? AND status = 0
       UNION ALL SELECT told.series, told.time_ms::DOUBLE, coalesce(value, 'NaN'), coalesce(quality, 1), coalesce(status, 1),
         coalesce(sequence, 0)::DOUBLE FROM told LEFT JOIN standing USING (series, time_ms)`,
      [...range, ...range, ...range],
    );
    return readingColumns(chunks);
  }

  /** The mark before everything that says something of an instant or later; undefined where nothing does. */
  async markBefore(timeMs: number): Promise<Partial<StoreMark>> {
    const rows = await this.#connection.runAndReadAll(
      `SELECT (SELECT min(sequence) FROM readings WHERE time_ms >= $1)::DOUBLE, least(
         (SELECT min(written_at) FROM panes_quarter WHERE end_ms > $1), (SELECT min(written_at) FROM panes_hour WHERE end_ms > $1),
         (SELECT min(written_at) FROM kpis WHERE end_ms > $1))::DOUBLE`,
      [bound(timeMs)[0]],
    );
    const [sequence, stamp] = rows.getRows()[0] ?? [];
    return {
      ...(typeof sequence === 'number' ? { position: sequence - 1 } : {}),
      ...(typeof stamp === 'number' ? { stamp: stamp - 1 } : {}),
    };
  }
}

/** One after the other. */
function joined(parts: readonly PaneColumns[]): PaneColumns {
  const [first] = parts;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const columns = Object.entries(first!).filter(([, column]) => ArrayBuffer.isView(column));
  const together = columns.map(([name, column]) => {
    const Column = column.constructor as new (length: number) => Float64Array;
    const whole = new Column(rows);
    let at = 0;
    for (const part of parts) {
      whole.set(part[name as 'count'], at);
      at += part.rows;
    }
    return [name, whole] as const;
  });
  return { ...(Object.fromEntries(together) as unknown as Omit<PaneColumns, 'rows'>), rows };
}
