import { describe, expect, it } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { airHours } from '../../../src/kpis/air/air-hours.ts';
import { ppbToUgm3 } from '../../../src/kpis/arithmetic/index.ts';
import type { Part } from '../../../src/kpis/index.ts';
import { SharedWork } from '../../../src/kpis/shared-work.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import {
  at,
  dayOf,
  device,
  type FakeHour,
  hoursFrom,
  hoursUntil,
  kpi,
  NO_DEVICE_FACTS,
  partOf,
  repeat,
} from './support/fakes.ts';

const NOON = '2026-06-01T12:00:00Z';
const DAY = dayOf(NOON);
const ZONE = { id: 'zone', population: 100, fact: NO_FACTS };

type Hours = readonly FakeHour[];
const station = (series: Readonly<Record<string, Hours>>) =>
  device(
    {},
    Object.entries(series).map(([quantity, hours]) => [quantity, { hours }] as const),
  );
const day = (value: number | null, count = 24): Hours => hoursFrom(DAY.startMs, repeat(value, count));
/** Mass of a gas as it is held, from ppb. */
const held = (gas: string, ppb: number) => ppbToUgm3(gas, ppb, 20);
const zoneOf = (id: string, parts: readonly Part[]) =>
  kpi(id).spatial.zone(
    parts.map((part) => ({ part, facts: NO_DEVICE_FACTS })),
    ZONE,
  );

describe('the US index of a day', () => {
  it('is that of the worst pollutant, which the note names', () => {
    // PM2.5 35.9 is 102; NO2 of 100 ppb in one hour is 100.
    const no2 = hoursFrom(DAY.startMs, [held('no2', 100), ...repeat(held('no2', 10), 23)]);
    expect(partOf('air-us-aqi', station({ pm2_5: day(35.9), no2 }), DAY)).toMatchObject({
      ...{ value: 102, note: 'PM2.5', validCount: 2, expectedCount: 2, valid: true },
    });
    expect(partOf('air-us-aqi', station({ no2 }), DAY)).toMatchObject({ value: 100, note: 'NO2' });
  });

  it('needs 18 hours of a pollutant, and looks at others only where none has them', () => {
    expect(partOf('air-us-aqi', station({ pm2_5: day(35.9, 18), pm10: day(400, 17) }), DAY)).toMatchObject({
      ...{ value: 102, validCount: 1, expectedCount: 2, valid: true },
    });
    expect(partOf('air-us-aqi', station({ pm10: day(254, 17) }), DAY)).toMatchObject({ value: 150, valid: false });
  });

  it('holds SO2 to 200 with an hour above 304 ppb and a day below 305', () => {
    const so2 = hoursFrom(DAY.startMs, [held('so2', 500), ...repeat(held('so2', 10), 23)]);
    expect(partOf('air-us-aqi', station({ so2 }), DAY)).toMatchObject({ value: 200, note: 'SO2' });
    expect(partOf('air-us-aqi', station({ so2: day(held('so2', 305)) }), DAY).value).toBe(201);
  });

  it('takes the 8-hour means of ozone that start at 07:00 to 23:00, up to 07:00 of the next day', () => {
    const low = repeat(held('o3', 20), 24);
    const night = [...low, ...repeat(held('o3', 78), 7)];
    // From 23:00: one hour of 20 and seven of 78 ppb are 70.75, which truncates to 0.070 ppm.
    expect(partOf('air-us-aqi', station({ o3: hoursFrom(DAY.startMs, night) }), DAY)).toMatchObject({ value: 100 });
    // The means that end before 15:00 belong to nobody's day.
    const morning = [...repeat(held('o3', 78), 7), ...repeat(held('o3', 20), 24)];
    expect(partOf('air-us-aqi', station({ o3: hoursFrom(DAY.startMs, morning) }), DAY).value).toBe(19);
  });

  it('says nothing valid of ozone with 18 hours and 6 of 17 8-hour means: the hours vouch for the 1-hour index alone', () => {
    // From 07:00 on: means that start at 07 to 12 have six hours.
    const few = (ppb: number) => hoursFrom(DAY.startMs, repeat(held('o3', ppb), 18));
    expect(partOf('air-us-aqi', station({ o3: few(60) }), DAY)).toMatchObject({
      ...{ value: 67, note: 'O3', validCount: 0, valid: false },
    });
    expect(partOf('air-us-aqi', station({ o3: few(60), pm10: day(54) }), DAY)).toMatchObject({
      ...{ value: 50, note: 'PM10', validCount: 1, valid: true },
    });
    // Above the standard fewer means do, and 0.130 ppm of one hour has a line of its own.
    expect(partOf('air-us-aqi', station({ o3: few(71) }), DAY)).toMatchObject({ value: 101, valid: true });
    const peak = hoursFrom(DAY.startMs, [held('o3', 130), ...repeat(held('o3', 20), 17)]);
    expect(partOf('air-us-aqi', station({ o3: peak }), DAY)).toMatchObject({ value: 107, valid: true });
  });

  it('takes CO in mg/m3 as ppm: 9.4 ppm in eight hours is 100', () => {
    const co = hoursFrom(DAY.startMs, repeat(held('co', 9400) / 1000, 24));
    expect(partOf('air-us-aqi', station({ co }), DAY)).toMatchObject({ value: 100, note: 'CO', valid: true });
  });

  it('says nothing of a device without air, and nothing of a day without readings', () => {
    expect(kpi('air-us-aqi').device(station({ laeq: day(50) }), DAY)).toBeNull();
    expect(kpi('air-us-aqi').device(station({ pm10: hoursFrom(DAY.startMs - DAY_MS, [5]) }), DAY)).toBeNull();
  });

  it('of an area is that of its highest monitor', () => {
    const parts = [12, 35.5, 9].map((value) => partOf('air-us-aqi', station({ pm2_5: day(value) }), DAY));
    expect(zoneOf('air-us-aqi', parts).value).toBe(101);
  });
});

