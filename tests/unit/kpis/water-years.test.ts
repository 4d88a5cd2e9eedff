import { describe, expect, it } from 'vitest';
import type { Part } from '../../../src/kpis/index.ts';
import { at, part } from './support/fakes.ts';
import { cityOf, folded, MADRID, meter, notValid, published, yearOfMeters } from './support/years.ts';

const bulk = (input: number) => meter('bulk', { input });
const customer = (billed: number) => meter('customer', { billed });

/** Input 100 + 120 + 80 = 300, billed 70 + 90 + 50 = 210. */
const THREE_DAYS = [
  [bulk(100), customer(70)],
  [bulk(120), customer(90)],
  [bulk(80), customer(50)],
];
const TOLD = { billedUnmeteredM3PerDay: 2, unbilledAuthorisedM3PerDay: 3 };

describe('the water balance of a year', () => {
  it('is a ratio of sums, and not a mean of the ratios of days', () => {
    // (300 - 210) / 300; the mean of 30, 25 and 37.5 would be 30.83.
    expect(published('water-nrw-year', yearOfMeters('water-nrw-year', THREE_DAYS)).value).toBeCloseTo(30, 12);
  });

  it('takes facts that are told per day for each day', () => {
    const said = (id: string, told = {}) => published(id, yearOfMeters(id, THREE_DAYS), { ...TOLD, ...told });
    // 300 - 210 - 3 * 2 = 84; less 3 * 3 = 75.
    expect(said('water-nrw-365d').value).toBeCloseTo(28, 12);
    expect(said('water-losses-year')).toMatchObject({ validCount: 3, expectedCount: 3, valid: true, note: '' });
    expect(said('water-losses-year').value).toBeCloseTo(25, 12);
    expect(said('water-nrw-volume-year').value).toBeCloseTo(28, 12);
    // 25 000 l a day over 500 connections, and over (18 * 10 + 0.8 * 500) * 40 = 23 200 l.
    const network = { waterMainsKm: 10, waterConnections: 500, averagePressureM: 40 };
    expect(said('water-losses-per-connection-year', network).value).toBeCloseTo(50, 12);
    expect(said('water-ili-year', network).value).toBeCloseTo(25_000 / 23_200, 12);
    expect(said('water-ili-year')).toMatchObject({ value: null, valid: false });
  });

  it('adds up volumes, and tells a year to date as 365 days', () => {
    const said = (id: string) => published(id, yearOfMeters(id, THREE_DAYS));
    expect(said('water-inflow-year')).toMatchObject({ value: 300, validCount: 3, valid: true });
    expect(said('water-inflow-annualised').value).toBeCloseTo(36_500, 9);
    expect(said('water-inflow-annualised')).toMatchObject({ validCount: 3, expectedCount: 3 });
  });

  it('leaves out days without all bulk meters and 90 % of the customers, and is not valid below 90 % of the days', () => {
    const customers = [70, ...Array<number>(9).fill(0)].map(customer);
    const oneMissing = [bulk(100), ...customers.with(9, notValid(customer(0)))];
    const twoMissing = [bulk(999), ...customers.with(9, notValid(customer(0))).with(8, notValid(customer(0)))];
    const noBulk = [notValid(bulk(999)), ...customers];
    const year = (days: Parameters<typeof yearOfMeters>[1]) =>
      published('water-losses-year', yearOfMeters('water-losses-year', days));
    const said = year([oneMissing, twoMissing, noBulk, null]);
    expect(said).toMatchObject({ validCount: 1, expectedCount: 4, valid: false });
    expect(said.value).toBeCloseTo(30, 12);
    expect(year([...Array(9).fill(oneMissing), twoMissing])).toMatchObject({ validCount: 9, valid: true });
    expect(year([...Array(9).fill(oneMissing), twoMissing, null])).toMatchObject({ validCount: 9, valid: false });
  });

  it('is not valid either where customers alone lack days', () => {
    const id = 'water-consumption-365d';
    const said = published(id, yearOfMeters(id, [[customer(7)], [customer(5)], null]));
    expect(said).toMatchObject({ value: 12, validCount: 2, expectedCount: 3, valid: false });
  });

  it('still says what incomplete days come to where no day is complete', () => {
    const said = yearOfMeters('water-losses-year', [[bulk(100), notValid(customer(40))]]);
    expect(published('water-losses-year', said)).toMatchObject({ value: 60, validCount: 0, valid: false });
  });

  it('adds up zones by their mean day, and takes the bulk meters of the city for those of its zones', () => {
    const id = 'water-nrw-year';
    const a = yearOfMeters(id, THREE_DAYS);
    const b = yearOfMeters(id, [[bulk(40), customer(40)], [bulk(60), customer(50)], null]);
    const zones = [a, b].map((one) => ({ part: one, population: 50 }));
    // Inputs 100 + 50, billed 70 + 45.
    const said = cityOf(id, zones, { billedUnmeteredM3PerDay: 5 });
    expect(said.value).toBeCloseTo(20, 12);
    // Days of both zones; b has two of three, so its meters do not count as valid.
    expect(said).toMatchObject({ validCount: 5, expectedCount: 6, valid: false });
    const own = yearOfMeters(id, Array(3).fill([bulk(160)]));
    // (160 - 115) / 160
    const whole = cityOf(id, [...zones, { part: own, population: 0, own: true }]);
    expect(whole.value).toBeCloseTo(28.125, 12);
    const late = yearOfMeters(id, [[notValid(bulk(160))], null, [bulk(160)]]);
    // The city's own bulk meter lacks days: those of the zones count.
    expect(cityOf(id, [...zones, { part: late, population: 0, own: true }]).value).toBeCloseTo((100 * 35) / 150, 12);
  });
});

