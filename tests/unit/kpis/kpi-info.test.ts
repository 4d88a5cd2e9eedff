import { describe, expect, it } from 'vitest';
import { KPI_DEFINITIONS, kpiInfo } from '../../../src/kpis/index.ts';

describe('what a KPI says of itself', () => {
  it.each(KPI_DEFINITIONS.map((kpi) => [kpi.id, kpi] as const))('is plain data: %s', (_id, kpi) => {
    const info = kpiInfo(kpi);
    expect(structuredClone(info)).toEqual(info);
    expect(info.facts).toEqual(kpi.facts);
    expect(info).toMatchObject({ id: kpi.id, spatial: kpi.spatial.text });
  });
});
