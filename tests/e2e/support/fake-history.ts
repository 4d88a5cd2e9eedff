import { DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import type { KpiInfo } from '../../../src/kpis/index.ts';
import type { KpiValue, Pane } from '../../../src/model/index.ts';
import type { StoredReading } from '../../../src/store/index.ts';
import { FAKE_LEVELS } from './fake-kpis.ts';

/*
 * History that is made when it is asked for, always the same: a daily swing and noise from a hash of what is asked.
 */

/** A number from 0 to 1 that depends on the text alone (FNV-1a). */
export function hashRatio(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 12)) >>> 0) / 2 ** 32;
}

function shape(key: string, atMs: number, level: number, swing: number, noise: number): number {
  const hours = atMs / HOUR_MS;
  const daily = Math.sin(((hours % 24) / 24) * 2 * Math.PI - 1.9) + 0.4 * Math.sin(((hours % 12) / 12) * 2 * Math.PI);
  return level * (0.86 + 0.28 * hashRatio(key)) + swing * daily + noise * (hashRatio(`${key}${atMs}`) * 2 - 1);
}

const LENGTH_MS = {
  hour: HOUR_MS,
  day: DAY_MS,
  'rolling-8h': 8 * HOUR_MS,
  'rolling-24h': DAY_MS,
  'rolling-365d': 365 * DAY_MS,
} as const;

/** Length of a fake KPI's window and the distance between its windows, ms. */
export function windowOf(info: KpiInfo): { lengthMs: number; stepMs: number } {
  const lengthMs = LENGTH_MS[info.window as keyof typeof LENGTH_MS] ?? HOUR_MS;
  return { lengthMs, stepMs: info.window === 'day' ? DAY_MS : HOUR_MS };
}

const EXPECTED: Readonly<Record<string, number>> = {
  hour: 12,
  day: 24,
  'rolling-8h': 8,
  'rolling-24h': 24,
  'rolling-365d': 8760,
};

/** The value of one window; `nowMs` decides what is provisional. */
export function fakeValue(info: KpiInfo, zone: string, endMs: number, nowMs: number): KpiValue {
  const { lengthMs } = windowOf(info);
  const [level, swing, noise] = FAKE_LEVELS[info.id] ?? [50, 5, 2];
  const key = `${info.id}/${zone}`;
  const raw = shape(key, endMs, level, swing, noise);
  const isClass = info.id === 'air-eaqi';
  const value = isClass ? Math.min(6, Math.max(1, Math.round(raw))) : raw;
  const expectedCount = EXPECTED[info.window] ?? 24;
  const missing = hashRatio(`${key}${endMs}missing`);
  // Riverside's water meters went quiet: its newest days do not meet the rule.
  const isHole = zone === 'riverside' && info.domain === 'water' && nowMs - endMs < 3 * DAY_MS;
  const validCount = isHole
    ? Math.floor(expectedCount * 0.58)
    : expectedCount - (missing > 0.7 ? 1 : 0) - (missing > 0.95 ? 2 : 0);
  const final = endMs <= nowMs - 15 * 60_000;
  return {
    kpi: info.id,
    zone,
    window: info.window,
    startMs: endMs - lengthMs,
    endMs,
    value,
    band: bandOf(info, value),
    validCount,
    expectedCount,
    coverage: validCount / expectedCount,
    valid: !isHole,
    deviceCount: 3 + Math.floor(hashRatio(key) * 20),
    coveredPopulation: zone === 'marenza' ? 214_300 : 0,
    revision: missing > 0.9 && final ? 1 : 0,
    final,
    watermarkMs: Math.min(endMs, nowMs - 90_000),
    method: info.id === 'air-eaqi' ? 'EAQI 2024/25' : info.method,
    note: isClass ? (['PM2.5', 'NO2', 'O3'][Math.floor(hashRatio(`${key}${endMs}note`) * 3)] ?? '') : '',
  };
}

function bandOf(info: KpiInfo, value: number): number | null {
  const index = info.bands.findIndex((band) => value <= band.upTo);
  return index < 0 ? null : index + 1;
}

/** Values of a KPI and zone whose window starts in the range, by start. */
export function fakeHistory(info: KpiInfo, zone: string, fromMs: number, toMs: number, nowMs: number): KpiValue[] {
  const { lengthMs, stepMs } = windowOf(info);
  const values: KpiValue[] = [];
  const lastEndMs = newestEnd(info, nowMs);
  const offsetMs = stepMs === DAY_MS ? SUMMER_OFFSET_MS : 0;
  let startMs = Math.ceil((Math.max(fromMs, nowMs - 500 * DAY_MS) + offsetMs) / stepMs) * stepMs - offsetMs;
  for (; startMs < toMs && startMs + lengthMs <= lastEndMs; startMs += stepMs)
    values.push(fakeValue(info, zone, startMs + lengthMs, nowMs));
  return values;
}

/** End of the newest window that has a value: the running one. */
export function newestEnd(info: KpiInfo, nowMs: number): number {
  const { stepMs } = windowOf(info);
  const offsetMs = stepMs === DAY_MS ? SUMMER_OFFSET_MS : 0;
  return Math.ceil((nowMs + offsetMs) / stepMs) * stepMs - offsetMs;
}

/** Days of the fake city are local ones; its history is told as if it were always summer. */
const SUMMER_OFFSET_MS = 2 * HOUR_MS;

const GAUGES: Readonly<Record<string, readonly [number, number, number]>> = {
  pm2_5: [13, 4, 1.5],
  pm10: [24, 6, 3],
  no2: [30, 12, 4],
  temperature: [19, 5, 0.4],
  humidity: [58, -12, 2],
  laeq: [57, 6, 2],
  la_max: [74, 5, 4],
  battery_level: [86, 0.5, 0.2],
  water_flow: [2.4, 1.1, 0.3],
  power_active: [640, 310, 60],
};

/** Value of a series at a time; registers grow. */
export function fakeReading(series: number, device: string, quantity: string, timeMs: number): StoredReading {
  const gauge = GAUGES[quantity];
  const value =
    gauge === undefined
      ? (timeMs / HOUR_MS) * 0.4 + 0.02 * Math.sin(timeMs / HOUR_MS)
      : shape(`${device}/${quantity}`, timeMs, ...gauge);
  return { series, timeMs, value, quality: 4, status: 0, sequence: Math.floor(timeMs / 1000) };
}

/** A pane made of the same readings, one a minute. */
export function fakePane(device: string, quantity: string, kind: string, startMs: number, endMs: number): Pane {
  const readings = [];
  for (let timeMs = startMs; timeMs < endMs; timeMs += 60_000) readings.push(fakeReading(0, device, quantity, timeMs));
  const values = readings.map(({ value }) => value);
  const first = values[0] ?? 0;
  const last = values.at(-1) ?? 0;
  const terms = kind === 'level' ? values.map((value) => 10 ** (value / 10)) : values;
  const isCounter = kind === 'counter';
  return {
    startMs,
    endMs,
    count: values.length,
    invalidCount: 0,
    coveredSlots: values.length,
    expectedSlots: values.length,
    sum: isCounter ? 0 : terms.reduce((sum, term) => sum + term, 0),
    sumSin: 0,
    min: Math.min(...values),
    max: Math.max(...values),
    firstMs: startMs,
    first,
    lastMs: endMs - 60_000,
    last,
    increase: isCounter ? last - first : 0,
    increaseCoveredMs: isCounter ? endMs - startMs : 0,
    increaseAtEnd: isCounter ? last - first : 0,
    deltaCount: isCounter ? values.length : 0,
    counterEvents: 0,
    revision: 0,
    final: true,
  };
}