describe('water per head and day of a year', () => {
  const day = (litres: number, people: number, bulkMeters = false): Part =>
    part(litres / people, { numerator: litres, denominator: people, bulk: bulkMeters });

  it('is litres over people, days weighted by their length', () => {
    const id = 'water-per-capita-year';
    expect(folded(id, [day(150_000, 1000), day(120_000, 1000)]).value).toBeCloseTo(135, 12);
    // People were connected: (150 000 + 240 000) / 3000, not the mean of 150 and 120.
    expect(folded(id, [day(150_000, 1000), day(240_000, 2000)]).value).toBeCloseTo(130, 12);
    // The second day is that of 23 hours: (100 * 24 + 147 * 23 + 100 * 24) / 71.
    const spring = [day(100, 1), day(147, 1), day(100, 1)];
    expect(folded(id, spring, at('2026-03-27T23:00:00Z')).value).toBeCloseTo(8181 / 71, 12);
  });

  it('keeps in mind that bulk meters see the water of zones too', () => {
    const id = 'water-per-capita-year';
    const zones = [1000, 1500].map((people) => ({
      part: folded(id, [day(100 * people, people), day(100 * people, people)]),
      population: people,
    }));
    const own = { part: folded(id, [day(360_000, 3000, true), day(360_000, 3000, true)]), population: 0, own: true };
    expect(cityOf(id, [...zones, own]).value).toBeCloseTo(120, 12);
  });
});

