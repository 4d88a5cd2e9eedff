import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programFile } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PROGRAM = programFile();
const FIRST_MS = Date.UTC(2026, 4, 4, 20);
/** Every ten minutes, over the midnight of Madrid. */
const READINGS = 36;

let bench: Workbench;
let server: Server;
let config: string;

beforeAll(async () => {
  bench = new Workbench();
  config = bench.city({
    city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
    zones: [{ id: 'west', name: 'West', population: 1000 }],
    devices: [{ match: '*', zone: 'west', expectEvery: '10m' }],
    windows: { clock: 'event', lateness: '1m', tick: '100ms' },
    log: { level: 'warn' },
  });
  server = await bench.start({ config, data: bench.path('data') });
  const client = await mqtt.connectAsync(server.mqttUrl);
  for (let step = 0; step < READINGS; step++) {
    const reading = { time: new Date(FIRST_MS + step * 600_000).toISOString(), quantity: 'pm2_5', unit: 'ug/m3' };
    await client.publishAsync('recording/town/air-1', JSON.stringify({ ...reading, value: step / 8 }), { qos: 1 });
  }
  await client.endAsync();
  await waitUntilLevel(server.httpUrl, { messagesMin: READINGS });
}, 120_000);
afterAll(() => bench?.close());

it('writes whole local days as Parquet files that say what the store holds', async () => {
  const words = ['export', '--from', '2026-05-04', '--to', '2026-05-06', '--url', server.httpUrl, '--config', config];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words]);
  const folder = /^8 files with \d+ rows, [\d.]+ MB, in (.*)$/m.exec(stdout)![1]!;
  const kinds = ['hours', 'kpis', 'quarters', 'readings'];
  expect(readdirSync(folder).sort()).toEqual(
    kinds.flatMap((kind) => [`${kind}-2026-05-04.parquet`, `${kind}-2026-05-05.parquet`]),
  );
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
  const days = await rows(
    `SELECT filename[-18:-9] AS day, count(*)::INTEGER, min(epoch_ms(time))::DOUBLE, min(value), any_value(unit), bool_and(counts), any_value(quality), any_value(every)
     FROM read_parquet('${folder}/readings-*.parquet', filename = true) GROUP BY day ORDER BY day`,
  );
  // Local midnight is at 22:00 UTC: twelve readings before it.
  expect(days).toEqual([
    ['2026-05-04', 12, FIRST_MS, 0, 'ug/m3', true, expect.any(String), 600],
    ['2026-05-05', 24, FIRST_MS + 12 * 600_000, 1.5, 'ug/m3', true, expect.any(String), 600],
  ]);
  const [[hours, values]] = (await rows(
    `SELECT (SELECT count(*)::INTEGER FROM '${folder}/hours-*.parquet'), (SELECT count(*)::INTEGER FROM '${folder}/kpis-*.parquet' WHERE kpi = 'air-pm2-5-hour' AND zone = 'west')`,
  )) as [[number, number]];
  expect([hours, values >= 5]).toEqual([6, true]);
  connection.closeSync();
  instance.closeSync();
}, 120_000);

it('tells of jobs, and refuses what cannot be ordered with a reason', async () => {
  const { jobs } = await getJson<{ jobs: { id: string; kind: string; state: string; progress: number }[] }>(
    server.httpUrl,
    '/api/v1/jobs',
  );
  expect(jobs).toMatchObject([{ kind: 'export', state: 'completed', progress: 1 }]);
  const order = (path: string) =>
    fetch(`${server.httpUrl}/api/v1/${path}`, { method: 'POST', headers: { 'x-vitals-order': '1' } });
  const refused = await order('exports?from=1990-01-01T00:00:00Z&to=2026-01-01T00:00:00Z');
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'days_too_many' } }]);
  expect((await order('exports?from=2026-05-04T00:00:00Z&to=2026-05-05T00:00:00Z&what=everything')).status).toBe(400);
  expect((await order('jobs/cancel?id=nobody')).status).toBe(404);
  const taken = await order('exports?from=2020-01-01T00:00:00Z&to=2029-01-01T00:00:00Z&what=kpis');
  const { order: long } = (await taken.json()) as { order: { id: string } };
  expect((await order(`jobs/cancel?id=${long.id}`)).status).toBe(202);
  const states = async () =>
    (await getJson<{ jobs: { id: string; state: string }[] }>(server.httpUrl, '/api/v1/jobs')).jobs;
  await eventually(states, (all) => all.some(({ id, state }) => id === long.id && state === 'cancelled'));
  const again = await order(`jobs/retry?id=${long.id}`);
  expect([again.status, await again.json()]).toMatchObject([202, { order: { id: long.id, error: null } }]);
  expect((await order(`jobs/retry?id=${jobs[0]!.id}`)).status).toBe(409);
  const { jobs: counted } = await getJson<{ jobs: unknown[] }>(
    server.httpUrl,
    '/api/v1/jobs?kind=export&state=completed',
  );
  expect(counted).toMatchObject([
    { description: 'readings, quarters, hours, kpis 2026-05-04 to 2026-05-05', attempts: 1 },
  ]);
  expect((await order(`jobs/cancel?id=${long.id}`)).status).toBe(202);
  expect(await (await fetch(`${server.httpUrl}/metrics`)).text()).toContain(
    'vitals_jobs{kind="export",state="completed"} 1',
  );
}, 60_000);
