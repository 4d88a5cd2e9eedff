import { describe, expect, it } from 'vitest';
import { type KpiInfo, U4SSC_KPIS, type U4sscInput, u4sscOverview } from '../../../src/kpis/index.ts';
import { type CityFact, type CityFactId, type KpiValue, NO_FACTS } from '../../../src/model/index.ts';

const MEASURED = 'Based on accurate measurements';
const GUESS = 'Personal estimation' as const;

const value = (
  kpi: string,
  window: KpiValue['window'],
  amount: number | null,
  more: Partial<KpiValue> = {},
): KpiValue => ({
  ...{ kpi, zone: 'town', window, startMs: 1_000, endMs: 2_000, value: amount, band: null },
  ...{ validCount: 1, expectedCount: 1, coverage: 1, valid: true, deviceCount: 1, coveredPopulation: 0 },
  ...{ revision: 0, final: true, watermarkMs: 0, method: '', note: '' },
  ...more,
});
const fact = (amount: number, quality: CityFact['quality'] = MEASURED, source = ''): CityFact => ({
  ...{ value: amount, fromMs: 0, source, quality },
});
const facts = (some: Partial<Record<CityFactId, CityFact>>) => (id: CityFactId) => some[id] ?? NO_FACTS(id);
const reported = (kpi: string, period: string, amount: number, series?: string) =>
  ({
    ...{ kpi, period, value: amount, source: 'office', quality: GUESS, series },
  }) as const;

/** What the overview says of one KPI. */
function stateOf(code: string, input: Partial<U4sscInput>) {
  const overview = u4sscOverview(U4SSC_KPIS, {
    ...{ values: [], infos: [], reported: [], targets: {}, factsAt: () => NO_FACTS, nowMs: 5_000 },
    ...input,
  });
  return { ...overview.kpis.find(({ kpi }) => kpi.code === code)!, scores: overview.scores };
}
const numberOf = (code: string, input: Partial<U4sscInput>) => stateOf(code, input).numbers[0]!;

const DRAINAGE = 'EC: ICT: D: 1A';
const OUTAGE_TIME = 'EC: I: ES: 2C';

describe('a number of U4SSC', () => {
  it('is said by facts alone where they suffice: 71 of 284 km monitored are 25 %', () => {
    const said = numberOf(DRAINAGE, {
      factsAt: () => facts({ drainageKm: fact(284, MEASURED, 'map'), drainageMonitoredKm: fact(71, GUESS, 'works') }),
    });
    expect(said).toMatchObject({ value: 25, origin: 'facts', unit: '%', quality: GUESS, valid: true });
    expect(said.source.split('; ').sort()).toEqual(['map', 'works']);
  });

  it('is none while a fact is missing, or the whole is nothing: null and not 0', () => {
    const only = (some: Partial<Record<CityFactId, CityFact>>) => numberOf(DRAINAGE, { factsAt: () => facts(some) });
    expect(only({ drainageMonitoredKm: fact(71) })).toMatchObject({ value: null, excluded: 'no value' });
    expect(only({ drainageKm: fact(0), drainageMonitoredKm: fact(0) })).toMatchObject({ value: null });
  });

  it('of a share is that share in percent, as of now', () => {
    const factsAt = (atMs: number) => facts(atMs < 5_000 ? {} : { freshwaterShare: fact(0.8) });
    expect(numberOf('EN: EN: WS: 3C', { factsAt }).value).toBe(80);
  });

  it('is the value of 365 days before that of the year to date, and of a day only when there is no other', () => {
    const rolling = value('outage-caidi-365d', 'rolling-365d', 80);
    const year = value('outage-caidi-year', 'year', 90);
    const day = value('outage-caidi-day', 'day', 10);
    const of = (...values: KpiValue[]) => numberOf(OUTAGE_TIME, { values, targets: { [OUTAGE_TIME]: 40 } });
    expect(of(day, year, rolling)).toMatchObject({ value: 80, kpi: 'outage-caidi-365d', points: 2 });
    expect(of(day, year, { ...rolling, valid: false })).toMatchObject({ value: 90, period: 'year' });
    expect(of(day, { ...rolling, value: null })).toMatchObject({ value: 10, points: null, excluded: 'not of a year' });
    expect(of({ ...rolling, valid: false })).toMatchObject({ value: 80, valid: false, excluded: 'not valid' });
  });

  it('that grows with time is of a year only when the year has ended: interruptions of a month are not those of twelve', () => {
    const OUTAGE_FREQUENCY = 'EC: I: ES: 1C';
    const year = value('outage-saifi-year', 'year', 0.1, { endMs: 6_000 });
    const rolling = value('outage-saifi-365d', 'rolling-365d', 0.1, { valid: false });
    const of = (nowMs: number, input: Partial<U4sscInput> = {}) =>
      numberOf(OUTAGE_FREQUENCY, { values: [rolling, year], targets: { [OUTAGE_FREQUENCY]: 1 }, nowMs, ...input });
    expect(of(5_999)).toMatchObject({ value: 0.1, period: 'year', points: null, excluded: 'not of a year' });
    expect(of(6_000)).toMatchObject({ value: 0.1, points: 4, excluded: null });
    const entered = [reported(OUTAGE_FREQUENCY, '2025', 2)];
    expect(of(5_999, { reported: entered })).toMatchObject({ value: 2, origin: 'reported', points: 2 });
  });

  it('that the city reports stands in where readings say nothing of a whole year, the newest period first', () => {
    const entered = [reported(OUTAGE_TIME, '2024', 70), reported(OUTAGE_TIME, '2025', 60)];
    const state = stateOf(OUTAGE_TIME, { values: [value('outage-caidi-day', 'day', 10)], reported: entered });
    expect(state.numbers[0]).toMatchObject({ value: 60, origin: 'reported', period: '2025', quality: GUESS });
    expect(state.reported.map(({ period }) => period)).toEqual(['2025', '2024']);
    const live = { values: [value('outage-caidi-365d', 'rolling-365d', 80)], reported: entered };
    expect(numberOf(OUTAGE_TIME, live)).toMatchObject({ value: 80, origin: 'live' });
  });

  it('of an instant is whole on a day: meters are counted and not summed over a year', () => {
    const values = [value('smart-water-meters', 'day', 40)];
    const said = numberOf('EC: ICT: WS: 1C', { values, targets: { 'EC: ICT: WS: 1C': 100 } });
    expect(said).toMatchObject({ value: 40, percentOfTarget: 40, points: 2, excluded: null });
  });

  it('bears the worst label of the facts that it is made with, those in force when its window began', () => {
    const info = {
      id: 'smart-water-meters',
      facts: ['waterMeters'],
      unitLabel: '%',
      source: 's',
    } as unknown as KpiInfo;
    const values = [value('smart-water-meters', 'day', 40)];
    const factsAt = (atMs: number) => facts({ waterMeters: fact(100, atMs === 1_000 ? GUESS : MEASURED) });
    expect(numberOf('EC: ICT: WS: 1C', { values, infos: [info], factsAt })).toMatchObject({
      quality: GUESS,
      unit: '%',
    });
    expect(numberOf(OUTAGE_TIME, { values: [value('outage-caidi-365d', 'rolling-365d', 80)] }).quality).toBe(MEASURED);
  });

  it('is one of several where the KPI has several, each with a target of its own', () => {
    const { numbers } = stateOf('EN: EN: AQ: 1C', {
      reported: [reported('EN: EN: AQ: 1C', '2025', 30, 'PM10'), reported('EN: EN: AQ: 1C', '2025', 9, 'SO2')],
      targets: { 'EN: EN: AQ: 1C/PM10': 15 },
    });
    expect(numbers.map(({ series, points, excluded }) => [series, points, excluded])).toEqual([
      ['PM10', 2, null],
      ['PM2.5', null, 'no value'],
      ['NO2', null, 'no value'],
      ['SO2', null, 'no target'],
      ['O3', null, 'no value'],
    ]);
  });
});

