import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { hasNamespaces, NetworkNamespace } from './support/network-namespace.ts';
import { OwnerWatch } from './support/owner-watch.ts';
import type { Server } from './support/workbench.ts';

const PARTITIONS = 8;
/** VITALS_TEST_CUT_SECONDS asks for more; more than two leases of 3 s. */
const CUT_MS = 1_000 * Number(process.env.VITALS_TEST_CUT_SECONDS ?? 8);
/** Published before the cut, and after it. */
const AROUND_MS = 5_000;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined || !hasNamespaces();

describe.skipIf(isMissing)('an owner cut off (skipped without mosquitto, redis-server, ip and root)', () => {
  let network: NetworkNamespace;
  let cluster: TestCluster;
  let calm: Server;
  let watch: OwnerWatch;
  beforeEach(async () => {
    network = new NetworkNamespace();
    const city = { ...KONSTANZ, log: { level: 'info' } } as const;
    const redisArguments = ['--bind', '127.0.0.1', network.address, '--protected-mode', 'no'];
    cluster = await TestCluster.open({ city, partitions: PARTITIONS, lease: '3s', redisArguments });
    const set = [`jobs.redis.url=redis://${network.address}:${cluster.redis.port}`];
    [calm] = await Promise.all([
      cluster.startAlone('calm'),
      cluster.start('inside', 'engine', { set, under: network.under }),
      cluster.start('outside', 'engine'),
      cluster.start('intake-1', 'intake'),
      cluster.start('api-1', 'api'),
    ]);
    watch = await OwnerWatch.open('konstanz', PARTITIONS, { url: cluster.redisUrl });
  }, 300_000);
  afterEach(async () => {
    await watch?.close();
    await cluster?.close();
    network.close();
  }, 60_000);

  it('stops in time, is replaced, and comes back by itself', async () => {
    const [inside, outside] = ['inside', 'outside'].map(
      (name) => cluster.members.find((one) => one.name === name)!.server,
    );
    await watch.untilShared([inside!, outside!]);
    const published = await publishTo(cluster, CUT_MS + 2 * AROUND_MS);
    await sleep(AROUND_MS);
    const cutAtMs = Date.now();
    network.cut();
    const lasted = sleep(CUT_MS);
    await watch.freshly();
    const lookedMs = Date.now() - cutAtMs;
    const owned = watch.ownedBy(inside);
    const ownersMs = watch.until(() => owned.every((name) => watch.ownedBy(outside).includes(name)));
    const [untilOwnersMs, untilMadeMs] = await Promise.all([ownersMs, watch.untilMade()]);
    await lasted;
    network.mend();
    const backMs = await watch.untilShared([inside!, outside!]);

    const partitions = owned.filter((name) => name !== 'cutter');
    const stopsMs = partitions.map((name) => saidAtMs(inside!, `owns ${name} no more: lease lost`, cutAtMs) - cutAtMs);
    const takesMs = partitions.map((name) => saidAtMs(outside!, `owns ${name}`, cutAtMs) - cutAtMs);
    process.stdout.write(
      `cluster-network.test: cut for ${CUT_MS / 1000} s: the one inside gave up ${partitions.length} partitions after ${rangeText(stopsMs)}, ` +
        `the other one began with them after ${rangeText(takesMs)} and had all names after ${(lookedMs + untilOwnersMs).toFixed(0)} ms; ` +
        `the next cut was decoded after ${(lookedMs + untilMadeMs).toFixed(0)} ms; both shared again ${backMs.toFixed(0)} ms after the mend\n`,
    );
    expect(partitions.length).toBeGreaterThan(0);
    await expectTheSame(cluster, calm, published, 'cluster-network.test');
  }, 900_000);
});

/** When a process logged it first, from a time on, ms UTC. */
function saidAtMs(server: Server, text: string, fromMs: number): number {
  const lines = server
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"${text}"`));
  const times = lines.map((line) => new Date((JSON.parse(line) as { time: string | number }).time).getTime());
  return times.find((time) => time >= fromMs) ?? Number.NaN;
}

function rangeText(values: readonly number[]): string {
  return `${Math.min(...values)} to ${Math.max(...values)} ms`;
}
