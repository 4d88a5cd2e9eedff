// In: where a Redis is (one server, sentinels, a cluster). Out: connections to it; the only place that knows its client library.
export {
  answered,
  answersOf,
  connectForOrders,
  connectForStreams,
  connectForWork,
  letGo,
  type RedisClient,
  type RedisPipeline,
  settled,
  waitBefore,
  within,
} from './connections.ts';
export { isElsewhere, mastersOf, nodeAt, refreshNodes, slotsOf } from './nodes.ts';
export { addressOf, type RedisPlace, type RedisServer, type RedisServers } from './places.ts';
export { SERVER_NOW_MS, sayGone, sayHere } from './presence.ts';
