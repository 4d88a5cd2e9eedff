import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, systemClock } from '../../src/base/index.ts';
import { type Pane, PaneColumnsBuilder, type PaneLevel, type Series } from '../../src/model/index.ts';
import { createDuckdbStore } from '../../src/store/duckdb/index.ts';
import type { ReadingColumns, Store, StoreBatch } from '../../src/store/index.ts';
import { cpuSecondsOf } from '../cpu.ts';
import type { StoreCase } from './cases.ts';

const SERIES = 1_000;
const READINGS = 2_000_000;
const BATCH_ROWS = 2_000;
const APPENDED = 4_000_000;
const APPEND_BATCH_ROWS = 5_000;
const BACKLOG_BATCH_ROWS = 20_000;
const START_MS = 1_768_478_400_000;
/** Readings of a series in the load; 2,000 over 30 days is one every 21.6 minutes. */
const PER_SERIES = READINGS / SERIES;
const STEP_MS = (30 * DAY_MS) / PER_SERIES;

/** Loads 30 days of 1,000 series, then measures live batches and the questions that the API asks most. */
export async function measureEmbedded(): Promise<StoreCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-store-'));
  const file = join(folder, 'vitals.duckdb');
  let store = openStore(file);
  try {
    await store.open();
    const cases = [await loadHistory(store), ...(await measureLive(store)), ...(await measureQueries(store))];
    const closeMs = await timeMs(() => store.close());
    store = openStore(file);
    const openMs = await timeMs(() => store.open());
    const { bytesOnDisk, readingCount } = await store.stats();
    cases.push({ case: 'close', ms: closeMs }, { case: 'open', ms: openMs, note: `${readingCount} readings` });
    cases.push({ case: 'file', bytesOnDisk, note: `${readingCount} readings and their panes` });
    return cases;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Readings alone: what a row costs, and what it takes on disk once the file is written out. */
export async function measureAppend(): Promise<StoreCase> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-append-'));
  const file = join(folder, 'vitals.duckdb');
  let store = openStore(file);
  try {
    await store.open();
    const batches = Array.from({ length: APPENDED / APPEND_BATCH_ROWS }, (_, at) =>
      makeBatch(
        at * APPEND_BATCH_ROWS,
        APPEND_BATCH_ROWS,
        (row) => START_MS + Math.floor(row / SERIES) * MINUTE_MS,
        new PaneColumnsBuilder(),
      ),
    );
    const cpuSeconds = await cpuSecondsOf(async () => {
      for (const batch of batches) await store.write(batch);
    });
    await store.close();
    store = openStore(file);
    await store.open();
    const { bytesOnDisk } = await store.stats();
    return {
      case: 'duckdb-append',
      rowsPerCpuSecond: Math.round(APPENDED / cpuSeconds),
      bytesPerRow: Math.round((100 * bytesOnDisk) / APPENDED) / 100,
      note: `${APPENDED} readings with one decimal, ${APPEND_BATCH_ROWS} a batch, each synchronised`,
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A store with a backlog of readings for mirrors. @returns the store and its last position; the caller closes it */
export async function storeWithBacklog(file: string, readings: number): Promise<Store> {
  const store = openStore(file);
  await store.open();
  const series = Array.from({ length: SERIES }, (_, id) => seriesRow(id));
  for (let after = 0; after < readings; after += BACKLOG_BATCH_ROWS) {
    const timeAt = (row: number) => START_MS + Math.floor(row / SERIES) * 1_000;
    const batch = makeBatch(after, BACKLOG_BATCH_ROWS, timeAt, new PaneColumnsBuilder());
    await store.write(after === 0 ? { ...batch, series } : batch);
  }
  return store;
}

export function seriesRow(id: number): Series {
  return {
    ...{ id, device: `air-${id}`, quantity: 'pm2_5', channel: '', unit: 'ug/m3' },
    ...{ kind: 'gauge', domain: 'air', expectEveryMs: MINUTE_MS },
  };
}

/** Readings of 1,000 series, one after the other. */
export function readingsFrom(after: number, count: number): ReadingColumns {
  return makeBatch(after, count, (row) => START_MS + Math.floor(row / SERIES) * 1_000, new PaneColumnsBuilder())
    .readings;
}

function openStore(file: string): Store {
  return createDuckdbStore({ file, memoryBytesMax: 512 * 1024 * 1024, threads: 1, clock: systemClock });
}

/** Bulk load: readings of 20,000 rows a batch with the final hour panes behind them. */
async function loadHistory(store: Store): Promise<StoreCase> {
  const batchRows = 10 * BATCH_ROWS;
  let sequence = 0;
  const elapsedMs = await timeMs(async () => {
    let hour = 0;
    while (sequence < READINGS) {
      const panes = new PaneColumnsBuilder();
      const after = sequence;
      sequence += batchRows;
      for (; hour < (sequence / READINGS) * 720; hour++) addPanes(panes, 'hour', START_MS + hour * HOUR_MS, hour);
      await store.write(makeBatch(after, batchRows, (row) => START_MS + Math.floor(row / SERIES) * STEP_MS, panes));
    }
  });
  return {
    case: 'load-of-history',
    rowsPerSecond: Math.round((READINGS / elapsedMs) * 1_000),
    note: '20,000 readings a batch, 720,000 hour panes',
  };
}

/** Live operation: 2,000 readings a batch, and the quarter and hour panes that they changed, replaced each time. */
async function measureLive(store: Store): Promise<StoreCase[]> {
  const batches = 60;
  const liveMs = START_MS + 30 * DAY_MS;
  let longestMs = 0;
  const first = (await store.stats()).position;
  const prepared = Array.from({ length: batches }, (_, at) => {
    const nowMs = liveMs + at * 2 * MINUTE_MS;
    const panes = new PaneColumnsBuilder();
    for (const level of ['quarter', 'hour'] as const) addPanes(panes, level, startOf(level, nowMs), at);
    return makeBatch(first + at * BATCH_ROWS, BATCH_ROWS, (row) => nowMs + Math.floor(row / SERIES) * MINUTE_MS, panes);
  });
  const elapsedMs = await timeMs(async () => {
    for (const batch of prepared) longestMs = Math.max(longestMs, await timeMs(() => store.write(batch)));
  });
  const note = '2,000 readings and 2,000 replaced panes a batch, each synchronised';
  return [
    { case: 'live-batches', rowsPerSecond: Math.round(((batches * BATCH_ROWS) / elapsedMs) * 1_000), note },
    { case: 'live-batch', ms: elapsedMs / batches, note: `longest ${longestMs.toFixed(0)} ms` },
  ];
}

async function measureQueries(store: Store): Promise<StoreCase[]> {
  const month = { fromMs: START_MS, toMs: START_MS + 30 * DAY_MS };
  const ids = Array.from({ length: SERIES }, (_, id) => id);
  const questions: [string, () => Promise<readonly unknown[]>][] = [
    ['hour panes of one series over 30 days', () => store.panes(417, 'hour', month)],
    ['readings of one series over 24 h', () => store.readings(417, { ...month, fromMs: month.toMs - DAY_MS }, 10_000)],
    ['readings of one series over 30 days', () => store.readings(417, month, 10_000)],
    ['latest of 1,000 series', () => store.latest(ids)],
  ];
  const cases: StoreCase[] = [];
  for (const [name, ask] of questions) {
    const repeats = 10;
    let count = 0;
    const elapsedMs = await timeMs(async () => {
      for (let at = 0; at < repeats; at++) count = (await ask()).length;
    });
    cases.push({ case: `query: ${name}`, ms: elapsedMs / repeats, note: `${count} rows` });
  }
  return cases;
}

function makeBatch(
  after: number,
  count: number,
  timeAt: (row: number) => number,
  panes: PaneColumnsBuilder,
): StoreBatch {
  const readings = {
    count,
    series: Int32Array.from({ length: count }, (_, at) => (after + at) % SERIES),
    timeMs: Float64Array.from({ length: count }, (_, at) => timeAt(after < READINGS ? after + at : at)),
    value: Float64Array.from({ length: count }, (_, at) => Math.round(200 + 100 * Math.sin((after + at) / 997)) / 10),
    quality: new Uint8Array(count).fill(4),
    status: new Uint8Array(count),
    sequence: Float64Array.from({ length: count }, (_, at) => after + at + 1),
  };
  return {
    position: after + count,
    series: [],
    devices: [],
    readings,
    panes: panes.finish(),
    kpis: [],
    quarantine: [],
  };
}

/** A pane of each of the 1,000 series. */
export function addPanes(panes: PaneColumnsBuilder, level: PaneLevel, startMs: number, seed: number): void {
  for (let series = 0; series < SERIES; series++) panes.add(series, level, makePane(startMs, seed + series));
}

function makePane(startMs: number, seed: number): Pane {
  const mean = 10 + (seed % 97) / 10;
  return {
    startMs,
    endMs: startMs + HOUR_MS,
    count: 60,
    invalidCount: 0,
    coveredSlots: 60,
    expectedSlots: 60,
    sum: mean * 60,
    sumSin: 0,
    min: mean - 3,
    max: mean + 4,
    firstMs: startMs,
    first: mean,
    lastMs: startMs + 59 * MINUTE_MS,
    last: mean + 1,
    increase: 0,
    increaseCoveredMs: 0,
    increaseAtEnd: 0,
    deltaCount: 0,
    counterEvents: 0,
    revision: 0,
    final: true,
  };
}

function startOf(level: PaneLevel, atMs: number): number {
  const lengthMs = { quarter: QUARTER_MS, hour: HOUR_MS }[level];
  return Math.floor(atMs / lengthMs) * lengthMs;
}

export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  await work();
  return systemClock.monotonicMs() - startedMs;
}
