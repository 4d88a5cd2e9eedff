import { connect } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Broker } from '../../../src/broker/index.ts';
import type { Message } from '../../../src/model/index.ts';
import { embedded } from './support/embedded.ts';
import {
  connectedRawClient,
  connectPacket,
  header,
  pubackOf,
  publishPacket,
  type RawClient,
  rawClient,
  subscribePacket,
} from './support/raw-client.ts';
import { RecordingAccept } from './support/recording-accept.ts';

const PINGREQ = Buffer.from([0xc0, 0]);
const brokers: Broker[] = [];

async function open(...options: Parameters<typeof embedded>) {
  const journal = new RecordingAccept();
  const broker = embedded(...options);
  brokers.push(broker);
  const { url } = await broker.open(journal.accept);
  return { journal, broker, url };
}

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close(50)));
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const textOf = ({ topic, payload }: Message) => `${topic} ${Buffer.from(payload).toString()}`;

/** A packet, and how many bytes answer it. */
interface Sent {
  readonly bytes: Buffer;
  readonly answerBytes: number;
}

/** One connection's packets, and how they are cut. */
interface Stream {
  readonly packets: readonly Sent[];
  /** Closes the connection: from here on answers may be lost on both ways. */
  readonly last: Buffer | undefined;
  readonly places: readonly number[];
}

const publish = fc
  .record({
    topic: fc.constantFrom('in/a', 'in/straße', `in/${'x'.repeat(200)}`),
    payload: fc.oneof(fc.string({ maxLength: 40 }), fc.constant('y'.repeat(1_500))),
    qos: fc.constantFrom(0, 0, 1, 1, 1, 2),
    isDup: fc.boolean(),
    retain: fc.boolean(),
  })
  .map(({ topic, payload, qos, isDup, retain }) => (messageId: number): Sent => {
    const options = { qos: qos as 0 | 1 | 2, messageId, isDup, retain };
    return { bytes: publishPacket(topic, payload, options), answerBytes: qos === 0 ? 0 : 4 };
  });
const other = fc.constantFrom(
  { bytes: PINGREQ, answerBytes: 2 },
  { bytes: subscribePacket('kpi/#'), answerBytes: 5 },
  { bytes: subscribePacket('in/#'), answerBytes: 5 },
);
const packets = fc
  .array(fc.oneof({ weight: 4, arbitrary: publish }, { weight: 1, arbitrary: other }), { maxLength: 30 })
  .map((list) => list.map((each, index) => (typeof each === 'function' ? each(index + 1) : each)));
const q1 = { qos: 1, messageId: 99 } as const;
const OVER_LIMIT = header(0x32, 1 << 20);
const last = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  Buffer.from([0xe0, 0]),
  publishPacket('in/+/a', 'x', q1),
  publishPacket('in/a\0', 'x', q1),
  publishPacket('$SYS/a', 'x', q1),
  publishPacket('kpi/a', 'x', q1),
  publishPacket('in/'.repeat(20), 'x', q1),
  publishPacket(`in/${'x'.repeat(300)}`, 'x', q1),
  publishPacket('', 'x', q1),
  Buffer.from([0x30, 4, 0, 9, 0x61, 0x62]),
  Buffer.from([0x36, 4, 0, 1, 0x61, 0x62]),
  OVER_LIMIT,
  connectPacket(),
);
const streams = fc.record<Stream>({ packets, last, places: fc.array(fc.nat(20_000), { maxLength: 12 }) });

