import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import { readCsv, tablesOf } from '../unit/views/reports/support.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/vitals.js', import.meta.url));
/** 22:00 in Madrid on 24 October 2026, the day before clocks change; every ten minutes for 32 hours. */
const FIRST_MS = Date.UTC(2026, 9, 24, 20);
const READINGS = 32 * 6;
const DAY = { from: '2026-10-24T22:00:00Z', to: '2026-10-25T23:00:00Z' };

let bench: Workbench;
let server: Server;

beforeAll(async () => {
  bench = new Workbench();
  const config = bench.city({
    city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
    zones: [{ id: 'west', name: '<b>West & "East"</b>', population: 1000, areaKm2: 2.5 }],
    devices: [{ match: '*', zone: 'west', expectEvery: '10m' }],
    targets: { 'air-pm2-5-day': 12 },
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

const vitals = (...words: string[]) =>
  promisify(execFile)(process.execPath, [PROGRAM, 'report', '--url', server.httpUrl, ...words]);

interface ApiValue {
  readonly start: string;
  readonly end: string;
  readonly value: number | null;
  readonly coverage: number;
  readonly valid: boolean;
  readonly final: boolean;
  readonly revision: number;
  readonly quality: string;
}

it('makes a report of a day of 25 hours whose CSV says what the API says of every value', async () => {
  const { stdout, stderr } = await vitals('--zone', 'west', '--day', '2026-10-25');
  const [said = '', html = '', csv = ''] = stdout.trimEnd().split('\n');
  expect(said).toMatch(/^\d+ values, (?:final|provisional)$/);
  expect(stderr).toMatch(/order \S+ was taken\n(?:.*\n)*completed, 100 %/);
  const rows = readCsv(readFileSync(csv, 'utf8'));
  const windows = rows.filter(({ part }) => part === 'window');
  // The hours of the day are all there: readings came in every one.
  expect(windows.filter(({ kpi }) => kpi === 'air-pm2-5-hour')).toHaveLength(25);
  for (const id of new Set(windows.map(({ kpi }) => kpi!))) {
    const path = `/api/v1/kpis/${id}?zone=west&from=2025-01-01T00:00:00Z&to=${DAY.to}`;
    const { values } = await getJson<{ values: ApiValue[] }>(server.httpUrl, path);
    const starts = new Map(values.map((value) => [Date.parse(value.start), value]));
    const ofKpi = windows.filter(({ kpi }) => kpi === id);
    for (const row of ofKpi) {
      const value = starts.get(Date.parse(row.start!))!;
      expect(row).toMatchObject({
        ...{ value: value.value === null ? '' : String(value.value), coverage: String(value.coverage) },
        ...{ valid: String(value.valid), final: String(value.final), revision: String(value.revision) },
        quality: value.quality,
      });
      expect(Date.parse(row.end!)).toBe(Date.parse(value.end));
    }
    // Windows that the API has and the report has not lie outside of the day.
    const [fromMs, toMs] = [Date.parse(DAY.from), Date.parse(DAY.to)];
    const isInDay = ({ start, end }: ApiValue) => Date.parse(start) >= fromMs && Date.parse(end) <= toMs;
    expect([id, values.filter(isInDay).length <= ofKpi.length]).toEqual([id, true]);
  }
  const day = rows.find(({ part, kpi }) => part === 'summary' && kpi === 'air-pm2-5-day')!;
  // Readings 12 to 161 of the day are 1.5 to 20.125: their mean is (1.5 + 20.125) / 2.
  expect(Number(day.value)).toBeCloseTo(10.8125, 9);
  expect(day).toMatchObject({
    start: '2026-10-25T00:00:00+02:00',
    end: '2026-10-26T00:00:00+01:00',
    target_met: 'true',
  });
  const document = readFileSync(html, 'utf8');
  expect(document).toContain('<bdi>&lt;b&gt;West &amp; &quot;East&quot;&lt;/b&gt;</bdi>');
  const summary = tablesOf(document)[0]!.find(([name]) => name?.startsWith('PM2.5, mean of the day'));
  // 10.8125, as the page shows it, below the target of the city.
  expect(summary?.[2]).toMatch(/^10\.8 /);
  expect(summary?.at(-1)).toBe('≤ 12 met');
}, 120_000);

it('serves what was made, with a policy that runs nothing, and nothing else', async () => {
  const { reports, next } = await getJson<{ reports: Record<string, unknown>[]; next: string | null }>(
    server.httpUrl,
    '/api/v1/reports?zone=west',
  );
  expect(next).toBeNull();
  expect(reports).toMatchObject([
    {
      name: 'west-2026-10-25.csv',
      zone: 'west',
      period: '2026-10-25',
      format: 'csv',
      madeAt: expect.stringMatching(/Z$/),
    },
    { name: 'west-2026-10-25.html', zone: 'west', period: '2026-10-25', format: 'html' },
  ]);
  for (const { name, bytes } of reports) {
    const file = await fetch(`${server.httpUrl}/api/v1/reports/${name}`);
    const body = Buffer.from(await file.arrayBuffer());
    expect(body.length).toBe(bytes);
    expect(body.equals(readFileSync(bench.path(`data/reports/${name}`)))).toBe(true);
    expect(file.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'; /);
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(file.headers.get('content-type')).toMatch(
      String(name).endsWith('csv') ? /^text\/csv; charset=utf-8/ : /^text\/html; charset=utf-8/,
    );
  }
  for (const name of [
    '..%2f..%2fjobs.sqlite',
    '..%2fjobs.sqlite',
    'west-2026-10-25.html.part',
    'west-2027.html',
    'jobs.sqlite',
    '%00',
  ]) {
    const refused = await fetch(`${server.httpUrl}/api/v1/reports/${name}`);
    expect([name, refused.status]).toEqual([name, 404]);
    expect(refused.headers.get('content-type')).toMatch(/^application\/json/);
  }
}, 60_000);

it('refuses what it cannot report on, with a reason, and makes the city and a month', async () => {
  const order = async (query: string, headers = { 'x-vitals-order': '1' }) => {
    const response = await fetch(`${server.httpUrl}/api/v1/reports?${query}`, { method: 'POST', headers });
    const { error } = (await response.json()) as { error?: { code: string; message: string } };
    return [response.status, error?.code];
  };
  expect(await order('zone=west&period=2026-02-30')).toEqual([400, 'period_invalid']);
  expect(await order('zone=west&period=../2026')).toEqual([400, 'period_invalid']);
  expect(await order('zone=..%2Fwest&period=2026')).toEqual([404, 'unknown_zone']);
  expect(await order('zone=device:air-1&period=2026')).toEqual([404, 'unknown_zone']);
  expect(await order('zone=west')).toEqual([400, 'bad_parameter']);
  expect(await order('period=2026', {} as never)).toEqual([403, 'order_header_missing']);
  await expect(vitals('--day', '2026-10')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('2026-03-01'),
  });
  await expect(vitals('--day', '2026-10-25', '--year', '2026')).rejects.toMatchObject({ code: 1 });
  await expect(vitals('--zone', 'east', '--month', '2026-10')).rejects.toMatchObject({
    stderr: expect.stringContaining('cannot find the zone "east": known: town, west'),
  });
  const { stdout } = await vitals('--month', '2026-10');
  expect(stdout).toMatch(
    /^\d+ values, provisional\n.*\/reports\/town-2026-10\.html\n.*\/reports\/town-2026-10\.csv\n$/,
  );
  const { jobs } = await eventually(
    () => getJson<{ jobs: { kind: string; state: string }[] }>(server.httpUrl, '/api/v1/jobs'),
    ({ jobs: all }) => all.every(({ state }) => state === 'completed'),
  );
  expect(jobs.map(({ kind }) => kind)).toEqual(['report', 'report']);
}, 120_000);
