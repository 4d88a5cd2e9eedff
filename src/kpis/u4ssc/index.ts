// In: newest values, facts, reported values, targets. Out: how the city stands to the 91 KPIs of U4SSC. Pure.
export * from './catalogue.ts';
export * from './check.ts';
export * from './kpi.ts';
export * from './overview.ts';
export * from './scores.ts';
export * from './state.ts';
