import { describe, expect, it } from 'vitest';
import { checkRelations, citySchema, devicePlacements, factHistories, factValueAt } from '../../../src/config/index.ts';

const TOWN = { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' };
const MEASURED = 'Based on accurate measurements';

/** Every problem that a configuration has, with the path of its key. */
function problemsOf(tree: Readonly<Record<string, unknown>>): string[] {
  const parsed = citySchema.safeParse({ city: TOWN, ...tree });
  if (parsed.success) return checkRelations(parsed.data);
  return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
const ofFacts = (facts: unknown) => problemsOf({ city: { ...TOWN, facts } });

describe('facts of the city', () => {
  it('are a number, or numbers by date with source and quality', () => {
    const facts = {
      drainageKm: 120,
      gridRenewableShare: [
        { value: 0.4, source: 'network operator' },
        { from: '2025-01-01', value: 0.55, source: 'network operator', quality: MEASURED },
      ],
    };
    expect(ofFacts(facts)).toEqual([]);
    const { city } = citySchema.parse({ city: { ...TOWN, facts } });
    const histories = factHistories(city, 'Europe/Madrid');
    expect(histories.get('drainageKm')).toEqual([
      { value: 120, fromMs: Number.NEGATIVE_INFINITY, source: '', quality: 'Unknown methodology, not traceable' },
    ]);
    // The local day begins an hour before that of UTC.
    expect(histories.get('gridRenewableShare')?.[1]).toEqual({
      value: 0.55,
      fromMs: Temporal.Instant.from('2024-12-31T23:00:00Z').epochMilliseconds,
      source: 'network operator',
      quality: MEASURED,
    });
  });

  it.each([
    [
      'an unknown fact',
      { drainageKmm: 3 },
      /^city\.facts\.drainageKmm: "drainageKmm" is no city fact; allowed are .*drainageKm/,
    ],
    ['a share above 1', { gridRenewableShare: 1.2 }, 'has the value 1.2; allowed is a number from 0 to 1 (1)'],
    [
      'less than nothing',
      { drainageKm: -1 },
      'drainageKm has the value -1; allowed is a number from 0 to 1000000 (km)',
    ],
    ['a text', { drainageKm: '12 km' }, 'drainageKm is "12 km"; write a number, or a list'],
    ['nothing at all', { drainageKm: null }, 'drainageKm is null; write a number, or a list'],
    ['an empty list', { drainageKm: [] }, 'drainageKm is []; write a number, or a list'],
    ['a list of numbers', { drainageKm: [3] }, 'drainageKm has the entry 3; write {from'],
    ['a text as value', { drainageKm: [{ value: '3' }] }, 'drainageKm has the value "3"'],
    [
      'an unknown key',
      { drainageKm: [{ value: 3, since: 2020 }] },
      'has the unknown key "since"; allowed are from, value',
    ],
    ['a date that is none', { drainageKm: [{ from: '2025-02-30', value: 3 }] }, 'has from "2025-02-30"; write a date'],
    ['a year as date', { drainageKm: [{ from: 2025, value: 3 }] }, 'has from 2025; write a date such as 2025-01-01'],
    [
      'an own label',
      { drainageKm: [{ value: 3, quality: 'good' }] },
      'has quality "good"; allowed are "Based on accurate',
    ],
    ['a source that is no text', { drainageKm: [{ value: 3, source: 7 }] }, 'has source 7; write a text'],
    ['people among the facts', { population: 3 }, 'write it as a key of the city or zone itself'],
    ['no map', 7, 'facts is 7; write a map of fact: value'],
  ])('refuse %s', (_, facts, told) => {
    const problems = ofFacts(facts);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(told instanceof RegExp ? told : '');
    if (typeof told === 'string') expect(problems[0]).toContain(told);
  });

  it('refuse dates that come twice, go back, or are missing after the first line', () => {
    const dates = (...from: (string | undefined)[]) =>
      ofFacts({ drainageKm: from.map((date, index) => ({ value: index, ...(date && { from: date }) })) });
    expect(dates(undefined, '2024-01-01', '2025-01-01')).toEqual([]);
    expect(dates('2025-01-01', '2025-01-01')[0]).toContain('has from 2025-01-01 after 2025-01-01; dates must ascend');
    expect(dates('2025-01-01', '2024-01-01')).toHaveLength(1);
    expect(dates('2025-01-01', undefined)).toHaveLength(1);
  });

  it('refuse a date that the city skipped', () => {
    const facts = { drainageKm: [{ from: '2011-12-30', value: 3 }] };
    expect(problemsOf({ city: { ...TOWN, timeZone: 'Pacific/Apia', facts } })).toEqual([
      'city: 2011-12-30 does not exist in Pacific/Apia; write another date',
    ]);
  });

  it('refuse a part that exceeds its whole, at any date', () => {
    expect(ofFacts({ drainageKm: 10, drainageMonitoredKm: 11 })).toEqual([
      'city: drainageMonitoredKm (11) must not exceed drainageKm (10)',
    ]);
    const shrinks = [{ value: 20 }, { from: '2025-01-01', value: 10 }];
    expect(ofFacts({ drainageKm: shrinks, drainageMonitoredKm: 15 })).toEqual([
      'city: drainageMonitoredKm (15) must not exceed drainageKm (10)',
    ]);
    expect(ofFacts({ drainageKm: shrinks, drainageMonitoredKm: 10 })).toEqual([]);
  });
});

describe('facts of a zone', () => {
  const zone = (more: object) => problemsOf({ zones: [{ id: 'west', name: 'West', population: 10, ...more }] });

  it('are held to the same rules, and named by the zone', () => {
    expect(zone({ facts: { waterMeters: 4 } })).toEqual([]);
    expect(zone({ facts: { waterMeters: -4 } })[0]).toMatch(/^zones\.0\.facts\.waterMeters: /);
    expect(zone({ facts: { emfSites: 1, emfSitesCompliant: 2 } })[0]).toMatch(
      /^zones: "west": emfSitesCompliant \(2\)/,
    );
    expect(zone({ areaKm2: 2, facts: { areaKm2: 3 } })).toEqual([
      'zones: "west": areaKm2 stands twice (2, and in facts); write it once',
    ]);
  });

  it('hold its people, by date where they changed', () => {
    const population = [{ value: 100 }, { from: '2026-01-01', value: 120 }];
    expect(zone({ population })).toEqual([]);
    const at = (text: string) =>
      factValueAt(population, 'Europe/Madrid', Temporal.Instant.from(text).epochMilliseconds);
    expect(at('2025-12-31T22:59:59Z')).toBe(100);
    expect(at('2025-12-31T23:00:00Z')).toBe(120);
    expect(factValueAt([{ from: '2026-01-01', value: 120 }], 'UTC', 0)).toBeNull();
  });

  it('refuse people that are no whole number, or missing', () => {
    expect(zone({ population: 2.5 })[0]).toContain('allowed is a whole number from 0');
    expect(zone({ population: undefined })[0]).toMatch(/^zones\.0\.population: population is undefined/);
  });
});

describe('what a device line says of a supply', () => {
  const placement = (line: object) =>
    devicePlacements(citySchema.parse({ city: TOWN, devices: [{ match: 'm', ...line }] }))('m');

  it('is its use, its floor area and its customers', () => {
    expect(placement({ role: 'customer', use: 'public', floorAreaM2: 900, customers: 12 })).toMatchObject({
      use: 'public',
      floorAreaM2: 900,
      customers: 12,
    });
  });

  it('is one customer behind a customer\u2019s meter and none elsewhere when it is not said', () => {
    expect(placement({ role: 'customer' })).toMatchObject({ use: '', floorAreaM2: 0, customers: 1 });
    expect(placement({ role: 'grid' }).customers).toBe(0);
    expect(placement({ role: 'customer', customers: 0 }).customers).toBe(0);
  });

  it('is refused outside of what is allowed', () => {
    expect(problemsOf({ devices: [{ match: 'm', use: 'office' }] })[0]).toMatch(/^devices\.0\.use: .*"residential"/);
    expect(problemsOf({ devices: [{ match: 'm', floorAreaM2: 0 }] })).toHaveLength(1);
    expect(problemsOf({ devices: [{ match: 'm', customers: 1.5 }] })).toHaveLength(1);
  });
});
