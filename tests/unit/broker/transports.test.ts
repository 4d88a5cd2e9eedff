import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { connectAsync, connect as connectMqtt, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Broker } from '../../../src/broker/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { embedded } from './support/embedded.ts';
import { connectPacket, pubackOf, publishPacket, rawClient } from './support/raw-client.ts';
import { RecordingAccept } from './support/recording-accept.ts';
import { clientTls, SERVER_TLS, tlsFile } from './support/tls.ts';

let broker: Broker | undefined;
let journal = new RecordingAccept();
const clients: MqttClient[] = [];

async function open(mqtt: CityFile['mqtt']): Promise<readonly string[]> {
  journal = new RecordingAccept();
  broker = embedded(mqtt);
  return (await broker.open(journal.accept)).urls!;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await broker?.close(100);
  broker = undefined;
});

async function clientOf(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 5_000, ...options });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

/** Publishes, large messages too, and is sent what others publish. */
async function expectWorking(url: string, options: IClientOptions = {}): Promise<void> {
  const client = await clientOf(url, options);
  await client.subscribeAsync('kpi/#');
  const got = new Promise<string>((resolve) => {
    client.on('message', (topic, payload) => resolve(`${topic} ${payload.length}`));
  });
  for (const qos of [0, 1, 2] as const) await client.publishAsync(`in/q${qos}`, Buffer.alloc(60_000, qos), { qos });
  await journal.count(3);
  expect(journal.messages.map(({ topic, payload }) => [topic, payload.length, payload[59_999]])).toEqual([
    ['in/q0', 60_000, 0],
    ['in/q1', 60_000, 1],
    ['in/q2', 60_000, 2],
  ]);
  broker!.publish('kpi/city/x', Buffer.alloc(50_000), { retain: false });
  expect(await got).toBe('kpi/city/x 50000');
  expect(broker!.stats()).toMatchObject({ connectedClients: 1, refused: {} });
}

/** What becomes of somebody who tries to connect. */
function outcomeOf(url: string, options: IClientOptions): Promise<'let in' | 'closed'> {
  const client = connectMqtt(url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  clients.push(client);
  client.on('error', () => {});
  return new Promise((resolve) => {
    client.on('connect', () => resolve('let in'));
    client.on('close', () => resolve('closed'));
  });
}

const only = (url: string, scheme: string) => {
  expect(url).toMatch(new RegExp(`^${scheme}://127\\.0\\.0\\.1:\\d+`));
  return url;
};

describe('MQTT', () => {
  it('works over TLS, for who trusts the certificate', async () => {
    const [url = ''] = await open({ plain: false, tls: SERVER_TLS });
    await expectWorking(only(url, 'mqtts'), clientTls());
    await expect(clientOf(url)).rejects.toThrow(/certificate/);
  });

  it('works over WebSocket', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    await expectWorking(only(url, 'ws'));
    expect(url).toMatch(/\/mqtt$/);
  });

  it('works over WebSocket with TLS', async () => {
    const [, , url = ''] = await open({ tls: SERVER_TLS, webSocket: { port: 0, tls: true, path: '/here' } });
    await expectWorking(only(url, 'wss'), { wsOptions: clientTls() });
    expect(url).toMatch(/\/here$/);
  });

  it('works on all ports at once, the plain one first', async () => {
    const urls = await open({ tls: SERVER_TLS, webSocket: { port: 0 } });
    expect(urls.map((url) => url.split(':')[0])).toEqual(['mqtt', 'mqtts', 'ws']);
    for (const url of urls) await clientOf(url, clientTls());
    expect(broker!.stats().connectedClients).toBe(3);
  });

  it('is not spoken in old TLS', async () => {
    const [url = ''] = await open({ plain: false, tls: SERVER_TLS });
    const versions: object = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' };
    await expect(clientOf(url, { ...clientTls(), ...versions })).rejects.toThrow();
  });
});

describe('the port of TLS', () => {
  it('outlives whoever speaks something else, or leaves in the handshake', async () => {
    const [url = ''] = await open({ plain: false, tls: SERVER_TLS });
    const stranger = await rawClient(url);
    stranger.socket.write(connectPacket());
    await stranger.closed;
    const leaver = await rawClient(url);
    leaver.socket.write(Buffer.from([0x16, 3, 1, 0, 200]));
    leaver.socket.destroy();
    await expectWorking(url, clientTls());
  });

  it('counts a socket as a connection before its handshake', async () => {
    const [url = ''] = await open({ plain: false, tls: SERVER_TLS, connectionsMax: 1 });
    const first = await rawClient(url);
    const second = await rawClient(url);
    await second.closed;
    expect(broker!.stats().refused).toEqual({ connection_limit: 1 });
    first.socket.destroy();
  });

  // Sooner than the time that a handshake may take.
  it('closes with the broker, also for who is in the handshake', { timeout: 4_000 }, async () => {
    const [url = ''] = await open({ plain: false, tls: SERVER_TLS });
    const silent = await rawClient(url);
    await broker!.close(10);
    await silent.closed;
  });
});

