import { execFile } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programFile } from '../../harness/index.ts';
import { waitUntilLevel } from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PROGRAM = programFile();
const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 4, 1);
const DAYS = 31;
const DEVICES = 20;
const STEPS = DAYS * 96;
/** Days of the month that are exported and taken in again. */
const DAYS_BACK = 3;
const HEADER = 'device,quantity,unit,time,value,quality';

const run = promisify(execFile);
const iso = (atMs: number) => new Date(atMs).toISOString();

let bench: Workbench;
let config: string;
let database: DuckDBConnection;

beforeAll(async () => {
  bench = new Workbench();
  config = bench.city(cityOf('event'));
  database = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(async () => {
  database?.closeSync();
  await bench?.close();
});

function cityOf(clock: 'event' | 'wall', device: object = { expectEvery: '15m' }): CityFile {
  return {
    city: { id: 'town', name: 'Town', timeZone: 'UTC' },
    zones: [{ id: 'west', name: 'West', population: 1000 }],
    devices: [{ match: '*', zone: 'west', ...device }],
    windows: { clock, lateness: '1m', tick: '100ms' },
    journal: { markEvery: '200ms' },
    log: { level: 'warn' },
  };
}

interface Row {
  readonly device: string;
  readonly atMs: number;
  readonly value: number;
  readonly quality: 'good' | 'bad';
}

/** Eighths, so that their sums are exact; every 50th is bad. */
function rowAt(step: number, device: number): Row {
  const value = ((step * 7 + device * 13) % 160) / 8;
  const isBad = (step + device) % 50 === 0;
  return { device: `town:air-${device}`, atMs: FROM_MS + step * QUARTER_MS, value, quality: isBad ? 'bad' : 'good' };
}

/** The month, as it was measured or device by device. */
function monthBy(order: 'time' | 'device'): Row[] {
  const rows = Array.from({ length: STEPS * DEVICES }, (_, at) =>
    order === 'time' ? rowAt(Math.floor(at / DEVICES), at % DEVICES) : rowAt(at % STEPS, Math.floor(at / STEPS)),
  );
  return rows;
}

const lineOf = ({ device, atMs, value, quality }: Row) => `${device},pm2_5,ug/m3,${iso(atMs)},${value},${quality}`;
const csvOf = (rows: readonly Row[]) => `${[HEADER, ...rows.map(lineOf)].join('\n')}\n`;

/** Puts a file into the folder of imports of a product's data. */
function put(data: string, name: string, text: string): string {
  mkdirSync(bench.path(`${data}/imports`), { recursive: true });
  writeFileSync(bench.path(`${data}/imports/${name}`), text);
  return name;
}

const start = (data: string, file = config) => bench.start({ config: file, data: bench.path(data) });

async function vitals(...words: string[]): Promise<string> {
  return (await run(process.execPath, [PROGRAM, ...words])).stdout;
}

/** Messages under way at once; one connection keeps their order. */
const PUBLISHES_MAX = 500;
const HOUR_MS = 3_600_000;

/** Publishes readings live, in messages of an hour and device. */
async function publish(server: Server, rows: readonly Row[]): Promise<void> {
  const client = await mqtt.connectAsync(server.mqttUrl);
  const hours = Map.groupBy(rows, ({ device, atMs }) => `${device} ${Math.floor(atMs / HOUR_MS)}`);
  const messages = [...hours.values()];
  for (let at = 0; at < messages.length; at += PUBLISHES_MAX) {
    await Promise.all(messages.slice(at, at + PUBLISHES_MAX).map((readings) => publishOne(client, readings)));
  }
  await client.endAsync();
}

async function publishOne(client: mqtt.MqttClient, rows: readonly Row[]): Promise<void> {
  const readings = rows.map(({ atMs, value, quality }) => {
    return { time: iso(atMs), quantity: 'pm2_5', unit: 'ug/m3', value, quality };
  });
  await client.publishAsync(`recording/${rows[0]!.device.replace(':', '/')}`, JSON.stringify(readings), { qos: 1 });
}

/** Exports days of the month and gives the folder. */
async function exported(server: Server, days = DAYS, what = 'readings,quarters,hours,kpis'): Promise<string> {
  await waitUntilLevel(server.httpUrl, { messagesMin: 1 });
  const words = ['--from', iso(FROM_MS), '--to', iso(FROM_MS + days * DAY_MS), '--what', what, '--config', config];
  return /, in (.*)$/m.exec(await vitals('export', ...words, '--url', server.httpUrl))![1]!;
}

const rowsOf = async (sql: string) => (await database.runAndReadAll(sql)).getRowsJson();

const readingsOf = (folder: string, days = DAYS) =>
  rowsOf(`SELECT * EXCLUDE (sequence) FROM '${folder}/readings-*.parquet'
     WHERE time < make_timestamptz(${(FROM_MS + days * DAY_MS) * 1000}) ORDER BY device, quantity, channel, time`);

/** Panes and final values without what tells of the way there: revisions, and whether somebody corrected them. */
const panesOf = (folder: string, kind: 'hours' | 'quarters') =>
  rowsOf(`SELECT * EXCLUDE (revision) FROM '${folder}/${kind}-*.parquet' ORDER BY device, quantity, channel, start`);

const valuesOf = (folder: string) =>
  rowsOf(`SELECT kpi, zone, "window", start, "end", value, coverage, valid, valid_count, expected_count
     FROM '${folder}/kpis-*.parquet' WHERE kpi LIKE 'air-%'
     QUALIFY row_number() OVER (PARTITION BY kpi, zone, "window", start ORDER BY revision DESC) = 1
     ORDER BY kpi, zone, "window", start`);

const accounting = (server: Server) => getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting');

describe('a month of twenty devices', () => {
  let live: Server;
  let liveFolder: string;
  /** A reading behind the month ends its last hours. */
  const after = {
    device: 'town:live',
    atMs: FROM_MS + DAYS * DAY_MS + 6 * 3_600_000,
    value: 1,
    quality: 'good',
  } as const;

  beforeAll(async () => {
    live = await start('live');
    await publish(live, monthBy('time'));
    await publish(live, [after]);
    await waitUntilLevel(live.httpUrl, { messagesMin: DAYS * 24 * DEVICES + 1 });
    liveFolder = await exported(live);
  }, 600_000);

  it('gives the same panes and values whether it came live or from a file', async () => {
    const server = await start('filed');
    const file = put('filed', 'month.csv', csvOf([...monthBy('time'), after]));
    const said = await vitals('import', file, '--url', server.httpUrl);
    expect(said).toContain(`${STEPS * DEVICES + 1} rows: ${STEPS * DEVICES + 1} readings in `);
    const folder = await exported(server);
    expect(await readingsOf(folder)).toEqual(await readingsOf(liveFolder));
    expect(await panesOf(folder, 'quarters')).toEqual(await panesOf(liveFolder, 'quarters'));
    const hours = await panesOf(folder, 'hours');
    expect(hours).toHaveLength(DAYS * 24 * DEVICES);
    expect(hours).toEqual(await panesOf(liveFolder, 'hours'));
    expect(await valuesOf(folder)).toEqual(await valuesOf(liveFolder));
    // What the file itself says of its hours.
    const path = bench.path('filed/imports/month.csv');
    const naive = await rowsOf(
      `SELECT device, epoch_ms(date_trunc('hour', time))::DOUBLE AS start, sum(value), count(*)::INTEGER FROM '${path}'
       WHERE quality = 'good' AND device <> 'town:live' GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    const stored = await rowsOf(
      `SELECT device, epoch_ms(start)::DOUBLE, sum, count FROM '${folder}/hours-*.parquet' WHERE count > 0 ORDER BY 1, 2`,
    );
    expect(naive).toHaveLength(DAYS * 24 * DEVICES);
    expect(stored).toEqual(naive);
  }, 600_000);

  it('also when it comes late, device by device, twice', async () => {
    const server = await start('late');
    await publish(server, [after]);
    const rows = monthBy('device');
    const file = put('late', 'month.csv', csvOf(rows));
    await vitals('import', file, '--url', server.httpUrl);
    await vitals('import', file, '--url', server.httpUrl);
    // Every minute of event time a day is rebuilt.
    const minute = async (step: number) =>
      publish(server, [{ ...after, atMs: after.atMs + step * 60_000 }]).then(() => accounting(server));
    let steps = 0;
    const metrics = async () => (await fetch(`${server.httpUrl}/metrics`)).text();
    for (let waiting = 1; waiting > 0; ) {
      await minute(++steps);
      await waitUntilLevel(server.httpUrl, { messagesMin: 1 });
      waiting = Number(/^vitals_late_readings_waiting (\d+)$/m.exec(await metrics())![1]);
      expect(steps).toBeLessThan(400);
    }
    const { readings } = await accounting(server);
    expect(readings.lateFiled + readings.duplicate + readings.invalid).toBeGreaterThanOrEqual(2 * rows.length);
    const folder = await exported(server, DAYS, 'hours,kpis');
    expect(await panesOf(folder, 'hours')).toEqual(await panesOf(liveFolder, 'hours'));
    expect(await valuesOf(folder)).toEqual(await valuesOf(liveFolder));
  }, 600_000);

  it('comes back from its own export, reading by reading', async () => {
    // How often a reading is expected is told by the file alone.
    const server = await start('back', bench.city(cityOf('event', {})));
    mkdirSync(bench.path('back/imports'), { recursive: true });
    const all = readdirSync(liveFolder).filter((name) => name.startsWith('readings-'));
    expect(all).toHaveLength(DAYS);
    const files = all.sort().slice(0, DAYS_BACK);
    for (const name of files) copyFileSync(`${liveFolder}/${name}`, bench.path(`back/imports/${name}`));
    const said = await vitals('import', ...files, '--url', server.httpUrl);
    expect(said.match(/^1920 rows: 1920 readings in \d+ messages were handed over/gm)).toHaveLength(DAYS_BACK);
    expect(said).toContain('columns that were not read: counts, sequence');
    const before = await readingsOf(liveFolder, DAYS_BACK);
    expect(before).toHaveLength(DAYS_BACK * 96 * DEVICES);
    expect(await readingsOf(await exported(server, DAYS_BACK, 'readings'))).toEqual(before);
  }, 600_000);
});

describe('an order', () => {
  it('goes on after a kill in its middle, and counts every reading once', async () => {
    let server = await start('killed');
    const rows = monthBy('time');
    const file = put('killed', 'month.csv', csvOf(rows));
    const { id } = await order(server, `imports?file=${file}`);
    await eventually(
      () => jobOf(server, id),
      ({ progress }) => progress > 0.1,
    );
    expect((await jobOf(server, id)).state).toBe('active');
    server.kill('SIGKILL');
    await server.ended;
    server = await start('killed');
    const job = await eventually(
      () => jobOf(server, id),
      ({ state }) => state === 'completed' || state === 'failed',
    );
    expect(job).toMatchObject({
      state: 'completed',
      result: { rows: rows.length, readings: rows.length, refused: {} },
    });
    await waitUntilLevel(server.httpUrl, { messagesMin: 1 });
    const { readings, balanced } = await accounting(server);
    expect(balanced).toEqual({ messages: true, readings: true });
    expect(readings.counted + readings.invalid).toBe(rows.length);
    expect(readings.quarantined).toBe(0);
  }, 600_000);

  it('is cancelled, and refused with a reason', async () => {
    const server = await start('refused');
    put('refused', 'month.csv', csvOf(monthBy('time')));
    put('refused', 'empty.csv', '');
    appendFileSync(bench.path('refused/secret.csv'), HEADER);
    const { id } = await order(server, 'imports?file=month.csv');
    expect(await order(server, 'imports?file=month.csv')).toMatchObject({ id });
    await order(server, `jobs/cancel?id=${id}`);
    expect(await jobOf(server, id)).toMatchObject({ state: 'cancelled' });
    const refusals: [query: string, code: string][] = [
      ['file=none.csv', 'import_missing'],
      ['file=../secret.csv', 'import_outside'],
      ['file=/etc/passwd', 'import_outside'],
      ['file=month.csv&columns=place=zone', 'import_columns'],
      ['file=month.csv&columns=device', 'bad_parameter'],
      ['', 'bad_parameter'],
    ];
    for (const [query, code] of refusals) {
      const answer = await post(server, `imports?${query}`);
      expect([query, answer.status, await answer.json()]).toMatchObject([query, 400, { error: { code } }]);
    }
    const guarded = await fetch(`${server.httpUrl}/api/v1/imports?file=month.csv`, { method: 'POST' });
    expect(guarded.ok).toBe(false);
    const { id: empty } = await order(server, 'imports?file=empty.csv');
    const failed = await eventually(
      () => jobOf(server, empty),
      ({ state }) => state === 'failed',
    );
    expect(failed.error).toContain('its first line must name the columns');
    const { audit } = await getJson<{ audit: { kind: string; cause?: string }[] }>(server.httpUrl, '/api/v1/audit');
    const causes = new Set(audit.filter(({ kind }) => kind === 'import').map(({ cause }) => cause));
    expect([...causes]).toEqual([
      expect.stringMatching(/^order 1: .*\/month\.csv$/),
      expect.stringMatching(/^order 2: .*\/empty\.csv$/),
    ]);
  }, 300_000);

  it('tells what could not be read, and what is too old for panes', async () => {
    const server = await start('old', bench.city(cityOf('wall')));
    const todayMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const row = (days: number, value: string) => `town:air-1,pm10,ug/m3,${iso(todayMs - days * DAY_MS)},${value},good`;
    const lines = [HEADER, row(1, '1'), row(95, '2'), row(800, '3'), row(2, 'wet')];
    const file = put('old', 'mixed.csv', `${lines.join('\r\n')}\r\n`);
    const failed = await vitals('import', file, '--url', server.httpUrl).catch((error) => error);
    expect(failed).toMatchObject({ code: 1 });
    const said = String(failed.stdout);
    expect(said).toContain('4 rows: 2 readings in 1 messages were handed over');
    expect(said).toContain('1 of the readings are older than store.readingsAge');
    expect(said).toContain('2 were refused (time_too_old 1, value_not_finite 1)'.replace(/(\w+) (1)/g, '$2 $1'));
    expect(said).toMatch(/^ {2}line 4: time_too_old: /m);
    expect(said).toMatch(/^ {2}line 5: value_not_finite: the value "wet" is no number$/m);
  }, 300_000);
});

interface JobBody {
  readonly id: string;
  readonly state: string;
  readonly progress: number;
  readonly error: string | null;
  readonly result: unknown;
}

const post = (server: Server, path: string) =>
  fetch(`${server.httpUrl}/api/v1/${path}`, { method: 'POST', headers: { 'x-vitals-order': '1' } });

async function order(server: Server, path: string): Promise<JobBody> {
  const answer = await post(server, path);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { order: JobBody }).order;
}

async function jobOf(server: Server, id: string): Promise<JobBody> {
  const { jobs } = await getJson<{ jobs: JobBody[] }>(server.httpUrl, '/api/v1/jobs');
  return jobs.find((job) => job.id === id)!;
}
