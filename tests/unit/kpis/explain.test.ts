import { describe, expect, it } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { DayLedger } from '../../../src/kpis/day-ledger.ts';
import { explainValue } from '../../../src/kpis/explain.ts';
import type { DeviceFacts, KpiDefinition, KpiDevice, KpiQuestion, ZoneSpec } from '../../../src/kpis/index.ts';
import { meanOfHours, overDays } from '../../../src/kpis/long-kpi.ts';
import { PartCache } from '../../../src/kpis/part-cache.ts';
import { zoneTree } from '../../../src/kpis/zone-tree.ts';
import type { FactHistories } from '../../../src/model/index.ts';
import { at, device, type FakeSeries, hoursFrom, kpi, membersOf, part, repeat, SETTINGS } from './support/fakes.ts';

const DAY = at('2026-03-10T00:00:00Z');

const ZONES: readonly ZoneSpec[] = [
  { id: 'west', population: 1000 },
  { id: 'east', population: 3000 },
  { id: 'docks', population: 0 },
];

function named(
  name: string,
  facts: Partial<DeviceFacts>,
  series: readonly (readonly [string, FakeSeries])[],
): KpiDevice {
  return { ...device(facts, series), device: name };
}

/** Hours of a day with a value each; only so many are there. */
const pm10 = (value: number, hours: number): readonly [string, FakeSeries] => [
  'pm10',
  { hours: hoursFrom(DAY, repeat(value, hours)) },
];

function explain(
  definition: KpiDefinition,
  devices: readonly KpiDevice[],
  question: Partial<KpiQuestion> = {},
  more: { ignored?: string[]; facts?: FactHistories; ledger?: DayLedger; nowMs?: number } = {},
) {
  return explainValue(
    {
      kpi: definition,
      ...membersOf(devices),
      parts: new PartCache(),
    },
    {
      calendar: calendarOf('UTC'),
      settings: SETTINGS,
      nowMs: more.nowMs ?? DAY + DAY_MS,
      zones: zoneTree('city', 4000, ZONES, more.facts),
      cityId: 'city',
      watermarkMs: () => DAY + 2 * DAY_MS,
      days: { ledger: more.ledger ?? new DayLedger(), note: () => undefined },
    },
    (more.ignored ?? []).map((name) => ({ device: name, zone: 'west' })),
    { kpi: definition.id, scope: 'city', atMs: DAY, offset: 0, limit: 100, ...question },
  );
}

const AIR = [
  named('w1', { zone: 'west' }, [pm10(10, 24)]),
  named('w2', { zone: 'west' }, [pm10(20, 20)]),
  named('w3', { zone: 'west' }, [pm10(90, 12)]),
  named('e1', { zone: 'east' }, [pm10(40, 24)]),
  named('d1', { zone: 'docks' }, [pm10(70, 24)]),
];

