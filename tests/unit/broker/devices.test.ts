import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import type { Broker } from '../../../src/broker/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import {
  type AuditEvent,
  addDevice,
  type DeviceDirectory,
  type NewDevice,
  openDeviceDirectory,
  revokeDevice,
  rotateDevice,
} from '../../../src/identity/index.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { embedded } from './support/embedded.ts';
import {
  CONNACK_ACCEPTED,
  type ConnectOptions,
  connectedRawClient,
  connectPacket,
  pubackOf,
  publishPacket,
  rawClient,
  subscribePacket,
} from './support/raw-client.ts';
import { RecordingAccept } from './support/recording-accept.ts';
import { clientTls, SERVER_TLS, tlsFile } from './support/tls.ts';

let data = '';
let directory: DeviceDirectory;
let broker: Broker;
let journal: RecordingAccept;
let audit: AuditEvent[];
const clients: MqttClient[] = [];

beforeEach(() => {
  data = plantTree({});
  journal = new RecordingAccept();
  audit = [];
  directory = openDeviceDirectory({ dataFolder: data, clock: systemClock, onProblem: () => {} });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker?.close(100);
  directory.close();
});

/** Topics of a profile as the product gives them: its id, and that of its gateway, in their places. */
const topicsOf = (profile: string, device: string, gateway: string) => [`${profile}/${gateway}/${device}/data`];

async function open(mqtt: CityFile['mqtt'] = {}): Promise<readonly string[]> {
  directory.close();
  directory = openDeviceDirectory({ dataFolder: data, clock: systemClock, onProblem: () => {} });
  const trail = { record: (event: AuditEvent) => void audit.push(event), close: () => {} };
  broker = embedded(mqtt, {}, { devices: directory, topicsOf, audit: trail });
  return (await broker.open(journal.accept)).urls!;
}

/** Adds a device and gives what it logs in with. */
async function added(
  device: NewDevice,
): Promise<{ readonly clientId: string; readonly user: string; readonly secret: string }> {
  const { secret = '' } = await addDevice(data, device, systemClock.nowMs());
  return { clientId: device.id, user: device.id, secret };
}

/** The CONNACK, or what came instead. */
async function answerTo(url: string, options: ConnectOptions): Promise<readonly number[]> {
  const client = await rawClient(url);
  client.socket.write(connectPacket(options));
  const answer = [...(await client.bytes(4))];
  client.socket.destroy();
  return answer;
}

const refusedWith = (code: number) => [0x20, 2, 0, code];
const changed = () => new Promise<void>((resolve) => void directory.onChange(resolve));

/** Whether a publish of QoS 1 is acknowledged; otherwise the connection is closed. */
async function mayPublish(url: string, login: ConnectOptions, topic: string): Promise<boolean> {
  const client = await connectedRawClient(url, login);
  client.socket.write(publishPacket(topic, 'x', { qos: 1, messageId: 9 }));
  const got = await client.bytes(8);
  client.socket.destroy();
  await client.closed;
  return got.length === 8 && got.subarray(4).equals(pubackOf(9));
}

