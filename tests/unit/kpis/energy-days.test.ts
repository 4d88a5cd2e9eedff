import { describe, expect, it } from 'vitest';
import { HOUR_MS, QUARTER_MS } from '../../../src/base/index.ts';
import type { DeviceFacts, KpiDevice, KpiWindow, Part, ZoneFacts } from '../../../src/kpis/index.ts';
import { SharedWork } from '../../../src/kpis/shared-work.ts';
import type { CityFactId, FactsInForce } from '../../../src/model/index.ts';
import { dayOf, device, type FakeSeries, hoursFrom, kpi, partOf, repeat } from './support/fakes.ts';

const DAY = dayOf('2026-06-01T12:00:00Z');
const LONG_DAY = dayOf('2026-10-25T12:00:00Z', 'Europe/Madrid');

/** Facts that a zone or the city was told, and no others. */
function facts(told: Partial<Record<CityFactId, number>>): FactsInForce {
  return (id) => {
    const value = told[id];
    if (value === undefined) return undefined;
    return { value, fromMs: Number.NEGATIVE_INFINITY, source: '', quality: 'Based on accurate measurements' };
  };
}

const zoneOf = (told: Partial<Record<CityFactId, number>> = {}): ZoneFacts => ({
  ...{ id: 'z', population: 100, fact: facts(told) },
});

type Metered = readonly (readonly [quantity: string, perHour: number, hours?: number])[];

function meter(role: DeviceFacts['role'], metered: Metered, more: Partial<DeviceFacts> = {}): KpiDevice {
  const series = metered.map(([quantity, value, hours = 24]): [string, FakeSeries] => [
    quantity,
    { hours: hoursFrom(DAY.startMs, repeat(value, hours)) },
  ]);
  return device({ role, ...more }, series);
}

/** What is published of a zone with these meters. */
function zone(id: string, meters: readonly KpiDevice[], told: Partial<Record<CityFactId, number>> = {}): Part {
  const { device: say, spatial } = kpi(id);
  const parts = meters.flatMap((one) => {
    const part = say(one, DAY);
    return part === null ? [] : [{ part, facts: one.facts }];
  });
  const said = spatial.zone(parts, zoneOf(told));
  return spatial.whole?.(said, zoneOf(told)) ?? said;
}

/** 1 kWh an hour from the grid, 2 generated, half a kWh fed in: 24, 48 and 12 kWh a day. */
const PROSUMER = meter('customer', [
  ['energy_import', 1],
  ['energy_generation', 2],
  ['energy_export', 0.5],
]);
/** 60 kWh a day. */
const CONSUMER = meter('customer', [['energy_import', 2.5]]);

