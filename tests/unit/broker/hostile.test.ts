import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { Backlog } from '../../../src/broker/embedded/backlog.ts';
import { type Peer, Refusals } from '../../../src/broker/embedded/peers.ts';
import type { Broker } from '../../../src/broker/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import { embedded } from './support/embedded.ts';
import {
  connectedRawClient,
  connectPacket,
  header,
  pubackOf,
  publishPacket,
  pubrelPacket,
  type RawClient,
  rawClient,
  subscribePacket,
} from './support/raw-client.ts';
import { RecordingAccept } from './support/recording-accept.ts';

/* What the other files of this folder leave open of docs/security.md. */

let broker: Broker;
let journal: RecordingAccept;

async function open(mqtt: CityFile['mqtt'] = {}, secrets: Readonly<Record<string, string>> = {}): Promise<string> {
  journal = new RecordingAccept();
  broker = embedded(mqtt, secrets);
  return (await broker.open(journal.accept)).url;
}

afterEach(async () => {
  journal.release();
  await broker?.close(100);
});

async function expectServing(url: string): Promise<void> {
  const client = await connectedRawClient(url, { clientId: 'other' });
  client.socket.write(publishPacket('in/alive', 'x', { qos: 1, messageId: 77 }));
  expect((await client.bytes(8)).subarray(4)).toEqual(pubackOf(77));
  client.socket.destroy();
}

describe('before it is let in, a connection', () => {
  it.each([
    ['that publishes', publishPacket('in/a', 'x', { qos: 1 }), { malformed_packet: 1 }],
    ['that subscribes', subscribePacket('#'), { malformed_packet: 1 }],
    ['that announces a CONNECT of 256 MiB', header(0x10, 268_435_455), { frame_too_large: 1 }],
    ['with a client id of 60 kB', connectPacket({ clientId: 'x'.repeat(60_000) }), { frame_too_large: 1 }],
    ['that speaks HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), { malformed_packet: 1 }],
  ] as const)('%s is closed, counted', async (_name, bytes, refused) => {
    const url = await open();
    const client = await rawClient(url);
    client.socket.write(bytes);
    await client.closed;
    expect(client.received().length).toBe(0);
    expect(broker.stats().refused).toEqual(refused);
    await expectServing(url);
  });

  it('whose CONNECT comes in drops is cut when its time is over', { timeout: 20_000 }, async () => {
    const url = await open();
    const client = await rawClient(url);
    const packet = connectPacket({ user: 'u'.repeat(1_000), secret: 's' });
    let at = 0;
    const drops = setInterval(() => client.socket.write(packet.subarray(at, ++at)), 100);
    await client.closed;
    clearInterval(drops);
    expect(broker.stats().refused).toEqual({ connect_timeout: 1 });
  });

  it('that asks for no keep-alive, or for one over the limit, is not let in', async () => {
    const url = await open({ keepaliveMax: '60s' });
    for (const keepaliveSeconds of [0, 61]) {
      const client = await rawClient(url);
      client.socket.write(connectPacket({ keepaliveSeconds }));
      await client.closed;
      expect(client.received()[3]).not.toBe(0);
    }
    expect(broker.stats().refused).toEqual({ connection_limit: 2 });
  });
});

describe('an address', () => {
  it('that connects too fast is turned away, and others are not', async () => {
    const url = await open({ connectsPerSecondMax: 1, limitLoopback: true });
    const flood: RawClient[] = [];
    for (let count = 0; count < 12; count++) flood.push(await rawClient(url));
    await flood.at(-1)!.closed;
    expect(broker.stats().refused.rate_limit).toBeGreaterThan(0);
    for (const { socket } of flood) socket.destroy();
  });

  it('has a bounded number of connections', async () => {
    const url = await open({ connectionsPerAddressMax: 2, limitLoopback: true });
    const clients = [
      await connectedRawClient(url, { clientId: 'a' }),
      await connectedRawClient(url, { clientId: 'b' }),
    ];
    const third = await rawClient(url);
    await third.closed;
    expect(broker.stats().refused).toEqual({ connection_limit: 1 });
    for (const { socket } of clients) socket.destroy();
  });
});

it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'the client id %s is one like any other',
  async (clientId) => {
    const url = await open();
    const first = await connectedRawClient(url, { clientId });
    const second = await connectedRawClient(url, { clientId });
    await first.closed;
    second.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    expect((await second.bytes(8)).subarray(4)).toEqual(pubackOf(5));
    expect(journal.messages[0]).toMatchObject({ clientId });
    await expectServing(url);
  },
);

