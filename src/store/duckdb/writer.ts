import {
  BIGINT,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  INTEGER,
  LIST,
  listValue,
} from '@duckdb/node-api';
import { assert } from '../../base/index.ts';
import { PANE_LEVELS, type PaneColumns } from '../../model/index.ts';
import type { StoreMark } from '../mirror.ts';
import type { DecodedAgain, ReadingColumns, StoreBatch, StoredReading } from '../store.ts';
import { ColumnBuffer, KeyBuffer } from './column-buffer.ts';
import { exchange, newestOf } from './exchange.ts';
import type { Replacements } from './history.ts';
import type { NewestReadings } from './newest.ts';
import { rowsOfLevel } from './pane-rows.ts';
import { appendKeys, appendRows, columnName, stageDdl, stageName, type Table } from './table.ts';
import {
  DEVICES_TABLE,
  IDENTITY_TABLE,
  KPIS_TABLE,
  NEWEST_TABLE,
  PANE_TABLES,
  QUARANTINE_TABLE,
  READINGS_TABLE,
  SERIES_TABLE,
  UPSERTED_TABLES,
} from './tables.ts';

/** The `newest` table is brought up to date once in so many batches; opening reads the readings written since. */
const BATCHES_PER_NEWEST = 64;

/** What a batch added, for the counters that are kept in memory. */
export interface Written {
  readonly readings: ReadingColumns;
  /** Rows that readings have more than before. */
  readonly rowsAdded: number;
  readonly position: number;
  readonly stamp: number;
  /** Newest readings of series of which some were exchanged; of those without one undefined. */
  readonly newest: ReadonlyMap<number, StoredReading | undefined>;
}

/** The writing connection: one transaction at a time, all of it or nothing. */
export class Writer {
  private readonly connection: DuckDBConnection;
  private readonly newest: NewestReadings;
  private readonly appenders = new Map<string, DuckDBAppender>();
  private readonly statements = new Map<string, DuckDBPreparedStatement>();
  private readonly replacements: Replacements;
  private readonly identityKeys = new KeyBuffer(IDENTITY_TABLE);
  private readonly readingColumns = new ColumnBuffer(READINGS_TABLE);
  private readonly paneKeys = new KeyBuffer(PANE_TABLES.hour);
  private readonly paneColumns = new ColumnBuffer(PANE_TABLES.hour);
  private batchesSinceNewest = 0;

  constructor(connection: DuckDBConnection, newest: NewestReadings, replacements: Replacements) {
    this.connection = connection;
    this.newest = newest;
    this.replacements = replacements;
  }

  /** Makes the temporary tables that upserts go through. */
  async prepare(): Promise<void> {
    for (const table of UPSERTED_TABLES) await this.connection.run(stageDdl(table));
    await this.connection.run(stageDdl(IDENTITY_TABLE));
  }

  /** Writes a batch behind the newest one; rows of readings and quarantine at or below `position` are there already. */
  async write(batch: StoreBatch, { position, stamp }: StoreMark): Promise<Written> {
    checkBatch(batch);
    const readings = readingsAfter(batch.readings, position);
    const quarantine = batch.quarantine.filter((row) => row.sequence > position);
    const newPosition = Math.max(position, batch.position);
    const newStamp = stamp + 1;
    const again = batch.position > position ? batch.again : undefined;
    let rowsAdded = readings.count;
    const newest = new Map<number, StoredReading | undefined>();
    await this.transaction(async () => {
      await this.upsert(SERIES_TABLE, batch.series);
      await this.upsert(DEVICES_TABLE, batch.devices);
      await this.appendReadings(readings);
      await this.upsertPanes(batch.panes, newStamp);
      await this.upsert(KPIS_TABLE, batch.kpis, newStamp);
      await this.append(QUARANTINE_TABLE, quarantine);
      if (again !== undefined) rowsAdded += await this.exchange(again, newPosition, position, newest);
      if (batch.basis !== undefined) await this.connection.run('UPDATE meta SET basis = $1', [batch.basis]);
      await this.execute('UPDATE meta SET position = $1, stamp = $2', [newPosition, newStamp]);
    });
    return { readings, rowsAdded, position: newPosition, stamp: newStamp, newest };
  }

