import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterStanding } from '../../../src/views/index.ts';
import { ENGINES, fakeCluster, fakePartitions } from '../../e2e/support/fake-cluster.ts';
import { FAKE_NOW_MS } from '../../e2e/support/fake-sources.ts';
import { type TestApp, testApp } from './support.ts';

let t: TestApp;
beforeEach(async () => {
  t = await testApp({ deviceCount: 1 });
});
afterEach(() => t.app.close());

/** As it is before the first look at Redis: there is no cut, and the one before all has no time. */
function nothingSeen(): ClusterStanding {
  const cut = { number: 0, atMs: Number.NEGATIVE_INFINITY, position: 0 };
  const memory = { usedBytes: 0, maxBytes: null };
  return { node: 'api', roles: ['api'], atMs: FAKE_NOW_MS, problem: null, cut, memory, ...NOBODY };
}

const NOBODY = { partitions: [], engines: [], members: [], replicas: [] };

describe('/api/v1/cluster', () => {
  const standing = async () => (await t.get('/api/v1/cluster')).body.cluster;

  test('is null where one process serves the city', async () => {
    expect(await t.get('/api/v1/cluster')).toEqual({ status: 200, body: { cluster: null } });
  });

  test('says who owns which partition, and how far it is', async () => {
    t.sources.setCluster(fakeCluster());
    const { partitions, engines, cutter, ...rest } = await standing();
    expect(rest).toMatchObject({
      ...{ node: 'api-5d8b77-1-mc0k1z', roles: ['intake', 'api'], at: '2026-06-18T14:25:00.000Z', problem: null },
      cut: { number: 4_711, at: '2026-06-18T14:24:59.100Z', position: 8_412_930 },
      memory: { usedBytes: 734_003_200, maxBytes: 4_294_967_296 },
    });
    expect({ engines, cutter }).toEqual({ engines: [...ENGINES], cutter: ENGINES[0] });
    expect(partitions).toHaveLength(8);
    expect(partitions[2]).toEqual({
      ...{ partition: 2, messages: 1_050_622, lag: 24, owner: ENGINES[2], handovers: 1 },
      ownedSince: '2026-06-18T12:22:00.000Z',
    });
  });

  test('says how far behind readers of the whole are; one that is ahead of the cut is not behind', async () => {
    const replicas = [
      { name: 'one', position: 8_412_000, silentMs: 0 },
      { name: 'two', position: 8_412_999, silentMs: 500 },
    ];
    t.sources.setCluster(fakeCluster({ replicas }));
    expect((await standing()).replicas).toEqual([
      { name: 'one', position: 8_412_000, behind: 930, heard: '2026-06-18T14:25:00.000Z' },
      { name: 'two', position: 8_412_999, behind: 0, heard: '2026-06-18T14:24:59.500Z' },
    ]);
  });

  test('has null for what is not: an owner, a time, who makes cuts, a bound', async () => {
    const { cutter, ...rest } = fakeCluster({
      partitions: fakePartitions((partition) => (partition === 1 ? 'ownerless' : { madeEnd: 9_999_999 })),
      memory: { usedBytes: 5, maxBytes: null },
    });
    expect(cutter).toBeDefined();
    t.sources.setCluster(rest);
    const { partitions, ...body } = await standing();
    expect(body).toMatchObject({ cutter: null, memory: { usedBytes: 5, maxBytes: null }, kpiTopics: null });
    expect(partitions[1]).toMatchObject({ owner: null, ownedSince: null, lag: 12 });
    expect(partitions[0].lag).toBe(0);
  });

  test('is answered before anything was seen', async () => {
    t.sources.setCluster({ ...nothingSeen(), problem: 'cannot reach Redis at 10.0.0.4:6379' });
    expect(await standing()).toMatchObject({
      ...{ problem: 'cannot reach Redis at 10.0.0.4:6379', cutter: null, ...NOBODY },
      cut: { number: 0, at: null, position: 0 },
    });
  });

  test('takes no parameters', async () => {
    const { status, body } = await t.get('/api/v1/cluster?partition=1');
    expect(status).toBe(400);
    expect(body.error.message).toContain('partition');
  });
});

describe('/metrics of a city that is spread over processes', () => {
  /** Samples of the families of partitions, cuts, engines, readers and Redis. */
  async function lines(): Promise<string[]> {
    const { body } = await t.app.inject({ url: '/metrics' });
    return body.split('\n').filter((line) => OF_CLUSTER.test(line));
  }

  const OF_CLUSTER = /^vitals_(partition|cuts|cutter|engines|replica_behind|streams_memory)/;

  test('are absent where one process serves it', async () => {
    expect(await lines()).toEqual([]);
  });

  test('tell of each partition, also that nobody owns it', async () => {
    const partitions = fakePartitions((partition) => (partition === 4 ? 'ownerless' : {})).slice(3, 5);
    t.sources.setCluster(fakeCluster({ partitions }));
    expect((await lines()).filter((line) => line.includes('partition='))).toEqual([
      'vitals_partition_messages_total{partition="3"} 1050933',
      'vitals_partition_messages_total{partition="4"} 1051244',
      'vitals_partition_lag_messages{partition="3"} 0',
      'vitals_partition_lag_messages{partition="4"} 12',
      'vitals_partition_owned{partition="3"} 1',
      'vitals_partition_owned{partition="4"} 0',
      'vitals_partition_owners_total{partition="3"} 2',
      'vitals_partition_owners_total{partition="4"} 1',
      `vitals_partition_owner{partition="3",owner="${ENGINES[0]}"} 1`,
    ]);
  });

  test('tell of cuts, engines, readers and memory', async () => {
    t.sources.setCluster(fakeCluster());
    expect((await lines()).filter((line) => !line.includes('partition='))).toEqual([
      ...['vitals_cuts 4711', 'vitals_cutter_owned 1', 'vitals_engines 3'],
      'vitals_replica_behind_records{replica="api-5d8b77-0c1d2e3f"} 1230',
      'vitals_replica_behind_records{replica="api-66aa01-9e8d7c6b"} 20600',
      ...['vitals_streams_memory_bytes 734003200', 'vitals_streams_memory_max_bytes 4294967296'],
    ]);
  });

  test('tell whether this process publishes the KPI topics, where it may', async () => {
    const lines = async () => (await t.app.inject({ url: '/metrics' })).body.match(/^vitals_kpi_topics_.*$/gm);
    t.sources.setCluster(fakeCluster());
    expect(await lines()).toEqual(['vitals_kpi_topics_dropped_total 0']);
    const kpiTopics = { isPublisher: true, isConnected: false, dropped: 3 };
    t.sources.setCluster(fakeCluster({ kpiTopics }));
    expect(await lines()).toEqual([
      ...['vitals_kpi_topics_publisher 1', 'vitals_kpi_topics_connected 0', 'vitals_kpi_topics_dropped_total 3'],
    ]);
    expect((await t.get('/api/v1/cluster')).body.cluster.kpiTopics).toEqual(kpiTopics);
  });

  test('forget an owner that is gone, and say no bound where there is none', async () => {
    t.sources.setCluster(fakeCluster());
    expect((await lines()).filter((line) => line.includes('owner="'))).toHaveLength(8);
    t.sources.setCluster(nothingSeen());
    expect(await lines()).toEqual([
      ...['vitals_cuts 0', 'vitals_cutter_owned 0', 'vitals_engines 0', 'vitals_streams_memory_bytes 0'],
    ]);
  });
});