it('what a publisher wants retained is kept for nobody', async () => {
  const login = { user: 'u', secret: 'a-secret-of-sixteen' };
  const users = [{ name: 'u', secretEnv: 'U', subscribe: ['#'] }];
  const url = await open({ users }, { u: login.secret });
  const publisher = await connectedRawClient(url, { clientId: 'p', ...login });
  publisher.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5, retain: true }));
  await publisher.bytes(8);
  const listener = await connectedRawClient(url, { clientId: 'l', ...login });
  listener.socket.write(subscribePacket('#'));
  await listener.bytes(9);
  listener.socket.write(Buffer.from([0xc0, 0]));
  expect([...(await listener.bytes(11)).subarray(9)]).toEqual([0xd0, 0]);
});

it('more than a hundred QoS 2 messages without their PUBREL close the connection', async () => {
  const url = await open();
  const client = await connectedRawClient(url);
  const publish = (messageId: number) => client.socket.write(publishPacket('in/a', 'x', { qos: 2, messageId }));
  for (let id = 1; id <= 100; id++) publish(id);
  await client.bytes(4 + 4 * 100);
  client.socket.write(pubrelPacket(1));
  await client.bytes(4 + 4 * 101);
  publish(101);
  await client.bytes(4 + 4 * 102);
  publish(102);
  await client.closed;
  expect(broker.stats().refused).toEqual({ connection_limit: 1 });
});

// By a stream that takes nothing: the buffers of a system take millions of acknowledgements before they are full.
describe('a publisher that reads no acknowledgement', () => {
  function clogged() {
    let release = () => {};
    const write = (_bytes: Buffer, _encoding: string, done: () => void) => {
      release = done;
    };
    const socket = new Duplex({ read: () => {}, write });
    const clock = manualClock(0);
    const cut: Peer[] = [];
    const peer = { socket, wake: () => void socket.emit('readable') } as unknown as Peer;
    return { socket, clock, cut, peer, backlog: new Backlog(clock, (one) => cut.push(one)), release: () => release() };
  }

  it('is read no more, and cut after five seconds', () => {
    const { socket, clock, cut, peer, backlog } = clogged();
    for (let count = 0; count < 16 << 10; count++) socket.write(pubackOf(count));
    expect(backlog.mayRead(peer)).toBe(true);
    socket.write(pubackOf(1));
    expect(backlog.mayRead(peer)).toBe(false);
    clock.advance(4_999);
    backlog.sweep();
    expect(cut).toEqual([]);
    clock.advance(1);
    backlog.sweep();
    expect(cut).toEqual([peer]);
    backlog.forget(peer);
    backlog.sweep();
    expect(cut).toHaveLength(1);
  });

  it('is read on when it has taken what there was', async () => {
    const { socket, clock, cut, peer, backlog, release } = clogged();
    socket.write(Buffer.alloc(100_000));
    expect([backlog.mayRead(peer), backlog.isClogged(peer)]).toEqual([false, true]);
    const woken = new Promise((resolve) => socket.once('readable', resolve));
    release();
    await woken;
    clock.advance(10_000);
    backlog.sweep();
    expect([backlog.mayRead(peer), cut.length]).toEqual([true, 0]);
  });
});

describe('a flood of refusals', () => {
  it('is counted in full, and told in the log every ten seconds for each reason', () => {
    const clock = manualClock(0);
    const lines: unknown[] = [];
    const refusals = new Refusals(clock, { warn: (fields) => lines.push(fields) }, 'the MQTT broker');
    for (let count = 0; count < 1_000; count++) refusals.add('malformed_packet', 'bad bytes');
    refusals.add('topic', 'bad topic');
    clock.advance(10_000);
    refusals.add('malformed_packet', 'bad bytes');
    expect(refusals.counts).toEqual({ malformed_packet: 1_001, topic: 1 });
    expect(lines).toEqual([
      expect.objectContaining({ reason: 'malformed_packet', since: 1 }),
      expect.objectContaining({ reason: 'topic', since: 1 }),
      expect.objectContaining({ reason: 'malformed_packet', since: 1_000 }),
    ]);
  });

  it('of one connection is one refusal', async () => {
    const url = await open();
    const client = await connectedRawClient(url);
    client.socket.write(Buffer.concat(Array.from({ length: 300 }, () => publishPacket('kpi/x', 'x'))));
    await client.closed;
    await expectServing(url);
    expect(broker.stats().refused).toEqual({ not_authorized: 1 });
  });
});

it('thousands of filters of one client are refused one by one, without holding up others', async () => {
  const url = await open();
  const client = await connectedRawClient(url);
  for (let index = 0; index < 5_000; index++) client.socket.write(subscribePacket(`kpi/${index}/+/+`));
  await expectServing(url);
  await client.bytes(4 + 5 * 5_000);
  expect(broker.stats().refused).toEqual({ subscription: 4_980 });
});
