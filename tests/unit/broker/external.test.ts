import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { createExternalBroker } from '../../../src/broker/external/index.ts';
import type { Broker } from '../../../src/broker/index.ts';
import { externalBrokerSchema } from '../../../src/config/external-broker.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { ScriptedBroker } from './support/scripted-broker.ts';

const log = createLogger({ level: 'silent', pretty: false });
const DENIED = 0x80;
const BOTH = ['in/a', 'in/b'];

describe('a consumer of another broker', () => {
  let other: ScriptedBroker;
  let consumer: Broker;

  beforeEach(async () => {
    other = await ScriptedBroker.open();
    const config = externalBrokerSchema.parse({ url: other.url, clientId: 'city', version: 4, topics: BOTH });
    consumer = createExternalBroker({ config, payloadBytesMax: 1_000, clock: systemClock, log });
  });
  afterEach(async () => {
    other.close();
    await consumer.close(100);
  });

  async function openConsumer(): Promise<void> {
    const opened = consumer.open(() => {});
    (await other.asked()).answer(1, 1);
    await opened;
  }

  it('subscribes in the end when the connection breaks before the first answer', async () => {
    const opened = consumer.open(() => {});
    (await other.asked()).drop();
    other.hasSession = true;
    (await other.asked()).answer(1, 1);
    await opened;
    expect(other.connections).toBe(2);
  });

  it('subscribes again where the connection breaks before a broker that lost its sessions has answered', async () => {
    await openConsumer();
    other.drop();
    const lost = await other.asked();
    // The session is there now, and nothing in it.
    other.hasSession = true;
    lost.drop();
    const again = await other.asked();
    expect(again.filters).toEqual(BOTH);
    again.answer(1, 1);
    expect(consumer.problems()).toEqual([]);
  });

  it('does not subscribe again to a session that has granted everything', async () => {
    await openConsumer();
    other.hasSession = true;
    other.drop();
    await expect.poll(() => other.connections).toBe(2);
    other.hasSession = false;
    other.drop();
    expect((await other.asked()).filters).toEqual(BOTH);
    expect(other.connections).toBe(3);
  });

  it('asks again for what was denied, and says so until it is granted', async () => {
    await openConsumer();
    other.drop();
    (await other.asked()).answer(1, DENIED);
    const again = await other.asked();
    expect(again.filters).toEqual(['in/b']);
    expect(consumer.problems()).toEqual([
      'the MQTT broker denies 1 of 2 subscriptions (mqtt.external.topics); they are tried again',
    ]);
    again.answer(DENIED);
    (await other.asked()).answer(1);
    await expect.poll(() => consumer.problems()).toEqual([]);
    expect(consumer.stats().refused).toEqual({ subscription: 2 });
    expect(other.connections).toBe(2);
  });

  it('is closed in time though a subscription was never answered', async () => {
    await openConsumer();
    other.drop();
    await other.asked();
    await consumer.close(50);
    await expect.poll(() => consumer.stats().connectedClients).toBe(0);
  });

  it('ends at the start when a subscription is denied', async () => {
    const opened = consumer.open(() => {});
    (await other.asked()).answer(DENIED, 1);
    await expect(opened).rejects.toMatchObject({ code: 'broker_refused', message: expect.stringContaining('in/a (') });
  });
});