describe('a target', () => {
  const TOURISM = 'EC: P: EM: 3A';
  const of = (code: string, target: U4sscInput['targets'][string]) =>
    numberOf(code, { reported: [reported(code, '2025', 4)], targets: { [code]: target } });

  it('takes the direction of the KPI, or its own', () => {
    expect(of(OUTAGE_TIME, 2)).toMatchObject({ direction: 'lower', percentOfTarget: 50 });
    expect(of(OUTAGE_TIME, { target: 8, direction: 'higher' })).toMatchObject({ percentOfTarget: 50 });
    expect(of(TOURISM, 8)).toMatchObject({ points: null, excluded: 'no direction' });
    expect(of(TOURISM, { target: 8, direction: 'higher' })).toMatchObject({ points: 2, excluded: null });
  });

  it('may be that of the KPI of the product that is shown, and of no other', () => {
    const values = [value('outage-caidi-365d', 'rolling-365d', 80)];
    expect(numberOf(OUTAGE_TIME, { values, targets: { 'outage-caidi-365d': 80 } }).points).toBe(4);
    expect(numberOf(OUTAGE_TIME, { values, targets: { 'outage-caidi-day': 80 } }).excluded).toBe('no target');
  });
});

describe('the scores', () => {
  it('are those of the numbers with points, without the rest: 1, 3, 4 and 1 of Kristiansund are 56.25 %', () => {
    const codes = ['SC: SH: SA: 6C', 'SC: SH: SA: 7C', 'SC: SH: HO: 1C', 'SC: EH: H: 1C'];
    const amounts = [10, 70, 100, 20];
    const { scores } = stateOf(DRAINAGE, {
      reported: codes.map((code, index) => reported(code, '2025', amounts[index]!)),
      targets: Object.fromEntries(codes.map((code) => [code, { target: 100, direction: 'higher' as const }])),
    });
    const [economy, , society] = scores;
    expect(society).toMatchObject({ name: 'Society and Culture', points: 9, scoredCount: 4, excludedCount: 25 });
    expect(society?.score).toEqual({ percent: 56.25, band: '33-66' });
    const [health, safety] = society!.subDimensions;
    expect(health?.score).toEqual({ percent: 25, band: '0-33' });
    // 1, 3 and 4 points: 8 of 12.
    expect(safety?.score?.percent).toBeCloseTo(66.667, 3);
    expect(safety?.categories.map(({ name, score }) => [name, score?.percent ?? null])).toEqual([
      ['Housing', 100],
      ['Social Inclusion', null],
      ['Safety', 50],
      ['Food Security', null],
    ]);
    expect(economy).toMatchObject({ score: null, points: 0, scoredCount: 0 });
  });
});
