import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { seededRandom } from '../../simulators/common/index.ts';
import { type Member, TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import type { Server } from './support/workbench.ts';

/** VITALS_TEST_CLUSTER_SECONDS asks for more: so long processes are killed. */
const KILLING_MS = 1_000 * Number(process.env.VITALS_TEST_CLUSTER_SECONDS ?? 20);
const SEED = process.env.VITALS_TEST_SEED ?? '20261130';
const DOWN_MS_MAX = 2_000;
const BETWEEN_MS_MAX = 2_000;
/** More at once, and nobody is left who starts quickly. */
const AWAY_MAX = 3;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('a city over several processes (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  beforeEach(async () => {
    cluster = await TestCluster.open({ city: KONSTANZ, partitions: 8, lease: '3s' });
    calm = await cluster.startAlone('calm');
    for (const name of ['intake-1', 'intake-2']) await cluster.start(name, 'intake');
    for (const name of ['engine-1', 'engine-2', 'engine-3']) await cluster.start(name, 'engine');
    await cluster.start('api-1', 'api');
  }, 300_000);
  afterEach(() => cluster.close(), 60_000);

  it('says what one process says, while any of them is killed at random', async () => {
    process.stdout.write(`cluster.test: seed ${SEED} (VITALS_TEST_SEED), ${KILLING_MS / 1000} s of killing\n`);
    const published = await publishTo(cluster, KILLING_MS);
    const kills = await killAtRandom(cluster, seededRandom(SEED), KILLING_MS);
    process.stdout.write(`cluster.test: ${countsText(kills)}\n`);
    await expectTheSame(cluster, calm, published, 'cluster.test');
  }, 1_800_000);
});

interface Kill {
  readonly roles: string;
  readonly signal: NodeJS.Signals;
}

async function killAtRandom(cluster: TestCluster, random: () => number, lengthMs: number): Promise<Kill[]> {
  const untilMs = performance.now() + lengthMs;
  const away = new Map<Member, Promise<void>>();
  const kills: Kill[] = [];
  while (performance.now() < untilMs) {
    await sleep(random() * BETWEEN_MS_MAX);
    if (away.size >= AWAY_MAX) await Promise.race(away.values());
    // Each kind as often as the others, however many there are of it.
    const kinds = [...Map.groupBy(cluster.members, ({ roles }) => roles).values()];
    const there = oneOf(kinds, random).filter((member) => !away.has(member));
    if (there.length === 0) continue;
    const member = oneOf(there, random);
    const signal = random() < 0.8 ? 'SIGKILL' : 'SIGTERM';
    kills.push({ roles: member.roles, signal });
    const restart = cluster.restart(member, signal, random() * DOWN_MS_MAX);
    away.set(
      member,
      restart.then(() => void away.delete(member)),
    );
  }
  await Promise.all(away.values());
  return kills;
}

function oneOf<T>(all: readonly T[], random: () => number): T {
  return all[Math.floor(random() * all.length)]!;
}

/** "3 x SIGKILL of engine, ...". */
function countsText(kills: readonly Kill[]): string {
  const groups = Map.groupBy(kills, ({ roles, signal }) => `${signal} of ${roles}`);
  return [...groups].map(([kind, { length }]) => `${length} x ${kind}`).join(', ');
}
