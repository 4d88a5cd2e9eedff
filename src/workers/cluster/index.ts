// In: a city whose journal lies in Redis. Out: the part of one process in it: its journal, the partitions that it owns.
export { type CityCluster, type ClusterOptions, openCluster } from './city-cluster.ts';
export type { KpiTopics } from './kpi-topics.ts';
export { refuseLeftBehind } from './left-behind.ts';
export { repartitionCity } from './repartition-city.ts';
export { replicaName } from './replica-name.ts';
export { openStreams, type StreamsPlace, streamsPlace } from './streams-place.ts';