/** Sends a stream in pieces and tells what came of it. */
async function outcomeOf({ packets: sent, last: end, places }: Stream, fastLane: boolean) {
  const { journal, broker, url } = await open({ fastLane, payloadMax: '1KiB', packetMax: '64KiB' });
  // Without the lane, what comes in one piece with a packet over the limit is not looked at.
  const isApart = end === OVER_LIMIT;
  const tail = end === undefined ? [] : [isApart ? PINGREQ : end];
  const bytes = Buffer.concat([...sent.map((each) => each.bytes), ...tail]);
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const client = await connectedRawClient(url);
  client.socket.setNoDelay(true);
  for (const [index, from] of [0, ...cuts].entries()) {
    client.socket.write(bytes.subarray(from, cuts[index] ?? bytes.length));
    for (let count = 0; count < 3; count++) await turn();
  }
  const answerBytes = sent.reduce((sum, each) => sum + each.answerBytes, 4);
  if (end === undefined) await client.bytes(answerBytes);
  if (isApart) {
    await client.bytes(answerBytes + 2);
    client.socket.write(end);
  }
  if (end !== undefined) await client.closed;
  const messages = journal.messages.map(({ topic, payload, payloadBytes, clientId, flags }) =>
    [topic, Buffer.from(payload).toString('hex'), payloadBytes, clientId, flags].join(' '),
  );
  const { refused, receivedQos0, receivedQos1, receivedQos2 } = broker.stats();
  const answers = end === undefined ? sorted(client) : [];
  client.socket.destroy();
  await broker.close(50);
  return { messages, refused, received: [receivedQos0, receivedQos1, receivedQos2], answers };
}

/** The packets that came back; acknowledgements in their order, and apart from other answers, whose pace is their own. */
function sorted(client: RawClient): string[] {
  const all = client.received();
  const found: string[] = [];
  for (let at = 0; at < all.length; ) {
    const end = at + 2 + all[at + 1]!;
    found.push(all.subarray(at, end).toString('hex'));
    at = end;
  }
  const acks = found.filter((text) => text.startsWith('40'));
  return [...acks, ...found.filter((text) => !text.startsWith('40')).sort()];
}

