import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import type { Broker } from '../../src/broker/index.ts';
import { MessageFlag } from '../../src/model/index.ts';
import {
  connectedRawClient,
  pubackOf,
  publishPacket,
  pubrecOf,
  pubrelPacket,
  type RawClient,
} from '../unit/broker/support/raw-client.ts';
import { RecordingAccept } from '../unit/broker/support/recording-accept.ts';

/** What every broker promises, whatever it is made of. Clients may publish to `in/#` without a name. */
export function brokerContract(name: string, make: () => Broker): void {
  describe(`broker contract: ${name}`, () => {
    const context: Context = { broker: undefined, url: '', journal: new RecordingAccept(), clients: [] };
    beforeEach(async () => {
      context.broker = make();
      context.journal = new RecordingAccept();
      context.url = (await context.broker.open(context.journal.accept)).url;
    });
    afterEach(async () => {
      await Promise.all(context.clients.splice(0).map((client) => client.endAsync(true)));
      context.journal.release();
      await context.broker?.close(100);
    });

    itHandsOver(context);
    itAcknowledges(context);
    itTakesQos2Once(context);
    itPublishesViews(context);
    itCloses(context);
  });
}

interface Context {
  broker: Broker | undefined;
  url: string;
  journal: RecordingAccept;
  readonly clients: MqttClient[];
}

async function clientOf(context: Context, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(context.url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  context.clients.push(client);
  return client;
}

/** Everything that the other side has sent by the time it has answered a later PINGREQ. */
async function afterPing(client: RawClient): Promise<Buffer> {
  const before = client.received().length;
  client.socket.write(Buffer.from([0xc0, 0]));
  return client.bytes(before + 2);
}

function itHandsOver(context: Context): void {
  it('hands over topic, payload, client id and QoS of a publish', async () => {
    const client = await clientOf(context, { clientId: 'station-7' });
    const before = systemClock.nowMs();
    for (const qos of [0, 1, 2] as const) await client.publishAsync(`in/q${qos}`, Buffer.from([0, 255, qos]), { qos });
    await context.journal.count(3);
    expect(context.journal.messages.map(({ flags }) => flags)).toEqual([0, MessageFlag.qos1, MessageFlag.qos2]);
    for (const [qos, message] of context.journal.messages.entries()) {
      expect(message).toMatchObject({ topic: `in/q${qos}`, clientId: 'station-7', payloadBytes: 3 });
      expect([...message.payload]).toEqual([0, 255, qos]);
      expect(message.receivedAtMs).toBeGreaterThanOrEqual(before);
      expect(message.receivedAtMs).toBeLessThanOrEqual(systemClock.nowMs());
    }
    expect(context.broker!.stats()).toMatchObject({ receivedQos0: 1, receivedQos1: 1, receivedQos2: 1 });
  });

  it('marks a retained publish', async () => {
    const client = await clientOf(context);
    await client.publishAsync('in/a', 'x', { qos: 1, retain: true });
    expect(context.journal.messages[0]!.flags).toBe(MessageFlag.retain | MessageFlag.qos1);
  });

  it('marks the will of a client that vanished', async () => {
    const will = { topic: 'in/status', payload: Buffer.from('gone'), qos: 1 as const, retain: true };
    const client = await clientOf(context, { clientId: 'w', will });
    await client.publishAsync('in/a', 'alive', { qos: 1 });
    client.stream.destroy();
    await context.journal.count(2);
    const { will: isWill, qos1, retain } = MessageFlag;
    expect(context.journal.messages[1]).toMatchObject({
      topic: 'in/status',
      clientId: 'w',
      flags: isWill | qos1 | retain,
    });
    expect(context.journal.messages[0]!.flags & isWill).toBe(0);
  });

  it('publishes no will of a client that said good-bye', async () => {
    const client = await clientOf(context, { will: { topic: 'in/status', payload: Buffer.from('gone'), qos: 0 } });
    await client.endAsync();
    const other = await clientOf(context);
    await other.publishAsync('in/a', 'x', { qos: 1 });
    expect(context.journal.messages.map(({ topic }) => topic)).toEqual(['in/a']);
  });
}

function itAcknowledges(context: Context): void {
  it('sends PUBACK when done is called, and not before', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await context.journal.count(1);
    // Another connection gets its answers meanwhile: there was time enough for a PUBACK to come.
    const other = await connectedRawClient(context.url, { clientId: 'other' });
    await afterPing(other);
    expect(client.received().length).toBe(4);
    expect(context.broker!.stats().waitingForJournal).toBe(1);
    context.journal.release();
    expect((await client.bytes(8)).subarray(4)).toEqual(pubackOf(5));
    expect(context.broker!.stats().waitingForJournal).toBe(0);
  });

  it('sends PUBREC when done is called, and not before', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 2, messageId: 5 }));
    await context.journal.count(1);
    await afterPing(await connectedRawClient(context.url, { clientId: 'other' }));
    expect(client.received().length).toBe(4);
    context.journal.release();
    expect((await client.bytes(8)).subarray(4)).toEqual(pubrecOf(5));
  });

  it('sends no PUBACK when done is called with an error, so that the publisher sends again', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await context.journal.count(1);
    context.journal.release(new Error('the disk is gone'));
    await client.closed;
    expect(client.received().length).toBe(4);
    expect(context.broker!.stats().refused).toEqual({});
  });

  it('survives a done that is called twice, or after the client has gone', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await context.journal.count(1);
    client.socket.destroy();
    await client.closed;
    const [done] = context.journal.held;
    context.journal.release();
    done!();
    done!(new Error('again'));
    context.journal.isHolding = false;
    await (await clientOf(context)).publishAsync('in/b', 'x', { qos: 1 });
    expect(context.broker!.stats().waitingForJournal).toBe(0);
  });

  it('does not read on from a connection whose publishes are not answered, at any QoS', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    const packet = publishPacket('in/a', Buffer.alloc(1_000));
    const burst = Buffer.concat(Array.from({ length: 1_000 }, () => packet));
    for (let count = 0; count < 40; count++) client.socket.write(burst);
    await context.journal.count(50);
    await afterPing(await connectedRawClient(context.url, { clientId: 'other' }));
    expect(context.journal.messages.length).toBeLessThan(1_000);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    context.journal.isHolding = false;
    context.journal.release();
    await context.journal.count(40_000);
  });
}

