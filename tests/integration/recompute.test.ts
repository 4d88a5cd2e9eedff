import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killChild, openRedisServer, programFile, REDIS_SERVER } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import { DAY_MS, HOUR_MS } from '../../src/base/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { KpiValueBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

/* The panes that a real product has stored are held against its readings; some are then damaged on the disk. */

const PROGRAM = programFile();
const FIRST_MS = Date.UTC(2026, 4, 4);
const DAYS = 8;
const EVERY_MS = 600_000;
const PERIOD = 'from=2026-05-04T00:00:00Z&to=2026-05-13T00:00:00Z';
const DAMAGED_MS = FIRST_MS + DAY_MS + 10 * HOUR_MS;
const CITY: CityFile = {
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [{ id: 'west', name: 'West', population: 1000 }],
  devices: [{ match: '*', zone: 'west', expectEvery: '10m' }],
  windows: { clock: 'event', lateness: '1m', tick: '100ms' },
  log: { level: 'warn' },
};
const SERIES = [
  { device: 'air-1', quantity: 'pm2_5', unit: 'ug/m3', valueAt: (step: number) => 20 + ((step * 7) % 31) / 3 },
  { device: 'noise-1', quantity: 'laeq', unit: 'dB[SPL]', valueAt: (step: number) => 50 + ((step * 13) % 37) / 2 },
  { device: 'wind-1', quantity: 'wind_direction', unit: 'deg', valueAt: (step: number) => (step * 37) % 360 },
  { device: 'meter-1', quantity: 'water_volume', unit: 'm3', valueAt: (step: number) => 100 + step / 16 },
] as const;

interface Result {
  readonly days: number;
  readonly hours: number;
  readonly different: number;
  readonly handedOver: number;
  readonly first: readonly { readonly device: string; readonly quantity: string; readonly start: string }[];
}

let bench: Workbench;
let server: Server;
let config: string;

beforeAll(async () => {
  bench = new Workbench();
  config = bench.city(CITY);
  server = await bench.start({ config, data: bench.path('data') });
  const steps = Array.from({ length: (DAYS * DAY_MS) / EVERY_MS }, (_, step) => step);
  // Each seventh comes two hours late, some twice, and one in fifty not at all.
  const order = steps.filter((step) => step % 50 !== 49).sort((a, b) => arrival(a) - arrival(b));
  const client = await mqtt.connectAsync(server.mqttUrl);
  const sent = order.flatMap((step) =>
    SERIES.flatMap(({ device, quantity, unit, valueAt }) => {
      const reading = {
        time: new Date(FIRST_MS + step * EVERY_MS).toISOString(),
        quantity,
        unit,
        value: valueAt(step),
      };
      const publish = () => client.publishAsync(`recording/town/${device}`, JSON.stringify(reading), { qos: 1 });
      return step % 11 === 0 ? [publish(), publish()] : [publish()];
    }),
  );
  await Promise.all(sent);
  await client.endAsync();
  await waitUntilLevel(server.httpUrl, { messagesMin: sent.length });
}, 180_000);
afterAll(() => bench?.close());

function arrival(step: number): number {
  return step % 7 === 0 ? step + 12.5 : step;
}

async function recompute(mode: 'check' | 'repair', more = ''): Promise<Result> {
  const response = await fetch(`${server.httpUrl}/api/v1/recomputes?${PERIOD}&mode=${mode}${more}`, {
    ...{ method: 'POST', headers: { 'x-vitals-order': '1' } },
  });
  expect(response.status).toBe(202);
  const { order } = (await response.json()) as { order: { id: string } };
  type Listed = { jobs: { id: string; state: string; error: string | null; result: Result }[] };
  const { jobs } = await eventually(
    () => getJson<Listed>(server.httpUrl, '/api/v1/jobs'),
    (all) => all.jobs.some(({ id, state }) => id === order.id && ['completed', 'failed'].includes(state)),
    // It waits for what waits to be rebuilt.
    120_000,
  );
  const { error, result } = jobs.find(({ id }) => id === order.id)!;
  expect(error).toBeNull();
  return result;
}

async function hourOfAir(): Promise<KpiValueBody | undefined> {
  const from = new Date(DAMAGED_MS).toISOString();
  const path = `/api/v1/kpis/air-pm2-5-hour?zone=west&from=${from}&to=${new Date(DAMAGED_MS + HOUR_MS).toISOString()}`;
  return (await getJson<{ values: KpiValueBody[] }>(server.httpUrl, path)).values[0];
}

async function restart(set: readonly string[] = []): Promise<void> {
  server.kill('SIGTERM');
  await server.ended;
  server = await bench.start({ config, data: bench.path('data'), set });
}

/** Changes what is stored while nobody holds it. */
async function damage(sql: string): Promise<void> {
  server.kill('SIGTERM');
  await server.ended;
  const instance = await DuckDBInstance.create(bench.path('data/store.duckdb'));
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
  server = await bench.start({ config, data: bench.path('data') });
}