describe('a device', () => {
  it('logs in by its secret and its own client id, and by nothing else', async () => {
    const login = await added({ id: 'meter-1' });
    const other = await added({ id: 'meter-2' });
    const [url = ''] = await open();
    expect(await answerTo(url, login)).toEqual([...CONNACK_ACCEPTED]);
    expect(await answerTo(url, { ...login, clientId: 'something' })).toEqual(refusedWith(2));
    expect(await answerTo(url, { ...login, clientId: 'meter-2' })).toEqual(refusedWith(2));
    expect(await answerTo(url, { ...login, clientId: '' })).toEqual(refusedWith(2));
    expect(await answerTo(url, { ...login, secret: other.secret })).toEqual(refusedWith(4));
  });

  it.each([
    ['a wrong secret', { user: 'meter-1', secret: 'wrong' }],
    ['no secret', { user: 'meter-1' }],
    ['an empty secret', { user: 'meter-1', secret: '' }],
    ['a name that there is not', { user: 'nobody', secret: 'wrong' }],
    ['the name of an inherited property', { user: 'constructor', secret: 'wrong' }],
    ['no name', {}],
  ])('is not somebody with %s, and the answer does not tell why', async (_name, login) => {
    await added({ id: 'meter-1' });
    const [url = ''] = await open();
    expect(await answerTo(url, { clientId: 'meter-1', ...login })).toEqual(refusedWith(4));
    expect(broker.stats().refused).toEqual({ not_authorized: 1 });
  });

  it('publishes under its own topics, those of its profile and those listed for it', async () => {
    const login = await added({ id: 'm1', profile: 'meters', topics: ['plant/+/m1'] });
    const [url = ''] = await open();
    for (const topic of ['in/m1', 'in/m1/flow', 'in/m1/m1/a/b', 'meters/m1/m1/data', 'plant/x/m1', 'tele/m1/LWT'])
      expect(await mayPublish(url, login, topic), topic).toBe(true);
    for (const topic of ['in/m2', 'in/m2/flow', 'in/m1/m2/data', 'meters/m1/m2/data', 'plant/x/m2', 'in', 'kpi/m1'])
      expect(await mayPublish(url, login, topic), topic).toBe(false);
    expect(audit.filter(({ kind }) => kind === 'publish_refused').map(({ who, cause }) => [who, cause])).toContainEqual(
      ['m1', 'publishing to in/m1/m2/data is not allowed'],
    );
  });

  it('behind a gateway is spoken for by that one alone, and a gateway speaks for no other', async () => {
    const login = await added({ id: 'gw', profile: 'meters', devices: ['m1', 'm2'] });
    const stranger = await added({ id: 'gx', profile: 'meters', devices: ['m3'] });
    const [url = ''] = await open();
    for (const topic of ['in/gw/m1/data', 'in/gw/m2/a/b', 'in/gw/state', 'meters/gw/m1/data', 'meters/gw/gw/data'])
      expect(await mayPublish(url, login, topic), topic).toBe(true);
    for (const topic of ['in/gw/m3/data', 'in/gx/m1/data', 'meters/gw/m3/data', 'meters/gx/m1/data', 'in/m1/data'])
      expect(await mayPublish(url, login, topic), topic).toBe(false);
    expect(await mayPublish(url, stranger, 'in/gx/m1/data')).toBe(false);
  });

  it('subscribes to what is sent to it and nothing else', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open();
    const grants: [string, boolean][] = [];
    for (const filter of [
      'cmd/m1/#',
      'cmd/m1/reboot',
      'cmd/#',
      'cmd/+/x',
      'cmd/m2/#',
      'kpi/#',
      '#',
      '+/m1/#',
      '$SYS/#',
    ]) {
      const client = await connectedRawClient(url, login);
      client.socket.write(subscribePacket(filter));
      grants.push([filter, (await client.bytes(9)).at(-1) === 0]);
      client.socket.destroy();
      await client.closed;
    }
    expect(grants.filter(([, isGranted]) => isGranted).map(([filter]) => filter)).toEqual([
      'cmd/m1/#',
      'cmd/m1/reboot',
    ]);
  });

  it('leaves a will on its own status topic, if it is small', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open({ willMax: '100B' });
    const withWill = (topic: string, bytes: number) =>
      answerTo(url, { ...login, will: { topic, payload: 'x'.repeat(bytes) } });
    expect(await withWill('in/m1/status', 100)).toEqual([...CONNACK_ACCEPTED]);
    await journal.count(1);
    expect(journal.messages[0]).toMatchObject({ topic: 'in/m1/status', payloadBytes: 100 });
    expect(await withWill('in/m1/status', 101)).toEqual(refusedWith(5));
    expect(await withWill('in/m2/status', 1)).toEqual(refusedWith(5));
    expect(await withWill('in/m1/flow', 1)).toEqual(refusedWith(5));
    expect(await withWill('$SYS/x', 1)).toEqual(refusedWith(5));
    expect(journal.messages).toHaveLength(1);
  });
});

describe('a client id', () => {
  it('of a device is for nobody else, whether it is connected or not', async () => {
    await added({ id: 'm1' });
    const [url = ''] = await open({ anonymous: 'loopback' });
    expect(await answerTo(url, { clientId: 'm1' })).toEqual(refusedWith(2));
    expect(await answerTo(url, { clientId: 'other' })).toEqual([...CONNACK_ACCEPTED]);
  });

  it('of a device is taken over by the device itself: a broken connection is replaced', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open();
    const first = await connectedRawClient(url, login);
    const second = await connectedRawClient(url, login);
    await first.closed;
    second.socket.write(publishPacket('in/m1', 'x', { qos: 1, messageId: 3 }));
    expect((await second.bytes(8)).subarray(4)).toEqual(pubackOf(3));
  });
});

describe('enrolment', () => {
  it('is open to this machine until there is a device, and stays closed when that is revoked', async () => {
    const [url = ''] = await open();
    expect(await answerTo(url, { clientId: 'x' })).toEqual([...CONNACK_ACCEPTED]);
    const seen = changed();
    await added({ id: 'm1' });
    await seen;
    expect(await answerTo(url, { clientId: 'x' })).toEqual(refusedWith(4));
    const seenToo = changed();
    await revokeDevice(data, 'm1', systemClock.nowMs());
    await seenToo;
    expect(await answerTo(url, { clientId: 'x' })).toEqual(refusedWith(4));
  });

  it('can be closed from the beginning', async () => {
    const [url = ''] = await open({ anonymous: 'never' });
    expect(await answerTo(url, { clientId: 'x' })).toEqual(refusedWith(4));
  });

  it('lets a server listen for others when there is a device', async () => {
    await added({ id: 'm1' });
    const urls = await open({ host: '0.0.0.0', allowUnencrypted: true });
    expect(urls).toHaveLength(1);
  });
});

