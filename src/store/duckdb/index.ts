// In: store batches, and questions. Out: one DuckDB file that holds them; answers from a second connection beside the writer.
import { accessSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Clock, OperatingError } from '../../base/index.ts';
import type { StoreMark } from '../mirror.ts';
import type { QuarantineBound, RetentionRule, Store, StoreBatch } from '../store.ts';
import { Changes } from './changes.ts';
import { lockedError, openError, workError } from './errors.ts';
import { History } from './history.ts';
import { NewestKpis, NewestReadings } from './newest.ts';
import { exportParquet } from './parquet.ts';
import { readParquet } from './parquet-rows.ts';
import { Queries } from './queries.ts';
import { openSchema } from './schema.ts';
import { Writer } from './writer.ts';

export interface DuckdbStoreOptions {
  /** Path of the database; its folder is made when it is not there. */
  readonly file: string;
  /** What DuckDB may use for its buffers, bytes; the process needs about as much again at peaks. */
  readonly memoryBytesMax: number;
  /** Threads that a query may use, 1 to 64. */
  readonly threads: number;
  readonly clock: Clock;
}

/** Files open in this thread: the lock of the operating system does not keep a process from itself. */
const openFiles = new Set<string>();

/**
 * The embedded store: a single DuckDB file.
 *
 * A batch is one transaction with its position, on disk (WAL, synchronised) when `write` resolves. Writes are done one
 * after the other in the order of the calls. Appending runs on the calling thread (milliseconds a batch), so the
 * process gives this a thread of its own (workers/store-thread).
 *
 * Errors: `store_locked`, `store_unwritable`, `store_damaged`, `store_schema_newer` from `open`; `store_work_failed`
 * (retryable when space or memory can come back) and `store_failed` (open again) from the rest; `store_closed`.
 */
export function createDuckdbStore(options: DuckdbStoreOptions): Store {
  return new DuckdbStore(options);
}

interface Opened {
  readonly file: string;
  readonly madeAtMs: number;
  readonly openedAt: StoreMark;
  readonly instance: DuckDBInstance;
  readonly writer: Writer;
  readonly queries: Queries;
  readonly history: History;
  readonly changes: Changes;
  readonly exportConnection: DuckDBConnection;
  readonly newestReadings: NewestReadings;
  readonly newestKpis: NewestKpis;
  readonly disconnect: () => void;
  position: number;
  stamp: number;
  basis: string | undefined;
  readingCount: number;
}

class DuckdbStore implements Store {
  private readonly options: DuckdbStoreOptions;
  private opened: Opened | undefined;
  /** Ends when the last write, trim or save has ended; never rejects. */
  private writing: Promise<unknown> = Promise.resolve();
  /** Questions without an answer yet: closing the connection under one of them would end the process. */
  private readonly asking = new Set<Promise<unknown>>();

  constructor(options: DuckdbStoreOptions) {
    this.options = options;
  }

  async open() {
    if (this.opened === undefined) this.opened = await openFile(this.options);
    const { position, basis } = this.opened;
    return { position, ...(basis === undefined ? {} : { basis }) };
  }

  write(batch: StoreBatch): Promise<void> {
    return this.inTurn('write to', async (opened) => {
      const written = await opened.writer.write(batch, opened);
      opened.position = written.position;
      opened.stamp = written.stamp;
      opened.basis = batch.basis ?? opened.basis;
      opened.readingCount += written.rowsAdded;
      opened.newestReadings.offerColumns(written.readings);
      for (const [series, reading] of written.newest) opened.newestReadings.set(series, reading);
      for (const value of batch.kpis) opened.newestKpis.offer(value);
      // The batch is committed; a failure to save what can be found again must not make it look lost.
      await opened.writer.saveNewestNowAndThen(opened.position).catch(() => undefined);
    });
  }

