import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CityFile } from '../../src/config/index.ts';
import type { AuditLine } from '../../src/identity/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { clientTls, tlsFile } from '../unit/broker/support/tls.ts';
import { vitals } from '../unit/commands/support/run-command.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const CITY: CityFile = {
  city: { id: 'auenburg', name: 'Auenburg', timeZone: 'Europe/Berlin' },
  mqtt: { plain: false, tls: { port: 0, certFile: tlsFile('server.crt'), keyFile: tlsFile('server.key') } },
};

let bench: Workbench;
const clients: MqttClient[] = [];
beforeAll(() => {
  bench = new Workbench();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => bench.close());

function login(server: Server, clientId: string, password: string): Promise<MqttClient> {
  return connectAsync(server.mqttUrl, {
    ...clientTls(),
    protocolVersion: 4,
    reconnectPeriod: 0,
    clientId,
    username: clientId,
    password,
  }).then((client) => {
    clients.push(client.on('error', () => {}));
    return client;
  });
}

const secretOf = (stdout: string) => (JSON.parse(stdout) as { secret: string }).secret;
const senml = (device: string, value: number) =>
  JSON.stringify([{ bn: `${device}/`, n: 'pm10', u: 'ug/m3', v: value, t: 1_760_000_000 }]);

describe('devices of a running server', () => {
  it('are added, publish, are refused elsewhere, and revoked, without a restart', async () => {
    const data = bench.path('devices');
    const config = bench.city(CITY);
    const server = await bench.start({ config, data });
    expect(server.mqttUrl).toMatch(/^mqtts:/);
    const added = await vitals('devices', 'add', 'meter-1', '--data', data, '--json', '--profile', 'city-vitals-senml');
    expect(added).toMatchObject({ code: 0 });
    const secret = secretOf(added.stdout);
    const client = await eventually(
      () => login(server, 'meter-1', secret).catch(() => undefined),
      (one) => one !== undefined,
    );
    await client!.publishAsync('in/meter-1/meter-1/data', senml('meter-1', 12), { qos: 1 });
    await eventually(
      () => getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting'),
      ({ messages }) => messages.received === 1,
    );
    const closed = new Promise<void>((resolve) => client!.on('close', () => resolve()));
    expect(await vitals('devices', 'revoke', 'meter-1', '--data', data)).toMatchObject({ code: 0 });
    await closed;
    await expect(login(server, 'meter-1', secret)).rejects.toThrow(/user ?name or password/i);
    const rotated = await vitals('devices', 'rotate', 'meter-1', '--data', data, '--json');
    const renewed = secretOf(rotated.stdout);
    const again = await eventually(
      () => login(server, 'meter-1', renewed).catch(() => undefined),
      (one) => one !== undefined,
    );
    const cut = new Promise<void>((resolve) => again!.on('close', () => resolve()));
    again!.publish('in/meter-2/meter-2/data', senml('meter-2', 12), { qos: 1 });
    await cut;
    expect((await getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting')).messages.received).toBe(1);
    await server.stop();
    await expectTrail(data, [secret, renewed]);
    expect(server.stdout()).not.toContain(secret);
  }, 120_000);

  async function expectTrail(data: string, secrets: readonly string[]): Promise<void> {
    const { stdout } = await vitals('audit', '--data', data, '--json', '--limit', '1000');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLine);
    const kinds = lines.filter(({ who }) => who === 'meter-1').map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(
      new Set(['device_added', 'login', 'device_revoked', 'cut', 'login_refused', 'device_rotated', 'publish_refused']),
    );
    // A command writes at once, the server within a second: either may be the first.
    const start = lines.find(({ kind }) => kind === 'start');
    expect(start).toMatchObject({ who: '', cause: expect.stringMatching(/^MQTT at mqtts:/) });
    for (const file of ['audit.jsonl', 'devices.json'])
      for (const secret of secrets) expect(readFileSync(`${data}/${file}`, 'utf8')).not.toContain(secret);
    const shown = await vitals('audit', '--data', data, '--kind', 'publish_refused');
    expect(shown.stdout).toMatch(/publish_refused\s+meter-1 mqtt from .*publishing to in\/meter-2\/meter-2\/data/);
  }
});

describe('people of a running server', () => {
  it('begin with a link that is said once, log in, and get and lose tokens without a restart', async () => {
    const data = bench.path('people');
    const server = await bench.start({ config: bench.city(CITY), data, set: ['http.users=on'] });
    const link = await eventually(
      async () => /once: (http:\S+)/.exec(server.stderr())?.[1],
      (found) => found !== undefined,
    );
    expect(server.stdout()).not.toContain(link!.split('token=')[1]);
    const status = async (headers: Record<string, string> = {}) =>
      (await fetch(`${server.httpUrl}/api/v1/zones`, { headers })).status;
    expect(await status()).toBe(401);
    expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200);
    const password = 'correct horse battery';
    const token = new URL(link!).searchParams.get('token')!;
    const body = new URLSearchParams({ token, name: 'ada', password, again: password });
    expect((await fetch(`${server.httpUrl}/setup`, { method: 'POST', body })).status).toBe(200);
    expect((await fetch(link!)).status).toBe(404);
    const basic = { authorization: `Basic ${Buffer.from(`ada:${password}`).toString('base64')}` };
    expect(await status(basic)).toBe(200);
    await expectTokens(data, status);
    expect((await vitals('users', 'remove', 'ada', '--data', data)).code).toBe(0);
    await eventually(
      () => status(basic),
      (code) => code === 401,
    );
    expect((await server.stop()).code).toBe(0);
  }, 120_000);

  async function expectTokens(data: string, status: (headers: Record<string, string>) => Promise<number>) {
    const made = await vitals('users', 'token', 'ada', '--label', 'grafana', '--data', data);
    const bearer = { authorization: `Bearer ${made.stdout.trim()}` };
    await eventually(
      () => status(bearer),
      (code) => code === 200,
    );
    const [, id = ''] = /token (\S{8}) is kept nowhere/.exec(made.stderr)!;
    const listed = await vitals('users', 'list', '--data', data);
    expect(listed.stdout).toBe(`ada                       admin\n  token ${id}  "grafana"\n`);
    expect((await vitals('users', 'token', 'ada', '--remove', id, '--data', data)).code).toBe(0);
    await eventually(
      () => status(bearer),
      (code) => code === 401,
    );
  }
});

it('a registry that is damaged stops the start, with the file and the place', async () => {
  const data = bench.path('damaged');
  mkdirSync(data);
  writeFileSync(`${data}/devices.json`, '{"format":1,"devices":[{}]}');
  const ended = await bench.run({ config: bench.city(CITY), data });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^cannot read .*damaged\/devices\.json: devices\.0\.id/);
});

it('a client without the certificate of the authority does not trust the server', async () => {
  const server = await bench.start({ config: bench.city(CITY), data: bench.path('untrusted') });
  const client = connect(server.mqttUrl, { reconnectPeriod: 0 });
  const error = await new Promise<Error>((resolve) => client.once('error', resolve));
  expect(error.message).toMatch(/certificate/);
  await server.stop();
});
