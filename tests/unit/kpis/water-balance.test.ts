import { describe, expect, it } from 'vitest';
import type { DeviceFacts, KpiDevice, Part, WeightedPart, ZoneFacts } from '../../../src/kpis/index.ts';
import { type CityFactId, type FactsInForce, NO_FACTS } from '../../../src/model/index.ts';
import { dayOf, device, hoursFrom, kpi, partOf, repeat } from './support/fakes.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');

type Told = Partial<Record<CityFactId, number>>;

function facts(told: Told): FactsInForce {
  return (id) => {
    const value = told[id];
    if (value === undefined) return NO_FACTS(id);
    return { value, fromMs: Number.NEGATIVE_INFINITY, source: '', quality: 'Based on accurate measurements' };
  };
}

const zoneFacts = (told: Told = {}, population = 100): ZoneFacts => ({ id: 'z', population, fact: facts(told) });

const meter = (role: DeviceFacts['role'], m3PerHour: number, hours = 24, more: Partial<DeviceFacts> = {}): KpiDevice =>
  device({ role, ...more }, [['water_volume', { hours: hoursFrom(DAY.startMs, repeat(m3PerHour, hours)) }]]);

/** 240 m3 a day. */
const BULK = meter('bulk', 10);
/** 24 m3 a day. */
const CUSTOMER = meter('customer', 1);

function own(id: string, meters: readonly KpiDevice[], told: Told = {}, population = 100) {
  const { device: say, spatial } = kpi(id);
  const parts = meters.flatMap((one) => {
    const part = say(one, DAY);
    return part === null ? [] : [{ part, facts: one.facts }];
  });
  return spatial.zone(parts, zoneFacts(told, population));
}

const published = (id: string, part: Part, told: Told = {}) => kpi(id).spatial.whole?.(part, zoneFacts(told)) ?? part;
const zone = (id: string, meters: readonly KpiDevice[], told: Told = {}) => published(id, own(id, meters, told), told);
const city = (id: string, parts: readonly WeightedPart[], told: Told = {}) =>
  published(id, kpi(id).spatial.parent(parts), told);

describe('the water balance of a zone', () => {
  const meters = [BULK, ...repeat(CUSTOMER, 5)];

  it('is what bulk meters put in, less what customers are billed: 240 - 120 m3 are half of the input', () => {
    expect(zone('water-inflow', meters)).toMatchObject({ value: 240, expectedCount: 1, valid: true });
    expect(zone('water-consumption', meters)).toMatchObject({ value: 120, expectedCount: 5, valid: true });
    expect(zone('water-nrw-volume', meters)).toMatchObject({ value: 120, valid: true });
    expect(zone('water-nrw', meters)).toMatchObject({ value: 50, numerator: 12_000, denominator: 240, valid: true });
  });

  it('is that of the published example: 433.4 of 1715.8 are 25.26 %', () => {
    const said = zone('water-nrw', [meter('bulk', 1715.8 / 24), meter('customer', 1282.4 / 24)]);
    expect(said.value).toBeCloseTo(25.26, 2);
    const losses = zone('water-losses', [meter('bulk', 1715.8 / 24), meter('customer', 1282.4 / 24)], {
      unbilledAuthorisedM3PerDay: 6.7,
    });
    expect(losses.value).toBeCloseTo(24.869, 3);
    expect(losses.note).toBe('');
  });

  it('takes off what the city knows: 48 m3 billed without a meter, and 24 m3 that nobody is billed for', () => {
    expect(zone('water-nrw', meters, { billedUnmeteredM3PerDay: 48 }).value).toBe(30);
    expect(zone('water-losses', meters)).toMatchObject({ value: 50, note: 'without unbilled consumption' });
    expect(zone('water-losses', meters, { unbilledAuthorisedM3PerDay: 24 })).toMatchObject({ value: 40, note: '' });
  });

  it('is negative when more is billed than put in', () => {
    expect(zone('water-nrw', [BULK, ...repeat(CUSTOMER, 12)])).toMatchObject({ value: -20, valid: true });
  });

  it('needs every bulk meter', () => {
    const two = [BULK, meter('bulk', 10, 17), CUSTOMER];
    expect(zone('water-nrw', two)).toMatchObject({ validCount: 2, expectedCount: 3, valid: false });
    expect(zone('water-inflow', two)).toMatchObject({ value: 240, valid: false });
  });

  it('needs nine of ten customers, and does not fill in the tenth: 240 - 216 m3', () => {
    const silent = meter('customer', 1, 17);
    const nine = [BULK, ...repeat(CUSTOMER, 9), silent];
    expect(zone('water-nrw-volume', nine)).toMatchObject({ value: 24, validCount: 10, expectedCount: 11, valid: true });
    const eight = [BULK, ...repeat(CUSTOMER, 8), silent, silent];
    expect(zone('water-nrw-volume', eight)).toMatchObject({ value: 48, valid: false });
  });

  it('does not exist without a bulk meter', () => {
    expect(zone('water-nrw', [CUSTOMER])).toMatchObject({ value: null, valid: false });
  });

  it('gives litres a connection, and the leakage index of the network', () => {
    // 120 m3 over 60 connections.
    expect(zone('water-losses-per-connection', meters, { waterConnections: 60 }).value).toBe(2000);
    expect(zone('water-losses-per-connection', meters).value).toBeNull();
    // (18 * 10 + 0.8 * 100 + 25 * 2) * 40 = 12 400 litres are unavoidable.
    const network = { waterMainsKm: 10, waterConnections: 100, privatePipesKm: 2, averagePressureM: 40 };
    expect(zone('water-ili', meters, network).value).toBeCloseTo(120_000 / 12_400, 10);
    const { averagePressureM: _, ...without } = network;
    expect(zone('water-ili', meters, without).value).toBeNull();
  });
});