describe('the US index of the NowCast', () => {
  const window = hoursUntil(NOON, 1);
  const hours = (newestFirst: readonly (number | null)[]) =>
    hoursFrom(window.endMs - newestFirst.length * HOUR_MS, newestFirst.toReversed());

  it('is EPA’s example: 17.4 ug/m3 and 66', () => {
    const pm2_5 = hours([13, 16, 10, 21, 74, 64, 53, 82, 90, 75, 80, 50]);
    expect(partOf('air-us-aqi-nowcast', station({ pm2_5 }), window)).toMatchObject({ value: 66, note: 'PM2.5' });
  });

  it('needs two of the three newest hours', () => {
    expect(partOf('air-us-aqi-nowcast', station({ pm2_5: hours([null, 20, 20]) }), window).valid).toBe(true);
    expect(partOf('air-us-aqi-nowcast', station({ pm2_5: hours([null, null, 20]) }), window)).toMatchObject({
      ...{ value: null, valid: false },
    });
  });

  it('of ozone says that it is a surrogate', () => {
    // 60 ppb: 55.5, truncated to 0.055 ppm.
    expect(partOf('air-us-aqi-nowcast', station({ o3: hours([held('o3', 60)]) }), window)).toMatchObject({
      ...{ value: 51, note: 'O3 (surrogate)' },
    });
    expect(kpi('air-us-aqi-nowcast').method).toContain('NowCast, sensor');
  });
});

describe('the UK index', () => {
  const window = hoursUntil(NOON, 1);
  const until = (value: number, count: number) => hoursFrom(window.endMs - count * HOUR_MS, repeat(value, count));

  it('takes eight hours of O3, an hour of NO2 and a day of particles', () => {
    expect(partOf('air-daqi', station({ o3: until(100.5, 6), pm10: until(50.4, 18) }), window)).toMatchObject({
      ...{ value: 4, note: 'O3', validCount: 2, expectedCount: 2 },
    });
    expect(partOf('air-daqi', station({ o3: until(100.5, 5), pm10: until(50.4, 18) }), window)).toMatchObject({
      ...{ value: 3, note: 'PM10', validCount: 1 },
    });
    expect(partOf('air-daqi', station({ no2: until(68, 1) }), window).value).toBe(2);
  });

  it('takes the highest quarter-hour of SO2, with three of four', () => {
    const quarters = (values: readonly number[]) =>
      values.map((value, index) => ({ startMs: window.startMs + index * 15 * MINUTE_MS, value }));
    const said = (values: readonly number[]) =>
      partOf('air-daqi', device({}, [['so2', { hours: until(50, 1), quarters: quarters(values) }]]), window);
    expect(said([10, 300, 10])).toMatchObject({ value: 4, valid: true });
    expect(said([10, 300])).toMatchObject({ value: 4, valid: false });
  });
});