  /** What messages give since they were decoded again, in place of what they gave. @returns rows added; may be below 0 */
  private async exchange(
    again: DecodedAgain,
    at: number,
    position: number,
    newest: Map<number, StoredReading | undefined>,
  ): Promise<number> {
    // Earlier than it is true, a question about the past is only answered the long way.
    this.replacements.newestAt = at;
    const { identities, messages, readings, quarantine } = again;
    let rowsAdded = 0;
    if (identities.series.length > 0) {
      const stage = await this.appender(stageName(IDENTITY_TABLE), 'temp');
      this.identityKeys.append(stage, identities, rowNumbers(identities.series.length));
      stage.flushSync();
      rowsAdded = readings.count - (await exchange(this.connection, identities, at));
      await this.appendReadings(readings);
      const stale = this.newest.atOrBefore(identities);
      const found = await newestOf(this.connection, stale);
      for (const series of stale) newest.set(series, found.get(series));
      for (const [series, reading] of newest) this.newest.set(series, reading);
      await this.connection.run(
        'DELETE FROM newest WHERE series IN (SELECT unnest($1))',
        [listValue(stale)],
        [LIST(INTEGER)],
      );
      // Those of this batch come later: what is read again at the next opening begins before it.
      await this.upsertNewest(position);
    }
    if (messages.length > 0) {
      const list = listValue(messages.map(BigInt));
      await this.connection.run('DELETE FROM quarantine WHERE sequence IN (SELECT unnest($1))', [list], [LIST(BIGINT)]);
    }
    await this.append(QUARANTINE_TABLE, quarantine);
    return rowsAdded;
  }

  /** Saves the newest readings now and then, so that opening needs to look at few. To be called after the batch was taken in. */
  async saveNewestNowAndThen(position: number): Promise<void> {
    this.batchesSinceNewest++;
    if (this.batchesSinceNewest >= BATCHES_PER_NEWEST) await this.saveNewest(position);
  }

  /** Saves the newest readings as of `position`. */
  async saveNewest(position: number): Promise<void> {
    await this.transaction(() => this.upsertNewest(position));
    this.newest.markSaved();
    this.batchesSinceNewest = 0;
  }

  /** Deletes readings measured before an instant; the newest of each series stays known. Returns how many went. */
  async deleteReadingsBefore(beforeMs: number, position: number): Promise<number> {
    let deleted = 0;
    await this.transaction(async () => {
      await this.upsertNewest(position);
      deleted = await this.execute('DELETE FROM readings WHERE time_ms < $1', [beforeMs]);
      await this.execute('DELETE FROM replaced WHERE time_ms < $1', [beforeMs]);
    });
    this.newest.markSaved();
    this.batchesSinceNewest = 0;
    return deleted;
  }

  async deleteQuartersBefore(beforeMs: number): Promise<void> {
    await this.transaction(async () => {
      await this.execute(`DELETE FROM ${PANE_TABLES.quarter.name} WHERE start_ms < $1`, [beforeMs]);
    });
  }

  /** A message whose rows do not all fit goes as a whole. Returns how many rows went. */
  async trimQuarantine(rowsMax: number, receivedFromMs: number): Promise<number> {
    let deleted = 0;
    await this.transaction(async () => {
      deleted = await this.execute('DELETE FROM quarantine WHERE received_at_ms < $1', [receivedFromMs]);
      deleted += await this.execute(
        'DELETE FROM quarantine WHERE sequence <= (SELECT sequence FROM quarantine ORDER BY sequence DESC LIMIT 1 OFFSET $1)',
        [rowsMax],
      );
    });
    return deleted;
  }

  /** Ends the statements; the connection is the caller's. */
  close(): void {
    for (const statement of this.statements.values()) statement.destroySync();
    this.dropAppenders();
  }

  private async upsertNewest(position: number): Promise<void> {
    await this.upsert(NEWEST_TABLE, this.newest.unsaved());
    await this.execute('UPDATE meta SET newest_position = $1', [position]);
  }