describe('the port of WebSocket', () => {
  const closeOf = (socket: WebSocket) => new Promise<number>((resolve) => socket.on('close', resolve));
  const answer = (url: string, options: { protocol?: string; origin?: string }) =>
    new Promise<number>((resolve) => {
      const { protocol, origin } = options;
      const socket = new WebSocket(
        url,
        protocol === undefined ? [] : [protocol],
        origin === undefined ? {} : { origin },
      );
      socket.on('open', () => {
        socket.terminate();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        socket.terminate();
      });
      socket.on('error', () => {});
    });

  it('upgrades for MQTT alone, at its path, for pages of known origins', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0, origins: ['https://city.example'] } });
    const protocol = 'mqtt';
    expect(await answer(url, { protocol })).toBe(101);
    expect(await answer(url, { protocol, origin: 'https://city.example' })).toBe(101);
    expect(await answer(url, { protocol, origin: 'https://evil.example' })).toBe(403);
    expect(await answer(url, { protocol, origin: 'https://city.example.evil.example' })).toBe(403);
    expect(await answer(url, {})).toBe(400);
    expect(await answer(url, { protocol: 'chat' })).toBe(400);
    expect(await answer(url.replace('/mqtt', '/other'), { protocol })).toBe(404);
  });

  it('offers no compression, whoever asks for it', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    const socket = new WebSocket(url, ['mqtt'], { perMessageDeflate: true });
    await new Promise((resolve) => socket.on('open', resolve));
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  it('says to a plain request that it wants an upgrade', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    const status = await new Promise((resolve, reject) => {
      request(url.replace('ws:', 'http:'), (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(426);
  });

  it('closes for a frame of text', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    const socket = new WebSocket(url, ['mqtt']);
    let answers = 0;
    socket.on('message', () => answers++);
    socket.on('open', () => socket.send(connectPacket().toString('latin1')));
    expect(await closeOf(socket)).toBe(1006);
    expect(answers).toBe(0);
  });

  it('closes for a frame over the limit, and for much that comes before the CONNECT', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 }, packetMax: '128KiB' });
    const early = new WebSocket(url, ['mqtt']);
    early.on('open', () => {
      // The head of a frame of 100 kB and 20 kB of it: it would be collected before anybody has looked at it.
      const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0]);
      (early as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
        Buffer.concat([head, Buffer.alloc(20_000)]),
      );
    });
    early.on('error', () => {});
    expect(await closeOf(early)).toBe(1006);
    expect(broker!.stats().refused).toEqual({});
    const large = new WebSocket(url, ['mqtt']);
    large.on('open', () => large.send(connectPacket()));
    large.once('message', () => large.send(Buffer.alloc((128 << 10) + 1)));
    expect(await closeOf(large)).toBe(1009);
  });

  it('answers a packet by one frame', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    const socket = new WebSocket(url, ['mqtt']);
    const frames: number[] = [];
    socket.on('message', (bytes: Buffer) => frames.push(bytes.length));
    socket.on('open', () => socket.send(connectPacket()));
    await expect.poll(() => frames).toEqual([4]);
    socket.send(publishPacket('in/a', 'x', { qos: 1, messageId: 3 }));
    await expect.poll(() => frames).toEqual([4, 4]);
    socket.terminate();
  });

  it('takes packets however they are cut into frames', async () => {
    const [url = ''] = await open({ plain: false, webSocket: { port: 0 } });
    const socket = new WebSocket(url, ['mqtt']);
    const packets = Buffer.concat([connectPacket(), publishPacket('in/a', 'x'.repeat(50), { qos: 1, messageId: 3 })]);
    let got = Buffer.alloc(0);
    const done = new Promise<void>((resolve) => {
      socket.on('message', (bytes: Buffer) => {
        got = Buffer.concat([got, bytes]);
        if (got.length >= 8) resolve();
      });
    });
    socket.on('open', () => {
      for (let at = 0; at < packets.length; at += 7) socket.send(packets.subarray(at, at + 7));
    });
    await done;
    expect(got).toEqual(Buffer.concat([Buffer.from([0x20, 2, 0, 0]), pubackOf(3)]));
    socket.terminate();
  });
});

