import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import type { DeviceBody, KpiValueBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PUBLISH = '/usr/bin/mosquitto_pub';
const SUBSCRIBE = '/usr/bin/mosquitto_sub';
const hasClients = existsSync(PUBLISH) && existsSync(SUBSCRIBE);
const HOUR_MS = 3_600_000;
/** Exit code of mosquitto_sub after the time of -W. */
const WAITED_LONG_ENOUGH = 27;

interface SeriesAnswer {
  readonly series: { quantity: string; unit: string; latest: { value: number } | null }[];
}

/** Runs a client of another project; resolves with what it printed. */
function runClient(program: string, server: Server, args: readonly string[], input = ''): Promise<string> {
  const { hostname, port } = new URL(server.mqttUrl);
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-h', hostname, '-p', port, '-V', 'mqttv311', ...args]);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 || code === WAITED_LONG_ENOUGH) resolve(output);
      else reject(new Error(`${program} ended with ${code}: ${errors}`));
    });
    child.stdin.end(input);
  });
}

describe.skipIf(!hasClients)(`mosquitto's own clients (skipped without ${PUBLISH} and ${SUBSCRIBE})`, () => {
  let bench: Workbench;
  let server: Server;
  /** A whole hour that has passed. */
  const hourMs = Math.floor(systemClock.nowMs() / HOUR_MS - 1) * HOUR_MS;
  const span = `from=${new Date(hourMs - HOUR_MS).toISOString()}&to=${new Date(hourMs + 2 * HOUR_MS).toISOString()}`;

  beforeAll(async () => {
    bench = new Workbench();
    const config = bench.city({
      city: { id: 'town', name: 'Town', timeZone: 'UTC', population: 1_000 },
      zones: [{ id: 'west', name: 'West', population: 600 }],
      devices: [{ match: 'station-1', zone: 'west' }],
      windows: { tick: '100ms' },
      log: { level: 'warn' },
    });
    server = await bench.start({ config, data: bench.path('data') });
  }, 120_000);
  afterAll(() => bench?.close());

  const valuesOf = async (device: string, quantity: string) => {
    const path = `/api/v1/readings?device=${device}&quantity=${quantity}&${span}`;
    const { readings } = await getJson<{ readings: { time: string; value: number }[] }>(server.httpUrl, path);
    return readings.map(({ value }) => value);
  };
  const devices = async () => (await getJson<{ devices: DeviceBody[] }>(server.httpUrl, '/api/v1/devices')).devices;
  const heard = (device: string, count: number) =>
    eventually(devices, (rows) => rows.some((row) => row.device === device && row.readings >= count));

  it('publish SenML at QoS 1 and 2, line by line over one connection, and the readings are in the API', async () => {
    const minutes = Array.from({ length: 60 }, (_, minute) => minute);
    const lines = minutes.map((minute) =>
      JSON.stringify([{ bn: 'pm2_5', u: 'ug/m3', v: 10 + minute / 10, t: hourMs / 1000 + minute * 60 }]),
    );
    const args = ['-t', 'in/gw/station-1/data', '-l'];
    await runClient(PUBLISH, server, [...args, '-q', '1'], `${lines.slice(0, 30).join('\n')}\n`);
    await runClient(PUBLISH, server, [...args, '-q', '2'], `${lines.slice(30).join('\n')}\n`);
    // A device is told live, a moment before the store has its readings.
    const values = await eventually(
      // Until then it says that there is no such series.
      () => valuesOf('station-1', 'pm2_5').catch((): number[] => []),
      (all) => all.length >= minutes.length,
    );
    expect(values).toEqual(minutes.map((minute) => 10 + minute / 10));
    const path = `/api/v1/aggregates?device=station-1&quantity=pm2_5&window=hour&${span}`;
    const { rows } = await getJson<{ rows: { start: string; value: number; count: number }[] }>(server.httpUrl, path);
    const hour = rows.find(({ start }) => start === new Date(hourMs).toISOString());
    // Mean of 10.0, 10.1 ... 15.9.
    expect(hour?.count).toBe(60);
    expect(hour?.value).toBeCloseTo(12.95, 9);
  }, 60_000);

  it('publish in the form of airRohr, and the readings are in the API', async () => {
    const payload = JSON.stringify({
      esp8266id: '4711',
      software_version: 'NRZ-2024-135',
      sensordatavalues: [
        { value_type: 'SDS_P1', value: '21.83' },
        { value_type: 'SDS_P2', value: '9.40' },
        { value_type: 'BME280_pressure', value: '100520.25' },
      ],
    });
    await runClient(PUBLISH, server, ['-t', 'airrohr/esp8266-4711', '-q', '1', '-m', payload]);
    await heard('airrohr:esp8266-4711', 3);
    const series = async () =>
      (await getJson<SeriesAnswer>(server.httpUrl, '/api/v1/series?device=airrohr:esp8266-4711&latest=true')).series;
    // The device is told of by the engine, its series by the store a moment later.
    const stored = await eventually(
      // Until then it says that there is no such device.
      () => series().catch((): SeriesAnswer['series'] => []),
      (rows) => rows.length === 3 && rows.every(({ latest }) => latest != null),
    );
    const latest = stored.map(({ quantity, unit, latest: newest }) => [quantity, unit, newest?.value] as const);
    expect(latest.toSorted()).toEqual([
      ['pm10', 'ug/m3', 21.83],
      ['pm2_5', 'ug/m3', 9.4],
      ['pressure', 'hPa', 1005.2025],
    ]);
  }, 60_000);

  it('subscribe to kpi/# and are given the retained KPI of the zone', async () => {
    // What a subscriber that comes afterwards is sent at once: retained messages only.
    const args = ['-t', 'kpi/#', '-W', '1', '--retained-only', '-F', '%r %t %p'];
    const ask = () => runClient(SUBSCRIBE, server, args);
    const lines = (await eventually(ask, (text) => text.includes('kpi/west/air-pm2-5-24h/'), 30_000))
      .trim()
      .split('\n');
    for (const line of lines) expect(line).toMatch(/^1 kpi\/(west|town)\/[a-z0-9-]+\/[a-z0-9-]+ \{/);
    const { latest } = await getJson<{ latest: KpiValueBody[] }>(server.httpUrl, '/api/v1/kpis?zone=west');
    const published = lines.map((line) => JSON.parse(line.slice(line.indexOf('{'))) as KpiValueBody);
    const means = published.filter(({ zone, kpi }) => zone === 'west' && kpi === 'air-pm2-5-24h');
    // Of the hour that the station told whole; one message a topic is retained.
    expect(means).toMatchObject([{ value: expect.closeTo(12.95, 9), deviceCount: 1, note: '' }]);
    const { watermark: _ours, ...content } = means[0]!;
    expect(latest.map(({ watermark: _theirs, ...rest }) => rest)).toContainEqual(content);
  }, 60_000);
});
