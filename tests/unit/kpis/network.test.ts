import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import type { DeviceFacts, ZoneFacts } from '../../../src/kpis/index.ts';
import {
  at,
  dayOf,
  device,
  type FakeHour,
  type FakeSeries,
  hoursFrom,
  hoursUntil,
  kpi,
  NO_DEVICE_FACTS,
  part,
  partOf,
  repeat,
} from './support/fakes.ts';

const NOON = '2026-06-01T12:00:00Z';

describe('the availability of a meter', () => {
  const window = hoursUntil(NOON, 24);
  const meter = (...series: readonly FakeSeries[]) =>
    device(
      { role: 'customer' },
      series.map((one, index) => [index === 0 ? 'water_volume' : 'water_flow', one] as const),
    );
  /** Hours with readings at these hours of the window. */
  const delivered = (hours: readonly number[], more: Partial<FakeHour> = {}): FakeHour[] =>
    hours.map((hour) => ({ ...more, startMs: window.startMs + hour * HOUR_MS, value: 1 }));

  it('is the share of the hours of an hourly meter: 18 of 24 are 75 %', () => {
    const hours = hoursFrom(window.startMs, repeat(1, 18));
    expect(partOf('meter-availability', meter({ expectEveryMs: HOUR_MS, hours }), window)).toEqual({
      ...{ value: 75, validCount: 18, expectedCount: 24, valid: true, note: '' },
      ...{ numerator: 1800, denominator: 24 },
    });
  });

  it('asks a six-hourly meter for four readings', () => {
    const said = (hours: readonly number[]) =>
      partOf('meter-availability', meter({ expectEveryMs: 6 * HOUR_MS, hours: delivered(hours) }), window);
    expect(said([1, 7, 13, 19])).toMatchObject({ value: 100, validCount: 4, expectedCount: 4 });
    expect(said([1, 7, 19])).toMatchObject({ value: 75, validCount: 3 });
    // Four readings at once fill one slot.
    expect(said([1, 2, 3, 4])).toMatchObject({ value: 25, validCount: 1 });
    expect(said([0, 5, 10, 15, 20])).toMatchObject({ value: 100, validCount: 4 });
  });

  it('asks a daily meter for one reading', () => {
    const said = meter({ expectEveryMs: 24 * HOUR_MS, hours: delivered([23]) });
    expect(partOf('meter-availability', said, window)).toMatchObject({ value: 100, expectedCount: 1 });
  });

  it('counts the slots of meters faster than hourly: 90 of 96 quarter-hours', () => {
    const hours = [...delivered([0, 1, 2], { coveredSlots: 2 }), ...delivered([...Array(24).keys()].slice(3))].map(
      (hour) => ({ coveredSlots: 4, ...hour, expectedSlots: 4 }),
    );
    const said = partOf('meter-availability', meter({ expectEveryMs: 15 * MINUTE_MS, hours }), window);
    expect(said).toMatchObject({ value: 93.75, validCount: 90, expectedCount: 96 });
  });

  it('expects a reading every 45 minutes 32 times a day: hours hold one or two', () => {
    const hours = hoursFrom(window.startMs, repeat(1, 24)).map((hour, at) => {
      return { ...hour, coveredSlots: at % 3 === 0 ? 2 : 1 };
    });
    const said = partOf('meter-availability', meter({ expectEveryMs: 45 * MINUTE_MS, hours }), window);
    expect(said).toMatchObject({ value: 100, validCount: 32, expectedCount: 32 });
  });

  it('goes by the fastest series of the device', () => {
    const daily = { expectEveryMs: 24 * HOUR_MS, hours: delivered([5]) };
    const hourly = { expectEveryMs: HOUR_MS, hours: hoursFrom(window.startMs, repeat(1, 12)) };
    for (const said of [meter(daily, hourly), meter(hourly, daily)]) {
      expect(partOf('meter-availability', said, window)).toMatchObject({ value: 50, expectedCount: 24 });
    }
  });

  it('does not count hours that a register only reaches across', () => {
    const hours = [...delivered([0, 12]), ...delivered([1, 2, 3], { count: 0 })];
    expect(partOf('meter-availability', meter({ expectEveryMs: HOUR_MS, hours }), window).validCount).toBe(2);
  });

  it('says nothing of meters that did not report, nor of stations', () => {
    expect(kpi('meter-availability').device(meter({ hours: [] }), window)).toBeNull();
    const hours = delivered([1]);
    expect(kpi('meter-availability').device(device({}, [['water_flow', { hours }]]), window)).toBeNull();
  });
});

