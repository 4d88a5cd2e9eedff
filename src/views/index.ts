// In: what the other rooms know. Out: HTTP API, live stream, KPI topics, Prometheus page, web page; reads only.
export * from './views.ts';