describe('the European index of 2017', () => {
  const window = hoursUntil(NOON, 1);
  const until = (value: number, count: number) => hoursFrom(window.endMs - count * HOUR_MS, repeat(value, count));

  it('takes particles of a day and gases of the hour', () => {
    const said = partOf('air-eaqi-2017', station({ pm10: until(51, 18), no2: until(41, 1) }), window);
    expect(said).toMatchObject({ value: 4, note: 'PM10', valid: true });
  });

  it('is valid only with NO2 and particles, and O3 where it is measured', () => {
    const value = (series: Readonly<Record<string, Hours>>) => partOf('air-eaqi-2017', station(series), window).valid;
    expect(value({ pm10: until(51, 18) })).toBe(false);
    expect(value({ no2: until(41, 1), pm10: until(51, 17) })).toBe(false);
    expect(value({ no2: until(41, 1), pm2_5: until(5, 18), o3: hoursFrom(window.startMs - HOUR_MS, [50]) })).toBe(
      false,
    );
  });
});

describe('the Indian index', () => {
  const window = hoursUntil(NOON, 24);
  const hours = (value: number, count = 24) => hoursFrom(window.startMs, repeat(value, count));
  const said = (series: Readonly<Record<string, Hours>>) => partOf('air-naqi', station(series), window);

  it('is the highest of at least three pollutants with 16 hours', () => {
    expect(said({ pm2_5: hours(60, 16), no2: hours(40), co: hours(1) })).toMatchObject({
      ...{ value: 100, note: 'PM2.5', validCount: 3, valid: true },
    });
    expect(said({ pm2_5: hours(60, 15), no2: hours(40), co: hours(1) })).toMatchObject({ value: 100, valid: false });
    expect(said({ pm2_5: hours(60), no2: hours(40) })).toMatchObject({ value: null, validCount: 2, valid: false });
  });

  it('is the least of Severe where no line is published any more', () => {
    expect(said({ pm2_5: hours(300), no2: hours(40), so2: hours(40) })).toMatchObject({
      value: 401,
      note: 'PM2.5, Severe',
    });
  });

  it('takes the highest hour of ozone where eight hours are above 208', () => {
    const series = { pm10: hours(50), no2: hours(40) };
    expect(said({ ...series, o3: hours(208) }).value).toBe(300);
    expect(said({ ...series, o3: hours(209) }).value).toBe(301);
  });

  it('of a zone is the mean of at least three stations, however its zones lie', () => {
    const one = (pm2_5: number) => said({ pm2_5: hours(pm2_5), no2: hours(10), so2: hours(10) });
    const [a, b, c] = [one(30), one(60), one(90)];
    expect(zoneOf('air-naqi', [a, b])).toMatchObject({ value: 75, valid: false, validCount: 2 });
    expect(zoneOf('air-naqi', [a, b, c])).toMatchObject({ valid: true, validCount: 3 });
    const parts = [zoneOf('air-naqi', [a, b]), zoneOf('air-naqi', [c])];
    const city = kpi('air-naqi').spatial.parent(parts.map((part) => ({ part, population: 1 })));
    expect(city).toMatchObject({ valid: true, validCount: 3, expectedCount: 3 });
    expect(city.value).toBeCloseTo((50 + 100 + 200) / 3, 9);
  });
});