describe('the water balance of a city', () => {
  const west = own('water-nrw', [BULK, ...repeat(CUSTOMER, 5)]);
  const customersOnly = own('water-nrw', repeat(CUSTOMER, 2));

  it('leaves out zones without a bulk meter: 120 of 240 m3', () => {
    const parts = [
      { part: west, population: 100 },
      { part: customersOnly, population: 100 },
    ];
    expect(city('water-nrw', parts)).toMatchObject({ value: 50, denominator: 240, expectedCount: 6, valid: true });
  });

  it('is that of its own bulk meters when nobody lives outside of its zones: 480 m3 against 7 customers', () => {
    const parts = [
      { part: west, population: 100 },
      { part: customersOnly, population: 100 },
      { part: own('water-nrw', [meter('bulk', 20)]), population: 0, own: true },
    ];
    // (480 - 7 * 24) / 480
    expect(city('water-nrw', parts)).toMatchObject({ value: 65, denominator: 480, expectedCount: 8, valid: true });
  });

  it('adds its own bulk meters when their people live outside of its zones', () => {
    const outside = own('water-nrw', [meter('bulk', 20, 24, { peopleServed: 40 })]);
    const parts = [
      { part: west, population: 100 },
      { part: outside, population: 50, own: true },
    ];
    expect(city('water-nrw', parts).denominator).toBe(720);
    const serving = own('water-nrw', [meter('bulk', 20, 24, { peopleServed: 140 })]);
    const shared = [
      { part: west, population: 100 },
      { part: serving, population: 50, own: true },
    ];
    expect(city('water-nrw', shared).denominator).toBe(480);
  });

  it('goes by its zones when one of its own bulk meters is missing', () => {
    const parts = [
      { part: west, population: 100 },
      { part: own('water-nrw', [meter('bulk', 20), meter('bulk', 20, 3)]), population: 0, own: true },
    ];
    expect(city('water-nrw', parts)).toMatchObject({ value: 50, denominator: 240 });
  });

  it('uses its own facts and not those of its zones where bulk meters see all of it', () => {
    const parts = [{ part: own('water-nrw', [BULK, CUSTOMER], { billedUnmeteredM3PerDay: 200 }), population: 100 }];
    expect(city('water-nrw', parts, { billedUnmeteredM3PerDay: 24 }).value).toBe(80);
  });

  it('leaves facts of zones without bulk meters out with their water', () => {
    const network = { waterMainsKm: 10, waterConnections: 100, averagePressureM: 40, privatePipesKm: 2 };
    const zoneTold = { billedUnmeteredM3PerDay: 24, unbilledAuthorisedM3PerDay: 12, ...network };
    // Of 10 000 connections and 500 m3 a day most are where no bulk meter is.
    const told = { ...network, billedUnmeteredM3PerDay: 500, unbilledAuthorisedM3PerDay: 90, waterConnections: 10_000 };
    const parts = (zoneKnows: Told) => [
      { part: own('water-nrw', [BULK, ...repeat(CUSTOMER, 5)], zoneKnows), population: 40 },
      { part: own('water-nrw', [CUSTOMER], { waterConnections: 9_900 }), population: 60 },
    ];
    const said = (id: string, zoneKnows: Told = zoneTold) => city(id, parts(zoneKnows), told);
    // 240 - 120 - 24 = 96; less 12 = 84.
    expect(said('water-nrw')).toMatchObject({ value: 40, denominator: 240, valid: true });
    expect(said('water-nrw-volume')).toMatchObject({ value: 96, valid: true });
    expect(said('water-losses')).toMatchObject({ value: 35, valid: true, note: '' });
    expect(said('water-losses-per-connection')).toMatchObject({ value: 840, valid: true });
    expect(said('water-ili').value).toBeCloseTo(84_000 / 12_400, 10);
    // What nobody says of the metered zone is not known of it.
    const note = 'facts of zones unknown';
    expect(said('water-nrw', {})).toMatchObject({ value: 50, valid: false, note });
    const { waterConnections: _, ...without } = zoneTold;
    expect(said('water-losses-per-connection', without)).toMatchObject({ value: null, valid: false, note });
    expect(said('water-ili', without)).toMatchObject({ value: null, valid: false, note });
    expect(said('water-losses', without)).toMatchObject({ value: 35, valid: true });
  });

  it('does not take the facts of a zone for those of the people outside of its sub-zones', () => {
    const outside = own('water-nrw', [meter('bulk', 20, 24, { peopleServed: 40 })], { waterConnections: 900 });
    const parts = [
      { part: own('water-nrw', [BULK], { waterConnections: 100 }), population: 100 },
      { part: outside, population: 50, own: true },
    ];
    const { spatial } = kpi('water-losses-per-connection');
    const of = (population: number) =>
      spatial.whole?.(spatial.parent(parts), zoneFacts({ waterConnections: 900 }, population));
    expect(of(150)).toMatchObject({ value: 800, valid: true });
    expect(of(200)).toMatchObject({ value: null, valid: false });
  });
});

