import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, openRedisServer, openSentinel, REDIS_SERVER, type ServerProcess } from '../../harness/index.ts';
import { OperatingError, systemClock } from '../../src/base/index.ts';
import { createBullBatches, createBullJobs, startBatchWorker } from '../../src/jobs/bullmq/index.ts';
import { type CityStreamsOptions, openCityStreams } from '../../src/journal/redis/index.ts';
import type { RedisServer } from '../../src/redis/index.ts';
import { appendAll, numbersIn, PARTITIONS, sequenceOf, streamsContract } from './streams.contract.ts';

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const MASTERS = 3;
const AS_TOWN = { name: 'town', partitions: PARTITIONS, clock: systemClock, onProblem: () => undefined } as const;

/** Each connection finds by itself that a server is back: whoever asks tries again where that is what he is told. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof OperatingError) || !error.retryable) throw error;
      await sleep(50);
    }
  }
}

describe.skipIf(REDIS_SERVER === undefined)('in a Redis Cluster (skipped where redis-server is not installed)', () => {
  let folder: string;
  let servers: ServerProcess[];
  let place: RedisServer;
  let towns = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
    servers = await openCluster(folder);
    place = { nodes: [`redis://${HOST}:${servers[0]!.port}`] };
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  streamsContract('Redis Cluster', async () => {
    const name = `town-${++towns}`;
    return {
      open: (partitions = PARTITIONS) =>
        openCityStreams({ ...AS_TOWN, place, name, partitions, durability: { kind: 'fsync' } }),
      dispose: async () => undefined,
    };
  });

  test('partitions lie on all nodes, and go on where the node is that went away for a while', async () => {
    const streams = await openCityStreams({ ...AS_TOWN, place, partitions: 16, durability: { kind: 'fsync' } });
    const writer = streams.writer('one');
    const append = (from: number) =>
      Promise.all(sequenceOf(16).map((partition) => appendAll(writer, partition, from, 20)));
    await append(0);
    await servers[1]!.kill();
    const done = append(20);
    while (writer.stats().waitingRecords === 16 * 20) await sleep(5);
    expect(writer.stats().waitingRecords).toBeGreaterThan(0);
    await servers[1]!.start();
    await done;
    for (let partition = 0; partition < 16; partition++) {
      expect(await answered(() => numbersIn(streams, partition))).toEqual(sequenceOf(40));
    }
    expect(await answered(() => streams.cut(1))).toMatchObject({ ends: new Array(16).fill(40) });
    for (const server of servers) {
      const redis = new Redis({ port: server.port });
      expect(await redis.dbsize()).toBeGreaterThan(0);
      redis.disconnect();
    }
    await streams.close();
  }, 120_000);

  test('jobs and batches run there', async () => {
    const redis = { ...place, prefix: '{town}' };
    const jobs = createBullJobs({ redis, clock: systemClock, onProblem: () => undefined });
    await jobs.open();
    jobs.handle('double', async ({ job }) => 2 * (job.input as number));
    const { id } = await jobs.add('double', 21);
    while ((await jobs.get(id))?.state !== 'completed') await sleep(20);
    expect(await jobs.get(id)).toMatchObject({ result: 42 });
    const common = { redis, version: '1', onProblem: () => undefined };
    const batches = createBullBatches(common);
    const works = { reverse: (bytes: Uint8Array) => bytes.toReversed() };
    const worker = startBatchWorker({ ...common, works, concurrency: 1 });
    const result = await batches.run('reverse', Uint8Array.of(1, 2, 3), new AbortController().signal);
    expect([...result]).toEqual([3, 2, 1]);
    await Promise.all([worker.close(), batches.close(), jobs.close()]);
  }, 60_000);
});

describe.skipIf(REDIS_SERVER === undefined)('with Sentinel (skipped where redis-server is not installed)', () => {
  let folder: string;
  const opened: ServerProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-redis-'));
  });
  afterAll(async () => {
    for (const server of opened) await server.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('all that was acknowledged is there after a failover, and writers go on', async () => {
    const master = await openRedisServer(join(folder, 'master'));
    opened.push(master);
    for (const name of ['one', 'two']) {
      const more = ['--replicaof', HOST, String(master.port), '--repl-diskless-sync-delay', '0'];
      opened.push(await openRedisServer(join(folder, name), { more }));
    }
    const sentinel = await openSentinel(folder, 'town', master.port);
    opened.push(sentinel);
    const admin = new Redis({ port: sentinel.port });
    while (((await admin.call('SENTINEL', 'REPLICAS', 'town')) as unknown[]).length < 2) await sleep(50);
    admin.disconnect();
    const options: CityStreamsOptions = {
      ...AS_TOWN,
      place: { sentinels: [{ host: HOST, port: sentinel.port }], master: 'town' },
      durability: { kind: 'replicas', count: 1, timeoutMs: 200 },
    };
    const streams = await openCityStreams(options);
    const writer = streams.writer('one');
    await appendAll(writer, 0, 0, 100);
    await master.kill();
    for (let from = 100; from < 300; from += 20) await appendAll(writer, 0, from, 20);
    const reader = await untilThere(() => openCityStreams(options));
    expect(await numbersIn(reader, 0)).toEqual(sequenceOf(300));
    await Promise.all([streams.close(), reader.close()]);
  }, 120_000);
});

/** As somebody who tries again. */
async function untilThere<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      expect(error).toMatchObject({ code: 'streams_unreachable', retryable: true });
      await sleep(50);
    }
  }
}

async function openCluster(folder: string): Promise<ServerProcess[]> {
  const busPorts = await Promise.all(sequenceOf(MASTERS).map(() => freePort()));
  const servers: ServerProcess[] = [];
  for (const [at, busPort] of busPorts.entries()) {
    const more = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '2000'];
    servers.push(await openRedisServer(join(folder, String(at)), { more }));
  }
  const nodes = servers.map(({ port }) => new Redis({ port }));
  const perNode = Math.ceil(SLOTS / MASTERS);
  for (const [at, node] of nodes.entries()) {
    await node.call('CLUSTER', 'ADDSLOTSRANGE', at * perNode, Math.min(SLOTS, (at + 1) * perNode) - 1);
    if (at > 0) await nodes[0]!.call('CLUSTER', 'MEET', HOST, servers[at]!.port, busPorts[at]!);
  }
  for (const node of nodes) {
    while (!(await node.cluster('INFO')).includes('cluster_state:ok')) await sleep(50);
    node.disconnect();
  }
  return servers;
}
