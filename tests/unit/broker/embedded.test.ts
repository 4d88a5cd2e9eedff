import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import { embedded } from './support/embedded.ts';
import {
  CONNACK_ACCEPTED,
  connectedRawClient,
  connectPacket,
  header,
  pubackOf,
  publishPacket,
  rawClient,
  subscribePacket,
} from './support/raw-client.ts';
import { RecordingAccept } from './support/recording-accept.ts';

const SECRET = 'a-secret-of-sixteen';
let broker: Broker | undefined;
let journal = new RecordingAccept();
const clients: MqttClient[] = [];

async function open(mqtt: CityFile['mqtt'] = {}, secrets: Readonly<Record<string, string>> = {}): Promise<string> {
  journal = new RecordingAccept();
  broker = embedded(mqtt, secrets);
  return (await broker.open(journal.accept)).url;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  journal.release();
  await broker?.close(100);
  broker = undefined;
});

async function clientOf(url: string, options: { username?: string; password?: string; clientId?: string } = {}) {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

const refused = () => broker!.stats().refused;

/** The broker still serves: a publish of somebody else is acknowledged. */
async function expectServing(url: string): Promise<void> {
  const client = await connectedRawClient(url, { clientId: 'other' });
  client.socket.write(publishPacket('in/alive', 'x', { qos: 1, messageId: 77 }));
  expect((await client.bytes(8)).subarray(4)).toEqual(pubackOf(77));
  client.socket.destroy();
}

describe('a payload', () => {
  it('over the limit is acknowledged, with its head and true length handed over', async () => {
    const url = await open({ payloadMax: '1KiB' });
    const client = await clientOf(url);
    const large = Buffer.alloc(1_025, 'abcdefghij');
    await client.publishAsync('in/large', large, { qos: 1 });
    await client.publishAsync('in/fits', large.subarray(0, 1_024), { qos: 1 });
    const [cut, whole] = journal.messages;
    expect(cut!.payloadBytes).toBe(1_025);
    expect(Buffer.from(cut!.payload)).toEqual(large.subarray(0, 256));
    expect(whole).toMatchObject({ payloadBytes: 1_024 });
    expect(whole!.payload.length).toBe(1_024);
  });
});

describe('a packet', () => {
  it.each([
    ['announced over the limit', header(0x30, 1 << 20), 'frame_too_large'],
    ['announced with 256 MiB', header(0x30, 268_435_455), 'frame_too_large'],
    ['with a length of five bytes', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), 'malformed_packet'],
    ['of a kind that there is not', Buffer.from([0xf0, 0]), 'malformed_packet'],
    ['with reserved flags set', Buffer.from([0xc1, 0]), 'malformed_packet'],
    ['that is a second CONNECT', connectPacket(), 'malformed_packet'],
  ] as const)('%s closes the connection, counted', async (_name, bytes, reason) => {
    const url = await open({ packetMax: '1MiB' });
    const client = await connectedRawClient(url);
    client.socket.write(bytes);
    await client.closed;
    expect(refused()).toEqual({ [reason]: 1 });
    await expectServing(url);
  });

  it('over 4 KiB closes a connection that has not been let in', async () => {
    const url = await open();
    const client = await rawClient(url);
    client.socket.write(connectPacket({ user: 'u'.repeat(5_000) }));
    await client.closed;
    expect(client.received().length).toBe(0);
    expect(refused()).toEqual({ frame_too_large: 1 });
  });

  it('that arrives byte by byte is taken', async () => {
    const url = await open();
    const client = await connectedRawClient(url);
    for (const byte of publishPacket('in/slow', 'x'.repeat(200), { qos: 1, messageId: 9 })) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.bytes(8)).subarray(4)).toEqual(pubackOf(9));
  });

  it('of just under the limit is taken', async () => {
    const url = await open({ packetMax: '1MiB', payloadMax: '1MiB' });
    const client = await connectedRawClient(url);
    const packet = publishPacket('in/a', Buffer.alloc((1 << 20) - 12), { qos: 1, messageId: 9 });
    expect(packet.length).toBe(1 << 20);
    client.socket.write(packet);
    expect((await client.bytes(8)).subarray(4)).toEqual(pubackOf(9));
    client.socket.write(publishPacket('in/a', Buffer.alloc((1 << 20) - 11), { qos: 1, messageId: 9 }));
    await client.closed;
    expect(refused()).toEqual({ frame_too_large: 1 });
  });
});

