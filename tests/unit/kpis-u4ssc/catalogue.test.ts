import { describe, expect, it } from 'vitest';
import { KPI_DEFINITIONS, U4SSC_KPIS } from '../../../src/kpis/index.ts';
import { CITY_FACTS } from '../../../src/model/index.ts';

const kpi = (code: string) => U4SSC_KPIS.find((one) => one.code === code)!;

describe('the catalogue of U4SSC', () => {
  it('has 91 KPIs: 45 of economy, 17 of environment, 29 of society; 55 core and 36 advanced', () => {
    const count = (some: (one: (typeof U4SSC_KPIS)[number]) => boolean) => U4SSC_KPIS.filter(some).length;
    expect(new Set(U4SSC_KPIS.map(({ code }) => code)).size).toBe(91);
    expect(new Set(U4SSC_KPIS.map(({ name }) => name)).size).toBe(91);
    expect(count(({ dimension }) => dimension === 'Economy')).toBe(45);
    expect(count(({ dimension }) => dimension === 'Environment')).toBe(17);
    expect(count(({ dimension }) => dimension === 'Society and Culture')).toBe(29);
    expect(count(({ level }) => level === 'core')).toBe(55);
    expect(count(({ level }) => level === 'advanced')).toBe(36);
  });

  it('has the codes that are easily mistaken', () => {
    expect(kpi('EC: I: ES: 2C').definition).toContain('CAIDI');
    expect(kpi('EN: EN: AQ: 1C').series.map(({ name }) => name)).toEqual(['PM10', 'PM2.5', 'NO2', 'SO2', 'O3']);
    expect(kpi('EN: EN: EQ: 2A').name).toBe('Noise Exposure');
    expect(kpi('EN: EN: EQ: 1C').name).toBe('EMF Exposure');
    expect(kpi('EN: EN: WS: 1C').definition).toContain('Water Safety Plan');
    expect(kpi('SC: EH: H: 1A').alsoListedAs).toBe('SC: EH: ED: 5A');
  });

  it.each(U4SSC_KPIS.map((one) => [one.code, one] as const))('%s is complete', (code, one) => {
    expect(code).toMatch(/^(EC|EN|SC): [A-Z]+: [A-Z]+: \d[AC]$/);
    for (const text of [one.name, one.unit, one.definition, one.subDimension, one.category]) expect(text).not.toBe('');
    expect(one.series.length).toBeGreaterThan(0);
    for (const fact of one.facts) expect(CITY_FACTS.has(fact)).toBe(true);
    const isComputed = one.formula !== null || one.series.some(({ kpis }) => kpis.length > 0);
    expect(isComputed).toBe(one.standing !== 'reported');
    expect(one.part !== '').toBe(one.standing === 'part');
  });

  it('says which facts a KPI needs as the facts say by which KPI they are needed', () => {
    const needs = U4SSC_KPIS.flatMap(({ code, facts }) => facts.map((fact) => `${code} ${fact}`));
    const neededBy = [...CITY_FACTS.values()].flatMap(({ id, neededBy: codes }) =>
      codes.filter((code) => code.includes(':')).map((code) => `${code} ${id}`),
    );
    expect(neededBy.sort()).toEqual(needs.sort());
  });

  it('links KPIs that are there, bear its code or none, and need no other facts', () => {
    const known = new Map(KPI_DEFINITIONS.map((definition) => [definition.id, definition]));
    for (const { code, facts, series } of U4SSC_KPIS) {
      for (const { kpis } of series) {
        const linked = kpis.flatMap((id) => known.get(id) ?? []);
        expect(linked.map(({ id }) => id)).toEqual(kpis);
        for (const definition of linked) {
          expect([code, ''], definition.id).toContain(definition.code);
          expect(facts, definition.id).toEqual(expect.arrayContaining([...(definition.facts ?? [])]));
        }
      }
    }
  });

  it('links every KPI that bears a code', () => {
    const linked = new Set(U4SSC_KPIS.flatMap(({ series }) => series.flatMap(({ kpis }) => kpis)));
    expect(KPI_DEFINITIONS.filter(({ id, code }) => code !== '' && !linked.has(id)).map(({ id }) => id)).toEqual([]);
  });
});
