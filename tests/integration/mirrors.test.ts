import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  INFLUXD,
  openInfluxd,
  openVictoriaMetrics,
  programFile,
  Qos1Publisher,
  type ServerProcess,
  VICTORIA_METRICS,
} from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { ReadinessBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const MESSAGES = 6_000;
const isInstalled = INFLUXD !== undefined && VICTORIA_METRICS !== undefined;
const PROGRAM = programFile();

describe.skipIf(!isInstalled)('stores beside the embedded one (skipped without influxd and victoria-metrics)', () => {
  let bench: Workbench;
  let influx: ServerProcess;
  let metrics: ServerProcess;
  let server: Server;
  let config: string;
  const startMs = Math.floor(systemClock.nowMs() / 60_000) * 60_000 - 2 * 3_600_000;

  const serve = () => bench.start({ config, data: bench.path('data') });
  const readiness = () => getJson<ReadinessBody>(server.httpUrl, '/readyz');
  const isLevel = ({ stores }: ReadinessBody) =>
    stores.length === 2 &&
    stores.every(({ backlogRecords, up, backlogAgeMs }) => up && backlogRecords === 0 && backlogAgeMs === 0);

  beforeAll(async () => {
    bench = new Workbench();
    mkdirSync(bench.path('influx'));
    mkdirSync(bench.path('metrics'));
    influx = await openInfluxd(bench.path('influx'));
    metrics = await openVictoriaMetrics(bench.path('metrics'));
    config = bench.city({
      city: { id: 'town', name: 'Town', timeZone: 'UTC', population: 1_000 },
      zones: [{ id: 'west', name: 'West', population: 600 }],
      devices: [{ match: 'recording:*', zone: 'west' }],
      windows: { tick: '100ms' },
      stores: [
        { kind: 'influx1', name: 'influx', url: influx.url, database: 'town' },
        { kind: 'influx2', name: 'metrics', url: metrics.url },
      ],
      log: { level: 'warn' },
    });
    server = await serve();
  }, 120_000);
  afterAll(async () => {
    await bench?.close();
    await influx?.kill();
    await metrics?.kill();
  });

  /** Publishes all messages; meanwhile `disturb` does what it likes, and says where to go on. */
  async function publish(disturb: () => Promise<void>): Promise<void> {
    const publisher = new Qos1Publisher({
      ...{ port: Number(new URL(server.mqttUrl).port), clientId: 'load', windowCount: 200, upTo: MESSAGES },
      message: (number) => ({
        topic: `recording/town/air-${number % 5}`,
        payload: JSON.stringify({
          ...{ time: new Date(startMs + number * 1_000).toISOString(), quantity: 'pm2_5', unit: 'ug/m3' },
          value: (number % 400) / 8,
        }),
      }),
    });
    await disturb();
    await eventually(
      async () => publisher.stats().acknowledgedCount,
      (count) => count === MESSAGES,
      60_000,
    );
    publisher.close();
  }

  async function inInflux(field: string): Promise<number> {
    const q = `SELECT count(${field}) FROM raw.air_quality`;
    const answer = await getJson<{ results: [{ series?: [{ values: [[unknown, number]] }] }] }>(
      influx.url,
      `/query?${new URLSearchParams({ db: 'town', q })}`,
    );
    return answer.results[0].series?.[0].values[0][1] ?? 0;
  }

  async function inMetrics(): Promise<number> {
    await fetch(`${metrics.url}/internal/force_flush`);
    const match = '{__name__="air_quality_value",level="raw"}';
    const text = await (
      await fetch(`${metrics.url}/api/v1/export?${new URLSearchParams({ 'match[]': match })}`)
    ).text();
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { timestamps: number[] });
    return lines.reduce((sum, { timestamps }) => sum + new Set(timestamps).size, 0);
  }

  it('have every reading once when they and the product are killed under load', async () => {
    await publish(async () => {
      await influx.kill();
      await eventually(readiness, ({ stores }) => stores.some(({ up }) => !up));
      const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
      expect(text).toMatch(/vitals_mirror_up\{store="influx"\} 0/);
      expect(text).toMatch(/vitals_mirror_backlog_records\{store="influx"\} \d+/);
      expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(200);
      await metrics.kill();
      await influx.start();
      await metrics.start();
    });
    server.kill('SIGKILL');
    await server.ended;
    server = await serve();
    // What the product had acknowledged and not yet taken in, it takes in now.
    const held = async () => [await inInflux('value'), await inMetrics()];
    await eventually(held, (counts) => counts.every((count) => count >= MESSAGES), 60_000);
    await eventually(readiness, isLevel, 60_000);
    expect(await held()).toEqual([MESSAGES, MESSAGES]);
    const { series } = await getJson<{ series: { device: string }[] }>(server.httpUrl, '/api/v1/series');
    expect(series.length).toBe(5);
  }, 120_000);

  it('are told again by order, which leaves what they have as it is', async () => {
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [PROGRAM, 'store', ...words, '--data', bench.path('data')]);
    expect(String(run('list').stdout)).toMatch(/^influx: told up to position \d+, level at .*\nmetrics: told/);
    expect(String(run('rewind', 'nobody', '--to', '0').stderr)).toContain('knows influx, metrics');
    expect(run('rewind', 'influx', '--to', '0').status).toBe(0);
    expect(run('rewind', 'metrics', '--to', new Date(startMs).toISOString()).status).toBe(0);
    const lines = async () => {
      const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
      return Number(/vitals_mirror_lines_total\{store="influx"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    await eventually(lines, (count) => count > MESSAGES, 60_000);
    await eventually(readiness, isLevel, 60_000);
    expect([await inInflux('value'), await inMetrics()]).toEqual([MESSAGES, MESSAGES]);
  }, 120_000);
});
