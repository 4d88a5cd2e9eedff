import { type Config, JOBS_REDIS, JOURNAL_REDIS, type RedisConfig } from '../config/index.ts';
import type { RedisPlace, RedisServer } from '../redis/index.ts';

/** The Redis of the jobs of a city that has one. */
export function jobsPlace({ jobs, city, secrets }: Config): RedisPlace {
  const { prefix = `{${city.id}}` } = jobs.redis!;
  return { ...serverOf(jobs.redis!, secrets.get(JOBS_REDIS)), prefix };
}

/** The Redis of the journal of a city that has one: that of the jobs unless another one is given. */
export function journalServer({ jobs, journal, secrets }: Config): RedisServer {
  if (journal.redis !== undefined) return serverOf(journal.redis, secrets.get(JOURNAL_REDIS));
  return serverOf(jobs.redis!, secrets.get(JOBS_REDIS));
}

function serverOf(redis: RedisConfig, password: string | undefined): RedisServer {
  const { url, sentinels = [], master, nodes = [], tls = false, username, caFile } = redis;
  const login = { username, password, caFile };
  if (url !== undefined) return { url, ...login };
  if (master !== undefined) return { sentinels: sentinels.map(hostAndPort), master, tls, ...login };
  return { nodes: nodes.map((node) => `${tls ? 'rediss' : 'redis'}://${node}`), ...login };
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}
