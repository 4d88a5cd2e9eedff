// In: window aggregates. Out: KPI values; one file a KPI, one list. Pure.
import type { KpiDefinition } from './definition.ts';
import type { KpiInfo } from './kpi.ts';

export * from './alarm-rule.ts';
export * from './definition.ts';
export * from './explain.ts';
export * from './explain-days.ts';
export * from './kpi.ts';
export * from './kpi-engine.ts';
export * from './kpi-reach.ts';
export { revisionKey } from './kpi-revisions.ts';
export { KPI_DEFINITIONS } from './list.ts';
export * from './outages/customer-count.ts';
export * from './outages/interruptions.ts';
export * from './outages/outage-book.ts';
export * from './own/index.ts';
export * from './trial.ts';
export * from './u4ssc/index.ts';
export { type ZoneSpec, zoneTree } from './zone-tree.ts';

/** What a definition says of itself, without what computes it; plain data. */
export function kpiInfo(kpi: KpiDefinition): KpiInfo {
  const { id, code, title, domain, unit, unitLabel, window, direction, decimals, bands, scopes } = kpi;
  const { method, completeness, spatial, source, facts } = kpi;
  return {
    ...{ id, code, title, domain, unit, unitLabel, window, direction, decimals, bands, scopes },
    ...{ method, completeness, spatial: spatial.text, source },
    ...(facts === undefined ? {} : { facts }),
  };
}
