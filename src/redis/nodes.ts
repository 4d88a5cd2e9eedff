import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './connections.ts';

/** Slots of keys, by which a cluster spreads them; where there is no cluster, all have one. */
export async function slotsOf(redis: RedisClient, keys: readonly string[]): Promise<readonly number[]> {
  if (!(redis instanceof Cluster)) return keys.map(() => 0);
  return Promise.all(keys.map((key) => redis.cluster('KEYSLOT', key)));
}

/** Names the nodes that hold a slot at present: commands for slots of the same ones can be sent together. */
export function nodeAt(redis: RedisClient, slot: number): string {
  return redis instanceof Cluster ? (redis.slots[slot]?.join(' ') ?? '') : '';
}

/** Asks who holds which slot: to be called when a node refused something. Never rejects. */
export function refreshNodes(redis: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    if (redis instanceof Cluster) redis.refreshSlotsCache(() => resolve());
    else resolve();
  });
}

/** Whether a node refused a command because another one holds its slot. */
export function isElsewhere(error: unknown): boolean {
  return error instanceof Error && /^(MOVED|ASK|TRYAGAIN) /.test(error.message);
}

/** Connections to all that take writes. */
export function mastersOf(redis: RedisClient): readonly Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}
