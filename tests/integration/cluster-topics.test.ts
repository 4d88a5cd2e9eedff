import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import type { ClusterBody, KpiValueBody } from '../../src/views/http/schemas.ts';
import { type Member, TestCluster } from './support/cluster.ts';
import { KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { eventually, getJson } from './support/workbench.ts';

const PUBLISHING_MS = 24_000;
const WAIT_MS = 60_000;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('KPI topics of several processes (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  const clients: MqttClient[] = [];
  beforeEach(async () => {
    cluster = await TestCluster.open({ city: KONSTANZ, partitions: 4, lease: '3s' });
    await Promise.all([
      cluster.start('intake-1', 'intake'),
      cluster.start('engine-1', 'engine'),
      ...['api-1', 'api-2', 'api-3'].map((name) => cluster.start(name, 'api')),
    ]);
  }, 300_000);
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    await cluster.close();
  }, 60_000);

  /** What comes on the topics from now on, the retained values first. */
  async function subscribed(): Promise<Map<string, KpiValueBody[]>> {
    const seen = new Map<string, KpiValueBody[]>();
    const client = await connectAsync(cluster.mosquitto.url);
    clients.push(client);
    client.on('message', (topic, payload) => {
      const values = seen.get(topic) ?? [];
      seen.set(topic, [...values, JSON.parse(payload.toString())]);
    });
    await client.subscribeAsync('kpi/#');
    return seen;
  }

  const apis = () => cluster.having('api');
  const isPublisher = async ({ server }: Member): Promise<boolean> => {
    const { cluster: standing } = await getJson<{ cluster: ClusterBody }>(server.httpUrl, '/api/v1/cluster');
    return standing.kpiTopics?.isPublisher === true && standing.kpiTopics.isConnected;
  };
  /** Waits until one of these publishes, and no other one does. */
  async function publisherOf(members: readonly Member[]): Promise<Member> {
    const said = await eventually(
      () => Promise.all(members.map(isPublisher)),
      (are) => are.filter((is) => is).length === 1,
      WAIT_MS,
    );
    return members[said.indexOf(true)]!;
  }

  /** Expects the retained topics to be what an api process says is the newest. */
  async function expectRetained({ server }: Member): Promise<void> {
    const { latest } = await getJson<{ latest: KpiValueBody[] }>(server.httpUrl, '/api/v1/kpis');
    const ofZones = latest.filter(({ zone }) => !zone.startsWith('device:'));
    expect(ofZones.length).toBeGreaterThan(5);
    // A watermark that moves on its own is not published.
    const texts = (values: readonly (KpiValueBody | undefined)[]) =>
      values.map((value) => JSON.stringify(Object.entries({ ...value, watermark: null }).toSorted())).toSorted();
    const retained = await eventually(
      async () => {
        const seen = await subscribed();
        await sleep(500);
        return [...seen.values()].map(([first]) => first);
      },
      (values) => JSON.stringify(texts(values)) === JSON.stringify(texts(ofZones)),
      WAIT_MS,
    );
    expect(texts(retained)).toEqual(texts(ofZones));
  }

  it('are published by one of them, by another one when it is killed or hangs, and never go back', async () => {
    const seen = await subscribed();
    const published = await publishTo(cluster, PUBLISHING_MS);
    await sleep(PUBLISHING_MS / 6);
    const first = await publisherOf(apis());
    first.server.kill('SIGSTOP');
    const others = apis().filter((one) => one !== first);
    const second = await publisherOf(others);
    first.server.kill('SIGCONT');
    await sleep(PUBLISHING_MS / 6);
    second.server.kill('SIGKILL');
    const third = await publisherOf(apis().filter((one) => one !== second));
    const messagesMin = await published.messagesAcked;
    await waitUntilLevel(third.server.httpUrl, { messagesMin, stallMsMax: WAIT_MS });
    await expectRetained(third);

    // In order: another one publishes before it has ended.
    await cluster.end(third);
    const last = await publisherOf(apis().filter((one) => one !== second));
    await waitUntilLevel(last.server.httpUrl, { messagesMin, stallMsMax: WAIT_MS });
    await expectRetained(last);
    for (const [topic, values] of seen) {
      const starts = values.map(({ start, revision }) => `${start} ${String(revision).padStart(6, '0')}`);
      expect(starts, topic).toEqual(starts.toSorted());
    }
  }, 300_000);

  it('come back to a broker that has lost them', async () => {
    const published = await publishTo(cluster, 3_000);
    const messagesMin = await published.messagesAcked;
    const publisher = await publisherOf(apis());
    await waitUntilLevel(publisher.server.httpUrl, { messagesMin, stallMsMax: WAIT_MS });
    await expectRetained(publisher);
    await cluster.mosquitto.stop('SIGKILL');
    await cluster.mosquitto.start();
    await expectRetained(await publisherOf(apis()));
  }, 300_000);
});
