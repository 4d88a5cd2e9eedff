import { describe, expect, it } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { KPI_DEFINITIONS, KpiEngine, type KpiSeries, type KpiSource } from '../../../src/kpis/index.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import { at, NO_DEVICE_FACTS, SETTINGS } from './support/fakes.ts';

const UTC = calendarOf('UTC');
const START_MS = at('2026-01-01T00:00:00Z');
const DAYS = 12;

/** Flows in m3/h: of the city 10 by day and night, of its two customers 3 and 4. */
const METERS = [
  { device: 'main', role: 'bulk', zone: '', peopleServed: 1500, flowM3h: 10 },
  { device: 'a', role: 'customer', zone: 'west', peopleServed: 0, flowM3h: 3 },
  { device: 'b', role: 'customer', zone: 'east', peopleServed: 0, flowM3h: 4 },
] as const;

/** Meters that report every hour. */
class Meters implements KpiSource {
  readonly calendar = UTC;
  #nowMs = START_MS;

  nowMs = () => this.#nowMs;
  horizonStartMs = () => this.#nowMs - 3 * DAY_MS;
  seriesCount = () => METERS.length;
  newestMs = () => this.#nowMs;
  watermarkMs = () => this.#nowMs - HOUR_MS;
  storedRevision = () => 0;
  series = (id: number): KpiSeries => {
    const { device, flowM3h: value } = METERS[id]!;
    const expectEveryMs = HOUR_MS;
    const hours = (fromMs: number, toMs: number) => {
      const there = [];
      for (let startMs = Math.max(fromMs, START_MS); startMs < Math.min(toMs, this.#nowMs); startMs += HOUR_MS) {
        there.push({ startMs, endMs: startMs + HOUR_MS, value, valid: true, made: { isRead: true, coveredSlots: 1 } });
      }
      return there;
    };
    return {
      series: { id, device, quantity: 'water_flow', channel: '', kind: 'gauge', unit: 'm3/h', expectEveryMs },
      hours,
      hasHours: (fromMs: number, toMs: number) => hours(fromMs, toMs).length > 0,
      heardMs: () => this.#nowMs,
    } as unknown as KpiSeries;
  };

  /** Values of the city by KPI, the newest of each window. */
  run(): ReadonlyMap<string, KpiValue> {
    const newest = new Map<string, KpiValue>();
    let engine = this.#engine();
    for (let hour = 0; hour <= DAYS * 24; hour++) {
      const hourStartMs = START_MS + hour * HOUR_MS;
      this.#nowMs = hourStartMs + HOUR_MS - 1;
      const changed = METERS.map((_meter, series) => ({ series, hourStartMs }));
      for (const value of engine.tick(changed)) if (value.zone === 'city') newest.set(value.kpi, value);
      if (hour !== 100) continue;
      const state = structuredClone(engine.state());
      engine = this.#engine();
      engine.restore(state);
    }
    return newest;
  }

  #engine(): KpiEngine {
    const zones = [
      { id: 'west', population: 500 },
      { id: 'east', population: 1000 },
    ];
    const facts = (device: string) => ({ ...NO_DEVICE_FACTS, ...METERS.find((meter) => meter.device === device) });
    const definitions = KPI_DEFINITIONS.filter(({ id }) => id.startsWith('water-'));
    return new KpiEngine(definitions, { id: 'city', population: 1500, zones, settings: SETTINGS, facts }, this);
  }
}

describe('a year to date of meters in the engine', () => {
  const values = new Meters().run();
  const said = (id: string) => values.get(id);

  it('is that of the days that have ended, zones and the city together, through a restart', () => {
    // 12 days of 24 * 10 m3 in, and 24 * 7 m3 billed: 30 %.
    expect(said('water-inflow-year')).toMatchObject({ value: 12 * 240, valid: true, validCount: 12, final: false });
    expect(said('water-consumption-year')).toMatchObject({ value: 12 * 168, valid: true, validCount: 24 });
    expect(said('water-consumption-annualised')!.value).toBeCloseTo(365 * 168, 6);
    expect(said('water-nrw-year')).toMatchObject({ valid: true, validCount: 36, expectedCount: 36, coverage: 1 });
    expect(said('water-nrw-year')!.value).toBeCloseTo(30, 10);
    expect(said('water-losses-year')).toMatchObject({ note: 'without unbilled consumption' });
    // 240 000 litres over 1500 people.
    expect(said('water-per-capita-year')!.value).toBeCloseTo(160, 10);
  });

  it('of 365 days is not valid before 329 of them are there', () => {
    expect(said('water-losses-365d')).toMatchObject({ valid: false, validCount: 36, expectedCount: 3 * 365 });
    expect(said('water-losses-365d')!.value).toBeCloseTo(30, 10);
  });

  it('has no alarm while the nights are as they were', () => {
    // One district; too few nights lie behind it to judge nine in ten.
    expect(said('water-district-alarm-night')).toMatchObject({ value: 0, valid: true, validCount: 1 });
    expect(said('water-district-alarm-nights-year')).toMatchObject({ value: 0, valid: false, expectedCount: 1 });
  });
});
