import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import type { StreamStats } from '../../src/journal/index.ts';
import { partitionOf } from '../../src/workers/cluster/partition-protocol.ts';
import { type Member, TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { OwnerWatch } from './support/owner-watch.ts';
import { eventually, type Server } from './support/workbench.ts';

const PARTITIONS = 8;
/** VITALS_TEST_PAUSE_SECONDS asks for more; more than two leases of 3 s. */
const PAUSE_MS = 1_000 * Number(process.env.VITALS_TEST_PAUSE_SECONDS ?? 8);
/** Before the pause, and after it. */
const AROUND_MS = 5_000;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('an owner that hangs (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  let watch: OwnerWatch;
  beforeEach(async () => {
    const city = { ...KONSTANZ, log: { level: 'info' } } as const;
    cluster = await TestCluster.open({ city, partitions: PARTITIONS, lease: '3s' });
    const started = ['engine-1', 'engine-2', 'engine-3'].map((name) => cluster.start(name, 'engine'));
    [calm] = await Promise.all([
      cluster.startAlone('calm'),
      cluster.start('intake-1', 'intake'),
      cluster.start('api-1', 'api'),
      ...started,
    ]);
    watch = await OwnerWatch.open('konstanz', PARTITIONS, { url: cluster.redisUrl });
  }, 300_000);
  afterEach(async () => {
    await watch?.close();
    await cluster.close();
  }, 60_000);

  it('is replaced, changes nothing when it goes on, says so, and takes part again', async () => {
    const engines = cluster.members.filter(({ roles }) => roles === 'engine');
    await watch.untilShared(engines.map(({ server }) => server));
    const published = await publishTo(cluster, PAUSE_MS + 2 * AROUND_MS);
    await sleep(AROUND_MS);
    const { server } = busiest(engines, await watch.streams.stats(), watch);
    const fromMs = performance.now();
    server.kill('SIGSTOP');
    const stopped = sleep(PAUSE_MS);
    await watch.freshly();
    const lookedMs = performance.now() - fromMs;
    const owned = watch.ownedBy(server);
    expect(owned.some((name) => name !== 'cutter')).toBe(true);
    const ownersMs = watch.until(() => owned.every((name) => isElsewhere(name, server, watch)));
    const [untilOwnersMs, untilMadeMs] = await Promise.all([ownersMs, watch.untilMade()]);
    await stopped;
    server.kill('SIGCONT');

    for (const name of owned.filter((one) => one !== 'cutter')) {
      await eventually(
        async () => server.stdout(),
        (said) => new RegExp(`owns ${name} no more: (lease lost|fenced)`).test(said),
        60_000,
      );
    }
    const backMs = await watch.until(() => watch.ownedBy(server).length > 0);
    process.stdout.write(
      `cluster-pause.test: ${owned.length} names of an owner that stood still for ${PAUSE_MS / 1000} s: others had them after ${(lookedMs + untilOwnersMs).toFixed(0)} ms, ` +
        `the next cut was decoded after ${(lookedMs + untilMadeMs).toFixed(0)} ms; it took part again ${backMs.toFixed(0)} ms after it had said that they were lost\n`,
    );
    await expectTheSame(cluster, calm, published, 'cluster-pause.test');
  }, 900_000);
});

/** Whose partitions have the most messages. */
function busiest(engines: readonly Member[], stats: readonly StreamStats[], watch: OwnerWatch): Member {
  const messagesOf = ({ server }: Member): number =>
    watch.ownedBy(server).reduce((sum, name) => sum + (name === 'cutter' ? 0 : stats[partitionOf(name)]!.rawEnd), 0);
  return engines.toSorted((one, other) => messagesOf(other) - messagesOf(one))[0]!;
}

function isElsewhere(name: string, server: Server, watch: OwnerWatch): boolean {
  return watch.ownedBy().includes(name) && !watch.ownedBy(server).includes(name);
}