describe('a topic', () => {
  it.each([
    ['with a NUL', 'in/a\0b'],
    ['with a control character', 'in/a\nb'],
    ['with invalid UTF-8', Buffer.from([0x69, 0x6e, 0x2f, 0xff])],
    ['with a lone surrogate', Buffer.from([0x69, 0x2f, 0xed, 0xa0, 0x80])],
    ['over the length limit', `in/${'x'.repeat(300)}`],
    ['that belongs to the broker', '$SYS/a'],
    ['with a wildcard', 'in/+/a'],
    ['with too many levels', 'in/'.repeat(40)],
    ['that is empty', ''],
  ])('%s closes the connection, counted and not acknowledged', async (_name, topic) => {
    const url = await open();
    const client = await connectedRawClient(url);
    client.socket.write(publishPacket(topic, 'x', { qos: 1, messageId: 5 }));
    await client.closed;
    expect(client.received().length).toBe(4);
    expect(journal.messages).toEqual([]);
    expect(refused()).toEqual({ topic: 1 });
    await expectServing(url);
  });

  it('in any script is taken', async () => {
    const client = await clientOf(await open());
    await client.publishAsync('in/straße/空気/🌫', 'x', { qos: 1 });
    expect(journal.messages[0]!.topic).toBe('in/straße/空気/🌫');
  });

  it('of the KPI values may not be published to', async () => {
    const client = await connectedRawClient(await open());
    client.socket.write(publishPacket('kpi/air', '0', { qos: 1, messageId: 5 }));
    await client.closed;
    expect(refused()).toEqual({ not_authorized: 1 });
  });
});

describe('while the journal does not answer', () => {
  it('a held publisher is not taken for dead, although its pings are not read; an idle one is', async () => {
    const url = await open();
    journal.isHolding = true;
    const held = await connectedRawClient(url, { clientId: 'held', keepaliveSeconds: 1 });
    const idle = await connectedRawClient(url, { clientId: 'idle', keepaliveSeconds: 1 });
    held.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await idle.closed;
    // The time-out that has just cut the idle one runs out once more.
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    journal.release();
    expect((await held.bytes(8)).subarray(4)).toEqual(pubackOf(5));
    expect(refused()).toEqual({});
  });

  it('the bytes that wait are bounded over all connections, and everything is taken afterwards', async () => {
    const url = await open({ packetMax: '1MiB', payloadMax: '1MiB' });
    journal.isHolding = true;
    const packet = publishPacket('in/a', Buffer.alloc(1_000_000), { qos: 1, messageId: 5 });
    const publishers = await Promise.all(
      Array.from({ length: 90 }, (_, index) => connectedRawClient(url, { clientId: `p${index}` })),
    );
    for (const { socket } of publishers) socket.write(packet);
    await journal.count(68);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(journal.messages.length).toBeLessThan(75);
    journal.isHolding = false;
    journal.release();
    for (const publisher of publishers) expect((await publisher.bytes(8)).subarray(4)).toEqual(pubackOf(5));
    expect(journal.messages.length).toBe(90);
  });
});