  trimRetention(rule: RetentionRule): Promise<number> {
    return this.inTurn('trim', async (opened) => {
      const { readingsBeforeMs, quartersBeforeMs } = rule;
      if (quartersBeforeMs !== undefined) await opened.writer.deleteQuartersBefore(Math.ceil(quartersBeforeMs));
      if (readingsBeforeMs === undefined) return 0;
      const deleted = await opened.writer.deleteReadingsBefore(Math.ceil(readingsBeforeMs), opened.position);
      opened.readingCount -= deleted;
      return deleted;
    });
  }

  trimQuarantine({ rowsMax, receivedFromMs }: QuarantineBound): Promise<number> {
    return this.inTurn('trim', (opened) => opened.writer.trimQuarantine(rowsMax, Math.ceil(receivedFromMs)));
  }

  series(filter: { readonly device?: string; readonly quantity?: string; readonly channel?: string }) {
    return this.ask((opened) => opened.queries.series(filter));
  }

  devices() {
    return this.ask((opened) => opened.queries.devices());
  }

  readings(...[series, range, limit]: Parameters<Store['readings']>) {
    return this.ask((opened) => opened.queries.readings(series, range, limit));
  }

  panes(...[series, level, range]: Parameters<Store['panes']>) {
    return this.ask((opened) => opened.queries.panes(series, level, range));
  }

  readingsAround(...args: Parameters<Store['readingsAround']>) {
    return this.ask((opened) => opened.history.readingsAround(...args));
  }

  readingsOf(...args: Parameters<Store['readingsOf']>) {
    return this.ask((opened) => opened.history.readingsOf(...args));
  }

  panesOf(query: Parameters<Store['panesOf']>[0]) {
    return this.ask((opened) => opened.history.panesOf(query));
  }

  panesIn(...args: Parameters<Store['panesIn']>) {
    return this.ask((opened) => opened.history.panesIn(...args));
  }

  heardHours(range: Parameters<Store['heardHours']>[0]) {
    return this.ask((opened) => opened.history.heardHours(range));
  }

  kpiRevisions(...args: Parameters<Store['kpiRevisions']>) {
    return this.ask((opened) => opened.history.kpiRevisions(...args));
  }

  latest(series: readonly number[]) {
    return this.ask(async ({ newestReadings }) => {
      if (series.length === 0) return newestReadings.all();
      const ids = [...new Set(series)].sort((a, b) => a - b);
      return ids.map((id) => newestReadings.get(id)).filter((reading) => reading !== undefined);
    });
  }

  kpis(query: Parameters<Store['kpis']>[0]) {
    return this.ask((opened) => opened.queries.kpis(query));
  }

  latestKpis() {
    return this.ask(async (opened) => opened.newestKpis.all());
  }

  quarantine(query: Parameters<Store['quarantine']>[0]) {
    return this.ask((opened) => opened.queries.quarantine(query));
  }

  changes(...args: Parameters<Store['changes']>) {
    return this.ask((opened) => opened.changes.between(...args));
  }

  markBefore(timeMs: number) {
    return this.ask(async ({ changes, position, stamp }) => ({
      position,
      stamp,
      ...(await changes.markBefore(timeMs)),
    }));
  }

  export(order: Parameters<Store['export']>[0]) {
    return this.ask((opened) => exportParquet(opened.exportConnection, order));
  }

  parquetRows(query: Parameters<Store['parquetRows']>[0]) {
    return this.ask((opened) => readParquet(opened.exportConnection, query));
  }

  stats() {
    return this.ask(async ({ position, stamp, madeAtMs, openedAt, readingCount, file }) => {
      return {
        position,
        stamp,
        madeAtMs,
        openedAt,
        readingCount,
        bytesOnDisk: fileBytes(file) + fileBytes(`${file}.wal`),
      };
    });
  }

