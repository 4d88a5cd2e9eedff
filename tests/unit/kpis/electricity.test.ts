import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, QUARTER_MS } from '../../../src/base/index.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import {
  at,
  dayOf,
  device,
  type FakeHour,
  type FakeSeries,
  hoursFrom,
  kpi,
  NO_DEVICE_FACTS,
  partOf,
  repeat,
} from './support/fakes.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');
const LONG_DAY = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');

const home = (series: readonly (readonly [string, FakeSeries])[]) =>
  device({ role: 'customer', peopleServed: 3 }, series);
const hourly = (value: number, more: FakeSeries = {}, count = 24): FakeSeries => ({
  hours: hoursFrom(DAY.startMs, repeat(value, count)),
  ...more,
});

describe('electricity per head', () => {
  it('is the day taken for a year: 24 kWh a day for 3 people are 2920 kWh', () => {
    expect(partOf('electricity-per-capita', home([['energy_import', hourly(1)]]), DAY)).toEqual({
      ...{ value: 2920, validCount: 24, expectedCount: 24, valid: true, note: '' },
      ...{ numerator: 8760, denominator: 3 },
    });
  });

  it('takes what three quarters of an hour counted for the hour, of each register by its own', () => {
    const part = (value: number, share: number) => {
      return { hours: hoursFrom(DAY.startMs, repeat(value * share, 24), { increaseCoveredMs: share * HOUR_MS }) };
    };
    const said = home([
      ['energy_import', part(1, 0.75)],
      ['energy_generation', part(2, 0.8)],
      ['energy_export', part(0.5, 1)],
    ]);
    const whole = partOf('electricity-per-capita', said, DAY);
    expect(whole).toMatchObject({ validCount: 24, valid: true, note: 'hours with a part missing: 24' });
    expect(whole.value).toBeCloseTo(7300, 6);
  });

  it('adds what a roof generates and takes off what it feeds in: 1 + 2 - 0.5 kWh an hour are 7300 kWh', () => {
    const said = home([
      ['energy_import', hourly(1)],
      ['energy_generation', hourly(2)],
      ['energy_export', hourly(0.5)],
    ]);
    expect(partOf('electricity-per-capita', said, DAY)).toMatchObject({ value: 7300, validCount: 24, valid: true });
  });

  it('leaves hours out in which one of the registers is missing', () => {
    const said = home([
      ['energy_import', hourly(1)],
      ['energy_generation', hourly(2, {}, 18)],
      ['energy_export', { hours: hoursFrom(DAY.startMs + 2 * HOUR_MS, repeat(0.5, 22)) }],
    ]);
    // Hours 2 to 17: 16 of 24.
    expect(partOf('electricity-per-capita', said, DAY)).toMatchObject({ value: 7300, validCount: 16, valid: false });
  });

  it('sums phases hour by hour', () => {
    const said = home([
      ['energy_import', hourly(0.5, { channel: 'L1' })],
      ['energy_import', hourly(0.25, { channel: 'L2' }, 20)],
      ['energy_import', hourly(0.25, { channel: 'L3' })],
    ]);
    expect(partOf('electricity-per-capita', said, DAY)).toMatchObject({ value: 2920, validCount: 20, valid: true });
  });

  it('does not add a sub-meter to the meter above it', () => {
    const said = home([
      ['energy_import', hourly(1)],
      ['energy_import', hourly(1, { channel: 'heat-pump' })],
    ]);
    expect(partOf('electricity-per-capita', said, DAY).value).toBe(2920);
  });

  it('is per 24 hours on a day of 25', () => {
    const said = home([['energy_import', { hours: hoursFrom(LONG_DAY.startMs, repeat(1, 25)) }]]);
    expect(partOf('electricity-per-capita', said, LONG_DAY)).toMatchObject({ validCount: 25, expectedCount: 25 });
    expect(partOf('electricity-per-capita', said, LONG_DAY).value).toBeCloseTo(2920, 8);
  });

  it('says nothing of meters without people', () => {
    expect(
      kpi('electricity-per-capita').device(device({ role: 'customer' }, [['energy_import', hourly(1)]]), DAY),
    ).toBeNull();
  });
});

