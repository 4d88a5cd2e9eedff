import { type DuckDBConnection, type DuckDBValue, INTEGER, VARCHAR } from '@duckdb/node-api';
import { assert } from '../../base/index.ts';
import type { KpiValue, Pane, PaneLevel, Series } from '../../model/index.ts';
import {
  type DeviceRow,
  KPI_ROWS_DEFAULT,
  type KpiQuery,
  type QuarantineQuery,
  type QuarantineRow,
  type StoredReading,
  type TimeRange,
} from '../store.ts';
import { COUNTS, FIRST_OF_IDENTITY } from './history.ts';
import { bound, type Parameter } from './parameters.ts';
import { rowsFrom, type Table } from './table.ts';
import {
  DEVICES_TABLE,
  KPIS_TABLE,
  NEWEST_TABLE,
  PANE_TABLES,
  QUARANTINE_TABLE,
  READINGS_TABLE,
  SERIES_TABLE,
} from './tables.ts';

/** Reads on their own connection: each sees what was committed when it began. Values are bound, never part of the text. */
export class Queries {
  private readonly connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  series(filter: { device?: string; quantity?: string; channel?: string }): Promise<Series[]> {
    const where = new Where();
    where.equal('device', filter.device);
    where.equal('quantity', filter.quantity);
    where.equal('channel', filter.channel);
    return this.select(SERIES_TABLE, where, 'ORDER BY id');
  }

  devices(): Promise<DeviceRow[]> {
    return this.select(DEVICES_TABLE, new Where(), 'ORDER BY device');
  }

  readings(series: number, range: TimeRange, limit: number): Promise<StoredReading[]> {
    const where = new Where();
    where.add('series = ?', [series, INTEGER]);
    where.within('time_ms', range);
    return this.select(READINGS_TABLE, where, `QUALIFY ${FIRST_OF_IDENTITY} ORDER BY time_ms LIMIT ?`, count(limit));
  }

  async panes(series: number, level: PaneLevel, range: TimeRange): Promise<Pane[]> {
    const where = new Where();
    where.add('series = ?', [series, INTEGER]);
    where.within('start_ms', range);
    const rows = await this.select(PANE_TABLES[level], where, 'ORDER BY start_ms');
    return rows.map(({ series: _series, ...pane }) => pane);
  }

  kpis(query: KpiQuery): Promise<KpiValue[]> {
    const where = new Where();
    where.equal('kpi', query.kpi);
    where.equal('zone', query.zone);
    where.equal('"window"', query.window);
    where.within('start_ms', query);
    const newest = 'QUALIFY row_number() OVER (PARTITION BY kpi, zone, "window", start_ms ORDER BY revision DESC) = 1 ';
    const order = 'ORDER BY start_ms, kpi, zone, "window", revision LIMIT ?';
    const tail = query.allRevisions === true ? order : newest + order;
    return this.select(KPIS_TABLE, where, tail, count(query.limit ?? KPI_ROWS_DEFAULT));
  }

  /** A page is never cut inside a message, because the next one starts below a sequence. */
  quarantine(query: QuarantineQuery): Promise<QuarantineRow[]> {
    const where = new Where();
    where.equal('reason', query.reason);
    where.equal('device', query.device);
    if (query.beforeSequence !== undefined) where.add('sequence < ?', bound(query.beforeSequence));
    const lowest = `(SELECT min(sequence) FROM (SELECT sequence FROM quarantine ${where.sql()} ORDER BY sequence DESC LIMIT ?))`;
    const page = new Where();
    page.append(where);
    page.add(`sequence >= ${lowest}`, ...where.parameters, count(query.limit));
    return this.select(QUARANTINE_TABLE, page, 'ORDER BY sequence DESC, "index"');
  }

  /** Newest counted readings: those saved, and those written after them; the caller takes the newer of each. */
  async newestReadings(): Promise<StoredReading[]> {
    const saved = await this.select(NEWEST_TABLE, new Where(), '');
    const later = `
      SELECT series, max(time_ms) AS time_ms FROM readings
      WHERE sequence > (SELECT newest_position FROM meta) AND ${COUNTS} GROUP BY series`;
    const since = await this.run(
      `SELECT ${READINGS_TABLE.select} FROM readings JOIN (${later}) USING (series, time_ms)
       WHERE ${COUNTS} AND sequence > (SELECT newest_position FROM meta) ORDER BY sequence, readings.rowid`,
      [],
    );
    return [...saved, ...rowsFrom(READINGS_TABLE, since)];
  }

  /** Every revision of the newest window of each (kpi, zone, window). */
  async newestKpis(): Promise<KpiValue[]> {
    const newest = 'SELECT kpi, zone, "window", max(start_ms) AS start_ms FROM kpis GROUP BY ALL';
    const sql = `SELECT ${KPIS_TABLE.select} FROM kpis JOIN (${newest}) USING (kpi, zone, "window", start_ms) ORDER BY revision`;
    return rowsFrom(KPIS_TABLE, await this.run(sql, []));
  }

  /** Position of the newest batch that exchanged readings; 0 when none did. */
  async newestReplacedAt(): Promise<number> {
    return Number((await this.run('SELECT coalesce(max(replaced_at), 0) FROM replaced', []))[0]![0]);
  }

  async readingCount(): Promise<number> {
    return Number((await this.run('SELECT count(*) FROM readings', []))[0]![0]);
  }

  private async select<Row>(table: Table<Row>, where: Where, tail: string, ...more: Parameter[]): Promise<Row[]> {
    const sql = `SELECT ${table.select} FROM ${table.name} ${where.sql()} ${tail}`;
    return rowsFrom(table, await this.run(sql, [...where.parameters, ...more]));
  }

  private async run(sql: string, parameters: readonly Parameter[]): Promise<DuckDBValue[][]> {
    const values = parameters.map((parameter) => parameter[0]);
    const types = parameters.map((parameter) => parameter[1]);
    return (await this.connection.runAndReadAll(sql, values, types)).getRows();
  }
}

/** Conditions with their bound values, in the order of their question marks. */
class Where {
  readonly parameters: Parameter[] = [];
  private readonly conditions: string[] = [];

  add(condition: string, ...parameters: readonly Parameter[]): void {
    this.conditions.push(condition);
    this.parameters.push(...parameters);
  }

  equal(column: string, value: string | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, [value, VARCHAR]);
  }

  within(column: string, range: TimeRange): void {
    this.add(`${column} >= ?`, bound(range.fromMs));
    this.add(`${column} < ?`, bound(range.toMs));
  }

  append(other: Where): void {
    this.conditions.push(...other.conditions);
    this.parameters.push(...other.parameters);
  }

  sql(): string {
    return this.conditions.length === 0 ? '' : `WHERE ${this.conditions.join(' AND ')}`;
  }
}

function count(limit: number): Parameter {
  assert(limit >= 0, `limit ${limit} of a store query is not 0 or more`);
  return bound(Math.floor(limit));
}
