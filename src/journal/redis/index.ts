// In: messages, where a Redis is. Out: the journal of a city in its streams, for any number of processes; ../streams.ts is the contract.
export type { StreamDurability } from './link.ts';
export { repartition } from './repartition.ts';
export { type CityStreamsOptions, openCityStreams } from './streams.ts';