describe('leakage from the night flow', () => {
  /** Lowest hour of the night: `m3PerHour` at 03:00. */
  const district = (m3PerHour: number, properties: number, more: Partial<DeviceFacts> = {}) => {
    const night = [...repeat(20, 3), m3PerHour, ...repeat(20, 20)];
    return device({ role: 'bulk', properties, ...more }, [['water_volume', { hours: hoursFrom(DAY.startMs, night) }]]);
  };

  it('is (9.2 - 1200 * 0.0017) * 24 = 171.84 m3, and 157.52 with a factor of 22', () => {
    expect(partOf('water-leakage', district(9.2, 1200), DAY).value).toBeCloseTo(171.84, 10);
    expect(zone('water-leakage', [district(9.2, 1200)]).value).toBeCloseTo(171.84, 10);
    const said = zone('water-leakage', [district(9.2, 1200)], { hourDayFactor: 22 });
    expect(said).toMatchObject({ valid: true, expectedCount: 1 });
    expect(said.value).toBeCloseTo(157.52, 10);
  });

  it('takes the connections of the zone where no meter names properties, and is unknown without', () => {
    const said = zone('water-leakage', [district(9.2, 0)], { waterConnections: 1200 });
    expect(said.value).toBeCloseTo(171.84, 10);
    expect(said.valid).toBe(true);
    expect(zone('water-leakage', [district(9.2, 0)])).toMatchObject({
      ...{ value: null, valid: false, note: 'properties unknown' },
    });
  });

  it('of a city is the sum of its districts: 12 - 2000 * 0.0017 m3 an hour', () => {
    const parts = [
      { part: own('water-leakage', [district(7, 800)]), population: 1 },
      { part: own('water-leakage', [district(5, 1200)]), population: 1 },
    ];
    expect(city('water-leakage', parts).value).toBeCloseTo((12 - 3.4) * 24, 10);
    expect(city('water-leakage', parts)).toMatchObject({ valid: true, validCount: 2, expectedCount: 2 });
    const trunk = { part: own('water-leakage', [district(13, 2000)]), population: 0, own: true };
    expect(city('water-leakage', [...parts, trunk]).value).toBeCloseTo((13 - 3.4) * 24, 10);
  });

  it('of a city is that of its zones with bulk meters, whatever is known of the others', () => {
    const metered = { part: own('water-leakage', [district(12, 0)], { waterConnections: 4000 }), population: 40 };
    // (12 - 6.8) * 24, and not (12 - 17) * 24: 6000 connections are in a zone that has no part.
    const said = city('water-leakage', [metered], { waterConnections: 10_000 });
    expect(said).toMatchObject({ valid: true });
    expect(said.value).toBeCloseTo(124.8, 10);
    const unknown = [{ part: own('water-leakage', [district(12, 0)]), population: 40 }];
    expect(city('water-leakage', unknown, { waterConnections: 10_000 })).toMatchObject({
      ...{ value: null, valid: false, note: 'properties unknown' },
    });
    // Bulk meters of all its people are of all its connections.
    const all = [{ part: own('water-leakage', [district(12, 0)]), population: 100 }];
    expect(city('water-leakage', all, { waterConnections: 4000 }).value).toBeCloseTo(124.8, 10);
  });

  it('does not take the properties of some meters for those of all', () => {
    const two = [district(7, 800), district(5, 0)];
    expect(zone('water-leakage', two, { waterConnections: 2000 }).value).toBeCloseTo((12 - 3.4) * 24, 10);
    expect(zone('water-leakage', two)).toMatchObject({ value: null, valid: false, note: 'properties unknown' });
  });

  it('is not valid without a bulk meter of a district', () => {
    const broken = device({ role: 'bulk', properties: 10 }, [['water_volume', { hours: hoursFrom(DAY.startMs, [1]) }]]);
    const parts = [
      { part: own('water-leakage', [district(7, 800)]), population: 1 },
      { part: own('water-leakage', [broken]), population: 1 },
    ];
    expect(city('water-leakage', parts).valid).toBe(false);
  });
});

