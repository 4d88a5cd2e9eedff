// In: window aggregates. Out: KPI values; one file a KPI, one list. Pure.
export * from './kpi.ts';
