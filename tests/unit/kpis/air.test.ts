import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import { at, dayOf, device, type FakeHour, hoursFrom, hoursUntil, kpi, partOf, repeat } from './support/fakes.ts';

const NOON = '2026-06-01T12:00:00Z';
const DAY = dayOf(NOON);

const station = (hours: readonly FakeHour[], quantity = 'o3') => device({}, [[quantity, { hours }]]);

describe('the hourly mean of a pollutant', () => {
  const window = hoursUntil(NOON, 1);

  it('is that of the hour, with its slots as completeness', () => {
    const hour = { startMs: window.startMs, value: 12.5, coveredSlots: 45, expectedSlots: 60 };
    expect(partOf('air-no2-hour', station([hour], 'no2'), window)).toEqual({
      ...{ value: 12.5, validCount: 45, expectedCount: 60, valid: true, note: '' },
    });
  });

  it('keeps the value of an hour that is not valid, and says so', () => {
    const hour = { startMs: window.startMs, value: 12.5, valid: false };
    expect(partOf('air-no2-hour', station([hour], 'no2'), window)).toMatchObject({ value: 12.5, valid: false });
  });

  it('asks no indoor meters', () => {
    const hour = { startMs: window.startMs, value: 1 };
    expect(kpi('air-no2-hour').device(device({ role: 'customer' }, [['no2', { hours: [hour] }]]), window)).toBeNull();
  });

  it('expects a station for a day after it fell silent, without a value', () => {
    const heard = (hoursBefore: number) =>
      station([{ startMs: window.startMs - hoursBefore * HOUR_MS, value: 1 }], 'no2');
    expect(partOf('air-no2-hour', heard(1), window)).toMatchObject({ value: null, expectedCount: 1, valid: false });
    expect(partOf('air-no2-hour', heard(23), window)).toMatchObject({ value: null, valid: false });
    expect(kpi('air-no2-hour').device(heard(24), window)).toBeNull();
    expect(partOf('air-eaqi', heard(1), window)).toMatchObject({
      value: null,
      validCount: 0,
      expectedCount: 1,
      valid: false,
    });
  });

  it('takes another channel when the unnamed one has nothing in the hour', () => {
    const said = device({}, [
      ['no2', { hours: [{ startMs: window.startMs - 5 * HOUR_MS, value: 1 }] }],
      ['no2', { channel: 'b', hours: [{ startMs: window.startMs, value: 7 }] }],
    ]);
    expect(partOf('air-no2-hour', said, window).value).toBe(7);
  });
});

describe('the 24-hour mean of a pollutant', () => {
  const window = hoursUntil(NOON, 24);
  const mean = (values: readonly (number | null | undefined)[]) =>
    partOf('air-pm10-24h', station(hoursFrom(window.startMs, values), 'pm10'), window);

  it('is the mean of the hourly means: 1 to 24 give 12.5', () => {
    expect(mean(Array.from({ length: 24 }, (_, index) => index + 1))).toMatchObject({
      ...{ value: 12.5, validCount: 24, expectedCount: 24, valid: true },
    });
  });

  it('needs 18 hours, and leaves the missing ones out instead of counting them as 0', () => {
    expect(mean([...repeat(10, 18), ...repeat(undefined, 6)])).toMatchObject({
      value: 10,
      validCount: 18,
      valid: true,
    });
    expect(mean([...repeat(10, 17), ...repeat(null, 7)])).toMatchObject({ value: 10, validCount: 17, valid: false });
  });

  it('does not count hours that are not valid', () => {
    const valid = hoursFrom(window.startMs, repeat(10, 20));
    const invalid = hoursFrom(window.startMs + 20 * HOUR_MS, repeat(1000, 4), { valid: false });
    expect(partOf('air-pm10-24h', station([...valid, ...invalid], 'pm10'), window).value).toBe(10);
  });
});

describe('the European Air Quality Index', () => {
  const window = hoursUntil(NOON, 1);
  const index = (values: Readonly<Record<string, readonly [value: number, valid?: boolean]>>) => {
    const series = Object.entries(values).map(
      ([quantity, [value, valid = true]]) =>
        [quantity, { hours: [{ startMs: window.startMs, value, valid }] }] as const,
    );
    return partOf('air-eaqi', device({}, series), window);
  };

  it('is the class of the worst pollutant, which the note names', () => {
    // PM2.5 of 16 is Moderate (15 to 50), NO2 of 61 is Poor (60 to 100), O3 of 60 is still Good.
    expect(index({ pm2_5: [16], no2: [61], o3: [60] })).toEqual({
      ...{ value: 4, validCount: 3, expectedCount: 3, valid: true, note: 'NO2' },
    });
  });

  it('names the first pollutant of those that share the worst class', () => {
    // Fair for all three: O3 60 to 100, SO2 20 to 40, PM10 15 to 45.
    expect(index({ so2: [40], o3: [61], pm10: [45] })).toMatchObject({ value: 2, note: 'PM10' });
    expect(index({ so2: [40], o3: [61] })).toMatchObject({ value: 2, note: 'O3' });
  });

  it('looks at hours that are not valid only where there is no valid one', () => {
    expect(index({ pm2_5: [200, false], no2: [5] })).toMatchObject({ value: 1, validCount: 1, expectedCount: 2 });
    expect(index({ pm2_5: [200, false] })).toMatchObject({ value: 6, valid: false, note: 'PM2.5' });
  });
});

describe('the highest 8-hour mean of ozone', () => {
  const DAY_BEFORE_17 = at('2026-05-31T17:00:00Z');

  it('has windows that begin on the day before: seven hours of 100 and one of 20 give 90', () => {
    const hours = hoursFrom(DAY_BEFORE_17, [...repeat(100, 7), ...repeat(20, 24)]);
    expect(partOf('air-o3-mda8', station(hours), DAY)).toMatchObject({
      ...{ value: 90, validCount: 24, expectedCount: 24, valid: true },
    });
  });

  it('does not look further back than 17:00 of the day before', () => {
    const hours = hoursFrom(DAY_BEFORE_17 - HOUR_MS, [5000, ...repeat(20, 31)]);
    expect(partOf('air-o3-mda8', station(hours), DAY).value).toBe(20);
  });

  it('finds the window from 16:00 to 24:00', () => {
    const hours = hoursFrom(DAY.startMs, [...repeat(20, 16), ...repeat(80, 8)]);
    expect(partOf('air-o3-mda8', station(hours), DAY).value).toBe(80);
  });

  it('takes a window with 6 of its 8 hours: without the day before 19 of 24 windows are there', () => {
    expect(partOf('air-o3-mda8', station(hoursFrom(DAY.startMs, repeat(20, 24))), DAY)).toMatchObject({
      ...{ value: 20, validCount: 19, expectedCount: 24, valid: true },
    });
  });

  it('is not valid with 17 windows, those that end from 06:00 to 22:00', () => {
    // Hours 0 to 19: from the window that ends at 06:00 (6 hours) to the one that ends at 22:00 (14 to 19).
    expect(partOf('air-o3-mda8', station(hoursFrom(DAY.startMs, repeat(20, 20))), DAY)).toMatchObject({
      ...{ validCount: 17, valid: false },
    });
  });
});
