import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import { citySchema } from '../../../src/config/schema.ts';
import type { KpiDefinition, Part, SpatialRule } from '../../../src/kpis/index.ts';
import type { CityFactId } from '../../../src/model/index.ts';
import { ownDefinitions } from '../../../src/workers/city-kpis.ts';
import { at, dayOf, device, type FakeSeries, hoursFrom, hoursUntil, repeat } from './support/fakes.ts';

const DAY = '2026-03-10T00:00Z';
const START_MS = at(DAY);

/** The definitions of an own KPI as the configuration would make them. */
function own(more: Readonly<Record<string, unknown>>): KpiDefinition {
  const kpis = [{ id: 'own-x', title: 'X', unit: '1', window: 'day', ...more }];
  const config = citySchema.parse({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, kpis });
  return ownDefinitions(config.kpis[0]!)[0]!;
}

const AIR = {
  inputs: { fine: { quantity: 'pm2_5', stat: 'mean' }, all: { quantity: 'pm10', stat: 'mean' } },
  expression: '100 * (all - fine) / all',
};

const hours = (values: readonly (number | null | undefined)[], fromMs = START_MS): FakeSeries => ({
  hours: hoursFrom(fromMs, values),
});

/** Facts in force, as a zone or the city knows them. */
const facts = (known: Partial<Record<CityFactId, number>>) => (id: CityFactId) => {
  const value = known[id];
  if (value === undefined) return undefined;
  return { value, fromMs: 0, source: '', quality: 'Based on accurate measurements' } as const;
};