function itTakesQos2Once(context: Context): void {
  it('takes a QoS 2 message over once, however often it is sent before its PUBREL', async () => {
    const client = await connectedRawClient(context.url, { clientId: 'two', isClean: false });
    const first = publishPacket('in/a', 'x', { qos: 2, messageId: 3 });
    const again = publishPacket('in/a', 'x', { qos: 2, messageId: 3, isDup: true });
    client.socket.write(Buffer.concat([first, again]));
    expect((await client.bytes(12)).subarray(4)).toEqual(Buffer.concat([pubrecOf(3), pubrecOf(3)]));
    client.socket.write(again);
    await client.bytes(16);
    expect(context.journal.messages.length).toBe(1);
  });

  it('takes it over once when it is sent again after the connection broke', async () => {
    const client = await connectedRawClient(context.url, { clientId: 'two', isClean: false });
    client.socket.write(publishPacket('in/a', 'x', { qos: 2, messageId: 3 }));
    await client.bytes(8);
    client.socket.destroy();
    const back = await connectedRawClient(context.url, { clientId: 'two', isClean: false });
    back.socket.write(publishPacket('in/a', 'x', { qos: 2, messageId: 3, isDup: true }));
    expect((await back.bytes(8)).subarray(4)).toEqual(pubrecOf(3));
    expect(context.journal.messages.length).toBe(1);
  });

  it('takes the next message with the same id after PUBREL', async () => {
    const client = await connectedRawClient(context.url, { clientId: 'two' });
    for (const payload of ['x', 'y']) {
      const before = client.received().length;
      client.socket.write(publishPacket('in/a', payload, { qos: 2, messageId: 3 }));
      await client.bytes(before + 4);
      client.socket.write(pubrelPacket(3));
      await client.bytes(before + 8);
    }
    expect(context.journal.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['x', 'y']);
  });

  it('takes the message of a new session that happens to have the same id', async () => {
    const client = await connectedRawClient(context.url, { clientId: 'two' });
    client.socket.write(publishPacket('in/a', 'x', { qos: 2, messageId: 3 }));
    await client.bytes(8);
    client.socket.destroy();
    const back = await connectedRawClient(context.url, { clientId: 'two' });
    back.socket.write(publishPacket('in/a', 'y', { qos: 2, messageId: 3 }));
    await back.bytes(8);
    expect(context.journal.messages.length).toBe(2);
  });
}

