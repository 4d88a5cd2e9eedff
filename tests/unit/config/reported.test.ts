import { describe, expect, it } from 'vitest';
import { citySchema } from '../../../src/config/index.ts';
import { u4sscProblems } from '../../../src/kpis/index.ts';

const VALUE = {
  kpi: 'SC: EH: H: 3C',
  period: '2025',
  value: 410,
  source: 'health office',
  quality: 'Based on accurate measurements',
};

/** Every problem that a configuration has, of its keys or of its codes. */
function problemsOf(tree: Readonly<Record<string, unknown>>): string[] {
  const parsed = citySchema.safeParse({ city: { id: 'town', name: 'Town', timeZone: 'UTC' }, ...tree });
  if (parsed.success) return u4sscProblems(parsed.data);
  return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
const ofReported = (...values: readonly object[]) => problemsOf({ reported: values });

describe('values that the city enters', () => {
  it('speak of a year, a month or some days, each once', () => {
    const periods = [2025, '2024', '2025-06', '2024-07-01/2025-06-30'];
    expect(ofReported(...periods.map((period) => ({ ...VALUE, period })))).toEqual([]);
    expect(ofReported(VALUE, { ...VALUE, period: 2025 })).toEqual([
      'reported[1]: "SC: EH: H: 3C" stands twice for 2025; write it once',
    ]);
  });

  it.each([
    ['a period that is none', { period: '25' }, 'reported.0.period: "25" is no period; write 2025, 2025-06 or'],
    ['a 13th month', { period: '2025-13' }, '"2025-13" is no period'],
    ['days that go back', { period: '2025-06-30/2024-07-01' }, 'is no period'],
    ['a value that is no number', { value: 'many' }, 'reported.0.value: '],
    ['no source', { source: '' }, 'reported.0.source: '],
    ['a label of its own', { quality: 'good' }, '"good" is no data-quality label; allowed are "Based on accurate'],
    ['an unknown key', { unit: '%' }, 'reported.0: Unrecognized key: "unit"'],
    ['an unknown code', { kpi: 'SC: EH: H: 9C' }, 'kpi "SC: EH: H: 9C" is no U4SSC code; allowed are SC: EH: ED: 1C;'],
    ['the misfiled code', { kpi: 'SC: EH: ED: 5A' }, 'SC: EH: H: 1A'],
    ['a series where there is one number', { series: 'men' }, 'has one number and no series "men"; leave it out'],
    ['no series where there are several', { kpi: 'EN: EN: AQ: 1C' }, 'has the series ""; allowed are "PM10", "PM2.5"'],
  ])('are refused with %s', (_, more, told) => {
    const problems = ofReported({ ...VALUE, ...more });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(told);
  });
});

describe('targets', () => {
  const ofTargets = (targets: object) => problemsOf({ targets });

  it('are numbers, or numbers with the way that is better, by KPI or by code', () => {
    expect(ofTargets({ 'air-pm2-5-24h': 15, 'EC: P: EM: 3A': { target: 5, direction: 'higher' } })).toEqual([]);
    expect(ofTargets({ 'EN: EN: AQ: 1C/PM10': 15 })).toEqual([]);
  });

  it('are refused for codes and series that are not there', () => {
    expect(ofTargets({ 'EC: P: EM: 9A': 5 })[0]).toContain('targets: "EC: P: EM: 9A" is no U4SSC code');
    expect(ofTargets({ 'EN: EN: AQ: 1C': 15 })[0]).toContain('allowed are "PM10"');
    expect(ofTargets({ 'EN: EN: AQ: 1C/CO': 15 })[0]).toContain('has the series "CO"');
    expect(ofTargets({ 'EC: P: EM: 3A': { target: 5, direction: 'more' } })).toHaveLength(1);
    expect(ofTargets({ 'EC: P: EM: 3A': { direction: 'lower' } })).toHaveLength(1);
  });
});
