import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programFile } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { openLocalJournalReader } from '../../src/journal/local/index.ts';
import type { AccountingBody, KpiValueBody, QuarantineBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PROGRAM = programFile();
const FIRST_S = Date.UTC(2026, 4, 4) / 1000;
const STEP_S = 600;
/** A day and a half, every ten minutes: most of it is older than what memory holds. */
const STEPS = 216;

/** Reads `pm` as it is, and does not know `nox`. */
const BROKEN = profile('');
const MENDED = profile(', scale: 0.5 }\n  - { quantity: no2, path: $.nox, unit: ug/m3');

function profile(more: string): string {
  return `name: box
title: a box of the test
source: the test
match:
  - { topic: "box/{device}/data", require: [$.t] }
expectEvery: 10m
device: { id: "{device}" }
time: { path: $.t, format: unix }
readings:
  - { quantity: pm10, path: $.pm, unit: ug/m3${more} }
`;
}

let bench: Workbench;
let server: Server;

function city(folder: string): string {
  const file: CityFile = {
    city: { id: 'town', name: 'Town', timeZone: 'UTC' },
    zones: [{ id: 'west', name: 'West', population: 1000 }],
    devices: [{ match: '*', zone: 'west', expectEvery: '10m' }],
    windows: { clock: 'event', lateness: '1m', horizon: '2h', tick: '100ms' },
    journal: { markEvery: '200ms' },
    deviceProfiles: folder,
  };
  return bench.city(file);
}

function profiles(name: string, text: string): string {
  const folder = bench.path(name);
  mkdirSync(`${folder}/box`, { recursive: true });
  writeFileSync(`${folder}/box/profile.yaml`, text);
  return folder;
}

async function publishAll(url: string): Promise<void> {
  const client = await mqtt.connectAsync(url);
  for (let step = 0; step < STEPS; step++) {
    const t = FIRST_S + step * STEP_S;
    const payload = JSON.stringify({ t, pm: 10 + (step % 7), nox: 20 + (step % 5) });
    await client.publishAsync('box/a/data', payload, { qos: 1 });
    if (step % 50 === 0) await client.publishAsync('box/b/data', '{ "pm": 3 }', { qos: 1 });
  }
  await client.endAsync();
}

async function values({ httpUrl }: Server): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const kpi of ['air-pm10-hour', 'air-no2-hour', 'air-pm10-day', 'air-eaqi']) {
    const query = 'zone=west&from=2026-05-04T00:00:00Z&to=2026-05-06T00:00:00Z';
    const response = await fetch(`${httpUrl}/api/v1/kpis/${kpi}?${query}`);
    if (!response.ok) continue;
    const { values: rows } = (await response.json()) as { values: KpiValueBody[] };
    for (const { start, value, valid } of rows) found.push([kpi, start, value, valid]);
  }
  return found;
}

const accounting = ({ httpUrl }: Server) => getJson<AccountingBody>(httpUrl, '/api/v1/accounting');

async function order(path: string): Promise<Response> {
  return fetch(`${server.httpUrl}${path}`, { method: 'POST', headers: { 'x-vitals-order': 'test' } });
}

/** Runs a command of the program; rejects when it ends with another code than 0. */
function command(...flags: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return promisify(execFile)(process.execPath, [PROGRAM, ...flags]);
}

async function settled(): Promise<void> {
  await eventually(
    async () => getJson<{ orders: { state: string; error: string | null }[] }>(server.httpUrl, '/api/v1/redecode'),
    ({ orders }) => orders.every(({ state }) => state === 'completed'),
  );
  await waitUntilLevel(server.httpUrl, { messagesMin: 0 });
  await eventually(
    async () =>
      (await (await fetch(`${server.httpUrl}/metrics`)).text()).match(/vitals_late_readings_waiting (\d+)/)?.[1],
    (waiting) => waiting === '0',
  );
}