describe('the Chinese index', () => {
  const window = hoursUntil(NOON, 1);
  const hour = (value: number, valid = true): Hours => [{ startMs: window.startMs, value, valid }];
  const six = { pm2_5: hour(60), pm10: hour(50), so2: hour(150), no2: hour(100), co: hour(5), o3: hour(160) };

  it('of an hour takes all six, and names all of the worst', () => {
    expect(partOf('air-china-aqi-hour', station(six), window)).toMatchObject({
      ...{ value: 100, note: 'PM2.5', validCount: 6, expectedCount: 6, valid: true },
    });
    expect(partOf('air-china-aqi-hour', station({ ...six, no2: hour(200) }), window).note).toBe('PM2.5, NO2');
  });

  it('is NA with one missing up to 100, and published above; that of 2012 always', () => {
    const { o3: _o3, ...five } = six;
    expect(partOf('air-china-aqi-hour', station(five), window)).toMatchObject({
      value: null,
      note: 'NA',
      valid: false,
    });
    const bad = { ...five, pm2_5: hour(115) };
    expect(partOf('air-china-aqi-hour', station(bad), window)).toMatchObject({ value: 150, valid: true });
    expect(partOf('air-china-aqi-hour-2012', station(five), window)).toMatchObject({ value: 82, valid: true });
  });

  it('of a day needs 20 hours, and takes ozone of eight hours within the day', () => {
    const series = { pm2_5: day(60, 20), pm10: day(50), so2: day(50), no2: day(40), co: day(2) };
    const o3 = hoursFrom(DAY.startMs - 8 * HOUR_MS, [...repeat(900, 8), ...repeat(100, 24)]);
    expect(partOf('air-china-aqi-day', station({ ...series, o3 }), DAY)).toMatchObject({ value: 100, validCount: 6 });
    const short = partOf('air-china-aqi-day', station({ ...series, pm2_5: day(60, 19), o3 }), DAY);
    expect(short).toMatchObject({ value: null, note: 'NA', validCount: 5 });
  });

  it('of a zone is that of its mean concentrations, not the mean of its indexes', () => {
    const parts = [35, 85].map((value) =>
      partOf('air-china-aqi-hour', station({ ...six, pm2_5: hour(value) }), window),
    );
    expect(parts.map(({ value }) => value)).toEqual([50, 123]);
    expect(zoneOf('air-china-aqi-hour', parts)).toMatchObject({ value: 100, note: 'PM2.5', valid: true });
    const city = kpi('air-china-aqi-hour').spatial.parent([
      { part: zoneOf('air-china-aqi-hour', parts), population: 1 },
      { part: parts[1]!, population: 9 },
    ]);
    // (35 + 85 + 85) / 3 = 68.33, rounded to 68: 100 + 50 * 8 / 55, up.
    expect(city.value).toBe(108);
  });

  it('of a zone takes a pollutant that only one of its stations has', () => {
    const { o3, ...five } = six;
    const parts = [five, { o3 }].map((series) => partOf('air-china-aqi-hour', station(series), window));
    expect(zoneOf('air-china-aqi-hour', parts)).toMatchObject({ value: 100, valid: true });
  });
});