function itPublishesViews(context: Context): void {
  const received = (client: MqttClient, count: number) =>
    new Promise<string[]>((resolve) => {
      const all: string[] = [];
      client.on('message', (topic, payload, { retain }) => {
        all.push(`${topic}=${payload.toString()}${retain ? ' (retained)' : ''}`);
        if (all.length === count) resolve(all);
      });
    });

  it('publishes views to those who subscribed, and the retained ones to those who come later', async () => {
    const early = await clientOf(context);
    const forEarly = received(early, 2);
    await early.subscribeAsync('kpi/#', { qos: 1 });
    context.broker!.publish('kpi/air/centre', Buffer.from('1'), { retain: true });
    context.broker!.publish('kpi/status', Buffer.from('2'), { retain: false });
    expect(await forEarly).toEqual(['kpi/air/centre=1', 'kpi/status=2']);
    context.broker!.publish('kpi/air/centre', Buffer.from('3'), { retain: true });
    const late = await clientOf(context);
    const forLate = received(late, 1);
    await late.subscribeAsync('kpi/+/centre');
    expect(await forLate).toEqual(['kpi/air/centre=3 (retained)']);
  });

  it('forgets a retained view when an empty one is published', async () => {
    context.broker!.publish('kpi/a', Buffer.from('1'), { retain: true });
    context.broker!.publish('kpi/b', Buffer.from('2'), { retain: true });
    context.broker!.publish('kpi/a', Buffer.alloc(0), { retain: true });
    const client = await clientOf(context);
    const got = received(client, 1);
    await client.subscribeAsync('kpi/#');
    expect(await got).toEqual(['kpi/b=2 (retained)']);
  });

  it('sends nothing more after UNSUBSCRIBE', async () => {
    const client = await clientOf(context);
    const got = received(client, 1);
    await client.subscribeAsync(['kpi/a', 'kpi/b']);
    await client.unsubscribeAsync('kpi/a');
    context.broker!.publish('kpi/a', Buffer.from('1'), { retain: false });
    context.broker!.publish('kpi/b', Buffer.from('2'), { retain: false });
    expect(await got).toEqual(['kpi/b=2']);
  });
}

function itCloses(context: Context): void {
  it('gives outstanding acknowledgements while it closes, and takes nothing new', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await context.journal.count(1);
    const closed = context.broker!.close(5_000);
    client.socket.write(publishPacket('in/b', 'x', { qos: 1, messageId: 6 }));
    await expect(connectAsync(context.url, { reconnectPeriod: 0 })).rejects.toThrow();
    context.journal.release();
    await closed;
    await client.closed;
    expect(client.received().subarray(4)).toEqual(pubackOf(5));
    expect(context.journal.messages.length).toBe(1);
  });

  it('does not wait longer than the grace, and may be closed twice', async () => {
    context.journal.isHolding = true;
    const client = await connectedRawClient(context.url);
    client.socket.write(publishPacket('in/a', 'x', { qos: 1, messageId: 5 }));
    await context.journal.count(1);
    await Promise.all([context.broker!.close(20), context.broker!.close(20)]);
    await client.closed;
    expect(client.received().length).toBe(4);
  });

  it('takes no wills of those whom it disconnects itself', async () => {
    await clientOf(context, { will: { topic: 'in/status', payload: Buffer.from('gone'), qos: 1 } });
    await context.broker!.close(50);
    expect(context.journal.messages).toEqual([]);
  });
}
