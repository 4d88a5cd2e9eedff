import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, INFLUXD, ServerProcess } from '../../harness/index.ts';
import type { AccountingBody, ReadinessBody } from '../../src/views/http/schemas.ts';
import { readCompose } from '../tidy/support/compose.ts';
import { PROJECT_ROOT } from '../tidy/support/source-tree.ts';
import { vitals } from '../unit/commands/support/run-command.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

/* The services of docker-compose.yml as plain processes, with the very commands, variables and files that stand there. */

const PASSWORD = '5f0e1d2c3b4a59687786a5b4c3d2e1f0';
const compose = (profile = '') => readCompose({ COMPOSE_PROFILES: profile, VITALS_INFLUX_PASSWORD: PASSWORD });

let bench: Workbench;
beforeAll(() => {
  bench = new Workbench();
});
afterAll(() => bench.close());

/** The service `vitals` as it comes up with a profile, at ports of its own. */
function serve(profile: string, set: readonly string[] = []): Promise<Server> {
  const { environment, volumes } = compose(profile).services.vitals!;
  const [city] = volumes.filter((mount) => typeof mount !== 'string');
  return bench.start({
    config: join(PROJECT_ROOT, city!.source),
    data: bench.path(`data-${profile}`),
    environment,
    set,
  });
}

const loopback = (url: string) => url.replace('0.0.0.0', '127.0.0.1');

/** A reading of a device that has just been added: a running server sees it within a second. */
async function publish(server: Server, id: string, password: string): Promise<void> {
  const login = () =>
    connectAsync(loopback(server.mqttUrl), { username: id, password, clientId: id, reconnectPeriod: 0 });
  const client = await eventually(
    () => login().catch(() => undefined),
    (one) => one !== undefined,
  );
  const payload = JSON.stringify([{ bn: `${id}:`, n: 'pm2_5', u: 'ug/m3', v: 12.4 }]);
  await client!.publishAsync(`in/${id}/${id}/data`, payload, { qos: 1 });
  await client!.endAsync(true);
}

async function addDevice(data: string, id: string): Promise<string> {
  const added = await vitals('devices', 'add', id, '--data', data, '--json');
  expect(added).toMatchObject({ code: 0 });
  return (JSON.parse(added.stdout) as { secret: string }).secret;
}

describe('the first start', () => {
  it('needs nothing to be prepared, lets nobody in, and takes the first device and the first admin', async () => {
    const data = bench.path('data-');
    const server = await serve('');
    expect(server.mqttUrl).toMatch(/^mqtt:\/\/0\.0\.0\.0:/);
    await expect(connectAsync(loopback(server.mqttUrl), { reconnectPeriod: 0 })).rejects.toThrow(/bad user/i);
    expect((await fetch(`${server.httpUrl}/api/v1/kpis`)).status).toBe(401);

    const link = /http:\/\/\S+\/setup\?token=\S+/.exec(server.stderr())![0];
    const form = new URLSearchParams({ token: new URL(link).searchParams.get('token')!, name: 'ada' });
    for (const key of ['password', 'again']) form.set(key, PASSWORD);
    expect((await fetch(link, { method: 'POST', body: form, redirect: 'manual' })).status).toBeLessThan(400);

    await publish(server, 'station-1', await addDevice(data, 'station-1'));
    const authorization = `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`;
    await eventually(
      async () =>
        (await (
          await fetch(`${server.httpUrl}/api/v1/accounting`, { headers: { authorization } })
        ).json()) as AccountingBody,
      ({ readings }) => readings.counted === 1,
    );

    expect(healthCheckOfImage(server)).toBe(0);
    expect((await server.stop()).code).toBe(0);
    expect(healthCheckOfImage(server)).toBe(1);
  }, 120_000);
});

/** Exit code of the check that the Dockerfile names, told the port as a container would be. */
function healthCheckOfImage(server: Server): number | null {
  const words = /^HEALTHCHECK [^[]*(\[.*\])$/m.exec(readFileSync(join(PROJECT_ROOT, 'Dockerfile'), 'utf8'))?.[1];
  const [, ...args] = JSON.parse(words!.replace(/^.*?\[/, '[')) as string[];
  const env = { VITALS_HTTP_PORT: new URL(server.httpUrl).port };
  return spawnSync(process.execPath, args, { env, encoding: 'utf8' }).status;
}

describe.skipIf(INFLUXD === undefined)('the profile influx (skipped without influxd)', () => {
  let influx: ServerProcess;
  beforeAll(async () => {
    const folder = bench.path('influx');
    mkdirSync(folder);
    const backupPort = await freePort();
    influx = await ServerProcess.open({
      program: INFLUXD!,
      args: () => ['-config', '/dev/null'],
      environment: (port) => ({
        ...compose('influx').services.influx!.environment,
        INFLUXDB_BIND_ADDRESS: `127.0.0.1:${backupPort}`,
        INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
        INFLUXDB_META_DIR: join(folder, 'meta'),
        INFLUXDB_DATA_DIR: join(folder, 'data'),
        INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
      }),
      healthPath: '/ping',
    });
  });
  afterAll(() => influx?.kill());

  it('has every reading in an InfluxDB that asks for the password', async () => {
    // As the image does at its first start.
    const { INFLUXDB_ADMIN_USER: user, INFLUXDB_ADMIN_PASSWORD: password } =
      compose('influx').services.influx!.environment;
    const q = `CREATE USER "${user}" WITH PASSWORD '${password}' WITH ALL PRIVILEGES`;
    expect((await fetch(`${influx.url}/query`, { method: 'POST', body: new URLSearchParams({ q }) })).status).toBe(200);

    const server = await serve('influx', [`stores.0.url=${influx.url}`]);
    await publish(server, 'station-1', await addDevice(bench.path('data-influx'), 'station-1'));
    await eventually(
      () => getJson<ReadinessBody>(server.httpUrl, '/readyz'),
      ({ stores }) => stores.length === 1 && stores[0]!.up && stores[0]!.backlogRecords === 0,
    );
    const query = `/query?${new URLSearchParams({ db: 'vitals', q: 'SELECT value FROM raw.air_quality' })}`;
    expect((await fetch(`${influx.url}${query}`)).status).toBe(401);
    const headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    await eventually(
      async () => (await fetch(`${influx.url}${query}`, { headers })).text(),
      (text) => text.includes('12.4'),
    );
    expect((await server.stop()).code).toBe(0);
  }, 120_000);
});
