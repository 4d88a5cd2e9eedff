import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MOSQUITTO, Mosquitto } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { createExternalBroker } from '../../src/broker/external/index.ts';
import type { Broker } from '../../src/broker/index.ts';
import { externalBrokerSchema } from '../../src/config/external-broker.ts';
import { MessageFlag } from '../../src/model/index.ts';
import { createLogger } from '../../src/telemetry/index.ts';
import { RecordingAccept } from '../unit/broker/support/recording-accept.ts';

const log = createLogger({ level: 'silent', pretty: false });

describe.skipIf(MOSQUITTO === undefined)('a consumer of Mosquitto (skipped without mosquitto)', () => {
  let folder: string;
  let mosquitto: Mosquitto;
  const open: { broker: Broker; journal: RecordingAccept }[] = [];
  const clients: MqttClient[] = [];
  let names = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-mosquitto-'));
    mosquitto = await Mosquitto.start(folder);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    for (const { broker, journal } of open.splice(0)) {
      journal.release();
      await broker.close(200);
    }
  });
  afterAll(async () => {
    await mosquitto.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A consumer with a session of its own unless it names one. */
  async function consumer(more: Record<string, unknown> = {}, isHolding = false) {
    const journal = new RecordingAccept();
    journal.isHolding = isHolding;
    const config = externalBrokerSchema.parse({ url: mosquitto.url, clientId: `consumer-${names++}`, ...more });
    const broker = createExternalBroker({
      config,
      payloadBytesMax: 1_000,
      clock: systemClock,
      log,
      giveUpAfterMs: 20_000,
    });
    open.push({ broker, journal });
    await broker.open(journal.accept);
    return { broker, journal, clientId: config.clientId };
  }

  async function publisher(): Promise<MqttClient> {
    const client = await connectAsync(mosquitto.url, { protocolVersion: 4 });
    clients.push(client);
    return client;
  }

  const payloads = ({ messages }: RecordingAccept) => messages.map(({ payload }) => Buffer.from(payload).toString());
  const texts = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));
  /** A topic that no other test uses. */
  const topicOf = () => `in/t${names++}`;

  async function publishAll(topic: string, all: readonly string[]): Promise<void> {
    const client = await publisher();
    await Promise.all(all.map((text) => client.publishAsync(topic, text, { qos: 1 })));
  }

  describe.each([5, 4])('over MQTT version %i', (version) => {
    it('hands over topic, payload, QoS and RETAIN, and of a payload over the limit its head', async () => {
      const topic = topicOf();
      const { broker, journal } = await consumer({ version, topics: [topic, `${topic}/+`] });
      const client = await publisher();
      await client.publishAsync(topic, 'zero', { qos: 0 });
      await client.publishAsync(`${topic}/a`, 'one', { qos: 1 });
      await client.publishAsync(topic, 'two', { qos: 2 });
      await client.publishAsync(topic, 'x'.repeat(2_000), { qos: 1 });
      await journal.count(4);
      expect(journal.messages.map(({ topic, flags, payloadBytes }) => [topic, flags, payloadBytes])).toEqual([
        [topic, 0, 4],
        [`${topic}/a`, MessageFlag.qos1, 3],
        [topic, MessageFlag.qos1, 3],
        [topic, MessageFlag.qos1, 2_000],
      ]);
      expect(journal.messages[3]!.payload.length).toBe(256);
      expect(broker.stats()).toMatchObject({ receivedQos0: 1, receivedQos1: 3, connectedClients: 1 });
    });

    it('has many messages under way that are not acknowledged, and none twice once they are', async () => {
      const topic = topicOf();
      const first = await consumer({ version, topics: [topic] }, true);
      await publishAll(topic, texts(300));
      await first.journal.count(300);
      expect(first.broker.stats().waitingForJournal).toBe(300);
      first.journal.release();
      await first.broker.close(1_000);
      const second = await consumer({ version, topics: [topic], clientId: first.clientId });
      await publishAll(topic, ['last']);
      await second.journal.count(1);
      expect(payloads(second.journal)).toEqual(['last']);
    });

    it('is given again what was not acknowledged, and nothing else', async () => {
      const topic = topicOf();
      const first = await consumer({ version, topics: [topic] }, true);
      await publishAll(topic, texts(20));
      await first.journal.count(20);
      // The journal has taken every other one when the process dies.
      for (const [index, done] of first.journal.held.splice(0).entries()) if (index % 2 === 0) done();
      await new Promise((resolve) => setImmediate(resolve));
      await first.broker.close(0);
      const second = await consumer({ version, topics: [topic], clientId: first.clientId });
      await second.journal.count(10);
      const taken = payloads(first.journal).filter((_, index) => index % 2 === 0);
      expect([...payloads(second.journal), ...taken].toSorted()).toEqual(texts(20).toSorted());
      expect(second.journal.messages.every(({ flags }) => (flags & MessageFlag.dup) !== 0)).toBe(true);
    });

    it('is given what was published while it was away', async () => {
      const topic = topicOf();
      const first = await consumer({ version, topics: [topic] });
      await first.broker.close(100);
      await publishAll(topic, texts(2_500));
      const second = await consumer({ version, topics: [topic], clientId: first.clientId });
      await second.journal.count(2_500);
      expect(payloads(second.journal).toSorted()).toEqual(texts(2_500).toSorted());
    });

    it('shares the messages with others of the same share', async () => {
      const topic = topicOf();
      const share = `share${names++}`;
      const both = [
        await consumer({ version, topics: [topic], share }),
        await consumer({ version, topics: [topic], share }),
      ];
      await publishAll(topic, texts(100));
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20_000)), allOf(both, 100)]);
      const got = both.map(({ journal }) => payloads(journal));
      expect(got.flat().toSorted()).toEqual(texts(100).toSorted());
      expect(got.every((all) => all.length > 0)).toBe(true);
    });

    it('asks again for what the journal refused', async () => {
      const topic = topicOf();
      const { journal, broker } = await consumer({ version, topics: [topic] }, true);
      await publishAll(topic, ['a']);
      await journal.count(1);
      journal.isHolding = false;
      journal.release(new Error('the disk is full'));
      await journal.count(2);
      expect(payloads(journal)).toEqual(['a', 'a']);
      expect(broker.stats().connectionsTotal).toBe(2);
    });
  });

  it('publishes views for those who subscribe to the broker, and does not take its own', async () => {
    const { broker, journal } = await consumer({ topics: ['#'] });
    broker.publish('kpi/west/x', Buffer.from('1'), { retain: true });
    const client = await publisher();
    const seen = new Promise<string>((resolve) => {
      client.on('message', (topic, payload) => resolve(`${topic}=${payload.toString()}`));
    });
    await client.subscribeAsync('kpi/#');
    expect(await seen).toBe('kpi/west/x=1');
    await client.publishAsync('in/last', 'x', { qos: 1 });
    await journal.count(1);
    expect(journal.messages.map(({ topic }) => topic)).toEqual(['in/last']);
  });

  it('comes back when the broker does, with subscriptions and retained views', async () => {
    const topic = topicOf();
    const { broker, journal } = await consumer({ topics: [topic] });
    broker.publish('kpi/west/y', Buffer.from('2'), { retain: true });
    await mosquitto.stop('SIGKILL');
    await mosquitto.start();
    const client = await publisher();
    const seen = new Promise<string>((resolve) => {
      client.on('message', (_topic, payload) => resolve(payload.toString()));
    });
    await client.subscribeAsync('kpi/west/y');
    expect(await seen).toBe('2');
    await client.publishAsync(topic, 'after', { qos: 1 });
    await journal.count(1);
    expect(payloads(journal)).toEqual(['after']);
    expect(broker.stats().connectionsTotal).toBe(2);
  }, 60_000);

  it('says which broker does not answer, and which refuses', async () => {
    const make = (url: string) =>
      createExternalBroker({
        config: externalBrokerSchema.parse({ url, username: 'city' }),
        password: 'wrong',
        payloadBytesMax: 1_000,
        clock: systemClock,
        log,
        giveUpAfterMs: 1_000,
      });
    await expect(make('mqtt://127.0.0.1:1').open(() => {})).rejects.toMatchObject({
      code: 'broker_unreachable',
      message: expect.stringContaining('mqtt.external.url'),
    });
    const strict = await Mosquitto.start(folder, ['allow_anonymous false']);
    try {
      await expect(make(strict.url).open(() => {})).rejects.toMatchObject({ code: 'broker_refused' });
    } finally {
      await strict.stop();
    }
  });
});

async function allOf(consumers: readonly { journal: RecordingAccept }[], count: number): Promise<void> {
  const total = () => consumers.reduce((sum, { journal }) => sum + journal.messages.length, 0);
  while (total() < count) await new Promise((resolve) => setTimeout(resolve, 20));
}
