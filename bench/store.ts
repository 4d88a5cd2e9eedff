import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS, systemClock } from '../src/base/index.ts';
import { type Pane, PaneColumnsBuilder, type PaneLevel } from '../src/model/index.ts';
import { createDuckdbStore } from '../src/store/duckdb/index.ts';
import type { Store, StoreBatch } from '../src/store/index.ts';
import type { BenchRow } from './bench-row.ts';

const SERIES = 1_000;
const READINGS = 2_000_000;
const BATCH_ROWS = 2_000;
const START_MS = 1_768_478_400_000;
/** Readings of a series in the load; 2,000 over 30 days is one every 21.6 minutes. */
const PER_SERIES = READINGS / SERIES;
const STEP_MS = (30 * DAY_MS) / PER_SERIES;

/** Loads 30 days of 1,000 series, then measures live batches and the questions that the API asks most. */
export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-store-'));
  const file = join(folder, 'vitals.duckdb');
  const open = () => createDuckdbStore({ file, memoryBytesMax: 512 * 1024 * 1024, threads: 2, clock: systemClock });
  let store = open();
  try {
    await store.open();
    const rows = [await loadHistory(store), ...(await measureLive(store)), ...(await measureQueries(store))];
    const closeMs = await timeMs(() => store.close());
    store = open();
    const openMs = await timeMs(() => store.open());
    const { bytesOnDisk, readingCount } = await store.stats();
    rows.push({ name: 'store: close', unit: 'ms', value: closeMs });
    rows.push({ name: 'store: open', unit: 'ms', value: openMs, note: `${readingCount} readings` });
    rows.push({
      name: 'store: file',
      unit: 'MB',
      value: bytesOnDisk / 1e6,
      note: `${readingCount} readings and their panes`,
    });
    return rows;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bulk load: readings of 20,000 rows a batch with the final hour panes behind them. */
async function loadHistory(store: Store): Promise<BenchRow> {
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
    name: 'store: load of history',
    unit: 'rows/s',
    value: (READINGS / elapsedMs) * 1_000,
    note: '20,000 readings a batch, 720,000 hour panes',
  };
}

/** Live operation: 2,000 readings a batch, and the quarter and hour panes that they changed, replaced each time. */
async function measureLive(store: Store): Promise<BenchRow[]> {
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
    { name: 'store: live batches', unit: 'rows/s', value: ((batches * BATCH_ROWS) / elapsedMs) * 1_000, note },
    { name: 'store: live batch', unit: 'ms', value: elapsedMs / batches, note: `longest ${longestMs.toFixed(0)} ms` },
  ];
}

async function measureQueries(store: Store): Promise<BenchRow[]> {
  const month = { fromMs: START_MS, toMs: START_MS + 30 * DAY_MS };
  const ids = Array.from({ length: SERIES }, (_, id) => id);
  const questions: [string, () => Promise<readonly unknown[]>][] = [
    ['hour panes of one series over 30 days', () => store.panes(417, 'hour', month)],
    ['readings of one series over 24 h', () => store.readings(417, { ...month, fromMs: month.toMs - DAY_MS }, 10_000)],
    ['readings of one series over 30 days', () => store.readings(417, month, 10_000)],
    ['latest of 1,000 series', () => store.latest(ids)],
  ];
  const rows: BenchRow[] = [];
  for (const [name, ask] of questions) {
    const repeats = 10;
    let count = 0;
    const elapsedMs = await timeMs(async () => {
      for (let at = 0; at < repeats; at++) count = (await ask()).length;
    });
    rows.push({ name: `store: ${name}`, unit: 'ms', value: elapsedMs / repeats, note: `${count} rows` });
  }
  return rows;
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

function addPanes(panes: PaneColumnsBuilder, level: PaneLevel, startMs: number, seed: number): void {
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

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = systemClock.monotonicMs();
  await work();
  return systemClock.monotonicMs() - startedMs;
}
