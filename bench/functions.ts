import { MINUTE_MS } from '../src/base/index.ts';
import { StatsFold, WINDOW_FUNCTIONS, type WindowFunction } from '../src/windows/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOf } from './cpu.ts';

const READINGS = 1_000_000;
/** Readings of one stretch: an hour of one a minute. */
const STRETCH = 60;
const MERGES = 100_000;

/** Each aggregation: a reading added, an hour of readings merged; then statistics of windows as the API folds them. About 10 s. */
export async function run(): Promise<BenchRow[]> {
  const values = Float64Array.from({ length: READINGS }, (_, index) => 30 + ((index * 7_919) % 6_007) / 100);
  const rows: BenchRow[] = [];
  for (const each of WINDOW_FUNCTIONS) rows.push(await addCost(each, values), await mergeCost(each, values));
  rows.push(await foldCost(values));
  return rows;
}

async function addCost(each: WindowFunction<unknown, unknown>, values: Float64Array): Promise<BenchRow> {
  const fold = (): void => {
    let state = each.empty();
    for (let index = 0; index < values.length; index++) {
      if (index % STRETCH === 0) state = each.empty();
      each.add(state, index * MINUTE_MS, values[index]!);
    }
  };
  fold();
  const cpuS = await cpuSecondsOf(fold);
  return {
    name: `${each.id}, add`,
    unit: 'ns/reading',
    value: (cpuS * 1e9) / values.length,
    note: `a new state every ${STRETCH} readings`,
  };
}

async function mergeCost(each: WindowFunction<unknown, unknown>, values: Float64Array): Promise<BenchRow> {
  const hours = Array.from({ length: 24 }, (_, hour) => {
    const state = each.empty();
    for (let minute = 0; minute < STRETCH; minute++) {
      const index = hour * STRETCH + minute;
      each.add(state, index * MINUTE_MS, values[index]!);
    }
    return state;
  });
  const fold = (): void => {
    for (let merged = 0; merged < MERGES; merged += hours.length) {
      const day = each.empty();
      for (const hour of hours) each.merge(day, hour);
    }
  };
  fold();
  const cpuS = await cpuSecondsOf(fold);
  return { name: `${each.id}, merge`, unit: 'ns/merge', value: (cpuS * 1e9) / MERGES, note: '24 hours into a day' };
}

async function foldCost(values: Float64Array): Promise<BenchRow> {
  const hourMs = STRETCH * MINUTE_MS;
  const windows = Array.from({ length: READINGS / STRETCH - 24 }, (_, index) => ({
    startMs: index * hourMs,
    endMs: (index + 24) * hourMs,
    count: 24 * STRETCH,
  }));
  const request = { kind: 'gauge', stats: ['p50', 'p95', 'sd'], windows, gapMsMax: 0 } as const;
  const measure = (exactReadingsMax: number) =>
    cpuSecondsOf(() => {
      const fold = new StatsFold({ ...request, exactReadingsMax });
      for (let index = 0; index < READINGS; index++) fold.add(index * MINUTE_MS, values[index]!);
      fold.finish();
    });
  const exactS = await measure(READINGS);
  const sketchS = await measure(0);
  return {
    name: 'statistics of rolling 24 h, every hour',
    unit: 'us/window',
    value: (exactS * 1e6) / windows.length,
    note: `p50, p95 and sd of ${24 * STRETCH} readings, exact; by sketch ${((sketchS * 1e6) / windows.length).toFixed(0)} us`,
  };
}
