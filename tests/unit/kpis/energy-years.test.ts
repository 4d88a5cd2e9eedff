import { describe, expect, it } from 'vitest';
import type { Part } from '../../../src/kpis/index.ts';
import { part } from './support/fakes.ts';
import { cityOf, folded, meter, published, yearOfMeters } from './support/years.ts';

/** Import 60, export 6, generation 15 kWh. */
const HOME = [
  { import: 10, export: 1, generation: 5 },
  { import: 20, export: 2, generation: 5 },
  { import: 30, export: 3, generation: 5 },
].map((amounts) => [meter('customer', amounts)]);

const year = (id: string, days: Parameters<typeof yearOfMeters>[1], told = {}, population = 100) =>
  published(id, yearOfMeters(id, days), told, population);

describe('electricity of a year', () => {
  it('is added up over the days', () => {
    const sums = { import: 60, export: 6, generation: 15, net: 54, consumption: 69 };
    for (const [name, kWh] of Object.entries(sums)) {
      for (const window of ['365d', 'year']) {
        const said = year(`energy-${name}-${window}`, HOME);
        expect(said.value, name).toBeCloseTo(kWh, 12);
        expect(said).toMatchObject({ validCount: 3, expectedCount: 3, valid: true });
      }
      expect(year(`energy-${name}-annualised`, HOME).value, name).toBeCloseTo((kWh * 365) / 3, 9);
    }
  });

  it('is compared as sums: self-consumption (15 - 6) / 15, self-sufficiency (15 - 6) / 69', () => {
    expect(year('energy-self-consumption-year', HOME).value).toBeCloseTo(60, 12);
    expect(year('energy-self-sufficiency-365d', HOME).value).toBeCloseTo(900 / 69, 12);
  });

  it('counts what began within the year from then on', () => {
    const [first, second] = HOME;
    const before = [meter('customer', { import: 40 })];
    // Import 40 + 10 + 20, generation of the two later days 10 less export 3.
    expect(year('energy-self-sufficiency-year', [before, first!, second!]).value).toBeCloseTo(700 / 77, 12);
  });

  it('of the city is what its own grid meters and the generators of zones say', () => {
    const id = 'energy-consumption-year';
    const zone = { part: yearOfMeters(id, HOME), population: 10 };
    const grid = yearOfMeters(id, Array(3).fill([meter('grid', { import: 25, export: 0 })]));
    expect(cityOf(id, [zone, { part: grid, population: 0, own: true }]).value).toBeCloseTo(75 + 15, 12);
  });
});

describe('the power factor of a year', () => {
  it('is that of all energy together: 80 / sqrt(80^2 + 60^2)', () => {
    const days = [
      { active: 30, reactive: 40 },
      { active: 50, reactive: 20 },
    ].map((amounts) => [meter('customer', amounts)]);
    expect(year('energy-power-factor-year', days).value).toBeCloseTo(0.8, 12);
  });
});

describe('carriers of energy of a year', () => {
  it('have the renewable share (60 * 0.4 + 15 - 6) / (60 + 15 - 6)', () => {
    const said = year('energy-renewable-share-365d', HOME, { gridRenewableShare: 0.4 });
    expect(said.value).toBeCloseTo((100 * 33) / 69, 12);
    expect(year('energy-renewable-share-365d', HOME)).toMatchObject({ value: null, valid: false });
  });

  it('emit 60 kWh * 0.3 kg, and per head and year 365 days of it with what else the city tells', () => {
    const factor = { gridKgCo2ePerKwh: 0.3 };
    expect(year('energy-ghg-total-year', HOME, factor).value).toBeCloseTo(0.018, 12);
    expect(year('energy-ghg-total-annualised', HOME, factor).value).toBeCloseTo(2.19, 12);
    const metered = year('energy-ghg-365d', HOME, factor);
    expect(metered).toMatchObject({ valid: true, note: 'metered energy only', validCount: 3 });
    expect(metered.value).toBeCloseTo(0.0219, 12);
    const all = year('energy-ghg-year', HOME, { ...factor, otherTonnesCo2ePerYear: 10.81 });
    expect(all).toMatchObject({ valid: true, note: '' });
    expect(all.value).toBeCloseTo(0.13, 12);
    expect(year('energy-ghg-year', HOME, factor, 0)).toMatchObject({ value: null, valid: false });
    expect(year('energy-ghg-year', HOME, { otherTonnesCo2ePerYear: 10 })).toMatchObject({ value: null });
  });

  it('divide the sum of zones by the people of the city, and add what is not metered once', () => {
    const id = 'energy-ghg-365d';
    const zones = [HOME, HOME].map((days) => ({ part: yearOfMeters(id, days), population: 50 }));
    const said = cityOf(id, zones, { gridKgCo2ePerKwh: 0.3, otherTonnesCo2ePerYear: 5.62 }, 200);
    // (2 * 2.19 + 5.62) / 200
    expect(said.value).toBeCloseTo(0.05, 12);
    expect(said).toMatchObject({ validCount: 6, expectedCount: 6, valid: true });
  });
});

