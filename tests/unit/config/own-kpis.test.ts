import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/index.ts';
import { KPI_DEFINITIONS } from '../../../src/kpis/index.ts';
import { cityKpis } from '../../../src/workers/city-kpis.ts';

const folder = mkdtempSync(join(tmpdir(), 'own-kpis-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = {
  id: 'own-coarse-share',
  title: 'Coarse share of PM10',
  unit: '%',
  window: 'day',
  inputs: { fine: { quantity: 'pm2_5', stat: 'mean' }, all: { quantity: 'pm10', stat: 'mean' } },
  expression: '100 * (all - fine) / all',
};

function load(...kpis: readonly Readonly<Record<string, unknown>>[]) {
  const file = join(folder, 'city.yaml');
  writeFileSync(file, stringify({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, kpis }));
  return loadConfig({ file, dataFolder: folder, environment: {} });
}

const messageOf = (...kpis: readonly Readonly<Record<string, unknown>>[]): string => {
  try {
    load(...kpis);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('a KPI of the own', () => {
  it('is read with its defaults, and computed only when it is switched on', () => {
    const config = load(GOOD, { ...GOOD, id: 'own-on', enabled: true, target: 40 });
    expect(config.kpis[0]).toMatchObject({ enabled: false, per: 'device', space: 'population', coverage: 0.75 });
    expect(config.targets).toEqual({ 'own-on': 40 });
    const ids = cityKpis(config).map(({ id }) => id);
    expect(ids.slice(KPI_DEFINITIONS.length)).toEqual(['own-on']);
    expect(ids.slice(0, KPI_DEFINITIONS.length)).toEqual(KPI_DEFINITIONS.map(({ id }) => id));
  });

  it('never takes the id of a KPI of the product', () => {
    expect(KPI_DEFINITIONS.filter(({ id }) => id.startsWith('own-'))).toEqual([]);
    expect(messageOf({ ...GOOD, id: 'noise-lden' })).toContain('ids of own KPIs are "own-"');
  });

  it('of days makes those of its years', () => {
    const config = load({ ...GOOD, years: 'mean', enabled: true });
    const own = cityKpis(config).slice(KPI_DEFINITIONS.length);
    expect(own.map(({ id, window }) => [id, window])).toEqual([
      ['own-coarse-share', 'day'],
      ['own-coarse-share-365d', 'rolling-365d'],
      ['own-coarse-share-year', 'year'],
    ]);
  });

  it('says in words what it is', () => {
    const [own] = cityKpis(load({ ...GOOD, enabled: true, expression: 'all / fine / population' })).slice(-1);
    expect(own).toMatchObject({
      domain: 'air',
      facts: ['population'],
      quantities: ['pm10', 'pm2_5'],
      method:
        'all / fine / population, where fine is the mean of the valid hours of pm2_5 and all is the mean of the valid hours of pm10; of each device',
      completeness:
        'valid hours of fine for at least 75 % of the window; valid hours of all for at least 75 % of the window',
    });
  });
});

const input = (more: Readonly<Record<string, unknown>>) => ({
  ...GOOD,
  inputs: { x: { quantity: 'pm10', stat: 'mean', ...more } },
  expression: 'x',
});

describe('a KPI of the own is refused at the start', () => {
  it.each([
    ['an id twice', [GOOD, GOOD], 'kpis: "own-coarse-share": id "own-coarse-share" is taken'],
    [
      'the id of the years of another',
      [
        { ...GOOD, years: 'sum' },
        { ...GOOD, id: 'own-coarse-share-year' },
      ],
      'id "own-coarse-share-year" is taken',
    ],
    ['an unknown key', [{ ...GOOD, formula: '1' }], 'formula'],
    [
      'an unknown window',
      [{ ...GOOD, window: 'week' }],
      '"week" is not allowed; allowed are hour, rolling-8h, rolling-24h, day',
    ],
    [
      'an unknown space',
      [{ ...GOOD, space: 'median' }],
      'allowed are mean, population, sum, highest, lowest, energetic',
    ],
    [
      'an unknown quantity',
      [input({ quantity: 'pm11' })],
      'inputs.x.quantity "pm11" is no quantity; allowed are pm1, pm2_5',
    ],
    [
      'a mean of levels',
      [input({ quantity: 'laeq' })],
      'inputs.x.stat is "mean", but laeq is a level; allowed are energetic, min, max',
    ],
    ['a mean of a register', [input({ quantity: 'water_volume' })], 'allowed are increase'],
    [
      'a sum of a gauge',
      [input({ stat: 'sum' })],
      'inputs.x.stat is "sum", but pm10 is a gauge; allowed are mean, min, max',
    ],
    ['a statistic that is none', [input({ stat: 'median' })], '"median" is not allowed; allowed are mean, min, max'],
    ['a direction', [input({ quantity: 'wind_direction' })], 'is a angle, which no statistic is offered of'],
    ['a share above 1', [input({ coverage: 75 })], 'coverage'],
    ['space of an input of a device', [input({ space: 'sum' })], 'write it only with per: area'],
    ['no input', [{ ...GOOD, inputs: {}, expression: '1' }], 'inputs has 0 entries; allowed are 1 to 8'],
    [
      'a name that is no name',
      [{ ...GOOD, inputs: { 'a b': GOOD.inputs.all }, expression: '1' }],
      'inputs.a b is no name',
    ],
    [
      'a name of a function',
      [{ ...GOOD, inputs: { min: GOOD.inputs.all }, expression: '1' }],
      'inputs.min is a word of expressions',
    ],
    [
      'a name of a fact',
      [{ ...GOOD, inputs: { population: GOOD.inputs.all }, expression: '1' }],
      'is the name of a city fact',
    ],
    [
      'an unknown name',
      [{ ...GOOD, expression: 'all - fine + rest' }],
      'the unknown name "rest"; allowed are the inputs fine, all and the city facts population',
    ],
    [
      'a name that every object has',
      [{ ...GOOD, expression: 'all - fine + constructor' }],
      'the unknown name "constructor"',
    ],
    [
      'an input that is not used',
      [{ ...GOOD, expression: 'all' }],
      'inputs.fine does not stand in the expression "all"',
    ],
    [
      'half an expression',
      [{ ...GOOD, expression: 'all - fine *' }],
      'expression "all - fine *" cannot be used: expected expression after *',
    ],
    ['member access', [{ ...GOOD, expression: 'all.x - fine' }], 'cannot be used: a name has no parts'],
    [
      'bands that fall',
      [
        {
          ...GOOD,
          bands: [
            { name: 'a', upTo: 2 },
            { name: 'b', upTo: 1 },
          ],
        },
      ],
      'upTo of "b" (1) must be above that of "a" (2)',
    ],
    [
      'a band without a bound in between',
      [{ ...GOOD, bands: [{ name: 'a' }, { name: 'b', upTo: 1 }] }],
      '"a" has no upTo',
    ],
    ['a colour that is none', [{ ...GOOD, bands: [{ name: 'a', color: 'red' }] }], 'write a colour such as #50ccaa'],
    ['devices of areas', [{ ...GOOD, per: 'area', scopes: ['device'] }], 'scopes has "device", but per is "area"'],
    ['years of hours', [{ ...GOOD, window: 'hour', years: 'mean' }], 'years is "mean", but window is "hour"'],
    ['years of areas', [{ ...GOOD, per: 'area', years: 'mean' }], 'years are made of the days of devices'],
  ])('for %s', (_, kpis, message) => {
    expect(messageOf(...kpis)).toContain(message);
  });
});
