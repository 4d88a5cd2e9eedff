import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type CityEvent,
  cityEvents,
  cityFor,
  type FaultShares,
  populate,
  simulate,
} from '../../../simulators/city/index.ts';
import { DAY_MS, HOUR_MS } from '../../../src/base/index.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { createIntake } from '../../../src/intake/index.ts';
import { builtInProfiles, compileProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { testBroker } from './support/broker.ts';

const START_MS = Date.UTC(2026, 5, 10, 22);
const ZONE = 'Europe/Berlin';

function events(deviceCount: number, forMs: number, faults: FaultShares = {}, seed = '1'): CityEvent[] {
  const devices = populate(deviceCount, seed);
  return [...cityEvents({ devices, seed, timeZone: ZONE, startMs: START_MS, endMs: START_MS + forMs, faults })];
}

const FAULTS: FaultShares = {
  duplicates: 0.05,
  late: 0.05,
  futureClock: 0.1,
  nan: 0.05,
  stuck: 0.1,
  counterReset: 0.02,
  silent: 0.1,
};

describe('simulated city', () => {
  test('is the same, byte for byte, for the same seed, and another one for another seed', () => {
    const first = events(60, 2 * HOUR_MS, FAULTS);
    expect(events(60, 2 * HOUR_MS, FAULTS)).toEqual(first);
    expect(events(60, 2 * HOUR_MS, FAULTS, '2')).not.toEqual(first);
    expect(first.length).toBeGreaterThan(2000);
  });

  test('publishes in order of time', () => {
    const times = events(60, HOUR_MS, { late: 0.3 }).map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('has devices with ids of their own, the first of which do not depend on how many there are', () => {
    const ids = populate(5000, '1').map(({ facts }) => facts.id);
    expect(new Set(ids).size).toBe(5000);
    expect(populate(10, '1').map(({ facts }) => facts)).toEqual(
      populate(5000, '1')
        .slice(0, 10)
        .map(({ facts }) => facts),
    );
  });

  test('speaks formats that the product understands, under the ids of its city.yaml', () => {
    const devices = populate(100, '1');
    const known = new Set(devices.map(({ facts }) => facts.id));
    const intake = createIntake({
      profiles: compileProfiles(loadProfiles([builtInProfiles()])),
      limits: {
        payloadBytesMax: 65_536,
        nestingMax: 16,
        readingsPerMessageMax: 1_000,
        timeEarliestMs: 0,
        backlogMsMax: 400 * DAY_MS,
        aheadMsMax: 300_000,
      },
      clockMode: 'wall',
      siteTimeZone: ZONE,
    });
    const seen = new Set<string>();
    for (const event of cityEvents({
      devices,
      seed: '1',
      timeZone: ZONE,
      startMs: START_MS,
      endMs: START_MS + HOUR_MS,
    })) {
      const payload = new TextEncoder().encode(event.payload);
      // Cesva stamps the last second of the minute, which lies up to a minute ahead of the sending.
      const receivedAtMs = event.atMs + 1000;
      const decoded = intake({
        topic: event.topic,
        payload,
        payloadBytes: payload.length,
        clientId: '',
        receivedAtMs,
        flags: 0,
      });
      if (decoded.kind !== 'decoded')
        throw new Error(`${event.topic}: ${decoded.reject.reason} ${decoded.reject.detail}`);
      expect(decoded.rejects).toEqual([]);
      expect(decoded.readings.length).toBeGreaterThan(0);
      for (const reading of decoded.readings) {
        expect(reading.device).toBe(event.device);
        expect(Number.isFinite(reading.value)).toBe(true);
        expect(Math.abs(reading.timeMs - event.atMs)).toBeLessThan(6 * 60_000);
        expect(reading.quality).toBeGreaterThanOrEqual(3);
      }
      seen.add(event.device);
    }
    expect(seen).toEqual(known);
  });

  test('lives through its day: quiet nights, rush hours, an evening peak, sun at noon', () => {
    const devices = populate(400, '3');
    const sums = new Map<string, { sum: number; count: number }>();
    const add = (name: string, hour: number, value: number) => {
      const key = `${name} ${hour}`;
      const entry = sums.get(key) ?? { sum: 0, count: 0 };
      sums.set(key, { sum: entry.sum + value, count: entry.count + 1 });
    };
    for (const { atMs, topic, payload } of cityEvents({
      devices,
      seed: '3',
      timeZone: ZONE,
      startMs: START_MS,
      endMs: START_MS + DAY_MS,
    })) {
      const hour = (new Date(atMs).getUTCHours() + 2) % 24;
      if (topic.startsWith('tele/')) add('load', hour, JSON.parse(payload).ENERGY.Power);
      if (topic.startsWith('in/gw-water/')) add('flow', hour, JSON.parse(payload)[0].v);
      if (topic.startsWith('http/sentilo'))
        add('level', hour, Number(JSON.parse(payload).sensors[0].observations[0].value));
      if (topic.endsWith('/status/em:0')) add('net', hour, JSON.parse(payload).total_act_power);
    }
    const mean = (name: string, hour: number) => sums.get(`${name} ${hour}`)!.sum / sums.get(`${name} ${hour}`)!.count;
    expect(mean('load', 19)).toBeGreaterThan(3 * mean('load', 3));
    expect(mean('flow', 7)).toBeGreaterThan(2 * mean('flow', 3));
    expect(mean('level', 8)).toBeGreaterThan(mean('level', 3) + 5);
    expect(mean('net', 12)).toBeLessThan(0);
    expect(mean('net', 22)).toBeGreaterThan(0);
  });

  test('has registers that only grow, until one is reset', () => {
    const totals = (faults: FaultShares) => {
      const byDevice = new Map<string, number[]>();
      for (const { device, topic, payload } of events(100, 6 * HOUR_MS, faults)) {
        if (!topic.startsWith('tele/')) continue;
        const list = byDevice.get(device) ?? [];
        list.push(JSON.parse(payload).ENERGY.Total);
        byDevice.set(device, list);
      }
      return [...byDevice.values()];
    };
    const falls = (list: number[]) => list.filter((value, at) => at > 0 && value < list[at - 1]!).length;
    expect(totals({}).map(falls)).toEqual(totals({}).map(() => 0));
    expect(totals({ counterReset: 0.02 }).reduce((sum, list) => sum + falls(list), 0)).toBeGreaterThan(5);
  });
});

describe('faults', () => {
  const share = (count: number, all: number) => count / all;

  test('come in the share that was asked for', () => {
    const clean = events(200, HOUR_MS);
    const twice = events(200, HOUR_MS, { duplicates: 0.1 });
    expect(share(twice.length - clean.length, clean.length)).toBeCloseTo(0.1, 1);
    const noValue = events(200, HOUR_MS, { nan: 0.2 }).filter(({ payload }) => payload.includes('"nan"'));
    const airRohr = clean.filter(({ topic }) => topic.startsWith('airrohr/'));
    expect(noValue.filter(({ topic }) => topic.startsWith('airrohr/')).length / airRohr.length).toBeCloseTo(0.2, 1);
  });

  test('hold messages back, lose none of them, and let none be later than half an hour', () => {
    const key = ({ topic, payload }: CityEvent) => topic + payload;
    // Messages without a stamp may repeat each other; the stamped ones are all different.
    const isStamped = ({ topic }: CityEvent) => /^(in|tele|wmbusmeters)\//.test(topic);
    const clean = events(50, 3 * HOUR_MS).filter(isStamped);
    const late = new Map(
      events(50, 3 * HOUR_MS, { late: 0.2 })
        .filter(isStamped)
        .map((event) => [key(event), event.atMs]),
    );
    let heldBack = 0;
    for (const event of clean) {
      const atMs = late.get(key(event));
      if (atMs === undefined) {
        // Held back beyond the end of the run.
        expect(event.atMs).toBeGreaterThan(START_MS + 2.5 * HOUR_MS);
        continue;
      }
      if (atMs > event.atMs) heldBack++;
      expect(atMs - event.atMs).toBeLessThanOrEqual(30 * 60_000);
    }
    expect(heldBack / clean.length).toBeCloseTo(0.2, 1);
  });

  test('silence, stop the clock of, or stick single devices for good', () => {
    const silent = events(200, 3 * HOUR_MS, { silent: 0.3 });
    const lastHour = new Set(silent.filter(({ atMs }) => atMs > START_MS + 2 * HOUR_MS).map(({ device }) => device));
    expect(1 - lastHour.size / 200).toBeCloseTo(0.3, 1);
    const stuck = events(200, 2 * HOUR_MS, { stuck: 1 }).filter(({ topic }) => topic.startsWith('airrohr/'));
    for (const messages of Map.groupBy(stuck, ({ device }) => device).values()) {
      const values = messages.map(({ payload }) => JSON.parse(payload).sensordatavalues[1].value);
      expect(new Set(values).size).toBe(1);
    }
    const ahead = events(100, HOUR_MS, { futureClock: 1 }).filter(({ topic }) => topic.startsWith('wmbusmeters/'));
    expect(ahead.length).toBeGreaterThan(10);
    for (const { atMs, payload } of ahead) {
      const aheadMs = Temporal.Instant.from(JSON.parse(payload).timestamp).epochMilliseconds - atMs;
      expect(aheadMs).toBeGreaterThan(0.99 * HOUR_MS);
      expect(aheadMs).toBeLessThanOrEqual(24 * HOUR_MS);
    }
  });
});

describe('simulate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'city-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('publishes the past as fast as it can and ends with its time', async () => {
    const broker = await testBroker();
    const summary = await simulate({
      url: broker.url,
      deviceCount: 30,
      sinceMs: 2 * HOUR_MS,
      forMs: HOUR_MS,
      speed: 'max',
      seed: '5',
    });
    await broker.close();
    expect(summary.messagesAcked).toBe(broker.received.length);
    expect(summary.messagesAcked).toBe(summary.messagesPublished);
    expect(summary.messagesAcked).toBeGreaterThan(500);
    expect(summary.aborted).toBe(false);
  });

  test('keeps to its rate', async () => {
    const broker = await testBroker();
    const options = {
      url: broker.url,
      deviceCount: 20,
      sinceMs: HOUR_MS,
      forMs: 10 * 60_000,
      speed: 'max',
      rateMax: 500,
    } as const;
    const summary = await simulate(options);
    await broker.close();
    expect(summary.durationMs).toBeGreaterThanOrEqual((summary.messagesPublished / 500) * 1000 * 0.95 - 50);
  });

  test('can be stopped', async () => {
    const broker = await testBroker();
    const controller = new AbortController();
    const running = simulate({ url: broker.url, deviceCount: 50, signal: controller.signal });
    controller.abort();
    expect((await running).aborted).toBe(true);
    await broker.close();
  });

  test('writes a city that is a valid configuration', () => {
    const file = join(folder, 'city.yaml');
    writeFileSync(file, cityFor(populate(150, '1'), ZONE));
    const config = loadConfig({ file, dataFolder: folder, environment: {} });
    expect(config.devices).toHaveLength(150);
    expect(new Set(config.devices.map(({ role }) => role))).toEqual(new Set(['ambient', 'bulk', 'customer']));
  });
});
