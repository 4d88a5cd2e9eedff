// In: what the other rooms know. Out: HTTP API, live stream, KPI topics, Prometheus page, web page, period reports; reads only.
export * from './cluster.ts';
export * from './kpi-topics.ts';
export * from './newest.ts';
export * from './reports/index.ts';
export * from './views.ts';
