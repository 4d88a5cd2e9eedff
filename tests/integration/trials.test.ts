import { readdirSync, readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import { HOUR_MS } from '../../src/base/index.ts';
import type { KpiValueBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

/* A KPI and an alarm rule are tried on what a real product has stored; both are held against the values of its API. */

const FIRST_MS = Date.UTC(2026, 4, 4);
const HOURS = 72;
const PERIOD = `from=2026-05-04T00:00:00Z&to=2026-05-07T00:00:00Z`;

interface Order {
  readonly id: string;
  readonly state: string;
  readonly progress: number;
  readonly error: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: a result is what the test says it must be
  readonly result: any;
}

let bench: Workbench;
let server: Server;
/** Of west, hour by hour: as published. */
let published: KpiValueBody[];

/** Rises and falls with the hours; every eleventh hour has a reading of six, every seventeenth none at all. */
function* readings(): Generator<{ readonly timeMs: number; readonly device: string; readonly value: number }> {
  for (let hour = 0; hour < HOURS; hour++) {
    if (hour % 17 === 16) continue;
    for (let part = 0; part < (hour % 11 === 10 ? 1 : 6); part++) {
      const timeMs = FIRST_MS + hour * HOUR_MS + part * 600_000;
      for (const [at, device] of ['air-1', 'air-2'].entries()) {
        yield { timeMs, device, value: 20 + 15 * Math.sin(hour / 3) + ((hour * 7) % 5) + at + part / 8 };
      }
    }
  }
}

beforeAll(async () => {
  bench = new Workbench();
  const config = bench.city({
    city: { id: 'town', name: 'Town', timeZone: 'UTC' },
    zones: [{ id: 'west', name: 'West', population: 1000 }],
    devices: [{ match: '*', zone: 'west', expectEvery: '10m' }],
    windows: { clock: 'event', lateness: '1m', tick: '100ms' },
    log: { level: 'warn' },
  });
  server = await bench.start({ config, data: bench.path('data') });
  const client = await mqtt.connectAsync(server.mqttUrl);
  // In their order, and without waiting for the disk at each.
  const sent = Array.from(readings(), ({ timeMs, device, value }) => {
    const reading = { time: new Date(timeMs).toISOString(), quantity: 'pm2_5', unit: 'ug/m3', value };
    return client.publishAsync(`recording/town/${device}`, JSON.stringify(reading), { qos: 1 });
  });
  await Promise.all(sent);
  await client.endAsync();
  await waitUntilLevel(server.httpUrl, { messagesMin: sent.length });
  published = await kpiValues('air-pm2-5-hour', 'west');
}, 180_000);
afterAll(() => bench?.close());

async function kpiValues(kpi: string, zone: string): Promise<KpiValueBody[]> {
  const path = `/api/v1/kpis/${kpi}?zone=${zone}&${PERIOD}&limit=10000`;
  return (await getJson<{ values: KpiValueBody[] }>(server.httpUrl, path)).values;
}

async function post(path: string, definition?: unknown): Promise<{ status: number; body: { order: Order } }> {
  const json = definition === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${server.httpUrl}/api/v1/${path}`, {
    ...{ method: 'POST', headers: { 'x-vitals-order': '1', ...json } },
    ...(definition === undefined ? {} : { body: JSON.stringify(definition) }),
  });
  return { status: response.status, body: (await response.json()) as { order: Order } };
}

async function ordered(path: string, definition?: unknown): Promise<Order> {
  const { status, body } = await post(path, definition);
  expect(status, JSON.stringify(body)).toBe(202);
  const ended = (all: { jobs: Order[] }) => all.jobs.find(({ id, state }) => id === body.order.id && isEnd(state));
  const jobs = await eventually(
    () => getJson<{ jobs: Order[] }>(server.httpUrl, '/api/v1/jobs'),
    (all) => ended(all) !== undefined,
  );
  return ended(jobs)!;
}

function isEnd(state: string): boolean {
  return ['completed', 'failed', 'cancelled'].includes(state);
}

/** Rows of a trial's file. */
function rowsOf(file: string): Record<string, string>[] {
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, column) => [names[column], cell])));
}

describe('the trial of a KPI', () => {
  it('of a known one says what the API says of it', async () => {
    const { state, error, result } = await ordered(`kpi-trials?kpi=air-pm2-5-hour&zone=west&${PERIOD}`);
    expect([state, error]).toEqual(['completed', null]);
    const shown = published.filter(({ value }) => value !== null);
    const numbers = shown.filter(({ valid }) => valid).map(({ value }) => value!);
    expect(numbers.length).toBeGreaterThan(50);
    expect(result).toMatchObject({
      ...{ values: shown.length, valid: numbers.length, series: 2, scopes: ['west'] },
      ...{ min: Math.min(...numbers), max: Math.max(...numbers) },
      first: { start: shown[0]!.start, value: shown[0]!.value },
    });
    expect(result.file).toBe(bench.path(`data/trials/${result.file.split('/').at(-1)}`));
    const rows = rowsOf(result.file).filter(({ value }) => value !== '');
    expect(rows.map(({ start, value, valid, coverage }) => [start, Number(value), valid, Number(coverage)])).toEqual(
      shown.map(({ start, value, valid, coverage }) => [start, value, String(valid), coverage]),
    );
  }, 60_000);

  it('of a definition is computed as it says, and leaves nothing but its file', async () => {
    const definition = {
      ...{ id: 'own-half', title: 'Half', unit: 'ug/m3', window: 'hour', expression: '0.5 * fine' },
      inputs: { fine: { quantity: 'pm2_5', stat: 'mean' } },
    };
    const { state, result } = await ordered(`kpi-trials?zone=device:town:air-1&${PERIOD}`, definition);
    expect(state).toBe('completed');
    const values = (await kpiValues('air-pm2-5-hour', 'device:town:air-1')).filter(({ value }) => value !== null);
    const rows = rowsOf(result.file).filter(({ value }) => value !== '');
    expect(rows.map(({ start }) => start)).toEqual(values.map(({ start }) => start));
    for (const [at, { value }] of rows.entries()) expect(Number(value)).toBeCloseTo(values[at]!.value! / 2, 9);
    expect(readdirSync(bench.path('data/trials')).filter((name) => !name.endsWith('.csv'))).toEqual([]);
    expect((await fetch(`${server.httpUrl}/api/v1/kpis/own-half?${PERIOD}`)).status).toBe(404);
  }, 60_000);

  it.each([
    ['kpi=air-pm2-5-our', undefined, 'kpi_unknown', 'air-pm2-5-hour'],
    ['kpi=silent-sensors', undefined, 'kpi_not_tried', 'it depends on now'],
    ['kpi=air-pm2-5-hour&zone=east', undefined, 'scope_unknown', 'known are town, west'],
    ['zone=west', undefined, 'kpi_unknown', 'without its id or its definition'],
    ['zone=west', { id: 'own-x', expression: 'pi' }, 'kpi_invalid', 'title: '],
  ])('with %s is refused with a reason', async (query, definition, code, message) => {
    const { status, body } = await post(`kpi-trials?${query}&${PERIOD}`, definition);
    expect([status, body]).toMatchObject([400, { error: { code, message: expect.stringContaining(message) } }]);
  });
});

describe('the evaluation of an alarm', () => {
  it('tells the episodes that a look over the values of the API finds', async () => {
    const rule = 'kpi=air-pm2-5-hour&zone=west&condition=above&threshold=30&clear=20&holdFor=1h';
    const { state, error, result } = await ordered(`alarm-evaluations?${rule}&${PERIOD}`);
    expect([state, error]).toEqual(['completed', null]);
    const used = published.filter(({ value, valid, coverage }) => value !== null && valid && coverage === 1);
    const expected = [];
    let from: string | undefined;
    let fired: string | undefined;
    for (const [at, { value, end }] of used.entries()) {
      const isNext = at > 0 && Date.parse(end) - Date.parse(used[at - 1]!.end) === HOUR_MS;
      if (value! > 30) {
        // Holding for an hour: the value of the hour before met it, too.
        if (from !== undefined && isNext) fired ??= end;
        from ??= end;
      } else if (fired === undefined) from = undefined;
      else if (value! <= 20) {
        expected.push([from, fired, end]);
        from = undefined;
        fired = undefined;
      }
    }
    if (fired !== undefined) expected.push([from, fired, null]);
    expect(expected.length).toBeGreaterThan(2);
    const told = result.episodes as { from: string; firedAt: string; clearedAt: string | null }[];
    expect(told.map(({ from, firedAt, clearedAt }) => [from, firedAt, clearedAt])).toEqual(expected);
    const left = published.length - used.length;
    const { noValue, notValid, incomplete } = result.leftOut;
    expect(result).toMatchObject({ windows: published.length, used: used.length, episodeCount: expected.length });
    expect([left > 0, noValue + notValid + incomplete]).toEqual([true, left]);
  }, 60_000);

  it('is refused where it can never clear, and of what is not computed', async () => {
    const rule = 'zone=west&condition=above&threshold=30';
    const wrong = await post(`alarm-evaluations?kpi=air-pm2-5-hour&${rule}&clear=31&${PERIOD}`);
    expect([wrong.status, wrong.body]).toMatchObject([400, { error: { code: 'alarm_invalid' } }]);
    const unknown = await post(`alarm-evaluations?kpi=own-none&${rule}&${PERIOD}`);
    expect([unknown.status, unknown.body]).toMatchObject([400, { error: { code: 'kpi_unknown' } }]);
  });
});

it('orders are in the audit trail', async () => {
  await eventually(
    async () => readFileSync(bench.path('data/audit.jsonl'), 'utf8'),
    (text) => text.includes('"kpi_trial"') && text.includes('"alarm_evaluation"'),
  );
});
