import { afterEach, describe, expect, test } from 'vitest';
import {
  openPublisher,
  type Publisher,
  type PublisherOptions,
  seededRandom,
  shuffleInPlace,
} from '../../../simulators/common/index.ts';
import { testBroker, until } from './support/broker.ts';

type TestBroker = Awaited<ReturnType<typeof testBroker>>;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start(options: Partial<PublisherOptions> = {}): Promise<{ broker: TestBroker; publisher: Publisher }> {
  const broker = await testBroker();
  open.push(broker);
  const publisher = await openPublisher({ url: broker.url, qos: 1, ...options });
  open.push(publisher);
  return { broker, publisher };
}

describe('publisher', () => {
  test('keeps the order and acknowledges every message', async () => {
    const { broker, publisher } = await start({ windowCount: 20 });
    for (let at = 0; at < 500; at++) await publisher.publish('device', 'a/b', String(at));
    await publisher.drain();
    expect(broker.received.map(({ payload }) => Number(payload))).toEqual(Array.from({ length: 500 }, (_, at) => at));
    expect(publisher.stats()).toEqual({ published: 500, acked: 500, resent: 0, reconnects: 0 });
  });

  test('has no more than its window under way', async () => {
    const { broker, publisher } = await start({ windowCount: 8 });
    broker.hold();
    let full: Promise<void> | undefined;
    let count = 0;
    while (full === undefined) {
      full = publisher.publish('device', 'a/b', String(count++));
      expect(count).toBeLessThanOrEqual(8);
    }
    expect(count).toBe(8);
    await until(() => broker.heldCount() === 8, 'eight messages at the broker');
    expect(publisher.stats().acked).toBe(0);
    broker.release();
    await full;
    await publisher.drain();
    expect(publisher.stats().acked).toBe(8);
  });

  test('sends again what a lost connection left unacknowledged, in order, without loss', async () => {
    const { broker, publisher } = await start({ windowCount: 50, random: seededRandom('jitter') });
    for (let at = 0; at < 10; at++) await publisher.publish('device', 'a/b', String(at));
    await publisher.drain();
    broker.hold();
    for (let at = 10; at < 30; at++) await publisher.publish('device', 'a/b', String(at));
    await until(() => broker.heldCount() === 20, 'twenty unacknowledged messages');
    const before = broker.received.length;
    broker.cut();
    for (let at = 30; at < 40; at++) await publisher.publish('device', 'a/b', String(at));
    await publisher.drain();
    expect(broker.received.slice(before).map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 30 }, (_, at) => at + 10),
    );
    expect(publisher.stats()).toMatchObject({ published: 40, acked: 40, reconnects: 1 });
    // The last ten may have gone into the dead socket before it was known to be dead.
    expect(publisher.stats().resent).toBeGreaterThanOrEqual(20);
    expect(publisher.stats().resent).toBeLessThanOrEqual(30);
  });

  test('keeps a key to one connection and spreads keys over all', async () => {
    const { broker, publisher } = await start({ connections: 3 });
    for (let at = 0; at < 300; at++) await publisher.publish(`device-${at % 30}`, `t/${at % 30}`, String(at));
    await publisher.drain();
    const clients = Map.groupBy(broker.received, ({ topic }) => topic);
    for (const messages of clients.values()) {
      expect(new Set(messages.map(({ clientId }) => clientId)).size).toBe(1);
      expect(messages.map(({ payload }) => Number(payload))).toEqual(
        messages.map(({ payload }) => Number(payload)).sort((a, b) => a - b),
      );
    }
    const ids = [...new Set(broker.received.map(({ clientId }) => clientId))];
    expect(ids).toHaveLength(3);
    // MQTT 3.1.1 promises 23 characters [MQTT-3.1.3-5].
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(23);
  });

  test('gives up with a reason when nobody answers, and at once when it is refused', async () => {
    const gone = await testBroker();
    await gone.close();
    await expect(openPublisher({ url: gone.url, qos: 1, giveUpAfterMs: 0 })).rejects.toThrow(
      /cannot reach the broker at mqtt:/,
    );
    const strict = await testBroker({ refuse: true });
    open.push(strict);
    await expect(openPublisher({ url: strict.url, qos: 1 })).rejects.toMatchObject({ code: 'broker_refused' });
  });

  test('wakes whoever waits when it is closed', async () => {
    const { broker, publisher } = await start({ windowCount: 1 });
    broker.hold();
    const waiting = publisher.publish('device', 'a/b', 'x');
    const outcome = expect(waiting).rejects.toThrow(/was closed/);
    await publisher.close();
    await outcome;
  });
});

describe('seeded random numbers', () => {
  test('are the same for the same seed and fill the range evenly', () => {
    const numbers = (seed: string | number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(numbers('a')).toEqual(numbers('a'));
    expect(numbers('a')).not.toEqual(numbers('b'));
    expect(numbers(1)).not.toEqual(numbers(2));
    const random = seededRandom('even');
    const bins = new Array<number>(10).fill(0);
    for (let at = 0; at < 100_000; at++) bins[Math.floor(random() * 10)]!++;
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('shuffle every item to every place', () => {
    const random = seededRandom('places');
    const seen = new Set<string>();
    for (let round = 0; round < 500; round++) {
      const items = [0, 1, 2, 3];
      shuffleInPlace(items, random);
      expect([...items].sort()).toEqual([0, 1, 2, 3]);
      seen.add(items.join(''));
    }
    expect(seen.size).toBe(24);
  });
});