describe('the electricity of a day', () => {
  it('is import, export, generation, and what follows of them: 24 + 48 - 12 kWh are used', () => {
    const value = (id: string) => zone(id, [PROSUMER]).value;
    expect(value('energy-import')).toBe(24);
    expect(value('energy-export')).toBe(12);
    expect(value('energy-generation')).toBe(48);
    expect(value('energy-net')).toBe(12);
    expect(value('energy-consumption')).toBe(60);
    expect(value('energy-self-consumption')).toBe(75);
    expect(value('energy-self-sufficiency')).toBe(60);
  });

  it('of a zone is the sum of its meters: 24 + 60 kWh taken, 36 of 120 kWh home-made', () => {
    expect(zone('energy-import', [PROSUMER, CONSUMER])).toMatchObject({
      ...{ value: 84, validCount: 2, expectedCount: 2, valid: true, numerator: 84, denominator: 1 },
    });
    expect(zone('energy-self-sufficiency', [PROSUMER, CONSUMER])).toMatchObject({ value: 30, denominator: 120 });
  });

  it('has no share without generation, and no generation that nobody measures', () => {
    expect(zone('energy-self-consumption', [CONSUMER]).value).toBeNull();
    expect(zone('energy-generation', [CONSUMER]).value).toBeNull();
    expect(zone('energy-self-sufficiency', [CONSUMER]).value).toBe(0);
  });

  it('counts what a meter of a generator measures as generated, whatever its register is called', () => {
    const roof = meter('generation', [['energy_import', 2]]);
    const home = meter('customer', [
      ['energy_import', 1],
      ['energy_export', 0.5],
    ]);
    expect(zone('energy-import', [roof, home]).value).toBe(24);
    expect(zone('energy-consumption', [roof, home]).value).toBe(60);
    expect(zone('energy-self-consumption', [roof, home]).value).toBe(75);
  });

  it('never adds interval energy to the register of the same meter', () => {
    const both = meter('customer', [
      ['energy_import', 1],
      ['energy_delta', 1],
    ]);
    expect(zone('energy-import', [both]).value).toBe(24);
    expect(zone('energy-import', [meter('customer', [['energy_delta', 1.5]])]).value).toBe(36);
  });

  it('takes the grid meters of a zone for its customers, and what these generate beside them', () => {
    const feeder = meter('grid', [
      ['energy_import', 10],
      ['energy_export', 1],
    ]);
    expect(zone('energy-import', [feeder, PROSUMER, CONSUMER]).value).toBe(240);
    expect(zone('energy-generation', [feeder, PROSUMER, CONSUMER]).value).toBe(48);
    // 240 + 48 - 24
    expect(zone('energy-consumption', [feeder, PROSUMER, CONSUMER]).value).toBe(264);
  });

  it('is valid with nine of ten meters, made of those, and not with eight', () => {
    const broken = meter('customer', [['energy_import', 1, 17]]);
    const nine = [...repeat(CONSUMER, 9), broken];
    expect(zone('energy-import', nine)).toMatchObject({ value: 540, validCount: 9, expectedCount: 10, valid: true });
    expect(zone('energy-import', [...repeat(CONSUMER, 8), broken, broken])).toMatchObject({ value: 480, valid: false });
  });

  it('takes 18 valid hours for the day', () => {
    const said = partOf('energy-import', meter('customer', [['energy_import', 1, 18]]), DAY);
    expect(said).toMatchObject({ value: 24, validCount: 18, expectedCount: 24, valid: true });
  });

  it('has 25 hours when the clock goes back', () => {
    const home = device({ role: 'customer' }, [
      ['energy_import', { hours: hoursFrom(LONG_DAY.startMs, repeat(2, 25)) }],
    ]);
    expect(partOf('energy-import', home, LONG_DAY)).toMatchObject({ value: 50, validCount: 25, expectedCount: 25 });
  });

  it('leaves hours out in which one of the registers of a meter is missing', () => {
    const said = meter('customer', [
      ['energy_import', 1],
      ['energy_export', 0.5, 17],
    ]);
    expect(partOf('energy-net', said, DAY)).toMatchObject({ value: 12, validCount: 17, valid: false });
  });
});

describe('renewable energy', () => {
  const told = { gridRenewableShare: 0.4 };

  it('weighs the share of the grid by energy: (84 * 0.4 + 36) of 120 kWh', () => {
    const said = zone('energy-renewable-share', [PROSUMER, CONSUMER], told);
    expect(said.value).toBeCloseTo(58, 10);
    expect(said).toMatchObject({ denominator: 120, valid: true, note: '' });
    expect(said.numerator).toBeCloseTo(6960, 8);
  });

  it('is not known without the share of the grid', () => {
    expect(zone('energy-renewable-share', [CONSUMER])).toMatchObject({
      ...{ value: null, valid: false, note: 'without electricity' },
    });
  });

  it('takes heat in when its share is known, and says when it is not: (60 * 0.4 + 240 * 0.1) of 300 kWh', () => {
    const heat = meter('customer', [['heat_energy', 10]]);
    expect(zone('energy-renewable-share', [CONSUMER, heat], told)).toMatchObject({ note: 'without heat' });
    expect(zone('energy-renewable-share', [CONSUMER, heat], told).value).toBeCloseTo(40, 10);
    const all = { ...told, heatRenewableShare: 0.1 };
    expect(zone('energy-renewable-share', [CONSUMER, heat], all)).toMatchObject({ denominator: 300, note: '' });
    expect(zone('energy-renewable-share', [CONSUMER, heat], all).value).toBeCloseTo(16, 10);
  });
});

describe('greenhouse gas of metered energy', () => {
  it('is energy times factor: 60 kWh * 0.233 + 48 m3 * 10 kWh * 0.2 are 109.98 kg', () => {
    const gas = meter('customer', [['gas_volume', 2]]);
    const told = { gridKgCo2ePerKwh: 0.233, gasKwhPerM3: 10, gasKgCo2ePerKwh: 0.2 };
    const said = zone('energy-ghg', [CONSUMER, gas], told);
    expect(said.value).toBeCloseTo(0.10998, 10);
    expect(said).toMatchObject({ valid: true, note: '' });
    const { gasKgCo2ePerKwh: _, ...without } = told;
    expect(zone('energy-ghg', [CONSUMER, gas], without)).toMatchObject({ note: 'without gas' });
    expect(zone('energy-ghg', [CONSUMER, gas], without).value).toBeCloseTo(0.01398, 10);
  });
});