describe('a silent sensor', () => {
  const closed = hoursUntil(NOON, 1);
  const minutesBefore = (minutes: number): number => at(NOON) - minutes * MINUTE_MS;
  const sensor = (...series: readonly FakeSeries[]) =>
    device(
      {},
      series.map((one, index) => [['pm10', 'pm2_5', 'laeq'][index]!, one] as const),
    );
  const heard = (minutes: number, silentAfterMinutes = 15): FakeSeries => ({
    heardAtMs: [minutesBefore(minutes)],
    silentAfterMs: silentAfterMinutes * MINUTE_MS,
  });
  const silent = (...series: readonly FakeSeries[]) => partOf('silent-sensors', sensor(...series), closed).value;

  it('was not heard for longer than its time-out', () => {
    expect(silent(heard(15))).toBe(0);
    expect(silent(heard(16))).toBe(1);
  });

  it('is heard by any of its series, with the shortest time-out of those heard', () => {
    expect(silent(heard(300), heard(5))).toBe(0);
    expect(silent(heard(5), heard(300))).toBe(0);
    expect(silent(heard(40, 60), heard(50, 30))).toBe(1);
    expect(silent(heard(40, 30), heard(50, 60))).toBe(1);
    // A series that was silent for more than a day says nothing of the time-out.
    expect(silent(heard(40, 60), heard(26 * 60, 30))).toBe(0);
  });

  it('is heard by bad readings too, although no hour counts', () => {
    expect(silent({ heardAtMs: [minutesBefore(3)], hours: [] })).toBe(0);
  });

  it('is judged by now while the window is open', () => {
    const open = hoursUntil(NOON, 1, minutesBefore(20));
    expect(partOf('silent-sensors', sensor(heard(30)), open)).toEqual({
      ...{ value: 0, validCount: 1, expectedCount: 1, valid: true, note: '' },
      // Looked at again when its time-out of 15 minutes has run.
      untilMs: minutesBefore(15),
      prolongedSinceMs: at(NOON) - DAY_MS,
    });
    expect(partOf('silent-sensors', sensor(heard(36)), open)).toMatchObject({ value: 1, validCount: 0 });
  });

  it('does not look behind the end of the window', () => {
    const { heardAtMs, ...rest } = heard(30);
    const later = { ...rest, heardAtMs: [...heardAtMs!, at(NOON) + MINUTE_MS] };
    expect(partOf('silent-sensors', sensor(later), { ...closed, nowMs: at(NOON) + HOUR_MS }).value).toBe(1);
  });

  it('counts only when it was heard in the last 24 hours, and its role is not "ignore"', () => {
    expect(silent(heard(24 * 60))).toBe(1);
    expect(kpi('silent-sensors').device(sensor(heard(24 * 60 + 1)), closed)).toBeNull();
    const ignored = device({ role: 'ignore' }, [['pm10', heard(300)]]);
    expect(kpi('silent-sensors').device(ignored, closed)).toBeNull();
  });
});

describe('smart meters', () => {
  const window = dayOf(NOON);
  const heardAt = (iso: string) => ({ heardAtMs: [at(iso)] });
  const said = (role: DeviceFacts['role'], quantity: string, fake: FakeSeries, id = 'smart-water-meters') =>
    kpi(id).device(device({ role }, [[quantity, fake]]), window);

  it('are those heard on the day or the day before it', () => {
    expect(said('customer', 'water_volume', heardAt('2026-06-01T23:59:59Z'))).toMatchObject({ value: 1, valid: true });
    expect(said('customer', 'water_volume', heardAt('2026-05-31T00:00:00Z'))).toMatchObject({ value: 1 });
    expect(said('customer', 'water_volume', heardAt('2026-05-30T23:59:59Z'))).toBeNull();
    expect(said('customer', 'water_volume', heardAt('2026-06-02T00:00:00Z'))).toBeNull();
    expect(said('customer', 'energy_import', heardAt(NOON), 'smart-electricity-meters')).not.toBeNull();
  });

  it('are no devices of the network', () => {
    for (const role of ['bulk', 'grid', 'generation', 'ignore'] as const) {
      expect(said(role, 'water_volume', heardAt(NOON))).toBeNull();
    }
  });

  it('are a share of those installed: 34 of 40 are 85 %', () => {
    const { spatial } = kpi('smart-electricity-meters');
    const meters = Array.from({ length: 34 }, () => ({ part: part(1), facts: NO_DEVICE_FACTS }));
    const installed = (value: number | undefined): ZoneFacts => ({
      ...{ id: 'z', population: 0 },
      fact: () => (value === undefined ? undefined : { value, fromMs: 0, source: '', quality: 'Personal estimation' }),
    });
    const zone = spatial.zone(meters, installed(40));
    expect(zone).toMatchObject({ value: 34, valid: true });
    expect(spatial.whole?.(zone, installed(40))).toMatchObject({ value: 85, valid: true, denominator: 40 });
    expect(spatial.whole?.(spatial.parent([{ part: zone, population: 1 }]), installed(80))).toMatchObject({
      value: 42.5,
    });
    const unknown = spatial.whole?.(zone, installed(undefined));
    expect(unknown).toMatchObject({ value: null, valid: false, note: 'electricityMeters unknown' });
    expect(spatial.whole?.(zone, installed(0))).toMatchObject({ value: null, valid: false });
  });
});