describe('a change of the registry', () => {
  it('cuts a revoked device at once, without its will, and lets it in no more', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open();
    const client = await connectedRawClient(url, { ...login, will: { topic: 'in/m1/status', payload: 'gone' } });
    await revokeDevice(data, 'm1', systemClock.nowMs());
    await client.closed;
    expect(await answerTo(url, login)).toEqual(refusedWith(4));
    expect(journal.messages).toEqual([]);
    expect(audit.map(({ kind, who }) => `${kind} ${who}`)).toContain('cut m1');
  });

  it('cuts a device whose secret was changed, and not within the grace', async () => {
    const [hard, soft] = [await added({ id: 'hard' }), await added({ id: 'soft' })];
    const [url = ''] = await open();
    const kept = await connectedRawClient(url, soft);
    await rotateDevice(data, 'soft', { graceMs: 60_000, nowMs: systemClock.nowMs() });
    const lost = await connectedRawClient(url, hard);
    await rotateDevice(data, 'hard', { graceMs: 0, nowMs: systemClock.nowMs() });
    await lost.closed;
    kept.socket.write(publishPacket('in/soft', 'x', { qos: 1, messageId: 3 }));
    expect((await kept.bytes(8)).subarray(4)).toEqual(pubackOf(3));
  });
});

describe('guessing', () => {
  it('is slowed down, with the same answer, whether the name exists or not', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open();
    for (const user of ['m1', 'nobody']) {
      for (let time = 0; time < 6; time++)
        expect(await answerTo(url, { clientId: 'm1', user, secret: 'wrong' })).toEqual(refusedWith(4));
    }
    // The right secret is not looked at either while the address waits: a guess that hits is not told from others.
    expect(await answerTo(url, login)).toEqual(refusedWith(4));
    expect(broker.stats().refused).toEqual({ not_authorized: 10, rate_limit: 3 });
    expect(audit.filter(({ kind }) => kind === 'login_refused')).toHaveLength(13);
  });
});

describe('a device that sends more than its share', () => {
  it('waits, and loses nothing', async () => {
    const login = await added({ id: 'm1' });
    const [url = ''] = await open({ deviceBytesPerSecond: '4KiB', payloadMax: '64KiB' });
    const client = await connectedRawClient(url, login);
    const burst = Array.from({ length: 10 }, (_, index) =>
      publishPacket('in/m1', Buffer.alloc(7_000), { qos: 1, messageId: index + 1 }),
    );
    client.socket.write(Buffer.concat(burst));
    await client.bytes(4 + 4 * 10);
    client.socket.write(publishPacket('in/m1', Buffer.alloc(7_000), { qos: 1, messageId: 11 }));
    await client.bytes(4 + 4 * 11);
    expect(journal.messages).toHaveLength(11);
    expect(broker.stats().refused).toEqual({});
  });
});

describe('a device with a certificate', () => {
  const certificates = async (rule: 'cn' | 'uri' = 'cn', clientCertificates: 'optional' | 'required' = 'required') => {
    const tls = { ...SERVER_TLS, clientCertificates, clientCaFile: tlsFile('authority.crt'), clientName: rule };
    return (await open({ plain: false, tls }))[0] ?? '';
  };
  const connect = async (url: string, options: IClientOptions) => {
    const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };

  it('is let in by its common name, with or without saying it', async () => {
    await added({ id: 'meter-1', certificate: 'meter-1' });
    const url = await certificates();
    const tls = clientTls('meter-1');
    for (const login of [{}, { username: 'meter-1' }]) {
      const client = await connect(url, { ...tls, clientId: 'meter-1', ...login });
      await client.publishAsync('in/meter-1/flow', '1', { qos: 1 });
      await client.endAsync();
    }
    expect(journal.messages).toHaveLength(2);
  });

  it('is let in by its alternative name where the rule says so', async () => {
    await added({ id: 'm1', certificate: 'urn:device:meter-one' });
    const url = await certificates('uri');
    const client = await connect(url, { ...clientTls('meter-1'), clientId: 'm1' });
    await client.publishAsync('in/m1', '1', { qos: 1 });
  });

  it('is nobody when it is not in the registry, names another, or was revoked', async () => {
    await added({ id: 'meter-1', certificate: 'meter-1' });
    const other = await added({ id: 'other' });
    const url = await certificates();
    const refusal = /Bad User ?Name|bad user name/i;
    await expect(connect(url, { ...clientTls('unlisted'), clientId: 'unlisted' })).rejects.toThrow(refusal);
    const asOther = { clientId: 'other', username: 'other', password: other.secret };
    await expect(connect(url, { ...clientTls('meter-1'), ...asOther })).rejects.toThrow(refusal);
    const seen = changed();
    await revokeDevice(data, 'meter-1', systemClock.nowMs());
    await seen;
    await expect(connect(url, { ...clientTls('meter-1'), clientId: 'meter-1' })).rejects.toThrow(refusal);
  });

  it('stands beside devices with secrets where certificates are optional', async () => {
    await added({ id: 'meter-1', certificate: 'meter-1' });
    const { clientId, user, secret } = await added({ id: 'm2' });
    const url = await certificates('cn', 'optional');
    await connect(url, { ...clientTls('meter-1'), clientId: 'meter-1' });
    await connect(url, { ...clientTls(), clientId, username: user, password: secret });
    expect(broker.stats().connectedClients).toBe(2);
  });
});