  private async transaction(work: () => Promise<void>): Promise<void> {
    await this.execute('BEGIN TRANSACTION', []);
    try {
      await work();
      await this.execute('COMMIT', []);
    } catch (error) {
      this.dropAppenders();
      // The transaction may be gone already, when the commit itself failed; the first error is the one to tell.
      await this.connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  /** Removes the stored rows that have the keys of these rows, then adds these. The last of equal keys wins. */
  private async upsert<Row>(table: Table<Row>, rows: readonly Row[], writtenAt = 0): Promise<void> {
    if (rows.length === 0) return;
    const last = lastByKey(table, rows);
    const stage = await this.appender(stageName(table), 'temp');
    appendKeys(table, stage, last);
    stage.flushSync();
    await this.deleteStaged(table, startRange(last));
    await this.append(table, last, writtenAt);
  }

  private async upsertPanes(panes: PaneColumns, writtenAt: number): Promise<void> {
    for (const [at, level] of PANE_LEVELS.entries()) {
      const { rows, startMsMin, startMsMax } = rowsOfLevel(panes, at);
      if (rows.length === 0) continue;
      const table = PANE_TABLES[level];
      const stage = await this.appender(stageName(table), 'temp');
      this.paneKeys.append(stage, panes, rows);
      stage.flushSync();
      await this.deleteStaged(table, [startMsMin, startMsMax]);
      const appender = await this.appender(table.name);
      this.paneColumns.append(appender, panes, rows, writtenAt);
      appender.flushSync();
    }
  }

  /** Removes the rows whose keys are staged, looking only at starts in the range where there is one. */
  private async deleteStaged<Row>(table: Table<Row>, range: readonly [number, number] | undefined): Promise<void> {
    await this.execute(deleteSql(table, range !== undefined), range ?? []);
    await this.execute(`DELETE FROM ${stageName(table)}`, []);
  }

  private async append<Row>(table: Table<Row>, rows: readonly Row[], writtenAt = 0): Promise<void> {
    if (rows.length === 0) return;
    const appender = await this.appender(table.name);
    appendRows(table, appender, rows, writtenAt);
    appender.flushSync();
  }

  private async appendReadings(readings: ReadingColumns): Promise<void> {
    if (readings.count === 0) return;
    const appender = await this.appender(READINGS_TABLE.name);
    this.readingColumns.append(appender, readings, rowNumbers(readings.count), 0);
    appender.flushSync();
  }

  private async appender(table: string, catalog: string | null = null): Promise<DuckDBAppender> {
    const known = this.appenders.get(table);
    if (known !== undefined) return known;
    const made = await this.connection.createAppender(table, null, catalog);
    this.appenders.set(table, made);
    return made;
  }

  /** After an error an appender may hold rows of the batch that failed. */
  private dropAppenders(): void {
    for (const appender of this.appenders.values()) {
      appender.clear();
      appender.closeSync();
    }
    this.appenders.clear();
  }

  private async execute(sql: string, integers: readonly number[]): Promise<number> {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = await this.connection.prepare(sql);
      this.statements.set(sql, statement);
    }
    for (const [at, integer] of integers.entries()) statement.bindBigInt(at + 1, BigInt(integer));
    return (await statement.run()).rowsChanged;
  }
}

function rowNumbers(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

function readingsAfter(readings: ReadingColumns, position: number): ReadingColumns {
  const { count, sequence } = readings;
  let after = 0;
  for (let row = 0; row < count; row++) if (sequence[row]! > position) after++;
  if (after === count) return readings;
  const kept = rowNumbers(count).filter((row) => sequence[row]! > position);
  return {
    count: kept.length,
    series: Int32Array.from(kept, (row) => readings.series[row]!),
    timeMs: Float64Array.from(kept, (row) => readings.timeMs[row]!),
    value: Float64Array.from(kept, (row) => readings.value[row]!),
    quality: Uint8Array.from(kept, (row) => readings.quality[row]!),
    status: Uint8Array.from(kept, (row) => readings.status[row]!),
    sequence: Float64Array.from(kept, (row) => sequence[row]!),
  };
}

/** A row beyond its batch's position would be written twice after a crash; that is a broken engine. */
function checkBatch(batch: StoreBatch): void {
  const { readings, position } = batch;
  assert(
    Number.isSafeInteger(position) && position >= 0,
    `position ${position} of a store batch is no journal sequence`,
  );
  for (const column of [
    readings.series,
    readings.timeMs,
    readings.value,
    readings.quality,
    readings.status,
    readings.sequence,
  ]) {
    assert(column.length >= readings.count, `a column of ${column.length} rows in a batch of ${readings.count}`);
  }
  for (let row = 0; row < readings.count; row++) {
    assert(
      readings.sequence[row]! <= position,
      `reading of sequence ${readings.sequence[row]} in a batch up to ${position}`,
    );
    assert(Number.isSafeInteger(readings.timeMs[row]), `reading time ${readings.timeMs[row]} is no whole millisecond`);
    assert(readings.series[row]! >= 0, `series id ${readings.series[row]} is negative`);
  }
  for (const row of batch.quarantine) {
    assert(row.sequence <= position, `quarantine row of sequence ${row.sequence} in a batch up to ${position}`);
  }
}

function lastByKey<Row>(table: Table<Row>, rows: readonly Row[]): Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) byKey.set(JSON.stringify(table.key.map((property) => row[property])), row);
  return [...byKey.values()];
}

/** Smallest and largest `startMs`, so that only the part of the table that the batch touches is looked at. */
function startRange<Row>(rows: readonly Row[]): [number, number] | undefined {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const { startMs } = row as { startMs?: number };
    if (startMs === undefined) return undefined;
    lowest = Math.min(lowest, startMs);
    highest = Math.max(highest, startMs);
  }
  return [lowest, highest];
}

function deleteSql<Row>(table: Table<Row>, bounded: boolean): string {
  const same = table.key.map((property) => `t.${columnName(property)} = s.${columnName(property)}`);
  const bound = bounded ? ['t.start_ms BETWEEN $1 AND $2'] : [];
  return `DELETE FROM ${table.name} t USING ${stageName(table)} s WHERE ${[...bound, ...same].join(' AND ')}`;
}