describe('the night flow of a city', () => {
  const night = (m3PerHour: number, peopleServed = 0) =>
    own('water-mnf', [meter('bulk', m3PerHour, 24, { peopleServed })]);
  const zones = [
    { part: night(3), population: 100 },
    { part: night(4), population: 100 },
  ];

  it('is that of its zones together, and not once more that of the main which feeds them', () => {
    expect(city('water-mnf', zones)).toMatchObject({ value: 7, valid: true });
    expect(city('water-mnf', [...zones, { part: night(8), population: 0, own: true }])).toMatchObject({ value: 8 });
    expect(city('water-mnf', [...zones, { part: night(8, 90), population: 50, own: true }])).toMatchObject({
      value: 8,
    });
  });

  it('takes in the meters of people who live outside of its zones', () => {
    expect(city('water-mnf', [...zones, { part: night(1, 40), population: 50, own: true }])).toMatchObject({
      value: 8,
    });
    expect(city('water-mnf', [...zones, { part: night(2), population: 50, own: true }])).toMatchObject({ value: 9 });
  });
});

describe('the continuous flow of a customer', () => {
  const flow = (values: readonly (number | undefined)[]) =>
    device({ role: 'customer' }, [['water_volume', { hours: hoursFrom(DAY.startMs, values) }]]);
  const LEAK = flow([...repeat(0.02, 23), 0.005]);

  it('is a leak when no hour of the day stands still', () => {
    expect(partOf('water-leaking-meters', LEAK, DAY)).toMatchObject({
      ...{ value: 1, validCount: 24, expectedCount: 24, valid: true, note: 'never below 5 l/h' },
    });
  });

  it('is none with one hour at 0, however few hours there are', () => {
    expect(partOf('water-leaking-meters', flow([0.02, 0]), DAY)).toMatchObject({ value: 0, valid: true, note: '' });
  });

  it('is not known as long as an hour is missing', () => {
    expect(partOf('water-leaking-meters', flow(repeat(0.02, 23)), DAY)).toMatchObject({ value: null, valid: false });
  });

  it('starts above the threshold of the city', () => {
    const water = { ...DAY.settings.water, leakAboveLitresPerHour: 5 };
    const window = { ...DAY, settings: { ...DAY.settings, water } };
    expect(partOf('water-leaking-meters', LEAK, window).value).toBe(0);
  });

  it('of a zone is a number and a share of meters, valid with nine of ten known', () => {
    const tight = flow([...repeat(0.02, 23), 0]);
    const unknown = flow(repeat(0.02, 23));
    const meters = [LEAK, LEAK, ...repeat(tight, 7), unknown];
    expect(zone('water-leaking-meters', meters)).toMatchObject({ value: 2, validCount: 9, expectedCount: 10 });
    expect(zone('water-leaking-share', meters)).toMatchObject({ numerator: 200, denominator: 9, valid: true });
    expect(zone('water-leaking-share', meters).value).toBeCloseTo(22.222, 3);
    expect(zone('water-leaking-share', [...meters, unknown])).toMatchObject({ validCount: 9, valid: false });
    expect(zone('water-leaking-meters', [unknown])).toMatchObject({ value: null, expectedCount: 1, valid: false });
  });
});

