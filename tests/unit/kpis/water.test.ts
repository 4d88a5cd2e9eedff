import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import type { DeviceFacts, Part } from '../../../src/kpis/index.ts';
import { NO_FACTS } from '../../../src/model/index.ts';
import {
  at,
  dayOf,
  device,
  type FakeSeries,
  hoursFrom,
  kpi,
  NO_DEVICE_FACTS,
  part,
  partOf,
  repeat,
} from './support/fakes.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');
const SHORT_DAY = dayOf('2026-03-29T12:00:00Z', 'Europe/Madrid');
const LONG_DAY = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');

const customer = (series: readonly (readonly [string, FakeSeries])[]) =>
  device({ role: 'customer', peopleServed: 100 }, series);
const bulkMeter = (series: readonly (readonly [string, FakeSeries])[]) => device({ role: 'bulk' }, series);
const all = (channel: string, value: number, window = DAY, count = 24): FakeSeries => ({
  channel,
  hours: hoursFrom(window.startMs, repeat(value, count)),
});

describe('water per head, of one meter', () => {
  it('is the volume of the day: 24 times 1 m3 are 24 000 litres', () => {
    expect(partOf('water-per-capita', customer([['water_volume', all('', 1)]]), DAY)).toEqual({
      ...{ value: 24_000, validCount: 24, expectedCount: 24, valid: true, note: '' },
      ...{ numerator: 24_000, denominator: 100 },
    });
  });

  it('takes what three quarters of an hour counted for the hour, and does not fill the rest with zero', () => {
    const note = 'hours with a part missing: 24';
    const register = { hours: hoursFrom(DAY.startMs, repeat(0.8, 24), { increaseCoveredMs: 0.8 * HOUR_MS }) };
    const said = partOf('water-per-capita', customer([['water_volume', register]]), DAY);
    expect(said).toMatchObject({ validCount: 24, valid: true, note });
    expect(said.value).toBeCloseTo(24_000, 6);
    const slots = { count: 45, coveredSlots: 45, expectedSlots: 60 };
    const deltas = { hours: hoursFrom(DAY.startMs, repeat(0.75, 24), slots) };
    expect(partOf('water-per-capita', customer([['water_delta', deltas]]), DAY)).toMatchObject({ value: 24_000, note });
    // Means stand for their hours as they are.
    const flow = { hours: hoursFrom(DAY.startMs, repeat(1, 24), slots) };
    expect(partOf('water-per-capita', customer([['water_flow', flow]]), DAY)).toMatchObject({
      value: 24_000,
      note: '',
    });
    // The night: 0.8 m3 in 48 minutes.
    expect(partOf('water-mnf', bulkMeter([['water_volume', register]]), DAY).value).toBeCloseTo(1, 9);
  });

  it('counts an amount once that came seconds before its hour', () => {
    // 15 minutes of 1 m3 each: one of the four of an odd hour stands in the hour before it.
    const hours = repeat(0, 24).map((_, hour) => {
      const count = hour % 2 === 0 ? 5 : 3;
      const slots = { count, coveredSlots: Math.min(4, count), expectedSlots: 4 };
      return { startMs: DAY.startMs + hour * HOUR_MS, value: count, ...slots };
    });
    expect(partOf('water-per-capita', customer([['water_delta', { hours }]]), DAY)).toMatchObject({
      ...{ value: 96_000, validCount: 24, note: '' },
    });
  });

  it('sums the outputs of a meter, and counts each hour once', () => {
    const said = customer([
      ['water_volume', all('0', 0.75)],
      ['water_volume', all('1', 0.25)],
    ]);
    expect(partOf('water-per-capita', said, DAY)).toMatchObject({ value: 24_000, validCount: 24, valid: true });
  });

  it('counts only the hours that all outputs have', () => {
    const first = { channel: '0', hours: hoursFrom(DAY.startMs, repeat(0.5, 12)) };
    const second = { channel: '1', hours: hoursFrom(DAY.startMs + 6 * HOUR_MS, repeat(0.5, 18)) };
    const both = customer([
      ['water_volume', first],
      ['water_volume', second],
    ]);
    // 06 to 12 are there twice: 6 hours of 1 m3, which is 24 m3 in 24 hours.
    expect(partOf('water-per-capita', both, DAY)).toMatchObject({ value: 24_000, validCount: 6, valid: false });
  });

  it('has no value when no hour is whole, although each half of the day was measured by one output', () => {
    const first = { channel: '0', hours: hoursFrom(DAY.startMs, repeat(0.5, 12)) };
    const second = { channel: '1', hours: hoursFrom(DAY.startMs + 12 * HOUR_MS, repeat(0.5, 12)) };
    const said = customer([
      ['water_volume', first],
      ['water_volume', second],
    ]);
    expect(partOf('water-per-capita', said, DAY)).toMatchObject({ value: null, validCount: 0, expectedCount: 24 });
  });

  it('waits for an output that was heard yesterday, and no longer for one that was not', () => {
    const heard = (atMs: number) =>
      customer([
        ['water_volume', all('0', 1)],
        ['water_volume', { channel: '1', hours: hoursFrom(atMs, [1]) }],
      ]);
    expect(partOf('water-per-capita', heard(DAY.startMs - HOUR_MS), DAY).value).toBeNull();
    expect(partOf('water-per-capita', heard(DAY.startMs - 24 * HOUR_MS), DAY).value).toBe(24_000);
  });

  it('goes over to its outputs when the meter as a whole is not reported any more', () => {
    const said = customer([
      ['water_volume', { hours: hoursFrom(DAY.startMs - HOUR_MS, [1]) }],
      ['water_volume', all('0', 0.75)],
      ['water_volume', all('1', 0.25)],
    ]);
    expect(partOf('water-per-capita', said, DAY)).toMatchObject({ value: 24_000, validCount: 24 });
  });

  it('does not add its outputs to the meter as a whole', () => {
    const said = customer([
      ['water_volume', all('', 1)],
      ['water_volume', all('0', 0.75)],
      ['water_volume', all('garden', 0.25)],
    ]);
    expect(partOf('water-per-capita', said, DAY).value).toBe(24_000);
  });

  it('is expected on the day after its last reading, and then no more', () => {
    const heard = (atMs: number) => customer([['water_volume', { hours: hoursFrom(atMs, [1]) }]]);
    expect(partOf('water-per-capita', heard(DAY.startMs - HOUR_MS), DAY)).toMatchObject({
      ...{ value: null, validCount: 0, expectedCount: 24, valid: false },
    });
    expect(kpi('water-per-capita').device(heard(DAY.startMs - 24 * HOUR_MS), DAY)).toBeNull();
  });

  it('makes amounts of flows', () => {
    expect(partOf('water-per-capita', customer([['water_flow', all('', 2)]]), DAY).value).toBe(48_000);
  });

  it('takes the quantity that has the most valid hours', () => {
    const said = customer([
      ['water_flow', all('', 2)],
      ['water_volume', { hours: hoursFrom(DAY.startMs, repeat(1, 3)) }],
    ]);
    expect(partOf('water-per-capita', said, DAY)).toMatchObject({ value: 48_000, validCount: 24 });
  });

  it('is a day of 24 hours also when the clocks change: 23 m3 in 23 hours are 24 m3', () => {
    const short = partOf('water-per-capita', customer([['water_volume', all('', 1, SHORT_DAY, 23)]]), SHORT_DAY);
    expect(short).toMatchObject({ validCount: 23, expectedCount: 23, valid: true });
    expect(short.value).toBeCloseTo(24_000, 8);
  });

  it('says nothing of customers without people served, nor of other roles', () => {
    const said = (facts: Partial<DeviceFacts>) =>
      kpi('water-per-capita').device(device(facts, [['water_volume', all('', 1)]]), DAY);
    expect(said({ role: 'customer' })).toBeNull();
    expect(said({ role: 'grid', peopleServed: 5 })).toBeNull();
    expect(said({ role: 'bulk' })).not.toBeNull();
  });
});

