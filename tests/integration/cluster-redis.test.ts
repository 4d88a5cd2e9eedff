import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, openRedisServer, openSentinel, REDIS_SERVER, type ServerProcess } from '../../harness/index.ts';
import { seededRandom } from '../../simulators/common/index.ts';
import type { RedisServer } from '../../src/redis/index.ts';
import { type ClusterOptions, TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { OwnerWatch } from './support/owner-watch.ts';
import { eventually, type Server, Workbench } from './support/workbench.ts';

const PARTITIONS = 8;
const HOST = '127.0.0.1';
/** VITALS_TEST_REDIS_KILLS asks for more. */
const KILLS = Number(process.env.VITALS_TEST_REDIS_KILLS ?? 3);
const SEED = process.env.VITALS_TEST_SEED ?? '20261130';
/** Redis is away for so long at most; a lease is 3 s. */
const DOWN_MS_MAX = 5_000;
const BETWEEN_MS = 3_000;
/** The city is given so long to go on, in the reckoning of how long is published. */
const RECOVERY_MS = 6_000;
/** Published around a promotion: before it, and until a replica is there again. */
const PROMOTION_MS = 30_000;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('a city whose Redis fails (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster | undefined;
  let watch: OwnerWatch | undefined;
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await watch?.close();
    await cluster?.close();
    for (const close of closers.splice(0).reverse()) await close();
    [watch, cluster] = [undefined, undefined];
  }, 60_000);

  async function open(
    options: Partial<ClusterOptions>,
    place?: RedisServer,
  ): Promise<[TestCluster, Server, OwnerWatch]> {
    cluster = await TestCluster.open({ city: KONSTANZ, partitions: PARTITIONS, lease: '3s', ...options });
    const [calm] = await Promise.all([
      cluster.startAlone('calm'),
      cluster.start('intake-1', 'intake'),
      cluster.start('engine-1', 'engine'),
      cluster.start('engine-2', 'engine'),
      cluster.start('api-1', 'api'),
    ]);
    watch = await OwnerWatch.open('konstanz', PARTITIONS, place ?? { url: cluster.redisUrl });
    return [cluster, calm, watch];
  }

  it('says the same when Redis was killed and started again', async () => {
    const [city, calm, seen] = await open({});
    const random = seededRandom(SEED);
    const published = await publishTo(city, KILLS * (DOWN_MS_MAX + BETWEEN_MS + RECOVERY_MS));
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(BETWEEN_MS);
      await city.redis.kill();
      // The first time for longer than a lease.
      const downMs = kill === 0 ? DOWN_MS_MAX : random() * DOWN_MS_MAX;
      await sleep(downMs);
      await city.redis.start();
      const [ownedMs, madeMs] = await Promise.all([seen.untilOwned(), seen.untilMade()]);
      process.stdout.write(
        `cluster-redis.test: killed ${published.isOver() ? 'after' : 'during'} publishing, away for ${downMs.toFixed(0)} ms; all names had owners ${ownedMs.toFixed(0)} ms after it was there, ` +
          `the next cut was decoded after ${madeMs.toFixed(0)} ms\n`,
      );
    }
    await expectTheSame(city, calm, published, 'cluster-redis.test, kill -9');
  }, 900_000);

  it('has all that was acknowledged when a replica takes over from a master that died', async () => {
    const servers = await openReplicated();
    closers.push(() => servers.close());
    const { place } = servers;
    const redis = { sentinels: [`${HOST}:${servers.sentinel.port}`], master: 'city' };
    const [city, calm, seen] = await open({ redis, journal: { replicas: 1 } }, place);
    const intake = city.members[0]!.server;
    const published = await publishTo(city, PROMOTION_MS);
    await sleep(BETWEEN_MS);
    await servers.master.kill();
    const killedAtMs = performance.now();
    const blocked = await eventually(
      () => readinessOf(intake),
      (problems) => problems.includes('0 of 1 replicas have it'),
      60_000,
    );
    const blockedMs = performance.now() - killedAtMs;
    await servers.join();
    const joinedAtMs = performance.now();
    await eventually(
      () => readinessOf(intake),
      (problems) => !problems.includes('does not take messages'),
      60_000,
    );
    const goesOnMs = performance.now() - joinedAtMs;
    const madeMs = await seen.untilMade();
    expect(blocked).toContain('does not take messages');
    process.stdout.write(
      `cluster-redis.test: master killed; ${blockedMs.toFixed(0)} ms later the promoted one said that it has no replica, ` +
        `messages were taken ${goesOnMs.toFixed(0)} ms after one had joined, the next cut was decoded ${madeMs.toFixed(0)} ms later, ${published.isOver() ? 'after' : 'during'} publishing\n`,
    );
    await expectTheSame(city, calm, published, 'cluster-redis.test, promotion');
  }, 900_000);
});

/** What /readyz complains about. */
async function readinessOf({ httpUrl }: Server): Promise<string> {
  return (await fetch(`${httpUrl}/readyz`)).text();
}

interface Replicated {
  readonly master: ServerProcess;
  readonly sentinel: ServerProcess;
  readonly place: RedisServer;
  /** Starts a replica of whoever is the master now. */
  join(): Promise<void>;
  close(): Promise<void>;
}

/** A master and a replica under a Sentinel. */
async function openReplicated(): Promise<Replicated> {
  const bench = new Workbench();
  const master = await openRedisServer(bench.path('master'));
  const servers = [master];
  const replicate = async (of: ServerProcess): Promise<ServerProcess> => {
    const more = ['--replicaof', HOST, String(of.port), '--repl-diskless-sync-delay', '0'];
    const replica = await openRedisServer(bench.path(`replica-${servers.length}`), { more });
    servers.push(replica);
    return replica;
  };
  const replica = await replicate(master);
  const sentinel = await openSentinel(join(bench.folder, 'sentinel'), 'city', master.port);
  servers.push(sentinel);
  return {
    ...{ master, sentinel, place: { sentinels: [{ host: HOST, port: sentinel.port }], master: 'city' } },
    join: async () => void (await replicate(replica)),
    close: async () => {
      for (const server of servers) await server.kill();
      await bench.close();
    },
  };
}