describe('the fast lane', () => {
  it('does with any packets, however cut, what the broker does without it', async () => {
    await fc.assert(
      fc.asyncProperty(streams, async (stream) => {
        expect(await outcomeOf(stream, true)).toEqual(await outcomeOf(stream, false));
      }),
      { numRuns: 60, endOnFailure: true, verbose: 0 },
    );
  }, 120_000);

  it('keeps packets of all kinds in their order', async () => {
    const { journal, url } = await open();
    const client = await connectedRawClient(url);
    const stream = [0, 1, 2, 1, 0, 2, 1].flatMap((qos, index) => [
      publishPacket('in/a', String(index), { qos: qos as 0 | 1 | 2, messageId: index + 1 }),
      PINGREQ,
    ]);
    client.socket.write(Buffer.concat(stream));
    await client.bytes(4 + 5 * 4 + 7 * 2);
    expect(journal.messages.map(textOf)).toEqual([0, 1, 2, 3, 4, 5, 6].map((index) => `in/a ${index}`));
  });

  it('takes what was sent behind a CONNECT without waiting for its answer, in order', async () => {
    const { journal, url } = await open();
    const client = await rawClient(url);
    const publishes = Array.from({ length: 150 }, (_, index) =>
      publishPacket('in/a', String(index), { qos: index % 3 === 2 ? 2 : 1, messageId: index + 1 }),
    );
    client.socket.write(Buffer.concat([connectPacket(), ...publishes, PINGREQ]));
    await client.bytes(4 + 150 * 4 + 2);
    expect(client.received().subarray(0, 4)).toEqual(Buffer.from([0x20, 2, 0, 0]));
    expect(journal.messages.map(textOf)).toEqual(publishes.map((_, index) => `in/a ${index}`));
  });

  it.each([1, 7, 30])('takes the same when all of it comes in pieces of %i bytes', async (step) => {
    const { journal, url } = await open();
    const client = await rawClient(url);
    client.socket.setNoDelay(true);
    const publishes = [0, 1, 2].map((qos) =>
      publishPacket('in/a', String(qos), { qos: qos as 0 | 1 | 2, messageId: qos + 1 }),
    );
    const stream = Buffer.concat([connectPacket({ clientId: 'cut' }), ...publishes, PINGREQ]);
    for (let at = 0; at < stream.length; at += step) {
      client.socket.write(stream.subarray(at, at + step));
      for (let count = 0; count < 3; count++) await turn();
    }
    await client.bytes(4 + 2 * 4 + 2);
    expect(journal.messages.map(textOf)).toEqual(['in/a 0', 'in/a 1', 'in/a 2']);
  });

  it('takes nothing of somebody who is not let in', async () => {
    const users = [{ name: 'u', secretEnv: 'X' }];
    const { journal, broker, url } = await open({ users }, { u: 'a-secret-of-sixteen' });
    const client = await rawClient(url);
    client.socket.write(Buffer.concat([connectPacket(), publishPacket('in/a', 'x', q1)]));
    await client.closed;
    expect([journal.messages, broker.stats().refused]).toEqual([[], { not_authorized: 1 }]);
  });

  it('takes what was sent right before the end of a connection', async () => {
    const { journal, url } = await open();
    const client = await connectedRawClient(url);
    const publishes = Array.from({ length: 500 }, (_, index) => publishPacket('in/a', String(index)));
    client.socket.end(Buffer.concat(publishes));
    await client.closed;
    expect(journal.messages.length).toBe(500);
  });

  it('takes what came while it waited for the journal, although the connection has ended since', async () => {
    const { journal, url } = await open();
    journal.isHolding = true;
    const client = await connectedRawClient(url);
    const publishes = Buffer.concat(Array.from({ length: 70 }, () => publishPacket('in/a', Buffer.alloc(1_000))));
    client.socket.write(publishes);
    await journal.count(70);
    client.socket.end(publishes);
    for (let count = 0; count < 20; count++) await turn();
    journal.isHolding = false;
    journal.release();
    await client.closed;
    expect(journal.messages.length).toBe(140);
  });

  it('does not read on while packets that went by aedes are not answered', async () => {
    const { journal, url } = await open();
    journal.isHolding = true;
    const client = await connectedRawClient(url);
    const burst = Array.from({ length: 500 }, (_, index) =>
      publishPacket('in/a', Buffer.alloc(1_000), { qos: 2, messageId: index + 1 }),
    );
    client.socket.write(Buffer.concat(burst));
    await journal.count(50);
    const other = await connectedRawClient(url, { clientId: 'other' });
    other.socket.write(PINGREQ);
    await other.bytes(6);
    expect(journal.messages.length).toBeLessThan(150);
    journal.release();
  });

  it('writes the acknowledgements of one commit together', async () => {
    const { journal, url } = await open();
    journal.isHolding = true;
    const client = await connectedRawClient(url);
    const publishes = Array.from({ length: 100 }, (_, index) =>
      publishPacket('in/a', 'x', { qos: 1, messageId: index + 1 }),
    );
    client.socket.write(Buffer.concat(publishes));
    await journal.count(100);
    const chunks: number[] = [];
    client.socket.on('data', ({ length }) => chunks.push(length));
    journal.release();
    const acks = (await client.bytes(4 + 400)).subarray(4);
    expect(acks).toEqual(Buffer.concat(publishes.map((_, index) => pubackOf(index + 1))));
    expect(chunks).toEqual([400]);
  });

  it('does not take a publisher for dead whose packets all go by it; an idle one is', async () => {
    const { broker, url } = await open();
    const idle = await connectedRawClient(url, { clientId: 'idle', keepaliveSeconds: 1 });
    const busy = await connectedRawClient(url, { clientId: 'busy', keepaliveSeconds: 1 });
    const timer = setInterval(() => busy.socket.write(publishPacket('in/a', 'x')), 100);
    await idle.closed;
    // The time-out that has just cut the idle one runs out once more.
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    clearInterval(timer);
    expect(busy.socket.destroyed).toBe(false);
    expect(broker.stats().refused).toEqual({});
  });

  it('cuts a publisher that never reads its acknowledgements', async () => {
    const broker = embedded();
    brokers.push(broker);
    let taken = 0;
    const waiting: (() => void)[] = [];
    const { url } = await broker.open((_message, done) => {
      taken++;
      if (waiting.push(done) > 1) return;
      setImmediate(() => {
        for (const answer of waiting.splice(0)) answer();
      });
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(connectPacket());
    const burst = Buffer.concat(Array.from({ length: 4_000 }, () => publishPacket('a', '', { qos: 1 })));
    let isClosed = false;
    socket.on('close', () => {
      isClosed = true;
    });
    const send = () => {
      while (!isClosed && socket.write(burst));
    };
    socket.on('drain', send);
    send();
    await expect.poll(() => broker.stats().refused, { timeout: 50_000 }).toEqual({ slow_subscriber: 1 });
    expect(broker.stats().waitingForJournal).toBe(0);
    expect(taken).toBeGreaterThan(1_000);
    socket.destroy();
  }, 60_000);
});