describe('what is stored of hours', () => {
  it('is what their readings say, whatever came late, twice or not at all', async () => {
    const { hours, different, first } = await recompute('check');
    expect([different, first]).toEqual([0, []]);
    // All but those that the engine has in memory still.
    expect(hours).toBeGreaterThan(SERIES.length * (DAYS * 24 - 54));
    expect(hours).toBeLessThanOrEqual(SERIES.length * DAYS * 24);
  }, 60_000);

  it('is found where it was damaged, named, and made again as a revision, with the values above it', async () => {
    const before = await hourOfAir();
    const ofDevice = (device: string) => `series IN (SELECT id FROM series WHERE device = 'town:${device}')`;
    await damage(
      `UPDATE panes_hour SET sum = sum + 60 WHERE start_ms = ${DAMAGED_MS} AND ${ofDevice('air-1')};
      UPDATE panes_quarter SET max = 99 WHERE start_ms = ${DAMAGED_MS + 2 * HOUR_MS} AND ${ofDevice('noise-1')};
      DELETE FROM panes_hour WHERE start_ms = ${DAMAGED_MS + HOUR_MS} AND ${ofDevice('meter-1')}`,
    );
    const found = await recompute('check');
    expect(found).toMatchObject({ different: 3, handedOver: 0 });
    expect(found.first.slice(0, 2)).toEqual([
      { device: 'town:air-1', quantity: 'pm2_5', start: new Date(DAMAGED_MS).toISOString() },
      {
        device: 'town:meter-1',
        quantity: 'water_volume',
        start: new Date(DAMAGED_MS + HOUR_MS).toISOString(),
      },
    ]);
    expect(found.first[2]).toMatchObject({ device: 'town:noise-1', quantity: 'laeq' });
    expect(await recompute('repair', '&device=town:meter-1')).toMatchObject({ different: 1, handedOver: 1 });
    expect(await recompute('repair')).toMatchObject({ different: expect.any(Number) });
    await eventually(
      () => recompute('check'),
      ({ different }) => different === 0,
      // The engine comes to the past once a minute.
      120_000,
    );
    // The value was right, for it was made from the readings: it is made again all the same, and says so.
    const after = await hourOfAir();
    expect(after).toMatchObject({ value: before!.value, revision: before!.revision + 1 });
    await restart();
    expect(await recompute('check')).toMatchObject({ different: 0 });
    expect(await hourOfAir()).toEqual(after);
  }, 240_000);

  it('is refused for more days than an order may have', async () => {
    const url = `${server.httpUrl}/api/v1/recomputes?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`;
    const response = await fetch(url, { method: 'POST', headers: { 'x-vitals-order': '1' } });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'days_too_many' } }]);
  });
});

describe.skipIf(REDIS_SERVER === undefined)('with workers (skipped where redis-server is not installed)', () => {
  it('says the same as without, by two of them, and shows its queues to admins', async () => {
    const alone = await recompute('check');
    const redis = await openRedisServer(bench.path('redis'));
    const set = ['jobs.backend=bullmq', `jobs.redis.url=redis://127.0.0.1:${redis.port}`];
    await restart(set);
    const workers = await Promise.all([0, 1].map(() => startWorker(set)));
    try {
      expect(await recompute('check')).toEqual(alone);
      const board = await fetch(`${server.httpUrl}/jobs/board/`);
      expect([board.status, await board.text()]).toMatchObject([200, expect.stringContaining('City Vitals: jobs')]);
      await redis.kill();
      const away = await fetch(`${server.httpUrl}/api/v1/recomputes?${PERIOD}`, {
        ...{ method: 'POST', headers: { 'x-vitals-order': '1' } },
      });
      expect([away.status, await away.json()]).toMatchObject([503, { error: { code: 'jobs_unreachable' } }]);
      expect((await fetch(`${server.httpUrl}/metrics`)).status).toBe(200);
      await redis.start();
      const again = () => recompute('check').catch(() => undefined);
      expect(await eventually(again, (result) => result !== undefined)).toEqual(alone);
    } finally {
      await redis.kill();
      // Also without Redis all of them end in order.
      server.kill('SIGTERM');
      const ended = workers.map((worker) => (worker.exitCode === null ? once(worker, 'exit') : [worker.exitCode]));
      for (const worker of workers) worker.kill('SIGTERM');
      expect((await server.ended).code).toBe(0);
      for (const end of ended) expect((await end)[0]).toBe(0);
      for (const worker of workers) await killChild(worker);
    }
  }, 180_000);

  async function startWorker(set: readonly string[]) {
    const flags = set.flatMap((line) => ['--set', line]);
    const child = spawn(process.execPath, [PROGRAM, 'worker', '--config', join(config), ...flags, '--announce']);
    await once(child.stdout!, 'data');
    return child;
  }
});
