import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { handOversText, OwnerWatch } from './support/owner-watch.ts';
import type { Server } from './support/workbench.ts';

const PARTITIONS = 8;
const PUBLISHING_MS_MIN = 20_000;
/** What is published must last for all restarts: each takes as long as the starts before, and a while for the end. */
const RESTART_FACTOR = 2;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('a rolling restart of a city (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  let watch: OwnerWatch;
  let startMs: number;
  beforeEach(async () => {
    cluster = await TestCluster.open({ city: KONSTANZ, partitions: PARTITIONS, lease: '3s' });
    calm = await cluster.startAlone('calm');
    const fromMs = performance.now();
    for (const name of ['intake-1', 'intake-2']) await cluster.start(name, 'intake');
    for (const name of ['engine-1', 'engine-2', 'engine-3']) await cluster.start(name, 'engine');
    await cluster.start('api-1', 'api');
    startMs = performance.now() - fromMs;
    watch = await OwnerWatch.open('konstanz', PARTITIONS, { url: cluster.redisUrl });
  }, 300_000);
  afterEach(async () => {
    await watch?.close();
    await cluster.close();
  }, 60_000);

  it('changes nothing of what it says, and leaves no partition without an owner for long', async () => {
    const engines = cluster.members.filter(({ roles }) => roles === 'engine');
    await watch.untilShared(engines.map(({ server }) => server));
    watch.handOvers.length = 0;
    const published = await publishTo(cluster, Math.max(PUBLISHING_MS_MIN, RESTART_FACTOR * startMs));
    for (const member of cluster.members) {
      await cluster.restart(member, 'SIGTERM');
      if (engines.includes(member)) await watch.untilShared(engines.map(({ server }) => server));
    }
    const during = published.isOver() ? 'partly after' : 'during';
    process.stdout.write(
      `cluster-restart.test: ${cluster.members.length} processes ${during} publishing: ${handOversText(watch.handOvers)}\n`,
    );
    // All but one engine's share moves at each of the three.
    expect(watch.handOvers.length).toBeGreaterThanOrEqual(PARTITIONS);
    await expectTheSame(cluster, calm, published, 'cluster-restart.test');
  }, 900_000);
});
