import { describe, expect, it } from 'vitest';
import { citySchema } from '../../../src/config/index.ts';
import { changeOfBasis, kpiBasis } from '../../../src/workers/kpi-basis.ts';

const OWN = {
  id: 'own-no2',
  title: 'Nitrogen dioxide',
  unit: 'ug/m3',
  window: 'hour',
  inputs: { x: { quantity: 'no2', stat: 'mean' } },
  expression: 'x',
  enabled: true,
};

function basisOf(own: object = {}, population = 1000): string {
  return kpiBasis(
    citySchema.parse({
      city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
      zones: [{ id: 'west', name: 'West', population }],
      kpis: [{ ...OWN, ...own }],
    }),
  );
}

describe('the basis of KPI values', () => {
  it('tells a changed fact from a changed configuration', () => {
    expect(changeOfBasis(basisOf(), basisOf())).toBeUndefined();
    expect(changeOfBasis(basisOf(), basisOf({}, 2000))).toBe('facts');
    expect(changeOfBasis(basisOf(), basisOf({ expression: '2 * x' }, 2000))).toBe('config');
  });

  it.each([
    ['the title', { title: 'NO2' }],
    ['the unit as people write it', { unitLabel: 'µg/m³' }],
    ['decimals', { decimals: 3 }],
    ['the direction', { direction: 'lower' }],
    ['the aim', { target: 40 }],
  ])('is the same with another %s of an own KPI', (_what, own) => {
    expect(basisOf(own)).toBe(basisOf());
  });

  it('is the same whatever is written of an own KPI that is switched off', () => {
    expect(basisOf({ enabled: false, expression: '2 * x' })).toBe(basisOf({ enabled: false }));
  });

  it.each([
    ['the expression', { expression: '2 * x' }],
    ['the inputs', { inputs: { x: { quantity: 'no2', stat: 'max' } } }],
    ['the bounds of the bands, which values say', { bands: [{ name: 'low', upTo: 20 }, { name: 'high' }] }],
    ['being switched off', { enabled: false }],
  ])('is another with another %s of an own KPI', (_what, own) => {
    expect(changeOfBasis(basisOf(), basisOf(own))).toBe('config');
  });

  it('is the same when a band has another name or colour', () => {
    const bands = (name: string, color: string) => ({ bands: [{ name, upTo: 20, color }, { name: 'high' }] });
    expect(basisOf(bands('fine', '#00ff00'))).toBe(basisOf(bands('low', '#50ccaa')));
  });
});
