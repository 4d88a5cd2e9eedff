import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { OperatingError } from '../base/index.ts';
import { addressIn, addressOf, type RedisServer, tlsOf } from './places.ts';

/** A connection, or those to all nodes of a cluster. */
export type RedisClient = Redis | Cluster;

/** Commands that are sent together; in a cluster all of them to one node. */
export type RedisPipeline = ReturnType<Redis['pipeline']>;

/** Replies as RESP2 has them; the types of another mapping do not fit each other. */
type PlainOptions = Omit<RedisOptions, 'replyMapping'>;

/** An order must be answered while someone waits for it. */
const ORDER_MS_MAX = 5_000;
const CONNECT_MS_MAX = 5_000;
/** A queue is asked to wait for work for some seconds at a time; a connection on which nothing comes for longer is dead. */
const WORK_SILENCE_MS_MAX = 30_000;

/** Between two tries to connect; every process waits a little differently. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LONGEST_MS = 2_000;

/** After a failover the old master answers READONLY: the connection is made anew, and the command sent again or not. */
const RECONNECT = 1;
const RECONNECT_AND_SEND_AGAIN = 2;

/**
 * For orders and questions: refused at once while Redis is away, and given up when it does not answer. The connection is
 * made anew then: one that a router has forgotten would never answer again, and nobody would be told.
 */
export function connectForOrders(server: RedisServer, onProblem: (error: Error) => void): RedisClient {
  return connect(server, onProblem, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: ORDER_MS_MAX,
    socketTimeout: ORDER_MS_MAX,
  });
}

/** For the work itself: waits for Redis for as long as it takes. */
export function connectForWork(server: RedisServer, onProblem: (error: Error) => void): RedisClient {
  return connect(server, onProblem, { maxRetriesPerRequest: null, socketTimeout: WORK_SILENCE_MS_MAX });
}

/**
 * For who sends again by himself: refused at once while Redis is away, and nothing is sent twice. A connection on which
 * an answer is waited for in vain for so long is made anew.
 */
export function connectForStreams(
  server: RedisServer,
  onProblem: (error: Error) => void,
  silenceMsMax = ORDER_MS_MAX,
): RedisClient {
  return connect(server, onProblem, {
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
    ...{ socketTimeout: silenceMsMax, reconnectOnError: reconnectOnReadOnly(RECONNECT) },
    retryStrategy: (times) => waitBefore(times, RECONNECT_FIRST_MS, RECONNECT_LONGEST_MS),
  });
}

/** ms before the next try: doubles from the first one up to the longest, less up to a half by chance. */
export function waitBefore(times: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(times - 1, 30)) * (1 - Math.random() / 2);
}

function connect(server: RedisServer, onProblem: (error: Error) => void, more: PlainOptions): RedisClient {
  const { username, password } = server;
  const options: PlainOptions = {
    connectTimeout: CONNECT_MS_MAX,
    reconnectOnError: reconnectOnReadOnly(RECONNECT_AND_SEND_AGAIN),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...more,
  };
  const redis = 'nodes' in server ? clusterOf(server, options) : new Redis({ ...optionsOf(server), ...options });
  // Each queue listens to it, too.
  redis.setMaxListeners(0);
  redis.on('error', onProblem);
  if (redis instanceof Cluster) redis.on('node error', onProblem);
  return remembersCopies(redis);
}

function optionsOf(server: Exclude<RedisServer, { nodes: unknown }>): PlainOptions {
  if ('url' in server) {
    const { host, port, database, isTls } = addressIn(server.url);
    return { host, port, db: database, ...(isTls ? { tls: tlsOf(server) } : {}) };
  }
  const { sentinels, master, sentinelPassword, database = 0, tls = false } = server;
  return {
    ...{ sentinels: [...sentinels], name: master, db: database },
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { tls: tlsOf(server), enableTLSForSentinelMode: true, sentinelTLS: tlsOf(server) } : {}),
  };
}

function clusterOf(server: Extract<RedisServer, { nodes: unknown }>, options: PlainOptions): Cluster {
  const nodes = server.nodes.map(addressIn);
  const { enableOfflineQueue = true, ...redisOptions } = options;
  const tls = nodes.some(({ isTls }) => isTls) ? { tls: tlsOf(server) } : {};
  const clusterOptions: Omit<ClusterOptions, 'redisOptions'> & { redisOptions: PlainOptions } = {
    ...{ enableOfflineQueue, redisOptions: { ...redisOptions, ...tls } },
    // The name of a node is what its certificate is for: it is not resolved before.
    ...(tls.tls === undefined ? {} : { dnsLookup: (address, callback) => callback(null, address) }),
  };
  return new Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    clusterOptions,
  );
}

function reconnectOnReadOnly(answer: 1 | 2): (error: Error) => 1 | 2 | false {
  return ({ message }) => (message.startsWith('READONLY') ? answer : false);
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
export async function settled(redis: RedisClient): Promise<void> {
  if (redis.status === 'ready') return;
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  redis.once('ready', resolve);
  await within(CONNECT_MS_MAX, ready);
  redis.off('ready', resolve);
}

/** Copies of a connection that the library made to wait on; while Redis is away it does not let go of them. */
const COPIES = new WeakMap<RedisClient, RedisClient[]>();

function remembersCopies(redis: RedisClient): RedisClient {
  const copies: RedisClient[] = [];
  COPIES.set(redis, copies);
  const duplicate = redis.duplicate.bind(redis) as (...options: unknown[]) => RedisClient;
  redis.duplicate = (...options: unknown[]): never => {
    const copy = duplicate(...options);
    copies.push(copy);
    return copy as never;
  };
  return redis;
}

/** Ends a connection and its copies: none is made again. */
export function letGo(redis: RedisClient): void {
  for (const one of [redis, ...(COPIES.get(redis) ?? [])]) one.disconnect();
}

/** What is asked for, for the error when it is not there. */
export interface Asked {
  /** Code of the error. */
  readonly code: string;
  /** "the jobs in Redis". */
  readonly what: string;
  readonly server: RedisServer;
}

/** @throws OperatingError with the code, retryable */
export async function answered<T>(redis: RedisClient, asked: Asked, ask: () => Promise<T>): Promise<T> {
  if (redis.status !== 'ready') throw unreachable(asked, `the connection is ${redis.status}`);
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof OperatingError) throw cause;
    throw unreachable(asked, (cause as Error).message, cause);
  }
}

function unreachable({ code, what, server }: Asked, why: string, cause?: unknown): OperatingError {
  const message = `cannot reach ${what} at ${addressOf(server)}: ${why}`;
  return new OperatingError(code, message, { retryable: true, cause });
}

/** The answers of commands that were sent together. @throws the first error among them */
export async function answersOf(pipeline: RedisPipeline): Promise<unknown[]> {
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}