describe('water per head, of a zone', () => {
  const { spatial } = kpi('water-per-capita');
  const meter = (role: DeviceFacts['role'], litres: number | null, people: number, valid = litres !== null) => ({
    part: part(litres, { valid, numerator: litres ?? 0, denominator: people }),
    facts: { ...NO_DEVICE_FACTS, zone: 'z', role, peopleServed: people },
  });
  const zone = (parts: readonly ReturnType<typeof meter>[], population = 500) =>
    spatial.zone(parts, { id: 'z', population, fact: NO_FACTS });

  it('is that of its bulk meters; customers are not added to them', () => {
    const bulk = meter('bulk', 24_000, 100);
    const said = zone([bulk, meter('customer', 900, 3)]);
    expect(said).toMatchObject({ value: 240, expectedCount: 1, valid: true });
    expect(said.used).toEqual([bulk.part]);
  });

  it('is that of its customers without bulk meters: 1200 litres for 8 people', () => {
    expect(zone([meter('customer', 900, 3), meter('customer', 300, 5)])).toMatchObject({ value: 150, valid: true });
  });

  it('leaves bulk meters without people out of volume and people when another has them', () => {
    const withPeople = meter('bulk', 24_000, 100);
    const said = zone([withPeople, meter('bulk', 1_000_000, 0)]);
    expect(said).toMatchObject({ value: 240, numerator: 24_000, denominator: 100, expectedCount: 1 });
    expect(said.used).toEqual([withPeople.part]);
  });

  it('divides by the inhabitants when no bulk meter has people: 60 000 litres for 500', () => {
    expect(zone([meter('bulk', 24_000, 0), meter('bulk', 36_000, 0)])).toMatchObject({
      ...{ value: 120, valid: true, denominator: 500 },
    });
  });

  it('is not valid per inhabitant when one of the bulk meters is missing', () => {
    expect(zone([meter('bulk', 24_000, 0), meter('bulk', null, 0)])).toMatchObject({ value: 48, valid: false });
    expect(zone([meter('bulk', 24_000, 0), meter('bulk', 36_000, 0, false)])).toMatchObject({ valid: false });
  });

  it('has no value where nobody lives', () => {
    expect(zone([meter('bulk', 24_000, 0)], 0)).toMatchObject({ value: null, valid: false, used: [] });
  });
});

