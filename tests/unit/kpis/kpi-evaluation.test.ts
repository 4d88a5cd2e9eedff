import { describe, expect, it } from 'vitest';
import { calendarOf, HOUR_MS } from '../../../src/base/index.ts';
import type { DeviceFacts, KpiDefinition, KpiDevice, Part, ZoneSpec } from '../../../src/kpis/index.ts';
import { KpiEvaluation } from '../../../src/kpis/kpi-evaluation.ts';
import { PartCache } from '../../../src/kpis/part-cache.ts';
import { SUM } from '../../../src/kpis/spatial-rules.ts';
import { zoneTree } from '../../../src/kpis/zone-tree.ts';
import type { FactHistories } from '../../../src/model/index.ts';
import { kpi, membersOf, NO_DEVICE_FACTS, part, SETTINGS } from './support/fakes.ts';

const ZONES: readonly ZoneSpec[] = [
  { id: 'west', population: 1000 },
  { id: 'east', population: 3000 },
];

type Placed = readonly [zone: string, said: Part, facts?: Partial<DeviceFacts>];

/** The value of the city (5000 people, 1000 of them outside of both zones) when its devices say these parts. */
function cityOf(id: string, placed: readonly Placed[]) {
  const parts = new Map(placed.map(([, said], index) => [`device-${index}`, said]));
  const devices = placed.map(([zone, , facts], index): KpiDevice => {
    return {
      device: `device-${index}`,
      facts: { ...NO_DEVICE_FACTS, zone, ...facts },
      series: [],
    };
  });
  const definition: KpiDefinition = { ...kpi(id), device: ({ device }) => parts.get(device) ?? null };
  const evaluation = new KpiEvaluation(
    {
      kpi: definition,
      ...membersOf(devices),
      parts: new PartCache(),
    },
    {
      calendar: calendarOf('UTC'),
      settings: SETTINGS,
      nowMs: HOUR_MS,
      zones: zoneTree('city', 5000, ZONES),
      cityId: 'city',
      watermarkMs: () => 0,
    },
  );
  return evaluation.value({ startMs: 0, endMs: HOUR_MS }, 'city', 0, false);
}

describe('people and devices behind a value', () => {
  it('are those of the zones that it speaks of', () => {
    const city = cityOf('air-no2-hour', [
      ['west', part(10)],
      ['east', part(20)],
    ]);
    // (10 * 1000 + 20 * 3000) / 4000
    expect(city).toMatchObject({ value: 17.5, deviceCount: 2, coveredPopulation: 4000 });
  });

  it('are not those of a zone whose doubtful value was left out', () => {
    const city = cityOf('air-no2-hour', [
      ['west', part(10)],
      ['east', part(20, { valid: false })],
      ['city', part(null)],
    ]);
    expect(city).toMatchObject({ value: 10, deviceCount: 1, coveredPopulation: 1000 });
  });

  it('are not those of a device whose doubtful value was left out of its zone', () => {
    const city = cityOf('air-no2-hour', [
      ['west', part(10)],
      ['west', part(99, { valid: false })],
    ]);
    expect(city).toMatchObject({ value: 10, deviceCount: 1, coveredPopulation: 1000 });
  });

  it('are those of the children when own bulk meters would count them twice', () => {
    const litres = (amount: number, people: number) => part(amount, { numerator: amount, denominator: people });
    const bulk = (peopleServed: number) => ({ role: 'bulk', peopleServed }) as const;
    const below: Placed[] = [
      ['west', litres(150_000, 1000), bulk(1000)],
      ['east', litres(300_000, 3000), bulk(3000)],
    ];
    // 1000 people live outside of both zones: 450 000 + 150 000 litres for 5000 people.
    expect(cityOf('water-per-capita', [...below, ['city', litres(150_000, 1000), bulk(1000)]])).toMatchObject({
      ...{ value: 120, deviceCount: 3, coveredPopulation: 5000 },
    });
    expect(cityOf('water-per-capita', [...below, ['city', litres(900_000, 2000), bulk(2000)]])).toMatchObject({
      ...{ value: 112.5, deviceCount: 2, coveredPopulation: 4000 },
    });
  });
});

describe('a rule that divides by a fact of the zone', () => {
  const meters = (value: number): FactHistories =>
    new Map([['waterMeters', [{ value, fromMs: 0, source: '', quality: 'Personal estimation' }]]]);
  const metersSeen: KpiDefinition = {
    ...kpi('silent-sensors'),
    device: () => part(1),
    spatial: {
      ...SUM,
      whole: (sum, { fact }) => ({ ...sum, value: (100 * (sum.value ?? 0)) / (fact('waterMeters')?.value ?? 0) }),
    },
  };
  const device = (id: string, zone: string): KpiDevice => ({
    device: id,
    facts: { ...NO_DEVICE_FACTS, zone },
    series: [],
  });
  const devices = [device('a', 'west'), device('b', 'west'), device('c', 'east'), device('d', 'city')];
  const zones = zoneTree(
    'city',
    5000,
    [
      { id: 'west', population: 1000, facts: meters(4) },
      { id: 'east', population: 3000, facts: meters(10) },
    ],
    meters(50),
  );

  it('says of each zone its own share, and of the city that of all its devices', () => {
    const evaluation = new KpiEvaluation(
      {
        kpi: metersSeen,
        ...membersOf(devices),
        parts: new PartCache(),
      },
      { calendar: calendarOf('UTC'), settings: SETTINGS, nowMs: HOUR_MS, zones, cityId: 'city', watermarkMs: () => 0 },
    );
    const share = (zone: string) => evaluation.value({ startMs: 0, endMs: HOUR_MS }, zone, 0, false).value;
    expect([share('west'), share('east'), share('city')]).toEqual([50, 10, 8]);
  });
});