describe('the power factor', () => {
  it('is 80 kWh over the root of 80 and 60 squared', () => {
    const said = meter('customer', [
      ['energy_import', 80 / 24],
      ['energy_reactive_import', 60 / 24],
    ]);
    expect(partOf('energy-power-factor', said, DAY).value).toBeCloseTo(0.8, 10);
  });

  it('sums energies before it divides: 80 + 0 kWh and 20 + 40 kvarh', () => {
    const meters = [
      meter('customer', [
        ['energy_import', 80],
        ['energy_reactive_import', 20],
      ]),
      meter('customer', [
        ['energy_import', 0],
        ['energy_reactive_import', 40],
      ]),
    ];
    expect(zone('energy-power-factor', meters).value).toBeCloseTo(0.8, 10);
  });

  it('takes capacitive from inductive energy: 100 - 40 kvarh', () => {
    const said = meter('customer', [
      ['energy_import', 80],
      ['energy_reactive_import', 100],
      ['energy_reactive_export', 40],
    ]);
    expect(partOf('energy-power-factor', said, DAY).value).toBeCloseTo(0.8, 10);
  });

  it('comes from power where there are no registers, in W and var', () => {
    const said = meter('customer', [
      ['power_active', 80_000],
      ['power_reactive', 60_000],
    ]);
    expect(partOf('energy-power-factor', said, DAY)).toMatchObject({ validCount: 24, valid: true });
    expect(partOf('energy-power-factor', said, DAY).value).toBeCloseTo(0.8, 10);
  });

  it('is null without load', () => {
    const said = meter('customer', [
      ['energy_import', 0],
      ['energy_reactive_import', 0],
    ]);
    expect(partOf('energy-power-factor', said, DAY)).toMatchObject({ value: null, valid: false });
  });
});

describe('the load factor', () => {
  const hourly = (values: readonly number[], quantity = 'energy_import', role: DeviceFacts['role'] = 'customer') =>
    device({ role }, [[quantity, { expectEveryMs: HOUR_MS, hours: hoursFrom(DAY.startMs, values) }]]);

  it('is mean over peak: 12 hours of 1 kW and 12 of 3 kW are 2 / 3', () => {
    const said = partOf('energy-load-factor', hourly([...repeat(1, 12), ...repeat(3, 12)]), DAY);
    expect(said).toMatchObject({ validCount: 96, expectedCount: 96, valid: true, denominator: 3 });
    expect(said.value).toBeCloseTo(2 / 3, 12);
  });

  it('of a zone is that of the sum: meters that take turns have 1', () => {
    const turns = [hourly([...repeat(1, 12), ...repeat(3, 12)]), hourly([...repeat(3, 12), ...repeat(1, 12)])];
    expect(zone('energy-load-factor', turns)).toMatchObject({ value: 1, valid: true });
  });

  it('counts a meter without load, which has no factor of its own', () => {
    expect(partOf('energy-load-factor', hourly(repeat(0, 24)), DAY)).toMatchObject({ value: null, valid: false });
    const said = zone('energy-load-factor', [hourly(repeat(0, 24)), hourly(repeat(2, 24))]);
    expect(said).toMatchObject({ value: 1, valid: true });
  });

  it('leaves intervals out that a meter lacks, and is not valid without a meter', () => {
    const short = hourly([...repeat(1, 12), ...repeat(3, 8)]);
    const whole = hourly([...repeat(1, 12), ...repeat(3, 8), ...repeat(50, 4)]);
    // 12 hours of 2 kW and 8 of 6 kW: 3.6 / 6.
    expect(zone('energy-load-factor', [short, whole]).value).toBeCloseTo(0.6, 12);
    expect(zone('energy-load-factor', [whole, hourly(repeat(1, 10))]).valid).toBe(false);
  });

  it('and the peak come from interval energy where there is no register', () => {
    const quarters = Array.from({ length: 96 }, (_, index) => {
      const startMs = DAY.startMs + index * QUARTER_MS;
      return { startMs, value: index === 70 ? 1 : 0.25, increaseCoveredMs: 0 };
    });
    const said = device({ role: 'customer' }, [
      ['energy_delta', { expectEveryMs: QUARTER_MS, quarters, hours: hoursFrom(DAY.startMs, repeat(1, 24)) }],
    ]);
    expect(partOf('peak-demand', said, DAY)).toMatchObject({ value: 4, validCount: 96, note: '2026-06-01T17:30:00Z' });
  });

  it('and the peak of a zone are those of its grid meters where it has any', () => {
    const feeder = hourly([...repeat(10, 23), 20], 'energy_import', 'grid');
    expect(zone('peak-demand', [feeder, hourly(repeat(4, 24))])).toMatchObject({ value: 20, expectedCount: 1 });
    // (23 * 10 + 20) / 24 / 20
    expect(zone('energy-load-factor', [feeder, hourly(repeat(4, 24))]).value).toBeCloseTo(250 / 480, 12);
  });
});