describe('the value of a device', () => {
  it('is what the expression makes of its inputs', () => {
    const said = device({}, [
      ['pm2_5', hours(repeat(12, 24))],
      ['pm10', hours(repeat(30, 24))],
    ]);
    // 100 * (30 - 12) / 30
    expect(own(AIR).device(said, dayOf(DAY))).toEqual({
      ...{ value: 60, valid: true, note: '' },
      ...{ validCount: 48, expectedCount: 48 },
    });
  });

  it('is of the valid hours, and valid with the share that is asked for', () => {
    const said = device({}, [
      ['pm2_5', hours([...repeat(10, 18), ...repeat(undefined, 6)])],
      ['pm10', hours([...repeat(20, 17), ...repeat(undefined, 7)])],
    ]);
    expect(own(AIR).device(said, dayOf(DAY))).toMatchObject({ value: 50, valid: false, validCount: 35 });
    const lower = { ...AIR.inputs, all: { ...AIR.inputs.all, coverage: 0.7 } };
    expect(own({ ...AIR, inputs: lower }).device(said, dayOf(DAY))).toMatchObject({ value: 50, valid: true });
    expect(own({ ...AIR, coverage: 0.5 }).device(said, dayOf(DAY))).toMatchObject({ valid: true });
  });

  it('needs whole hours: 75 % of a day of 23 hours are 18 of them', () => {
    const definition = own({ inputs: { x: { quantity: 'pm10', stat: 'mean' } }, expression: 'x' });
    const window = dayOf('2026-03-29T12:00Z', 'Europe/Madrid');
    const with17 = device({}, [['pm10', hours(repeat(1, 17), window.startMs)]]);
    const with18 = device({}, [['pm10', hours(repeat(1, 18), window.startMs)]]);
    expect(definition.device(with17, window)).toMatchObject({ valid: false, neededCount: 18 });
    expect(definition.device(with18, window)).toMatchObject({ valid: true, expectedCount: 23 });
  });

  it('takes amounts of valid hours for these hours', () => {
    const definition = own({ inputs: { x: { quantity: 'water_volume', stat: 'increase' } }, expression: 'x' });
    const partly = { hours: hoursFrom(START_MS, repeat(0.75, 24), { increaseCoveredMs: 0.75 * HOUR_MS }) };
    expect(definition.device(device({}, [['water_volume', partly]]), dayOf(DAY))).toMatchObject({ value: 24 });
  });

  it('is null where the expression divides by zero', () => {
    const said = device({}, [
      ['pm2_5', hours(repeat(0, 24))],
      ['pm10', hours(repeat(0, 24))],
    ]);
    expect(own(AIR).device(said, dayOf(DAY))).toMatchObject({ value: null, valid: false, validCount: 48 });
  });

  it('is null while an input is missing that was heard in the day before, and none without any of it', () => {
    const quiet = hours(repeat(10, 3), START_MS - 4 * HOUR_MS);
    const silent = hours(repeat(10, 3), START_MS - 40 * HOUR_MS);
    const all = ['pm10', hours(repeat(20, 24))] as const;
    expect(own(AIR).device(device({}, [['pm2_5', quiet], all]), dayOf(DAY))).toMatchObject({
      ...{ value: null, valid: false, validCount: 24, expectedCount: 48 },
    });
    expect(own(AIR).device(device({}, [['pm2_5', silent], all]), dayOf(DAY))).toBeNull();
    expect(own(AIR).device(device({}, [all]), dayOf(DAY))).toBeNull();
  });

  it('is of devices of the roles alone that are named', () => {
    const roles = { inputs: { x: { quantity: 'pm10', stat: 'mean', roles: ['grid', 'bulk'] } }, expression: 'x' };
    const series = [['pm10', hours(repeat(5, 24))]] as const;
    expect(own(roles).device(device({ role: 'ambient' }, series), dayOf(DAY))).toBeNull();
    expect(own(roles).device(device({ role: 'bulk' }, series), dayOf(DAY))).toMatchObject({ value: 5 });
  });

  it('knows the facts of the city', () => {
    const perHead = own({
      inputs: { x: { quantity: 'water_volume', stat: 'increase' } },
      expression: '1000 * x / population',
    });
    const said = device({ role: 'bulk' }, [['water_volume', hours(repeat(10, 24))]]);
    const window = { ...dayOf(DAY), cityFacts: facts({ population: 1_200 }) };
    expect(perHead.device(said, window)).toMatchObject({ value: 200, valid: true });
    expect(perHead.device(said, dayOf(DAY))).toMatchObject({ value: null, valid: false });
    expect(perHead.facts).toEqual(['population']);
  });

  it('adds the phases of a meter hour by hour, and nothing for hours that are missing', () => {
    const sum = own({ inputs: { x: { quantity: 'energy_import', stat: 'increase' } }, expression: 'x' });
    const said = device({ role: 'customer' }, [
      ['energy_import', { ...hours(repeat(1, 24)), channel: 'L1' }],
      ['energy_import', { ...hours([...repeat(2, 20), ...repeat(undefined, 4)]), channel: 'L2' }],
    ]);
    expect(sum.device(said, dayOf(DAY))).toMatchObject({ value: 60, validCount: 20, valid: true });
  });

  it('averages levels as energy', () => {
    const level = own({ inputs: { x: { quantity: 'laeq', stat: 'energetic' } }, expression: 'x', window: 'hour' });
    const said = device({}, [['laeq', hours([60])]]);
    expect(level.device(said, hoursUntil('2026-03-10T01:00Z', 1))?.value).toBeCloseTo(60, 12);
    const day = own({ inputs: { x: { quantity: 'laeq', stat: 'energetic' } }, expression: 'x', coverage: 0.01 });
    // 10 lg((10^6 + 10^7) / 2)
    expect(day.device(device({}, [['laeq', hours([60, 70])]]), dayOf(DAY))?.value).toBeCloseTo(67.403627, 6);
  });

  it.each([
    ['rolling-8h', 8, 6],
    ['rolling-24h', 24, 18],
  ] as const)('of %s needs %s hours times 75 %', (window, length, needed) => {
    const mean = own({ inputs: { x: { quantity: 'o3', stat: 'mean' } }, expression: 'x', window });
    const until = hoursUntil('2026-03-11T00:00Z', length);
    const said = (count: number) => device({}, [['o3', hours(repeat(80, count), until.startMs)]]);
    expect(mean.device(said(needed), until)).toMatchObject({ value: 80, valid: true, expectedCount: length });
    expect(mean.device(said(needed - 1), until)).toMatchObject({ value: 80, valid: false });
  });
});

const part = (value: number | null, valid = value !== null): Part => ({
  ...{ value, valid, note: '', validCount: valid ? 1 : 0, expectedCount: 1 },
});
const DEVICE = device({}, []).facts;
const zoneOf = (spatial: SpatialRule, values: readonly (number | null)[]) =>
  spatial.zone(
    values.map((value) => ({ part: part(value), facts: DEVICE })),
    { id: 'z', population: 0, fact: facts({}) },
  ).value;
const cityOf = (spatial: SpatialRule, zones: readonly (readonly [value: number | null, population: number])[]) =>
  spatial.parent(zones.map(([value, population]) => ({ part: part(value), population }))).value;

