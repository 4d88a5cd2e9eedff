import { describe, expect, it } from 'vitest';
import { zoneTree } from '../../../src/kpis/zone-tree.ts';
import type { CityFact, CityFactId, DataQuality, FactHistories } from '../../../src/model/index.ts';

const MEASURED: DataQuality = 'Based on accurate measurements';
const SURVEY: DataQuality = 'Extrapolated based on survey of inhabitants';
const GUESS: DataQuality = 'Personal estimation';
const ALWAYS = Number.NEGATIVE_INFINITY;

type Line = readonly [value: number, fromMs?: number, source?: string, quality?: DataQuality];

/** Facts as an area was told them, each a row of values. */
function told(facts: Partial<Record<CityFactId, readonly Line[]>>): FactHistories {
  const fact = ([value, fromMs = ALWAYS, source = '', quality = MEASURED]: Line): CityFact => ({
    ...{ value, fromMs, source, quality },
  });
  return new Map(Object.entries(facts).map(([id, lines]) => [id as CityFactId, lines.map(fact)]));
}

describe('people', () => {
  const tree = zoneTree('city', undefined, [
    { id: 'west', facts: told({ population: [[1000], [1500, 5_000]] }) },
    { id: 'east', facts: told({ population: [[3000]] }) },
    { id: 'quay', parent: 'west', facts: told({ population: [[400]] }) },
  ]);

  it('of a zone are those in force when the window starts, and so are those of the city', () => {
    const people = (zone: string, atMs: number) => tree.get(zone)!.at(atMs).population;
    expect([people('west', 4_999), people('city', 4_999)]).toEqual([1000, 4000]);
    expect([people('west', 5_000), people('city', 5_000)]).toEqual([1500, 4500]);
    expect([people('west', 9_999), people('city', 9_999)]).toEqual([1500, 4500]);
    expect([people('west', 0), people('east', 5_000)]).toEqual([1000, 3000]);
  });

  it('outside of the children are those that its own devices speak for', () => {
    expect(tree.get('west')!.at(0).ownPopulation).toBe(600);
    expect(tree.get('west')!.at(5_000).ownPopulation).toBe(1100);
    expect(tree.get('city')!.at(0).ownPopulation).toBe(0);
  });
});

describe('a fact', () => {
  const zones = (west: FactHistories, east: FactHistories) => [
    { id: 'west', population: 1, facts: west },
    { id: 'east', population: 1, facts: east },
  ];

  it('that is an amount is for the city the sum of its zones, as well known as the worst of them', () => {
    const west = told({ waterMeters: [[40, ALWAYS, 'works', SURVEY]] });
    const east = told({ waterMeters: [[60, 1_000, 'owners', GUESS]] });
    const city = zoneTree('city', undefined, zones(west, east)).get('city')!;
    expect(city.at(999).fact('waterMeters')).toBeUndefined();
    expect(city.at(1_000).fact('waterMeters')).toEqual({
      value: 100,
      fromMs: 1_000,
      source: 'works; owners',
      quality: GUESS,
    });
  });

  it('that the city was told itself is not summed, and not passed down when it is an amount', () => {
    const tree = zoneTree(
      'city',
      undefined,
      zones(told({ waterMeters: [[40]] }), told({})),
      told({ waterMeters: [[500]] }),
    );
    expect(tree.get('city')!.at(0).fact('waterMeters')?.value).toBe(500);
    expect(tree.get('east')!.at(0).fact('waterMeters')).toBeUndefined();
  });

  it('that is a rate holds for all zones which were not told another one', () => {
    const city = told({ gridRenewableShare: [[0.4], [0.6, 1_000]] });
    const tree = zoneTree('city', undefined, zones(told({ gridRenewableShare: [[1]] }), told({})), city);
    const share = (zone: string, atMs: number) => tree.get(zone)!.at(atMs).fact('gridRenewableShare')?.value;
    expect([share('west', 0), share('east', 0), share('east', 1_000)]).toEqual([1, 0.4, 0.6]);
  });

  it('that nobody told is the one assumed everywhere, named as an assumption, or unknown', () => {
    const { fact } = zoneTree('city', 10, []).get('city')!.at(0);
    expect(fact('legitimateNightUseLPerPropertyHour')).toMatchObject({
      value: 1.7,
      quality: 'Estimation based on certain assumptions',
    });
    expect(fact('drainageKm')).toBeUndefined();
  });
});
