import type { Clock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { CityStreams } from '../../journal/index.ts';
import { openCityStreams, type StreamDurability } from '../../journal/redis/index.ts';
import type { RedisServer } from '../../redis/index.ts';
import { journalServer } from '../redis-place.ts';

/** Replicas that do not have a message after so long are asked again. */
const REPLICAS_MS_MAX = 1_000;

/** Where the streams of a city are; plain data, for threads. */
export interface StreamsPlace {
  readonly server: RedisServer;
  /** Of the city. */
  readonly name: string;
  readonly partitions: number;
  readonly durability: StreamDurability;
}

export function streamsPlace(config: Config): StreamsPlace {
  const { partitions, replicas } = config.journal;
  const durability: StreamDurability =
    replicas === 0 ? { kind: 'fsync' } : { kind: 'replicas', count: replicas, timeoutMs: REPLICAS_MS_MAX };
  return { server: journalServer(config), name: config.city.id, partitions, durability };
}

/** @throws OperatingError `streams_layout` where the city has another number of partitions */
export function openStreams(
  { server, ...place }: StreamsPlace,
  clock: Clock,
  onProblem: (error: Error) => void,
): Promise<CityStreams> {
  return openCityStreams({ ...place, place: server, clock, onProblem });
}
