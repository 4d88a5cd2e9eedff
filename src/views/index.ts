// In: what the other rooms know. Out: HTTP API, live stream, KPI topics, Prometheus page, web page; reads only.
export * from './kpi-topics.ts';
export * from './views.ts';