describe('the space of a KPI of devices', () => {
  const ONE = { inputs: { x: { quantity: 'pm10', stat: 'mean' } }, expression: 'x' };
  it.each([
    ['mean', 20, 25],
    ['population', 20, 17.5],
    ['sum', 60, 50],
    ['highest', 30, 40],
    ['lowest', 10, 10],
  ])('%s makes %d of stations 10, 20 and 30, and %d of zones 10 (3000 people) and 40 (1000)', (space, zone, city) => {
    const { spatial } = own({ ...ONE, space });
    expect(zoneOf(spatial, [30, 10, null, 20])).toBe(zone);
    expect(
      cityOf(spatial, [
        [10, 3_000],
        [40, 1_000],
      ]),
    ).toBe(city);
  });

  it('energetic averages energy', () => {
    const { spatial } = own({ ...ONE, space: 'energetic' });
    expect(zoneOf(spatial, [60, 70])).toBeCloseTo(67.403627, 6);
  });

  it('lowest uses invalid devices only where no valid one is left', () => {
    const { spatial } = own({ ...ONE, space: 'lowest' });
    const said = [part(5, false), part(10), part(8)].map((one) => ({ part: one, facts: DEVICE }));
    const made = spatial.zone(said, { id: 'z', population: 0, fact: facts({}) });
    expect(made).toMatchObject({ value: 8, valid: true, validCount: 2, expectedCount: 3 });
    expect(spatial.shares?.zone(made.used)).toEqual([0, 1]);
  });
});

describe('a KPI per area', () => {
  const LOSSES = own({
    per: 'area',
    space: 'sum',
    inputs: {
      supplied: { quantity: 'water_volume', stat: 'increase', roles: ['bulk'] },
      sold: { quantity: 'water_volume', stat: 'increase', roles: ['customer'] },
    },
    expression: '100 * (supplied - sold) / supplied',
  });
  const meter = (role: 'bulk' | 'customer', each: number) => {
    const said = device({ role }, [['water_volume', hours(repeat(each, 24))]]);
    return { part: LOSSES.device(said, dayOf(DAY))!, facts: said.facts };
  };
  const area = (known: Partial<Record<CityFactId, number>> = {}) => ({ id: 'z', population: 0, fact: facts(known) });

  it('combines every input over its devices before the expression', () => {
    const west = LOSSES.spatial.zone([meter('bulk', 10), meter('customer', 3), meter('customer', 5)], area());
    // 100 * (240 - 192) / 240
    expect(west).toMatchObject({ value: 20, valid: true, amounts: { supplied: 240, sold: 192 } });
    expect(west.used).toHaveLength(3);
    const east = LOSSES.spatial.zone([meter('bulk', 30), meter('customer', 27)], area());
    expect(east.value).toBeCloseTo(10, 12);
    // 100 * (960 - 840) / 960, and not the mean of 20 and 10
    const city = LOSSES.spatial.parent([
      { part: west, population: 1 },
      { part: east, population: 1 },
    ]);
    expect(city).toMatchObject({ value: 12.5, valid: true });
    expect(LOSSES.spatial.whole?.(city, area()).value).toBe(12.5);
  });

  it('says what is missing', () => {
    const made = LOSSES.spatial.zone([meter('bulk', 10)], area());
    expect(made).toMatchObject({ value: null, valid: false, note: 'no sold' });
  });

  it('takes the facts of the area itself', () => {
    const perHead = own({
      ...{ per: 'area', space: 'sum', expression: '1000 * x / population' },
      inputs: { x: { quantity: 'water_volume', stat: 'increase' } },
    });
    const said = device({ role: 'bulk' }, [['water_volume', hours(repeat(10, 24))]]);
    const made = perHead.spatial.zone([{ part: perHead.device(said, dayOf(DAY))!, facts: said.facts }], area());
    expect(perHead.spatial.whole?.(made, area({ population: 1_000 }))).toMatchObject({ value: 240, valid: true });
    expect(perHead.spatial.whole?.(made, area({ population: 2_000 }))).toMatchObject({ value: 120 });
    expect(perHead.spatial.whole?.(made, area())).toMatchObject({ value: null, note: 'no population' });
  });

  it('has no value of a device', () => {
    expect(LOSSES.scopes).toEqual(['zone', 'city']);
  });
});