  async close() {
    const opened = this.opened;
    if (opened === undefined) return;
    this.opened = undefined;
    // A file that is half written is of no use to anybody; the job writes it again.
    opened.exportConnection.interrupt();
    await this.writing;
    await Promise.allSettled(this.asking);
    // Only spares work at the next opening: a crash here loses nothing.
    await opened.writer.saveNewest(opened.position).catch(() => undefined);
    opened.disconnect();
  }

  private requireOpen(): Opened {
    if (this.opened !== undefined) return this.opened;
    throw new OperatingError('store_closed', `cannot use the store ${this.options.file}: it is not open`);
  }

  private async ask<Answer>(question: (opened: Opened) => Promise<Answer>): Promise<Answer> {
    const opened = this.requireOpen();
    const asked = question(opened);
    this.asking.add(asked);
    try {
      return await asked;
    } catch (cause) {
      throw workError('read', opened.file, cause);
    } finally {
      this.asking.delete(asked);
    }
  }

  private async inTurn<Answer>(what: string, work: (opened: Opened) => Promise<Answer>): Promise<Answer> {
    const opened = this.requireOpen();
    const done = this.writing.then(() => work(opened));
    this.writing = done.catch(() => undefined);
    try {
      return await done;
    } catch (cause) {
      throw workError(what, opened.file, cause);
    }
  }
}

async function openFile(options: DuckdbStoreOptions): Promise<Opened> {
  const file = claimFile(options.file);
  let instance: DuckDBInstance | undefined;
  try {
    instance = await DuckDBInstance.create(file, {
      memory_limit: `${Math.floor(options.memoryBytesMax / 1024)}KiB`,
      threads: String(options.threads),
      // Nothing is ever fetched from the network.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    return await openParts(options, file, instance);
  } catch (cause) {
    instance?.closeSync();
    openFiles.delete(file);
    throw openError(options.file, cause);
  }
}

async function openParts(options: DuckdbStoreOptions, file: string, instance: DuckDBInstance): Promise<Opened> {
  const writeConnection = await instance.connect();
  const { position, basis, stamp, madeAtMs } = await openSchema(writeConnection, options.file, options.clock.nowMs());
  const readConnection = await instance.connect();
  const newestReadings = new NewestReadings();
  const queries = new Queries(readConnection);
  const replacements = { newestAt: await queries.newestReplacedAt() };
  const writer = new Writer(writeConnection, newestReadings, replacements);
  await writer.prepare();
  const history = new History(readConnection, replacements);
  // What mirrors ask stands in nobody's way.
  const changesConnection = await instance.connect();
  const changes = new Changes(changesConnection);
  const exportConnection = await instance.connect();
  const saved = await queries.newestReadings();
  for (const reading of saved) newestReadings.offer(reading);
  const newestKpis = new NewestKpis();
  for (const value of await queries.newestKpis()) newestKpis.offer(value);
  const disconnect = () => {
    writer.close();
    writeConnection.closeSync();
    readConnection.closeSync();
    changesConnection.closeSync();
    exportConnection.closeSync();
    instance.closeSync();
    openFiles.delete(file);
  };
  const readingCount = await queries.readingCount();
  return {
    file,
    instance,
    writer,
    queries,
    history,
    changes,
    exportConnection,
    newestReadings,
    newestKpis,
    disconnect,
    position,
    stamp,
    madeAtMs,
    openedAt: { position, stamp },
    basis,
    readingCount,
  };
}

/** Makes the folder, checks that it can be written, and takes the file for this thread. Returns its real path. */
function claimFile(given: string): string {
  const absolute = resolve(given);
  let file: string;
  try {
    mkdirSync(dirname(absolute), { recursive: true });
    file = join(realpathSync(dirname(absolute)), basename(absolute));
    accessSync(dirname(file), constants.W_OK);
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) accessSync(file, constants.R_OK | constants.W_OK);
  } catch (cause) {
    throw openError(given, cause);
  }
  if (openFiles.has(file)) throw lockedError(given, `this process (${process.pid})`);
  openFiles.add(file);
  return file;
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
