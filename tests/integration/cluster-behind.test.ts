import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MOSQUITTO, REDIS_SERVER } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import { positionOf } from '../../src/journal/index.ts';
import { TestCluster } from './support/cluster.ts';
import { KONSTANZ, publishTo } from './support/cluster-truth.ts';
import { eventually } from './support/workbench.ts';

const PUBLISHING_MS = 16_000;
const WAIT_MS = 60_000;
/** Shared by two processes, one would be sure to take some. */
const REPORTS = 8;
const CITY = { ...KONSTANZ, log: { level: 'info' } } as const;

const isMissing = MOSQUITTO === undefined || REDIS_SERVER === undefined;

describe.skipIf(isMissing)('processes that do not fit (skipped without mosquitto and redis-server)', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.close(), 60_000);

  it('an api node whose messages are gone says so at every start, and holds nothing back', async () => {
    cluster = await TestCluster.open({ city: CITY, partitions: 4, lease: '3s' });
    const [intake, , gone, other] = await Promise.all([
      cluster.start('intake-1', 'intake'),
      cluster.start('engine-1', 'engine'),
      cluster.start('api-1', 'api'),
      cluster.start('api-2', 'api'),
    ]);
    expect(intake.server.httpUrl).not.toBe(other.server.httpUrl);
    const streams = await cluster.streams();
    try {
      const published = await publishTo(cluster, PUBLISHING_MS);
      await sleep(PUBLISHING_MS / 4);
      gone.server.kill('SIGKILL');
      await gone.server.ended;
      cluster.members.splice(cluster.members.indexOf(gone), 1);
      const name = readFileSync(cluster.bench.path('api-1/replica.txt'), 'utf8').trim();
      const noted = async () => (await streams.replicas()).find((one) => one.name === name);
      const { position } = (await noted())!;
      // As is done when it was away for an hour.
      await streams.forgetReplica(name);
      const messagesMin = await published.messagesAcked;
      await waitUntilLevel(other.server.httpUrl, { messagesMin, stallMsMax: WAIT_MS });
      await eventually(
        () => streams.oldestCut(),
        (cut) => positionOf(cut) > position + 100,
        WAIT_MS,
      );
      for (let starts = 0; starts < 2; starts++) {
        await expect(cluster.start('api-1', 'api')).rejects.toThrow('was let go while this node was away');
        expect(await noted()).toBeUndefined();
      }
      expect(existsSync(cluster.bench.path('api-1/left-behind.txt'))).toBe(true);
      await cluster.start('api-3', 'api');
    } finally {
      await streams.close();
    }
  }, 300_000);

  it('one with other device profiles or another configuration is noticed by all', async () => {
    cluster = await TestCluster.open({ city: CITY, partitions: 4, lease: '3s' });
    const [engine, api] = await Promise.all([
      cluster.start('engine-1', 'engine'),
      cluster.start('api-1', 'api'),
      cluster.start('intake-1', 'intake'),
    ]);
    const configurations = async () =>
      /^vitals_configurations (\d+)$/m.exec(await (await fetch(`${api.server.httpUrl}/metrics`)).text())?.[1];
    await eventually(configurations, (count) => count === '1', WAIT_MS);
    const odd = await cluster.start('engine-2', 'engine', { set: ['windows.horizon=61d'] });
    await eventually(configurations, (count) => count === '2', WAIT_MS);
    for (const { server } of [engine, api, odd]) {
      await eventually(
        async () => server.stdout(),
        (text) => text.includes('other processes have another configuration'),
        WAIT_MS,
      );
    }
    await cluster.end(odd);
    await eventually(configurations, (count) => count === '1', WAIT_MS);
  }, 300_000);

  it('each api process does the jobs that it was given, for their files are its own', async () => {
    cluster = await TestCluster.open({ city: CITY, partitions: 4, lease: '3s' });
    const [one, two] = await Promise.all([
      cluster.start('api-1', 'api'),
      cluster.start('api-2', 'api'),
      cluster.start('engine-1', 'engine'),
      cluster.start('intake-1', 'intake'),
    ]);
    const reportsUrl = (api: typeof one) => `${api.server.httpUrl}/api/v1/reports`;
    const days = Array.from({ length: REPORTS }, (_, at) => `2026-03-${String(at + 1).padStart(2, '0')}`);
    for (const day of days) {
      const order = { method: 'POST', headers: { 'x-vitals-order': '1' } };
      expect(await (await fetch(`${reportsUrl(one)}?period=${day}`, order)).text()).toContain('"id"');
    }
    const listed = async (api: typeof one) =>
      ((await (await fetch(reportsUrl(api))).json()) as { reports: unknown[] }).reports.length;
    await eventually(
      () => listed(one),
      (count) => count === REPORTS,
      WAIT_MS,
    );
    expect(await listed(two)).toBe(0);
    expect(await (await fetch(`${two.server.httpUrl}/api/v1/jobs`)).json()).toEqual({ jobs: [] });
  }, 300_000);
});
