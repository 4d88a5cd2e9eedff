import { describe, expect, it } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { type KpiDefinition, KpiEngine, type KpiSeries, type KpiSource } from '../../../src/kpis/index.ts';
import { overDays, sumOfDays } from '../../../src/kpis/long-kpi.ts';
import { elapsedDays, longWindowsOf, rollingUpTo } from '../../../src/kpis/long-windows.ts';
import { SUM } from '../../../src/kpis/spatial-rules.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import { at, kpi, NO_DEVICE_FACTS, SETTINGS } from './support/fakes.ts';
import { MADRID } from './support/years.ts';

describe('windows of many days', () => {
  it('are the 365 local days before a midnight, across both changes of the clock', () => {
    const endMs = at('2026-06-30T22:00:00Z');
    const { startMs } = rollingUpTo(MADRID, endMs);
    expect(Temporal.Instant.fromEpochMilliseconds(startMs).toString()).toBe('2025-06-30T22:00:00Z');
    expect(elapsedDays(MADRID, { startMs, endMs }, endMs)).toEqual({ days: 365, hours: 8760, daysOfWindow: 365 });
    const winterEndMs = at('2026-12-31T23:00:00Z');
    const year = { startMs: MADRID.yearStart(winterEndMs - 1), endMs: winterEndMs };
    expect(elapsedDays(MADRID, year, at('2026-03-31T10:00:00Z'))).toEqual({
      days: 89,
      // The last Sunday of March 2026 has 23 hours; the 30th is over, the 31st runs.
      hours: 89 * 24 - 1,
      daysOfWindow: 365,
    });
  });

  it('hold a day once it has ended, and rolling ones of a month are corrected', () => {
    const todayMs = at('2026-06-30T22:00:00Z');
    const windowsOf = (window: 'year' | 'month' | 'rolling-365d', dayMs: number) =>
      longWindowsOf(window, MADRID, dayMs, todayMs);
    expect(windowsOf('year', todayMs)).toEqual([]);
    expect(windowsOf('month', todayMs - DAY_MS)).toEqual([{ startMs: at('2026-05-31T22:00:00Z'), endMs: todayMs }]);
    expect(windowsOf('rolling-365d', todayMs - DAY_MS)).toEqual([rollingUpTo(MADRID, todayMs)]);
    expect(windowsOf('rolling-365d', todayMs - 3 * DAY_MS)).toHaveLength(3);
    expect(windowsOf('rolling-365d', todayMs - 100 * DAY_MS)).toHaveLength(32);
    expect(windowsOf('rolling-365d', todayMs - 400 * DAY_MS)).toHaveLength(0);
    expect(windowsOf('year', todayMs - 400 * DAY_MS)).toHaveLength(1);
  });
});

/** A KPI of a day: the sum of what the hours of the day hold. */
const DAY: KpiDefinition = {
  ...kpi('water-mnf'),
  id: 'test-day',
  quantities: ['water_delta'],
  scopes: ['device', 'zone', 'city'],
  reachHours: 0,
  spatial: SUM,
  device: ({ series }, { startMs, endMs }) => {
    const hours = series.flatMap((one) => one.hours(startMs, endMs));
    if (hours.length === 0) return null;
    const value = hours.reduce((sum, hour) => sum + (hour.value ?? 0), 0);
    return { value, validCount: hours.length, expectedCount: 24, valid: true, note: '' };
  },
};
const INFO = { title: 'T', method: 'm', completeness: 'c' };
const BY_ZONE = overDays({ ...INFO, id: 'by-zone', of: DAY, level: 'zone', fold: sumOfDays });
const BY_DEVICE = overDays({ ...INFO, id: 'by-device', of: DAY, level: 'device', fold: sumOfDays });
const DEFINITIONS = [DAY, ...BY_ZONE, ...BY_DEVICE];

const DEVICES = ['a', 'b', 'c'];
const ZONE_OF: Readonly<Record<string, string>> = { a: 'west', b: 'west', c: 'east' };
const START_MS = at('2025-01-01T00:00:00Z');
const UTC = calendarOf('UTC');

/** Hours with one value each, and the engine above them. */
class City implements KpiSource {
  readonly calendar = UTC;
  readonly values = DEVICES.map(() => new Map<number, number>());
  readonly newest = new Map<string, KpiValue>();
  engine = this.#newEngine();
  #nowMs = START_MS;

  nowMs = () => this.#nowMs;
  horizonStartMs = () => this.#nowMs - 2 * HOUR_MS;
  seriesCount = () => DEVICES.length;
  newestMs = (id: number) => Math.max(Number.NEGATIVE_INFINITY, ...this.values[id]!.keys());
  watermarkMs = () => this.#nowMs - HOUR_MS;
  storedRevision = () => 0;
  series = (id: number): KpiSeries => {
    const device = DEVICES[id]!;
    const hours = (fromMs: number, toMs: number) =>
      [...this.values[id]!]
        .filter(([startMs]) => startMs >= fromMs && startMs < toMs)
        .map(([startMs, value]) => ({ startMs, endMs: startMs + HOUR_MS, value, valid: true }));
    return {
      series: { id, device, quantity: 'water_delta', channel: '', kind: 'delta', unit: 'm3', expectEveryMs: HOUR_MS },
      hours,
      hasHours: (fromMs: number, toMs: number) => hours(fromMs, toMs).length > 0,
    } as unknown as KpiSeries;
  };