describe('water quality', () => {
  const hourly = (values: readonly number[], every = 3_600_000) => ({
    expectEveryMs: every,
    hours: hoursFrom(DAY.startMs, values),
  });

  it('is the share of hours with every parameter inside its limits, both ends allowed: 21 of 24', () => {
    const probe = device({}, [
      ['ph', hourly([...repeat(8.5, 22), 8.6, 6.4])],
      ['turbidity', hourly([5.1, ...repeat(5, 23)])],
      ['free_chlorine', hourly(repeat(0.2, 24))],
    ]);
    expect(partOf('water-quality-compliance', probe, DAY)).toMatchObject({
      ...{ value: 87.5, numerator: 2100, denominator: 24, validCount: 24, expectedCount: 24, valid: true },
    });
  });

  it('is not valid with 17 hours, and of a daily probe is with its one sample', () => {
    expect(partOf('water-quality-compliance', device({}, [['ph', hourly(repeat(7, 17))]]), DAY)).toMatchObject({
      ...{ value: 100, validCount: 17, valid: false },
    });
    const daily = device({}, [['ph', hourly([9], 86_400_000)]]);
    expect(partOf('water-quality-compliance', daily, DAY)).toMatchObject({ value: 0, expectedCount: 1, valid: true });
  });

  it('follows the limits of the city, and judges nothing without', () => {
    const probe = device({}, [['ph', hourly(repeat(9, 24))]]);
    const window = (limits: (typeof DAY)['settings']['water']['limits']) => ({
      ...DAY,
      settings: { ...DAY.settings, water: { ...DAY.settings.water, limits } },
    });
    expect(partOf('water-quality-compliance', probe, window({ ph: [null, 9.5] })).value).toBe(100);
    expect(kpi('water-quality-compliance').device(probe, window({}))).toBeNull();
  });
});
