import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS, HOUR_MS, systemClock } from '../../src/base/index.ts';
import { type KpiValue, PaneColumnsBuilder } from '../../src/model/index.ts';
import { createDuckdbStore } from '../../src/store/duckdb/index.ts';
import type { Store, StoreBatch } from '../../src/store/index.ts';
import type { StoreCase } from './cases.ts';
import { addPanes, seriesRow, timeMs } from './embedded.ts';

/** Readings of 1,000 series over 30 days, one every 26 s; and one of each of 99,000 others. */
const READINGS = 100_000_000;
const BUSY_SERIES = 1_000;
const ALL_SERIES = 100_000;
const BATCH_ROWS = 100_000;
const START_MS = Date.UTC(2026, 0, 15, 12);
const STEP_MS = (30 * DAY_MS) / (READINGS / BUSY_SERIES);
const YEARS_DAYS = 3_652;
const ZONES = 20;
const KPIS = 10;
const REPEATS = 20;

/** Loads 100 million readings, a month of hours and ten years of days, and asks. Some minutes, and 500 MB of disk. */
export async function measureLarge(): Promise<StoreCase[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-large-'));
  const store = createDuckdbStore({
    ...{ file: join(folder, 'vitals.duckdb'), memoryBytesMax: 1024 * 1024 * 1024, threads: 1, clock: systemClock },
  });
  try {
    await store.open();
    const loadMs = await timeMs(() => load(store));
    const { bytesOnDisk, readingCount } = await store.stats();
    return [
      {
        case: 'large: load',
        rowsPerSecond: Math.round((readingCount / loadMs) * 1_000),
        note: `${readingCount} readings`,
      },
      { case: 'large: file', bytesOnDisk, note: `${readingCount} readings, panes and KPI values` },
      ...(await ask(store)),
    ];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(store: Store): Promise<void> {
  const series = Array.from({ length: ALL_SERIES }, (_, id) => seriesRow(id));
  await store.write({ ...batchOf(0, ALL_SERIES, ALL_SERIES), series });
  const none = batchOf(ALL_SERIES, 0, BUSY_SERIES);
  for (let hour = 0; hour < 720; hour++) {
    const panes = new PaneColumnsBuilder();
    addPanes(panes, 'hour', START_MS + hour * HOUR_MS, hour);
    await store.write({ ...none, panes: panes.finish() });
  }
  for (let day = 0; day < YEARS_DAYS; day += 50) {
    const kpis = Array.from({ length: Math.min(50, YEARS_DAYS - day) }, (_, at) => kpisOf(day + at)).flat();
    await store.write({ ...none, kpis });
  }
  for (let after = 0; after < READINGS; after += BATCH_ROWS) {
    await store.write(batchOf(ALL_SERIES + after, BATCH_ROWS, BUSY_SERIES));
    if ((after / BATCH_ROWS) % 50 === 0) process.stderr.write(`${Math.round((100 * after) / READINGS)} % loaded\n`);
  }
}

/** Rows behind `after`, of some series one after the other. */
function batchOf(after: number, count: number, seriesCount: number): StoreBatch {
  const row = (at: number): number => after + at - (seriesCount === ALL_SERIES ? 0 : ALL_SERIES);
  const readings = {
    count,
    series: Int32Array.from({ length: count }, (_, at) => row(at) % seriesCount),
    timeMs: Float64Array.from({ length: count }, (_, at) => START_MS + Math.floor(row(at) / seriesCount) * STEP_MS),
    value: Float64Array.from({ length: count }, (_, at) => Math.round(200 + 100 * Math.sin(row(at) / 997)) / 10),
    quality: new Uint8Array(count).fill(4),
    status: new Uint8Array(count),
    sequence: Float64Array.from({ length: count }, (_, at) => after + at + 1),
  };
  const panes = new PaneColumnsBuilder().finish();
  return { position: after + count, series: [], devices: [], readings, panes, kpis: [], quarantine: [] };
}

function kpisOf(day: number): KpiValue[] {
  const startMs = START_MS - (YEARS_DAYS - day) * DAY_MS;
  return Array.from({ length: ZONES * KPIS }, (_, at) => ({
    ...{ kpi: `kpi-${at % KPIS}`, zone: `zone-${Math.floor(at / KPIS)}`, window: 'day' as const },
    ...{ startMs, endMs: startMs + DAY_MS, value: Math.sin(day + at), unit: 'ug/m3', method: 'mean', band: null },
    ...{ deviceCount: 3, coveredPopulation: 1_000, note: '' },
    ...{
      expectedCount: 24,
      validCount: 24,
      coverage: 1,
      valid: true,
      revision: 0,
      final: true,
      watermarkMs: startMs + DAY_MS,
    },
  }));
}

async function ask(store: Store): Promise<StoreCase[]> {
  const month = { fromMs: START_MS, toMs: START_MS + 30 * DAY_MS };
  const all = Array.from({ length: ALL_SERIES }, (_, id) => id);
  const decade = { fromMs: START_MS - YEARS_DAYS * DAY_MS, toMs: START_MS };
  const questions: [string, () => Promise<readonly unknown[]>][] = [
    ['one series hourly over 30 days', () => store.panes(417, 'hour', month)],
    ['latest of 100,000 series', () => store.latest(all)],
    [
      'one KPI of a zone by day over 10 years',
      () => store.kpis({ ...decade, kpi: 'kpi-3', zone: 'zone-7', window: 'day' }),
    ],
    ['readings of one series over 24 h', () => store.readings(417, { ...month, fromMs: month.toMs - DAY_MS }, 10_000)],
  ];
  const cases: StoreCase[] = [];
  for (const [name, question] of questions) {
    const times: number[] = [];
    let count = 0;
    for (let at = 0; at < REPEATS; at++) {
      times.push(await timeMs(async () => (count = (await question()).length)));
    }
    times.sort((a, b) => a - b);
    cases.push({
      case: `large: ${name}`,
      ms: times[REPEATS / 2]!,
      note: `${count} rows, longest ${times.at(-1)!.toFixed(0)} ms`,
    });
  }
  return cases;
}