describe('a profile that was mended', () => {
  let folder: string;

  beforeAll(async () => {
    bench = new Workbench();
    folder = profiles('profiles', BROKEN);
    server = await bench.start({ config: city(folder), data: bench.path('data') });
    await publishAll(server.mqttUrl);
    await waitUntilLevel(server.httpUrl, { messagesMin: STEPS });
    expect((await server.stop()).code).toBe(0);
    writeFileSync(`${folder}/box/profile.yaml`, MENDED);
    server = await bench.start({ config: city(folder), data: bench.path('data') });
  }, 180_000);
  afterAll(() => bench.close());

  it('changes nothing of the past by itself', async () => {
    await waitUntilLevel(server.httpUrl, { messagesMin: STEPS });
    const { readings, again } = await accounting(server);
    expect(readings.counted).toBe(STEPS);
    expect(again.messages.received).toBe(0);
  });

  it('is ordered by who means to', async () => {
    const path = '/api/v1/redecode?from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z';
    const foreign = await fetch(`${server.httpUrl}${path}`, { method: 'POST' });
    expect(foreign.status).toBe(403);
    const unknown = await order(`${path}&profile=nobody`);
    expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('there is no such profile')]);
  });

  it('is tried without writing', { timeout: 120_000 }, async () => {
    const flags = [
      '--from',
      '2026-01-01',
      '--to',
      '2036-01-01',
      '--config',
      city(folder),
      '--data',
      bench.path('data'),
    ];
    const { stdout } = await command('redecode', '--dry-run', '--json', '--profile', 'box', ...flags);
    const nothing = { channel: '', duplicate: 0, conflict: 0, withdrawn: 0 };
    expect(JSON.parse(stdout)).toEqual({
      messages: STEPS + 5,
      refused: 5,
      series: [
        { ...nothing, device: 'a', quantity: 'no2', added: STEPS, replaced: 0 },
        { ...nothing, device: 'a', quantity: 'pm10', added: 0, replaced: STEPS },
      ],
    });
    expect((await accounting(server)).again.messages.received).toBe(0);
  });

  it('corrects the past to what it would have been, once', { timeout: 240_000 }, async () => {
    const path = '/api/v1/redecode?from=2026-01-01T00:00:00Z&to=2036-01-01T00:00:00Z&topic=box/%2B/data';
    expect((await order(path)).status).toBe(202);
    await settled();
    const { readings, again, balanced } = await accounting(server);
    expect(readings.counted).toBe(STEPS);
    expect(again.readings).toMatchObject({ added: STEPS, replaced: STEPS, duplicate: 0 });
    expect(balanced).toEqual({ messages: true, readings: true });
    const straight = await bench.start({ config: city(folder), data: bench.path('straight') });
    await publishAll(straight.mqttUrl);
    await waitUntilLevel(straight.httpUrl, { messagesMin: STEPS });
    expect((await values(server)).length).toBeGreaterThan(60);
    expect(await values(server)).toEqual(await values(straight));
    await straight.stop();
    expect((await order(path)).status).toBe(202);
    await settled();
    const twice = (await accounting(server)).again.readings;
    expect(twice).toMatchObject({ added: STEPS, replaced: STEPS, duplicate: 2 * STEPS });
    expect(readFileSync(bench.path('data/audit.jsonl'), 'utf8')).toContain('decode_again');
  });

  it('lets messages out of quarantine', { timeout: 120_000 }, async () => {
    const held = async () =>
      (await getJson<{ quarantine: QuarantineBody[] }>(server.httpUrl, '/api/v1/quarantine?reason=missing_field'))
        .quarantine;
    const refused = await held();
    expect(refused.length).toBe(5);
    const reader = openLocalJournalReader({ folder: bench.path('data/journal') });
    const [record] = await reader.read(refused[0]!.sequence - 1, refused[0]!.sequence, 1);
    await reader.close();
    expect(record).toMatchObject({ kind: 'message', message: { topic: 'box/b/data' } });
    expect((await server.stop()).code).toBe(0);
    writeFileSync(`${folder}/box/profile.yaml`, MENDED.replace(', require: [$.t]', ''));
    server = await bench.start({ config: city(folder), data: bench.path('data') });
    const url = ['--url', server.httpUrl];
    const listed = await command('quarantine', 'list', '--limit', '2', ...url);
    expect(listed.stdout.split('\n').filter((line) => line.includes(' missing_field "box/b/data" '))).toHaveLength(2);
    expect(listed.stderr).toContain('--before');
    const replayed = await command('quarantine', 'replay', '--reason', 'missing_field', ...url);
    expect(replayed.stdout).toBe('5 messages are decoded again; 0 are not in the journal any more\n');
    await settled();
    expect(await held()).toEqual([]);
  });
});