describe('days that years are counted from', () => {
  it('have their mean of valid hours, and 18 of 24', () => {
    expect(partOf('air-no2-day', station({ no2: [...day(40, 18)] }), DAY)).toMatchObject({
      ...{ value: 40, validCount: 18, expectedCount: 24, valid: true },
    });
    expect(partOf('air-co-day', station({ co: day(1.5, 17) }), DAY)).toMatchObject({ value: 1.5, valid: false });
  });

  it('need 18 hours of 23 and 19 of 25', () => {
    const spring = dayOf('2026-03-29T12:00:00Z', 'Europe/Madrid');
    const autumn = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');
    const said = (window: typeof spring, count: number) =>
      partOf('air-no2-day', station({ no2: hoursFrom(window.startMs, repeat(10, count)) }), window);
    expect([said(spring, 18), said(spring, 17)].map(({ valid }) => valid)).toEqual([true, false]);
    expect([said(autumn, 19), said(autumn, 18)].map(({ valid }) => valid)).toEqual([true, false]);
    expect(said(autumn, 19).expectedCount).toBe(25);
  });

  it('count the hours above a limit as it is printed: 200.4 is not above 200', () => {
    const no2 = hoursFrom(DAY.startMs, [200, 200.4, 200.5, 201, ...repeat(10, 20)]);
    expect(partOf('air-no2-hours-above-200', station({ no2 }), DAY)).toMatchObject({ value: 2, validCount: 24 });
    expect(partOf('air-o3-hours-above-180', station({ o3: day(10, 17) }), DAY)).toMatchObject({
      value: 0,
      valid: false,
    });
    expect(kpi('air-no2-hours-above-200').method).toContain('18 a year by 2008/50/EC, 3 a year by (EU) 2024/2881');
  });

  it('do not count hours that are not valid', () => {
    const so2 = [...day(10, 20), ...hoursFrom(DAY.startMs + 20 * HOUR_MS, repeat(400, 4), { valid: false })];
    expect(partOf('air-so2-hours-above-350', station({ so2 }), DAY)).toMatchObject({ value: 0, validCount: 20 });
  });

  it('have their AOT40 from 08 to 20 Central European Time, summer or not', () => {
    const madrid = dayOf(NOON, 'Europe/Madrid');
    // 08:00 CET is 07:00 UTC, 09:00 in Madrid in June.
    const o3 = hoursFrom(at('2026-06-01T06:00:00Z'), [180, 90, ...repeat(80, 10), 100, 180]);
    expect(partOf('air-o3-aot40-day', station({ o3 }), madrid)).toMatchObject({
      ...{ value: 30, validCount: 12, expectedCount: 12, valid: true },
    });
    expect(partOf('air-o3-aot40-day', station({ o3: o3.slice(0, 11) }), madrid)).toMatchObject({
      validCount: 10,
      valid: false,
    });
  });

  it('have the highest 8-hour mean of CO in mg/m3', () => {
    const co = hoursFrom(DAY.startMs, [...repeat(1, 16), ...repeat(9, 8)]);
    expect(partOf('air-co-mda8', station({ co }), DAY)).toMatchObject({ value: 9, valid: true });
  });
});

describe('the running mean of eight hours', () => {
  const window = hoursUntil(NOON, 8);

  it('needs six of them', () => {
    const said = (count: number) =>
      partOf('air-o3-8h', station({ o3: hoursFrom(window.startMs, repeat(100, count)) }), window);
    expect(said(6)).toMatchObject({ value: 100, validCount: 6, expectedCount: 8, valid: true });
    expect(said(5)).toMatchObject({ value: 100, valid: false });
  });
});

describe('hours that several indexes are made of', () => {
  it('are looked up once a tick', () => {
    const said = station({ pm2_5: day(35.9) });
    let lookups = 0;
    const [series] = said.series;
    const counted = {
      ...said,
      series: [
        {
          ...series!,
          hours: (fromMs: number, toMs: number) => {
            lookups++;
            return series!.hours(fromMs, toMs);
          },
        },
      ],
    };
    const window = { ...DAY, memo: new SharedWork() };
    for (const id of ['air-us-aqi', 'air-pm2-5-day', 'air-china-aqi-day', 'air-china-aqi-day-2012'])
      partOf(id, counted, window);
    expect(lookups).toBe(1);
  });
});

describe('the hours of a span', () => {
  const lordHowe = calendarOf('Australia/Lord_Howe');
  const hoursIn = (from: string, to: string, first: string) => {
    const one = station({ o3: hoursFrom(at(first), repeat(40, 60)) });
    const window = { ...DAY, calendar: lordHowe, startMs: at(from), endMs: at(to), nowMs: at(to) };
    return airHours(one, 'o3', window, window.startMs, window.endMs);
  };

  it('are those that start in it, where a day of standard time begins within an hour of summer time', () => {
    const hours = hoursIn('2026-01-14T13:30Z', '2026-01-15T13:30Z', '2026-01-14T05:00Z');
    expect(hours.map((hour) => hour?.startMs)).toEqual(
      Array.from({ length: 24 }, (_, index) => at('2026-01-14T14:00Z') + index * HOUR_MS),
    );
  });

  it('are by position, with gaps where none was measured', () => {
    const hours = hoursIn('2026-01-14T13:30Z', '2026-01-14T18:30Z', '2026-01-14T16:00Z');
    expect(hours.map((hour) => hour?.value)).toEqual([undefined, undefined, 40, 40, 40]);
  });
});
