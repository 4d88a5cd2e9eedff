import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { Redis, type RedisOptions } from 'ioredis';
import { OperatingError } from '../../base/index.ts';

/** The Redis that holds the queues. */
export interface RedisPlace {
  /** `redis://host:6379/0` or `rediss://host:6379`, without user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates that the server's is checked against, beside those of the system. */
  readonly caFile?: string | undefined;
  /** Begins all keys; in braces, so that a cluster keeps them in one slot. */
  readonly prefix: string;
}

/** Replies as RESP2 has them; the types of another mapping do not fit each other. */
type PlainOptions = Omit<RedisOptions, 'replyMapping'>;

/** An order must be answered while someone waits for it. */
const ORDER_MS_MAX = 5_000;
const CONNECT_MS_MAX = 5_000;

/** After a failover the old master answers READONLY: the connection is made anew, and the command sent again. */
const RECONNECT_AND_SEND_AGAIN = 2;

/** For orders and questions: refused at once while Redis is away, and given up when it does not answer. */
export function connectForOrders(place: RedisPlace, onProblem: (error: Error) => void): Redis {
  return connect(place, onProblem, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: ORDER_MS_MAX,
  });
}

/** For the work itself: waits for Redis for as long as it takes. */
export function connectForWork(place: RedisPlace, onProblem: (error: Error) => void): Redis {
  return connect(place, onProblem, { maxRetriesPerRequest: null });
}

function connect(place: RedisPlace, onProblem: (error: Error) => void, options: PlainOptions): Redis {
  const { url, username, password, caFile } = place;
  const { protocol, hostname, port, pathname } = new URL(url);
  const all: PlainOptions = {
    ...{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379), db: Number(pathname.slice(1) || 0) },
    connectTimeout: CONNECT_MS_MAX,
    reconnectOnError: ({ message }: Error) => (message.startsWith('READONLY') ? RECONNECT_AND_SEND_AGAIN : false),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(protocol === 'rediss:'
      ? { tls: caFile === undefined ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] } }
      : {}),
    ...options,
  };
  const redis = new Redis(all);
  // Each queue listens to it, too.
  redis.setMaxListeners(0);
  redis.on('error', onProblem);
  return remembersCopies(redis);
}

/** Waits for work that may never end while Redis is away, and for its failure, but not longer than that. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const wait = new AbortController();
  const late = delay(limitMs, undefined, { signal: wait.signal });
  await Promise.allSettled([Promise.race([work, late])]);
  wait.abort();
  await late.catch(() => undefined);
}

/** Resolves when it can be used, or after a while. */
export async function settled(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  redis.once('ready', resolve);
  await within(CONNECT_MS_MAX, ready);
  redis.off('ready', resolve);
}

/** Copies of a connection that the library made to wait on; while Redis is away it does not let go of them. */
const COPIES = new WeakMap<Redis, Redis[]>();

function remembersCopies(redis: Redis): Redis {
  const copies: Redis[] = [];
  COPIES.set(redis, copies);
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = (...options) => {
    const copy = duplicate(...options);
    copies.push(copy);
    return copy;
  };
  return redis;
}

/** Ends a connection and its copies: none is made again. */
export function letGo(redis: Redis): void {
  for (const one of [redis, ...(COPIES.get(redis) ?? [])]) one.disconnect();
}

/** @throws OperatingError `jobs_unreachable`, retryable */
export async function answered<T>(redis: Redis, place: RedisPlace, ask: () => Promise<T>): Promise<T> {
  if (redis.status !== 'ready') throw unreachable(place, `the connection is ${redis.status}`);
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof OperatingError) throw cause;
    throw unreachable(place, (cause as Error).message, cause);
  }
}

function unreachable({ url }: RedisPlace, why: string, cause?: unknown): OperatingError {
  const message = `cannot reach the jobs in Redis at ${url}: ${why}`;
  return new OperatingError('jobs_unreachable', message, { retryable: true, cause });
}