describe('leakage of a year', () => {
  /** Without properties the day does not know its leakage. */
  const night = (nightFlow: number, properties = 1000): Part => {
    const leakage = properties > 0 ? { leakage: (nightFlow - properties * 0.0017) * 24 } : {};
    const counts = { districtMeters: 1, districtValid: 1, districtPeople: 0 };
    return part(nightFlow, { amounts: { nightFlow, properties, ...counts, ...leakage } });
  };
  const told = { legitimateNightUseLPerPropertyHour: 1.7, hourDayFactor: 24 };

  it('adds up days, those with less flow than people use at night too', () => {
    // (10 - 1.7) * 24 + (1 - 1.7) * 24 = 199.2 - 16.8
    const days = [night(10), night(1)];
    expect(published('water-leakage-year', folded('water-leakage-year', days), told).value).toBeCloseTo(182.4, 9);
    const annual = published('water-leakage-annualised', folded('water-leakage-annualised', days), told);
    expect(annual.value).toBeCloseTo(182.4 * 182.5, 6);
    expect(annual).toMatchObject({ validCount: 2, expectedCount: 2, valid: true });
  });

  it('takes the connections of the zone for every day where meters name no properties', () => {
    const part365 = folded('water-leakage-365d', [night(10, 0), night(1, 0)]);
    expect(published('water-leakage-365d', part365, { ...told, waterConnections: 1000 }).value).toBeCloseTo(182.4, 9);
  });

  it('counts the connections of the city once a day, however many districts it has', () => {
    const id = 'water-leakage-year';
    const zones = [folded(id, [night(10, 0), night(1, 0)]), folded(id, [night(5, 0), night(5, 0)])];
    const parts = zones.map((one) => ({ part: one, population: 50 }));
    // (10 + 1 + 5 + 5 - 2 * 1000 * 0.0017) * 24
    expect(cityOf(id, parts, { ...told, waterConnections: 1000 }).value).toBeCloseTo(422.4, 9);
  });

  it('is that of all districts in the city', () => {
    const id = 'water-leakage-year';
    const first = folded(id, [night(10), night(1)]);
    const said = (second: readonly Part[]) => {
      return cityOf(
        id,
        [first, folded(id, second)].map((one) => ({ part: one, population: 10 })),
        { ...told, waterConnections: 90_000 },
      );
    };
    // 182.4 + 2 * (5 - 0.17) * 24
    expect(said([night(5, 100), night(5, 100)]).value).toBeCloseTo(414.24, 9);
    expect(said([night(5, 100), night(5, 100)])).toMatchObject({ validCount: 4, expectedCount: 4, valid: true });
    expect(said([night(5, 0), night(5, 0)])).toMatchObject({ value: null, valid: false, note: 'properties unknown' });
  });
});

describe('the alarm of a district', () => {
  /** Negative flows stand for nights that are not valid. */
  const nights = (flows: readonly (number | null)[]) =>
    flows.map((flow) => (flow === null ? null : part(Math.abs(flow), { valid: flow > 0 })));
  const CALM = [10, 10.2, 9.8, 10.1, 9.9, 10, 10];

  const lastNight = (flows: readonly (number | null)[], from = '2026-03-24T23:00:00Z') => {
    let endMs = at(from);
    for (const _ of flows) endMs = MADRID.dayEnd(endMs);
    const bounds = { startMs: MADRID.dayStart(endMs - 365 * 86_400_000), endMs };
    return folded('water-district-alarm-night', nights(flows), at(from), bounds);
  };

  it('stands after three nights far above the seven before, across a change of the clock', () => {
    expect(lastNight([...CALM, 13, 13, 13])).toMatchObject({
      ...{ value: 1, valid: true, validCount: 10, expectedCount: 10, note: '3 sigma, +20 %' },
    });
    expect(lastNight([...CALM, 13, 13, 10])).toMatchObject({ value: 0, valid: true, note: '' });
    expect(lastNight([...CALM, 13, 13])).toMatchObject({ value: 0, validCount: 9 });
  });

  it('is not judged without the three nights, or five of the seven', () => {
    expect(lastNight([...CALM, 13, null, 13])).toMatchObject({ value: null, valid: false, validCount: 9 });
    expect(lastNight([...CALM, 13, -13, 13])).toMatchObject({ value: null, valid: false, validCount: 9 });
    expect(lastNight([null, null, ...CALM.slice(2), 13, 13, 13])).toMatchObject({ value: 1, validCount: 8 });
    expect(lastNight([null, null, null, ...CALM.slice(3), 13, 13, 13])).toMatchObject({ value: null });
  });

  it('is counted by night, with nights before the month as baseline', () => {
    const february = { startMs: at('2026-01-31T23:00:00Z'), endMs: at('2026-02-28T23:00:00Z') };
    const flows = [...CALM, 13, 13, 13, 13, 10];
    // Nine nights of January, and the last three of February: the alarm stands after the 10th and the 11th night.
    const said = folded('water-district-alarm-nights-month', nights(flows), at('2026-01-22T23:00:00Z'), february);
    expect(said).toMatchObject({ value: 2, validCount: 3, expectedCount: 3, valid: true });
    const inYear = folded('water-district-alarm-nights-year', nights(flows));
    // Without nights before it the year is judged from its eighth night on, when five and three are there.
    expect(inYear).toMatchObject({ value: 2, validCount: 5, expectedCount: 12, valid: false });
  });
});