  put(hours: readonly (readonly [device: number, startMs: number, value: number])[]): void {
    const changed = hours.map(([series, hourStartMs, value]) => {
      this.values[series]!.set(hourStartMs, value);
      this.#nowMs = Math.max(this.#nowMs, hourStartMs + HOUR_MS - 1);
      return { series, hourStartMs };
    });
    for (const value of this.engine.tick(changed)) {
      this.newest.set(`${value.kpi} ${value.zone} ${value.startMs}`, value);
    }
  }

  restart(): void {
    const state = structuredClone(this.engine.state());
    this.engine = this.#newEngine();
    this.engine.restore(state);
  }

  /** Newest values by KPI, zone and start. */
  said(): [string, Partial<KpiValue>][] {
    return [...this.newest]
      .map(([key, { watermarkMs: _said, ...value }]) => [key, value] as [string, Partial<KpiValue>])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #newEngine(): KpiEngine {
    const zones = [
      { id: 'west', population: 10 },
      { id: 'east', population: 20 },
    ];
    const facts = (device: string) => ({ ...NO_DEVICE_FACTS, zone: ZONE_OF[device] ?? '' });
    return new KpiEngine(DEFINITIONS, { id: 'city', population: 30, zones, settings: SETTINGS, facts }, this);
  }
}

const DAYS = 430;
/** Two hours a day of each device; device b is silent for a while. */
const HOURS = Array.from({ length: DAYS }, (_, day) =>
  DEVICES.flatMap((_device, device) =>
    device === 1 && day > 100 && day < 120
      ? []
      : [7, 20].map((hour) => [device, START_MS + day * DAY_MS + hour * HOUR_MS, (day % 7) + device] as const),
  ),
);

function sumBetween(city: City, devices: readonly number[], fromMs: number, toMs: number): number {
  return devices
    .flatMap((device) => [...city.values[device]!])
    .reduce((sum, [startMs, value]) => (startMs >= fromMs && startMs < toMs ? sum + value : sum), 0);
}

describe('KPIs of many days', () => {
  it('are the sums of the days that ended, for devices, zones and the city, at every day', () => {
    const city = new City();
    for (const hours of HOURS) for (const hour of hours) city.put([hour]);
    const todayMs = START_MS + (DAYS - 1) * DAY_MS;
    for (const endMs of [START_MS + 5 * DAY_MS, START_MS + 200 * DAY_MS, START_MS + 365 * DAY_MS, todayMs]) {
      const startMs = endMs - 365 * DAY_MS;
      const value = (id: string, zone: string) => city.newest.get(`${id} ${zone} ${startMs}`)?.value;
      const west = sumBetween(city, [0, 1], startMs, endMs);
      expect(value('by-zone-365d', 'west')).toBe(west);
      expect(value('by-device-365d', 'west')).toBe(west);
      expect(value('by-device-365d', 'device:b')).toBe(sumBetween(city, [1], startMs, endMs));
      expect(value('by-zone-365d', 'city')).toBe(sumBetween(city, [0, 1, 2], startMs, endMs));
    }
    const year = (startMs: number) => city.newest.get(`by-zone-year city ${startMs}`);
    const nextYearMs = START_MS + 365 * DAY_MS;
    expect(year(START_MS)).toMatchObject({ value: sumBetween(city, [0, 1, 2], START_MS, nextYearMs), final: true });
    expect(year(nextYearMs)).toMatchObject({
      value: sumBetween(city, [0, 1, 2], nextYearMs, todayMs),
      final: false,
      valid: true,
    });
    expect(city.newest.get(`by-device-year device:b ${START_MS}`)).toMatchObject({
      validCount: 365 - 19,
      expectedCount: 365,
      valid: true,
    });
  });

  it('are corrected by a late hour, as revisions, in all windows that hold its day', () => {
    const city = new City();
    for (const hours of HOURS) city.put(hours);
    const dayMs = START_MS + 360 * DAY_MS;
    const key = `by-zone-year west ${START_MS}`;
    const before = city.newest.get(key)!;
    city.put([[0, dayMs + 7 * HOUR_MS, 1_000]]);
    const after = city.newest.get(key)!;
    expect(after.value! - before.value!).toBe(1_000 - (360 % 7));
    expect(after).toMatchObject({ final: true, revision: before.revision + 1 });
    const lastEndMs = START_MS + (DAYS - 1) * DAY_MS;
    const rolling = city.newest.get(`by-device-365d city ${lastEndMs - 365 * DAY_MS}`)!;
    expect(rolling.value).toBe(sumBetween(city, [0, 1, 2], lastEndMs - 365 * DAY_MS, lastEndMs));
  });

  it('are the same after a restart from a snapshot', () => {
    const [straight, restarted] = [new City(), new City()];
    for (const [day, hours] of HOURS.entries()) {
      for (const city of [straight, restarted]) {
        city.put(hours);
        if (day === 250) city.put([[2, START_MS + 200 * DAY_MS + 7 * HOUR_MS, 77]]);
        if (day === 420) city.put([[2, START_MS + 200 * DAY_MS + 7 * HOUR_MS, 99]]);
      }
      if (day % 97 === 0) restarted.restart();
    }
    expect(restarted.said()).toEqual(straight.said());
  });
});
