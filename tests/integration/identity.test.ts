import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect, connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CityFile } from '../../src/config/index.ts';
import type { AuditLine } from '../../src/identity/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { clientTls, tlsFile } from '../unit/broker/support/tls.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/vitals.js', import.meta.url));
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

/** Runs a command of the product to its end. */
function vitals(...words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
}

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
  }, 60_000);

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
    expect(lines[0]).toMatchObject({ kind: 'start', cause: expect.stringMatching(/^MQTT at mqtts:/) });
    for (const file of ['audit.jsonl', 'devices.json'])
      for (const secret of secrets) expect(readFileSync(`${data}/${file}`, 'utf8')).not.toContain(secret);
    const shown = await vitals('audit', '--data', data, '--kind', 'publish_refused');
    expect(shown.stdout).toMatch(/publish_refused\s+meter-1 mqtt from .*publishing to in\/meter-2\/meter-2\/data/);
  }

  it('are listed without their hashes, and mistakes are told in a sentence', async () => {
    const data = bench.path('list');
    await vitals('devices', 'add', 'gw', '--data', data, '--device', 'm1', '--device', 'm2', '--note', 'roof');
    await vitals('devices', 'add', 'm9', '--data', data, '--certificate');
    const { stdout } = await vitals('devices', 'list', '--data', data);
    expect(stdout).toMatch(
      /^gw\s+gateway\s+active\s+devices m1 m2 {2}"roof"\nm9\s+device\s+active\s+certificate m9\n$/,
    );
    const json = await vitals('devices', 'list', '--data', data, '--json');
    expect(json.stdout).not.toMatch(/hash/i);
    const refusals = [
      [['add', 'gw'], /^cannot add "gw": there is a device of that id/],
      [['add', 'a b'], /^cannot use the device "a b"/],
      [['add', 'x', '--profile', 'none'], /^cannot use the profile "none": known are .*senml/],
      [['revoke', 'nobody'], /^cannot change the device "nobody"/],
    ] as const;
    for (const [words, sentence] of refusals) {
      const ended = await vitals('devices', ...words, '--data', data);
      expect([ended.code, ended.stdout]).toEqual([1, '']);
      expect(ended.stderr).toMatch(sentence);
    }
  }, 60_000);
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