describe('annual values per head and area', () => {
  it('are means of annualised days', () => {
    const day = (kWh: number, people: number): Part => part(kWh / people, { numerator: kWh, denominator: people });
    expect(folded('electricity-per-capita-365d', [day(4000, 2), day(2000, 2)]).value).toBeCloseTo(1500, 12);
    const homes = [7300, 3650].map((energy) => [meter('customer', { energy, people: 2 })]);
    // 5475 kWh * 0.0036 / 2
    expect(year('thermal-per-capita-year', homes).value).toBeCloseTo(9.855, 12);
    const buildings = [50_000, 70_000].map((energy) => [meter('customer', { energy, areaM2: 500 })]);
    expect(year('public-building-energy-365d', buildings).value).toBeCloseTo(120, 12);
    const unmeasured = [50_000, 70_000].map((energy) => [meter('customer', { energy })]);
    const told = { publicBuildingFloorAreaM2: 600 };
    expect(year('public-building-energy-year', unmeasured, told).value).toBeCloseTo(100, 12);
  });
});

describe('demand of a year', () => {
  const peaks = (...kW: number[]) => kW.map((value) => part(value));

  it('has the highest peak of its days, and names the day', () => {
    const said = folded('peak-demand-year', [...peaks(40, 55), part(99, { valid: false }), null]);
    expect(said).toMatchObject({ value: 55, note: '2026-01-02', validCount: 2, expectedCount: 4, valid: false });
  });

  it('adds peaks of zones by the day: 70 kW, and not 55 + 30', () => {
    const id = 'peak-demand-365d';
    const zones = [folded(id, peaks(40, 55, 50)), folded(id, peaks(30, 10, 20))];
    const parts = zones.map((one) => ({ part: one, population: 10 }));
    expect(cityOf(id, parts)).toMatchObject({ value: 70, valid: true });
    const grid = folded(id, [part(61, { bulk: true }), part(58, { bulk: true }), part(60, { bulk: true })]);
    expect(cityOf(id, [...parts, { part: grid, population: 0, own: true }])).toMatchObject({ value: 61, valid: true });
  });

  const load = (meanKW: number, peakKW: number): Part =>
    part(peakKW > 0 ? meanKW / peakKW : null, {
      ...{ numerator: meanKW, denominator: peakKW, validCount: 1, expectedCount: 1, valid: peakKW > 0 },
    });

  it('has the load factor of the mean over the highest day, days without load included', () => {
    // Mean of 10 and 30 over 50; the mean of the factors of the days would be 0.55.
    expect(folded('energy-load-factor-year', [load(10, 20), load(30, 50)]).value).toBeCloseTo(0.4, 12);
    const withRest = folded('energy-load-factor-year', [load(10, 20), load(30, 50), load(0, 0)]);
    expect(withRest.value).toBeCloseTo(40 / 3 / 50, 12);
    expect(withRest).toMatchObject({ validCount: 3, valid: true });
    expect(folded('energy-load-factor-year', [load(0, 0)])).toMatchObject({ value: null, valid: false });
  });

  it('adds means and daily peaks of zones', () => {
    const id = 'energy-load-factor-365d';
    const zones = [folded(id, [load(10, 20), load(30, 50)]), folded(id, [load(20, 40), load(10, 10)])];
    const said = cityOf(
      id,
      zones.map((one) => ({ part: one, population: 10 })),
    );
    // (20 + 15) / max(20 + 40, 50 + 10)
    expect(said.value).toBeCloseTo(35 / 60, 12);
    expect(said).toMatchObject({ validCount: 2, expectedCount: 2, valid: true });
  });
});