describe('a certificate of a client', () => {
  const clientCaFile = tlsFile('authority.crt');

  it('is needed where it is required, and must come from the authority', async () => {
    const tls = { ...SERVER_TLS, clientCertificates: 'required', clientCaFile } as const;
    const [url = ''] = await open({ plain: false, tls });
    expect(await outcomeOf(url, clientTls())).toBe('closed');
    expect(await outcomeOf(url, clientTls('stranger-meter-1'))).toBe('closed');
    expect(broker!.stats().connectedClients).toBe(0);
  });

  it('of another authority is turned away where none is needed, too', async () => {
    const tls = { ...SERVER_TLS, clientCertificates: 'optional', clientCaFile } as const;
    const [url = ''] = await open({ plain: false, tls });
    expect(await outcomeOf(url, clientTls('stranger-meter-1'))).toBe('closed');
    expect(await outcomeOf(url, clientTls())).toBe('let in');
    expect(broker!.stats().connectedClients).toBe(1);
  });
});

describe('the start is refused', () => {
  const refusal = async (tls: Partial<NonNullable<NonNullable<CityFile['mqtt']>['tls']>>) => {
    const made = embedded({ tls: { ...SERVER_TLS, ...tls } });
    return await made.open(journal.accept).then(
      () => made.close(0),
      (error: Error & { code: string }) => `${error.code}: ${error.message}`,
    );
  };

  it('with a file that is not there, holds something else, or belongs to another', async () => {
    const files = plantTree({ 'junk.pem': 'no certificate' });
    writeFileSync(
      join(files, 'locked.key'),
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    );
    const junk = join(files, 'junk.pem');
    const missing = join(files, 'missing.pem');
    const clientCertificates = 'required' as const;
    expect(await refusal({ certFile: missing })).toMatch(
      new RegExp(`^tls_invalid: cannot use mqtt\\.tls\\.certFile ${missing}: ENOENT`),
    );
    expect(await refusal({ keyFile: missing })).toMatch(/^tls_invalid: cannot use mqtt\.tls\.keyFile .*ENOENT/);
    expect(await refusal({ certFile: junk })).toContain('it holds no certificate in PEM form');
    expect(await refusal({ keyFile: junk })).toContain('it holds no private key in PEM form');
    expect(await refusal({ keyFile: join(files, 'locked.key') })).toContain('it is encrypted');
    expect(await refusal({ keyFile: tlsFile('meter-1.key') })).toContain(
      `it is not the key of the certificate in ${tlsFile('server.crt')}`,
    );
    expect(await refusal({ clientCaFile: junk, clientCertificates })).toContain('mqtt.tls.clientCaFile');
    expect(await refusal({ clientCaFile: tlsFile('meter-1.crt'), clientCertificates })).toContain(
      'not that of an authority',
    );
  });

  it.each([
    ['plain', { host: '0.0.0.0', anonymous: 'everywhere' }, 'mqtt.host'],
    ['web sockets', { webSocket: { host: '::', port: 0 }, anonymous: 'everywhere' }, 'mqtt.webSocket.host'],
  ] as const)('over %s where others could listen in', async (_name, mqtt, key) => {
    const made = embedded(mqtt);
    await expect(made.open(journal.accept)).rejects.toMatchObject({
      code: 'encryption_required',
      message: expect.stringMatching(
        new RegExp(`without TLS: .*set ${key} to 127\\.0\\.0\\.1 .*mqtt\\.allowUnencrypted to true$`),
      ),
    });
  });

  it('on an address of others with TLS and nobody to be told apart', async () => {
    const made = embedded({ plain: false, tls: { ...SERVER_TLS, host: '0.0.0.0' } });
    await expect(made.open(journal.accept)).rejects.toMatchObject({
      code: 'authentication_required',
      message: expect.stringContaining('set mqtt.tls.host to 127.0.0.1'),
    });
  });

  it('and not where each was switched off on purpose', async () => {
    const [url = ''] = await open({ host: '0.0.0.0', anonymous: 'everywhere', allowUnencrypted: true });
    await expectWorking(url.replace('0.0.0.0', '127.0.0.1'));
  });
});

it('a listener that fails closes those that were opened before it', async () => {
  const first = await open({});
  const { port } = new URL(first[0]!);
  const second = embedded({ webSocket: { port: Number(port) } });
  await expect(second.open(journal.accept)).rejects.toMatchObject({
    code: 'address_in_use',
    message: expect.stringContaining('set mqtt.webSocket.port to a free port'),
  });
});

it('somebody who never sends a CONNECT is cut, by every way', async () => {
  const urls = await open({ tls: SERVER_TLS, webSocket: { port: 0 } });
  const closed = urls.map((url) => {
    const { hostname, port, protocol } = new URL(url);
    const socket =
      protocol === 'mqtts:'
        ? connectTls({ host: hostname, port: Number(port), ...clientTls() })
        : connectTcp(Number(port), hostname);
    socket.on('error', () => {});
    return new Promise((resolve) => socket.resume().on('close', resolve));
  });
  await Promise.all(closed);
  expect(broker!.stats().refused).toEqual({ connect_timeout: 2 });
}, 20_000);