describe('peak demand', () => {
  /** Quarter-hours of a day with 0.25 kWh each (1 kW), but for some. */
  const quarters = (special: Readonly<Record<string, number>>, more: Partial<FakeHour> = {}): FakeSeries => ({
    expectEveryMs: QUARTER_MS,
    hours: hoursFrom(DAY.startMs, repeat(1, 24)),
    quarters: Array.from({ length: 96 }, (_, index) => {
      const startMs = DAY.startMs + index * QUARTER_MS;
      const value = special[new Date(startMs).toISOString().slice(11, 16)];
      return value === undefined ? { startMs, value: 0.25 } : { startMs, value, ...more };
    }),
  });

  it('is the energy of the highest quarter-hour times four, and its note the start', () => {
    expect(partOf('peak-demand', home([['energy_import', quarters({ '18:15': 1.5 })]]), DAY)).toMatchObject({
      ...{ value: 6, validCount: 96, expectedCount: 96, valid: true, note: '2026-06-01T18:15:00Z' },
    });
  });

  it('names the first of equal quarters', () => {
    const said = home([['energy_import', quarters({ '18:15': 1.5, '07:30': 1.5 })]]);
    expect(partOf('peak-demand', said, DAY).note).toBe('2026-06-01T07:30:00Z');
  });

  it('leaves out a quarter that was not measured whole', () => {
    const broken = quarters({ '18:15': 1.5 }, { increaseCoveredMs: 14 * MINUTE_MS });
    expect(partOf('peak-demand', home([['energy_import', broken]]), DAY)).toMatchObject({ value: 1, validCount: 95 });
  });

  it('sums phases before it looks for the peak', () => {
    const said = home([
      ['energy_import', { ...quarters({ '07:00': 1.25 }), channel: 'L1' }],
      ['energy_import', { ...quarters({ '07:00': 0, '12:00': 1 }), channel: 'L2' }],
    ]);
    // 5 + 0 kW at 07:00, 1 + 4 at 12:00, 1 + 1 otherwise.
    expect(partOf('peak-demand', said, DAY)).toMatchObject({ value: 5, note: '2026-06-01T07:00:00Z' });
  });

  it('takes the hours of a register that is read hourly', () => {
    const hours = hoursFrom(DAY.startMs, [...repeat(1, 7), 2.5, ...repeat(1, 16)]);
    const said = partOf('peak-demand', home([['energy_import', { expectEveryMs: HOUR_MS, hours }]]), DAY);
    expect(said).toMatchObject({ value: 2.5, validCount: 96, expectedCount: 96, note: '2026-06-01T07:00:00Z' });
    expect(said.curve?.get(at('2026-06-01T07:45:00Z'))).toBe(2.5);
  });

  it('expects 100 quarters of a day of 25 hours', () => {
    const hours = hoursFrom(LONG_DAY.startMs, repeat(1, 18));
    const said = home([['energy_import', { expectEveryMs: HOUR_MS, hours }]]);
    expect(partOf('peak-demand', said, LONG_DAY)).toMatchObject({ validCount: 72, expectedCount: 100, valid: false });
  });

  it('of a quarter-hourly and an hourly meter is that of their sum', () => {
    const hours = hoursFrom(DAY.startMs, [...repeat(1, 7), 2, ...repeat(1, 16)]);
    const parts = [
      partOf('peak-demand', home([['energy_import', quarters({ '07:15': 1, '12:00': 1.125 })]]), DAY),
      partOf('peak-demand', home([['energy_import', { expectEveryMs: HOUR_MS, hours }]]), DAY),
    ];
    const facts = { ...NO_DEVICE_FACTS, zone: 'z', role: 'customer', peopleServed: 3 } as const;
    const zone = kpi('peak-demand').spatial.zone(
      parts.map((part) => ({ part, facts })),
      { id: 'z', population: 10, fact: NO_FACTS },
    );
    // 4 + 2 kW at 07:15, but 4.5 + 1 at 12:00.
    expect(zone).toMatchObject({ value: 6, note: '2026-06-01T07:15:00Z', valid: true });
  });
});