describe('a hook', () => {
  it('that throws closes the connection and not the process', async () => {
    broker = embedded();
    let calls = 0;
    const { url } = await broker.open((_message, done) => {
      if (calls++ === 0) throw new Error('thrown by the journal');
      setImmediate(done);
    });
    const client = await connectedRawClient(url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await client.closed;
    expect(client.received().length).toBe(4);
    await expectServing(url);
  });
});

describe('a subscription', () => {
  const users = [{ name: 'reader', secretEnv: 'X', subscribe: ['in/air/+', 'cmd/#'], publish: ['in/#'] }];
  const login = { username: 'reader', password: SECRET };

  it.each(['#', '+/a', 'in/#', 'in/+/+', 'in/air/#', '$SYS/#', '$share/g/kpi/#', 'in/noise/1', 'kpis/#', '+'])(
    'to %s is denied where only kpi/# and in/air/+ are allowed',
    async (filter) => {
      const url = await open({ users }, { reader: SECRET });
      const client = await connectedRawClient(url, { user: 'reader', secret: SECRET });
      client.socket.write(subscribePacket(filter));
      expect((await client.bytes(9)).subarray(4)).toEqual(Buffer.from([0x90, 3, 0, 9, 0x80]));
      expect(refused()).toEqual({ subscription: 1 });
    },
  );

  it('that is allowed gets messages of others, at QoS 0, and says so in the SUBACK', async () => {
    const url = await open({ users }, { reader: SECRET });
    const client = await clientOf(url, login);
    const [grant] = await client.subscribeAsync('in/air/+', { qos: 2 });
    expect(grant!.qos).toBe(0);
    const got = new Promise<unknown[]>((resolve) => {
      client.on('message', (topic, payload, { qos }) => resolve([topic, String(payload), qos]));
    });
    const publisher = await clientOf(url, login);
    await publisher.publishAsync('in/noise/1', 'no', { qos: 1 });
    await publisher.publishAsync('in/air/1', 'yes', { qos: 1 });
    expect(await got).toEqual(['in/air/1', 'yes', 0]);
  });

  it('over the number that a client may have is denied', async () => {
    const url = await open({ subscriptionsPerClientMax: 2 });
    const client = await clientOf(url);
    await client.subscribeAsync(['kpi/a', 'kpi/b']);
    await expect(client.subscribeAsync('kpi/c')).rejects.toThrow();
    await client.subscribeAsync('kpi/a');
    await client.unsubscribeAsync('kpi/b');
    await client.subscribeAsync('kpi/c');
    expect(refused()).toEqual({ subscription: 1 });
  });
});

describe('a subscriber that does not read', () => {
  it('is skipped and cut, while publishers are acknowledged all the time', async () => {
    const users = [{ name: 'u', secretEnv: 'X', subscribe: ['#'], publish: ['in/#'] }];
    const url = await open({ users }, { u: SECRET });
    const frozen = await connectedRawClient(url, { clientId: 'frozen', user: 'u', secret: SECRET });
    frozen.socket.write(subscribePacket('#'));
    await frozen.bytes(9);
    frozen.socket.pause();
    const publisher = await connectedRawClient(url, { clientId: 'publisher', user: 'u', secret: SECRET });
    const burst = Buffer.concat(
      Array.from({ length: 200 }, (_, index) =>
        publishPacket('in/a', Buffer.alloc(4_000), { qos: 1, messageId: index + 1 }),
      ),
    );
    let acknowledged = 0;
    while (refused().slow_subscriber === undefined) {
      publisher.socket.write(burst);
      acknowledged += 200;
      await publisher.bytes(4 + 4 * acknowledged);
      expect(publisher.received().length).toBe(4 + 4 * acknowledged);
    }
    expect(broker!.stats().viewsDropped).toBeGreaterThan(0);
    expect(refused()).toEqual({ slow_subscriber: 1 });
    expect(journal.messages.length).toBe(acknowledged);
    await expect.poll(() => broker!.stats().connectedClients).toBe(1);
  }, 60_000);
});

describe('who may come', () => {
  const users = [
    { name: 'air', secretEnv: 'A', publish: ['in/air/#'] },
    { name: 'water', secretEnv: 'W', publish: ['in/water/#'] },
  ];
  const secrets = { air: SECRET, water: `${SECRET}-2` };

  it('is nobody without a name when other machines could connect: the start is refused', async () => {
    broker = embedded({ host: '0.0.0.0' });
    await expect(broker.open(journal.accept)).rejects.toMatchObject({
      code: 'authentication_required',
      message:
        'cannot listen for MQTT on 0.0.0.0: other machines could connect, and no users are configured; ' +
        'list them under mqtt.users, add devices with "vitals devices add", or set mqtt.host to 127.0.0.1 ' +
        '(mqtt.anonymous: never keeps everybody out until there is one, everywhere lets anybody in)',
    });
  });

  it('is nobody at all where the configuration says so: others find it, and nobody is let in', async () => {
    const url = await open({ host: '0.0.0.0', allowUnencrypted: true, anonymous: 'never' });
    const loopback = url.replace('0.0.0.0', '127.0.0.1');
    await expect(clientOf(loopback)).rejects.toThrow(/bad user/i);
    await expect(clientOf(loopback, { username: 'air', password: SECRET })).rejects.toThrow(/bad user/i);
    expect(journal.messages.length).toBe(0);
  });

  it('is every configured user, also from other machines', async () => {
    const url = await open({ host: '0.0.0.0', allowUnencrypted: true, users }, secrets);
    const client = await clientOf(url.replace('0.0.0.0', '127.0.0.1'), { username: 'air', password: SECRET });
    await client.publishAsync('in/air/1', 'x', { qos: 1 });
    expect(journal.messages.length).toBe(1);
  });

  it.each([
    ['an unknown name', { user: 'nobody', secret: SECRET }],
    ['a wrong secret', { user: 'air', secret: `${SECRET}x` }],
    ["another's secret", { user: 'air', secret: secrets.water }],
    ['no secret', { user: 'air' }],
    ['no name', {}],
    ['the name of an inherited property', { user: '__proto__', secret: '' }],
  ])('is not somebody with %s, and the answer is the same for all', async (_name, credentials) => {
    const client = await rawClient(await open({ users }, secrets));
    client.socket.write(connectPacket(credentials));
    await client.closed;
    expect(client.received()).toEqual(Buffer.from([0x20, 2, 0, 4]));
    expect(refused()).toEqual({ not_authorized: 1 });
  });

  it('may publish only where allowed: elsewhere the connection is closed', async () => {
    const client = await connectedRawClient(await open({ users }, secrets), { user: 'air', secret: SECRET });
    client.socket.write(publishPacket('in/water/1', 'x', { qos: 1, messageId: 5 }));
    await client.closed;
    expect(client.received()).toEqual(CONNACK_ACCEPTED);
    expect(journal.messages).toEqual([]);
    expect(refused()).toEqual({ not_authorized: 1 });
  });

  it('may not take the client id of another user who is connected', async () => {
    const url = await open({ users }, secrets);
    const holder = await clientOf(url, { username: 'water', password: secrets.water, clientId: 'meter-1' });
    const thief = await rawClient(url);
    thief.socket.write(connectPacket({ clientId: 'meter-1', user: 'air', secret: SECRET }));
    await thief.closed;
    expect(thief.received()).toEqual(Buffer.from([0x20, 2, 0, 2]));
    await holder.publishAsync('in/water/1', 'x', { qos: 1 });
    expect(refused()).toEqual({ client_id: 1 });
  });

  it.each([
    ['an empty client id and a lasting session', { clientId: '', isClean: false }],
    ['a client id with a control character', { clientId: 'a\tb' }],
    ['a very long client id', { clientId: 'x'.repeat(300) }],
  ])('is not somebody with %s', async (_name, options) => {
    const client = await rawClient(await open());
    client.socket.write(connectPacket(options));
    await client.closed;
    expect(client.received()).toEqual(Buffer.from([0x20, 2, 0, 2]));
    expect(refused()).toEqual({ client_id: 1 });
  });

  it('is no more than the configured number at a time', async () => {
    const url = await open({ connectionsMax: 2 });
    const first = await connectedRawClient(url, { clientId: '1' });
    await connectedRawClient(url, { clientId: '2' });
    const third = await rawClient(url);
    await third.closed;
    expect(refused()).toEqual({ connection_limit: 1 });
    first.socket.destroy();
    await expect.poll(() => broker!.stats().connectedClients).toBe(1);
    await expectServing(url);
  });
});

describe('an address', () => {
  it('that is taken is named in the error', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    broker = embedded({ port });
    await expect(broker.open(journal.accept)).rejects.toMatchObject({
      code: 'address_in_use',
      message: `cannot listen for MQTT on 127.0.0.1:${port}: the address is in use by another process; stop that one or set mqtt.port to a free port`,
    });
    other.close();
  });

  it('that the machine does not have is named in the error', async () => {
    const users = [{ name: 'u', secretEnv: 'X' }];
    broker = embedded({ host: '203.0.113.7', allowUnencrypted: true, users }, { u: SECRET });
    await expect(broker.open(journal.accept)).rejects.toMatchObject({
      code: 'address_not_available',
      message: expect.stringMatching(/^cannot listen for MQTT on 203\.0\.113\.7:0: this machine has no such address/),
    });
  });
});

describe('other clients', () => {
  const hasMosquitto = existsSync('/usr/bin/mosquitto_pub') && existsSync('/usr/bin/mosquitto_sub');

  it.skipIf(!hasMosquitto)('mosquitto_pub and mosquitto_sub work (needs mosquitto-clients)', async () => {
    const url = await open();
    const { port } = new URL(url);
    broker!.publish('kpi/air', Buffer.from('41'), { retain: true });
    for (const qos of ['0', '1', '2']) {
      const publisher = spawn('mosquitto_pub', ['-p', port, '-q', qos, '-t', `in/q${qos}`, '-m', 'hello']);
      expect((await once(publisher, 'exit'))[0]).toBe(0);
    }
    await journal.count(3);
    const subscriber = spawn('mosquitto_sub', ['-p', port, '-q', '1', '-t', 'kpi/#', '-C', '1', '-W', '10', '-v']);
    const [line] = await once(subscriber.stdout, 'data');
    expect(String(line)).toBe('kpi/air 41\n');
    if (subscriber.exitCode === null) await once(subscriber, 'exit');
    expect(refused()).toEqual({});
  });
});