describe('a value that is taken apart', () => {
  it('adds up from its parts and their weights', () => {
    const { value, used, zones } = explain(kpi('air-pm10-day'), AIR);
    // West (10 + 20) / 2 of 1000 people, east 40 of 3000.
    expect(value).toMatchObject({ value: (15 * 1000 + 40 * 3000) / 4000, deviceCount: 3, final: true });
    expect(used.map(({ device: name, value: said, weight }) => [name, said, weight])).toEqual([
      ['w1', 10, 0.125],
      ['w2', 20, 0.125],
      ['e1', 40, 0.75],
    ]);
    const sum = used.reduce((total, one) => total + one.value! * one.weight!, 0);
    expect(sum).toBeCloseTo(value.value!, 12);
    expect(zones.map(({ zone, value: said, population, weight }) => [zone, said, population, weight])).toEqual([
      ['west', 15, 1000, 0.25],
      ['east', 40, 3000, 0.75],
      ['docks', 70, 0, null],
    ]);
  });

  it('names why each device and zone is left out', () => {
    const silent = named('w4', { zone: 'west' }, [['pm10', {}]]);
    const meter = named('w5', { zone: 'west', role: 'customer' }, [pm10(1, 24)]);
    const { leftOut, zones } = explain(kpi('air-pm10-day'), [...AIR, silent, meter], {}, { ignored: ['w6'] });
    expect(Object.fromEntries(leftOut.map(({ device: name, reason }) => [name, reason]))).toEqual({
      w3: 'too little that is valid: 12 of 24, 18 are needed',
      w4: 'no reading in the window',
      w5: 'its role is customer; the KPI is of ambient',
      d1: 'its zone docks is left out: nobody lives there, so it has no weight',
      w6: 'the configuration ignores it (role: ignore)',
    });
    expect(leftOut.every(({ weight, used }) => weight === null && !used)).toBe(true);
    expect(zones.find(({ zone }) => zone === 'docks')?.reason).toBe('nobody lives there, so it has no weight');
  });

  it('says of zones without a device, and of devices outside of all zones', () => {
    const { zones, leftOut } = explain(kpi('air-pm10-day'), [AIR[0]!, named('x', {}, [pm10(5, 24)])]);
    expect(zones.map(({ zone, own, reason }) => [zone, own, reason])).toEqual([
      ['west', false, ''],
      ['east', false, 'no device of it has a part in the KPI'],
      ['docks', false, 'no device of it has a part in the KPI'],
      ['city', true, 'nobody lives there, so it has no weight'],
    ]);
    expect(leftOut.map(({ device: name, zone, reason }) => [name, zone, reason])).toEqual([
      ['x', '', 'what lies in city outside of its zones is left out: nobody lives there, so it has no weight'],
    ]);
  });

  it('lists a zone alone, a device alone, and pages', () => {
    const west = explain(kpi('air-pm10-day'), AIR, { scope: 'west' });
    expect(west.value.value).toBe(15);
    expect(west.used.map(({ device: name, weight }) => [name, weight])).toEqual([
      ['w1', 0.5],
      ['w2', 0.5],
    ]);
    const one = explain(kpi('air-pm10-day'), AIR, { scope: 'device:w1' });
    expect(one).toMatchObject({ value: { value: 10 }, usedCount: 1, zones: [], whole: { neededCount: 18 } });
    const page = explain(kpi('air-pm10-day'), AIR, { offset: 1, limit: 1 });
    expect(page).toMatchObject({ usedCount: 3, leftOutCount: 2 });
    expect([...page.used, ...page.leftOut].map(({ device: name }) => name)).toEqual(['w2', 'd1']);
  });

  it('says which meters amounts come from, without shares, and what the configuration lacks', () => {
    const litres = (value: number): readonly [string, FakeSeries] => [
      'water_volume',
      { hours: hoursFrom(DAY, repeat(value, 24)) },
    ];
    const { whole, used, leftOut } = explain(kpi('water-per-capita'), [
      named('bulk', { zone: 'west', role: 'bulk', peopleServed: 500 }, [litres(1)]),
      named('meter', { zone: 'east', role: 'customer' }, [litres(1)]),
    ]);
    expect(used.map(({ device: name, denominator }) => [name, denominator])).toEqual([['bulk', 500]]);
    expect(whole).toMatchObject({ value: 48, denominator: 500 });
    expect(leftOut.map(({ reason }) => reason)).toEqual(['the configuration does not tell its peopleServed']);
  });

  it('names the city facts in force when the window starts', () => {
    const fact = (value: number, fromMs: number) => ({
      ...{ value, fromMs, source: `register of ${value}` },
      quality: 'Personal estimation' as const,
    });
    const facts: FactHistories = new Map([
      ['waterConnections', [fact(800, Number.NEGATIVE_INFINITY), fact(900, DAY - HOUR_MS), fact(950, DAY + HOUR_MS)]],
    ]);
    const definition = { ...kpi('air-pm10-day'), facts: ['waterConnections', 'gridRenewableShare'] as const };
    expect(explain(definition, AIR, {}, { facts }).facts).toMatchObject([
      {
        ...{ id: 'waterConnections', value: 900, fromMs: DAY - HOUR_MS, source: 'register of 900' },
        quality: 'Personal estimation',
      },
      { id: 'gridRenewableShare', value: null, quality: null },
      { id: 'population', value: 4000 },
    ]);
  });
});

describe('a window of many days that is taken apart', () => {
  const [, year] = overDays({
    ...{ id: 'pm10', title: 'PM10', method: '', completeness: 'at least 90 % of the hours' },
    ...{ of: kpi('air-pm10-day'), level: 'device', fold: meanOfHours },
  });

  it('lists the days that were kept, those of several devices counted', () => {
    const ledger = new DayLedger();
    for (const [name, days] of [
      ['w1', 3],
      ['e1', 2],
    ] as const) {
      for (let day = 1; day <= days; day++) {
        const said = part(10 * day, { validCount: 24, expectedCount: 24, valid: day !== 2 });
        ledger.put('air-pm10-day', `device:${name}`, DAY - day * DAY_MS, said);
      }
    }
    const both = explain(year!, AIR, {}, { ledger });
    expect(both.days).toMatchObject({
      ...{ of: 'air-pm10-day', level: 'device', endedCount: 69, windowCount: 365, subjectCount: 2, subjectsListed: 2 },
      list: [
        { startMs: DAY - 3 * DAY_MS, saidCount: 1, validCount: 1, value: null },
        { startMs: DAY - 2 * DAY_MS, saidCount: 2, validCount: 0 },
        { startMs: DAY - DAY_MS, saidCount: 2, validCount: 2 },
      ],
    });
    expect(both.used[0]).toMatchObject({ device: 'w1', valid: false, neededCount: 1491 });
    const one = explain(year!, AIR, { scope: 'device:w1' }, { ledger });
    expect(one.days?.list.map(({ value }) => value)).toEqual([30, 20, 10]);
  });
});
