import * as z from 'zod';

/** A user or a password in it would stand in logs; they have keys of their own. */
const REDIS_URL = /^rediss?:\/\/[^/@?#]+(\/\d{1,3})?$/;
const HOST_PORT = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;

const hosts = z.array(z.string().regex(HOST_PORT, 'write host:port, such as redis-1:6379')).min(1).max(100);

/** A Redis: one server (`url`), one that Sentinel finds (`sentinels`, `master`), or a cluster (`nodes`). */
export const redisSchema = z.strictObject({
  url: z.string().regex(REDIS_URL, 'write redis://host:6379, redis://host:6379/1 or rediss://host:6379').optional(),
  /** Where Sentinels listen. */
  sentinels: hosts.optional(),
  /** Name under which they watch the master. */
  master: z.string().min(1).max(100).optional(),
  /** Some nodes of a cluster; the others are found. */
  nodes: hosts.optional(),
  /** True: the servers that Sentinel or the cluster name are spoken to over TLS. */
  tls: z.boolean().optional(),
  username: z.string().min(1).optional(),
  /** Environment variable with the password. */
  passwordEnv: z.string().min(1).optional(),
  /** File with the certificates that the server's is checked against, beside those of the system. */
  caFile: z.string().min(1).optional(),
});

export type RedisConfig = z.output<typeof redisSchema>;

/** Where it is, as people write it. */
export function redisText({ url, sentinels = [], master, nodes = [] }: RedisConfig): string {
  if (url !== undefined) return url;
  return master === undefined ? `the cluster of ${nodes.join(', ')}` : `${master} of ${sentinels.join(', ')}`;
}

/** @param key of the section, such as `jobs.redis` */
export function checkRedis(key: string, redis: RedisConfig): string[] {
  const { url, sentinels, master, nodes, tls, caFile } = redis;
  const ways = Object.entries({ url, sentinels, nodes }).filter(([, value]) => value !== undefined);
  if (ways.length !== 1) {
    const given = ways.length === 0 ? 'none of them is given' : `${ways.map(([way]) => way).join(' and ')} are given`;
    return [`${key}: one of url, sentinels and nodes says where Redis is; ${given}`];
  }
  if ((sentinels === undefined) !== (master === undefined)) {
    return [`${key}: sentinels and master belong together: where Sentinels listen, and the name that they watch`];
  }
  if (tls !== undefined && url !== undefined) return [`${key}: tls is for sentinels and nodes; write rediss:// in url`];
  const isEncrypted = url === undefined ? tls === true : url.startsWith('rediss:');
  if (caFile === undefined || isEncrypted) return [];
  const instead = url === undefined ? 'tls: true' : 'rediss://';
  return [`${key}: caFile is given for ${redisText(redis)}, which is not encrypted; write ${instead}`];
}