describe('water per head, of zones together', () => {
  const { spatial } = kpi('water-per-capita');
  const said = (litres: number, people: number, more: Partial<Part> = {}) =>
    part(litres / people, { numerator: litres, denominator: people, ...more });
  const children = [
    { part: said(20_000, 80), population: 1000 },
    { part: said(4_000, 20), population: 1000 },
  ];
  const own = (litres: number, people: number, population: number, more: Partial<Part> = {}) => ({
    part: said(litres, people, { bulk: true, ...more }),
    population,
    own: true,
  });

  it('sums litres and people', () => {
    expect(spatial.parent(children)).toMatchObject({ value: 240, numerator: 24_000, denominator: 100 });
  });

  it('adds own bulk meters for people who live outside of the children: 30 000 litres for 150', () => {
    expect(spatial.parent([...children, own(6_000, 50, 60)])).toMatchObject({ value: 200, denominator: 150 });
  });

  it('counts nobody twice: own bulk meters that serve the children too stand alone', () => {
    const whole = own(150_000, 1000, 60);
    const { value, used } = spatial.parent([...children, whole]);
    expect(value).toBe(150);
    expect(used).toEqual([whole.part]);
  });

  it('keeps to the children when they speak for more people, or own meters are not valid', () => {
    expect(spatial.parent([...children, own(6_000, 50, 0)])).toMatchObject({ value: 240, denominator: 100 });
    expect(spatial.parent([...children, own(150_000, 1000, 60, { valid: false })]).value).toBe(240);
  });

  it("adds a zone's own customers", () => {
    const customers = { part: said(6_000, 50), population: 0, own: true };
    expect(spatial.parent([...children, customers])).toMatchObject({ value: 200, denominator: 150 });
  });
});

describe('the minimum night flow of a meter', () => {
  /** Flows from 02:00 on, between a day of 9 m3/h. */
  const night = (window: typeof DAY, flows: readonly (number | undefined)[], channel = ''): FakeSeries => ({
    channel,
    hours: hoursFrom(window.startMs, [9, 9, ...flows, ...repeat(9, 12)]),
  });

  it('is the lowest hour from 02 to 05, whatever is lower outside', () => {
    const hours = hoursFrom(DAY.startMs, [0.5, 9, 3, 1, 2, 0.5]);
    const said = partOf('water-mnf', bulkMeter([['water_flow', { hours }]]), DAY);
    expect(said).toMatchObject({ value: 1, validCount: 3, expectedCount: 3, valid: true });
    expect([...(said.curve ?? [])]).toEqual([
      [at('2026-06-01T02:00:00Z'), 3],
      [at('2026-06-01T03:00:00Z'), 1],
      [at('2026-06-01T04:00:00Z'), 2],
    ]);
  });

  it('is that of the sum of its outputs: 1 + 3, 2 + 1 and 3 + 1', () => {
    const said = bulkMeter([
      ['water_flow', night(DAY, [1, 2, 3], '0')],
      ['water_flow', night(DAY, [3, 1, 1], '1')],
    ]);
    expect(partOf('water-mnf', said, DAY).value).toBe(3);
  });

  it('comes from a register where there is no flow', () => {
    expect(partOf('water-mnf', bulkMeter([['water_volume', night(DAY, [3, 1, 2])]]), DAY).value).toBe(1);
  });

  it('is not valid with 2 of 3 hours, and is with 3 of 4', () => {
    expect(partOf('water-mnf', bulkMeter([['water_flow', night(DAY, [3, undefined, 2])]]), DAY)).toMatchObject({
      ...{ value: 2, validCount: 2, expectedCount: 3, valid: false },
    });
    // The clock shows 02:00 twice.
    const long = bulkMeter([['water_flow', night(LONG_DAY, [3, undefined, 2, 4])]]);
    expect(partOf('water-mnf', long, LONG_DAY)).toMatchObject({
      ...{ value: 2, validCount: 3, expectedCount: 4, valid: true },
    });
  });

  it('has two night hours when the clock jumps over 02:00', () => {
    const said = bulkMeter([['water_flow', night(SHORT_DAY, [3, 4, 1])]]);
    expect(partOf('water-mnf', said, SHORT_DAY)).toMatchObject({ value: 3, validCount: 2, expectedCount: 2 });
  });

  it("is not asked of customers' meters", () => {
    expect(kpi('water-mnf').device(customer([['water_flow', night(DAY, [1, 1, 1])]]), DAY)).toBeNull();
  });
});
