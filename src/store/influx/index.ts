// In: rows of the store. Out: line protocol, what a store's answer to it means, and InfluxQL; no client library.
export * from './answers.ts';
export * from './influxql.ts';
export * from './lines.ts';
export * from './tags.ts';
