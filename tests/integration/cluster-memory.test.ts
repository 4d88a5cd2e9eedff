import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { type Member, TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { eventually, type Server } from './support/workbench.ts';

const MEMORY_MIB = 32;
const PUBLISHING_MS = 20_000;
/**
 * Nothing that a profile knows, and nothing that packs: what is made of it is as large as itself, since the quarantine keeps
 * the head of each.
 */
const JUNK_BYTES = 250;
const JUNK_AT_ONCE = 500;
/** Several times what Redis may use, so that a city that takes all of it is seen. */
const JUNK_MAX = 400_000;
/** Published while nothing is taken any more. */
const JUNK_MORE = 20_000;
const WAIT_MS = 60_000;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('a Redis that is nearly full (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  let intake: Member;
  let redis: Redis;
  let client: MqttClient;
  beforeEach(async () => {
    cluster = await TestCluster.open({
      ...{ city: KONSTANZ, partitions: 4, lease: '3s' },
      redisArguments: ['--maxmemory', `${MEMORY_MIB}mb`, '--maxmemory-policy', 'noeviction'],
    });
    [calm, intake] = await Promise.all([
      cluster.startAlone('calm'),
      cluster.start('intake-1', 'intake'),
      cluster.start('api-1', 'api'),
      cluster.start('engine-1', 'engine'),
    ]);
    redis = new Redis(cluster.redisUrl);
    client = await connectAsync(cluster.mosquitto.url);
  }, 300_000);
  afterEach(async () => {
    redis?.disconnect();
    await client?.endAsync(true);
    await cluster.close();
  }, 60_000);

  const isHeld = async (): Promise<boolean> =>
    (await (await fetch(`${intake.server.httpUrl}/readyz`)).text()).includes('does not take messages');

  async function publishJunk(): Promise<number> {
    const all = Array.from({ length: JUNK_AT_ONCE }, () => randomBytes(JUNK_BYTES));
    await Promise.all(all.map((payload, at) => client.publishAsync(`junk/${at}`, payload, { qos: 1 })));
    return JUNK_AT_ONCE;
  }

  it.each(['api', 'engine'])(
    'takes no more while no %s runs, and everything once one does',
    async (role) => {
      let mostBytes = 0;
      const look = async () => {
        mostBytes = Math.max(mostBytes, Number(/used_memory:(\d+)/.exec(await redis.info('memory'))![1]));
      };
      const published = await publishTo(cluster, PUBLISHING_MS);
      await sleep(PUBLISHING_MS / 8);
      const [away] = cluster.having(role) as [Member];
      away.server.kill('SIGKILL');
      await away.server.ended;

      let junk = 0;
      for (; junk < JUNK_MAX && !(await isHeld()); await look()) junk += await publishJunk();
      expect(await isHeld()).toBe(true);
      // What comes now waits at the broker.
      for (const end = junk + JUNK_MORE; junk < end; await look()) junk += await publishJunk();
      expect(await isHeld()).toBe(true);
      const heldBytes = mostBytes;

      const startedAtMs = performance.now();
      await cluster.restart(away, 'SIGKILL');
      await eventually(
        () => look().then(isHeld),
        (held) => !held,
        WAIT_MS,
      );
      const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
      process.stdout.write(
        `cluster-memory.test: ${junk} messages of ${JUNK_BYTES} B beside the recording; Redis had ${mib(heldBytes)} of ${MEMORY_MIB} MiB when no ${role} ran, ` +
          `and ${mib(mostBytes)} MiB at most; messages were taken ${(performance.now() - startedAtMs).toFixed(0)} ms after one was started again\n`,
      );
      expect(mostBytes).toBeLessThan(MEMORY_MIB << 20);
      const all = { ...published, messagesAcked: published.messagesAcked.then((messages) => messages + junk) };
      await expectTheSame(cluster, calm, all, 'cluster-memory.test');
    },
    900_000,
  );
});
