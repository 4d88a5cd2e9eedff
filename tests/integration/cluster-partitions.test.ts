import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { TestCluster } from './support/cluster.ts';
import { expectTheSame, KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { eventually, getJson, type Server } from './support/workbench.ts';

const PUBLISHING_MS = 12_000;
/** A snapshot comes each second, and is told of two seconds later. */
const LEVEL_MS_MAX = 90_000;

interface ClusterAnswer {
  readonly cluster: { readonly partitions: readonly { readonly lag: number }[] };
}

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('another number of partitions (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  let calm: Server;
  beforeEach(async () => {
    cluster = await TestCluster.open({ city: KONSTANZ, partitions: 3, lease: '3s' });
    calm = await cluster.startAlone('calm');
    await startAll();
  }, 300_000);
  afterEach(() => cluster.close(), 60_000);

  async function startAll(): Promise<void> {
    for (const role of ['intake', 'engine', 'api']) await cluster.start(`${role}-1`, role);
  }

  const end = async (role: string): Promise<void> => {
    for (const member of cluster.having(role)) await cluster.end(member);
  };

  it('changes nothing of what the city says', async () => {
    const published = await publishTo(cluster, PUBLISHING_MS);
    await sleep(PUBLISHING_MS / 2);
    expect(await cluster.repartition(5)).toContain('end the processes with the role engine');
    await end('intake');
    const [api] = cluster.having('api');
    const standing = () => getJson<ClusterAnswer>(api!.server.httpUrl, '/api/v1/cluster');
    await eventually(standing, ({ cluster: { partitions } }) => partitions.every(({ lag }) => lag === 0), LEVEL_MS_MAX);
    await end('engine');
    const change = () => cluster.repartition(5);
    await eventually(change, (refusal) => refusal === undefined, LEVEL_MS_MAX);
    await end('api');
    await startAll();
    await expectTheSame(cluster, calm, published, 'cluster-partitions.test');
    const { cluster: now } = await getJson<ClusterAnswer>(cluster.having('api')[0]!.server.httpUrl, '/api/v1/cluster');
    expect(now.partitions).toHaveLength(5);
  }, 900_000);
});