describe('thermal energy per head', () => {
  const window = (told: Partial<Record<CityFactId, number>>): KpiWindow => ({ ...DAY, cityFacts: facts(told) });
  const home = (metered: Metered, more: Partial<DeviceFacts> = {}) =>
    meter('customer', metered, { peopleServed: 2, use: 'residential', ...more });

  it('is 24 kWh a day for 2 people: 24 * 365 * 0.0036 / 2 GJ', () => {
    expect(partOf('thermal-per-capita', home([['heat_energy', 1]]), DAY).value).toBeCloseTo(15.768, 10);
  });

  it('makes kWh of gas with the energy content that the city says, and nothing without', () => {
    const said = partOf('thermal-per-capita', home([['gas_volume', 0.1]]), window({ gasKwhPerM3: 10 }));
    expect(said.value).toBeCloseTo(15.768, 10);
    expect(kpi('thermal-per-capita').device(home([['gas_volume', 0.1]]), DAY)).toBeNull();
  });

  it('is of homes: not of shops, and not of meters without people', () => {
    const say = (more: Partial<DeviceFacts>) => kpi('thermal-per-capita').device(home([['heat_energy', 1]], more), DAY);
    expect(say({ use: 'commercial' })).toBeNull();
    expect(say({ peopleServed: 0 })).toBeNull();
    expect(say({ use: '' })).not.toBeNull();
  });

  it('of a zone sums energy and people: 48 kWh a day for 5 people', () => {
    const homes = [home([['heat_energy', 1]]), home([['heat_energy', 1]], { peopleServed: 3 })];
    expect(zone('thermal-per-capita', homes).value).toBeCloseTo((48 * 365 * 0.0036) / 5, 10);
    expect(zone('thermal-per-capita', homes).denominator).toBe(5);
  });
});

describe('energy of public buildings', () => {
  const school = (metered: Metered, floorAreaM2: number) => meter('customer', metered, { use: 'public', floorAreaM2 });

  it('is that of all their meters over their floor areas: (24 + 48) * 365 kWh on 365 m2', () => {
    const meters = [school([['energy_import', 1]], 365), school([['heat_energy', 2]], 0), CONSUMER];
    expect(zone('public-building-energy', meters)).toMatchObject({ value: 72, denominator: 365, expectedCount: 2 });
  });

  it('takes the floor area that the zone knows where no meter has one, and is unknown without', () => {
    const meters = [school([['energy_import', 1]], 0)];
    expect(zone('public-building-energy', meters, { publicBuildingFloorAreaM2: 876 })).toMatchObject({
      ...{ value: 10, valid: true },
    });
    expect(zone('public-building-energy', meters)).toMatchObject({ value: null, valid: false });
  });
});

describe('work that KPIs share in a tick', () => {
  it('is done once: another KPI does not look at the hours again', () => {
    const memo = new SharedWork();
    const first = partOf('energy-import', PROSUMER, { ...DAY, memo });
    const silent = device({ role: 'customer' }, [['energy_import', {}]]);
    expect(partOf('energy-consumption', silent, { ...DAY, memo })).toMatchObject({ value: 60, validCount: 24 });
    expect(first.value).toBe(24);
    expect(kpi('energy-import').device(silent, { ...DAY, memo: new SharedWork() })).toBeNull();
  });

  it('is that of its own day', () => {
    const memo = new SharedWork();
    partOf('energy-import', PROSUMER, { ...DAY, memo });
    const later = { ...dayOf('2026-06-03T12:00:00Z'), memo };
    expect(kpi('energy-import').device(PROSUMER, later)).toBeNull();
  });
});
