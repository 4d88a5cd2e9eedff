import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import type { AccountingBody, QuarantineBody } from '../../src/views/http/schemas.ts';
import { eventually, getJson, type Server, Workbench } from './support/workbench.ts';

const PAYLOAD_MAX = 4 * 1024;
const PACKET_MAX = 16 * 1024;

/** A format of the city's own that does not count what a broker may have kept from long ago. */
const NO_RETAINED_PROFILE = `
name: town-thermometer
title: A thermometer whose broker keeps its last word
match:
  - { topic: "town/{device}/temperature" }
decode: number
retained: drop
expectEvery: 60s
device: { id: "town:{device}" }
readings:
  - { quantity: temperature, path: "$" }
`;

interface Bad {
  readonly name: string;
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly retain?: boolean;
  /** What becomes of it: a reason, of the whole message or of one of its readings. */
  readonly reason: string;
  readonly scope: 'message' | 'reading';
}

const DAY_MS = 86_400_000;
const nowMs = systemClock.nowMs();
const senml = (record: object | string) => (typeof record === 'string' ? record : JSON.stringify([record]));
const recorded = (fields: object) => JSON.stringify({ quantity: 'pm10', unit: 'ug/m3', value: 5, ...fields });
const at = (ms: number) => new Date(ms).toISOString();

const message = (reason: string, name: string, topic: string, payload: string | Buffer): Bad => ({
  name,
  topic,
  payload,
  reason,
  scope: 'message',
});
const reading = (reason: string, name: string, topic: string, payload: string): Bad => ({
  name,
  topic,
  payload,
  reason,
  scope: 'reading',
});

const BAD: readonly Bad[] = [
  message('malformed', 'JSON that breaks off', 'in/gw/bad-json/data', '[{"n":"pm2_5","v":'),
  message('malformed', 'NaN as a JSON value', 'in/gw/bad-nan/data', '[{"n":"pm2_5","u":"ug/m3","v":NaN}]'),
  message('malformed', 'nothing at all', 'in/gw/bad-empty/data', ''),
  message(
    'malformed',
    'a __proto__ key, which SenML must understand or refuse (RFC 8428, 4.4)',
    'in/gw/bad-proto/data',
    '[{"n":"pm10","u":"ug/m3","v":7,"__proto__":{"v":1}}]',
  ),
  message(
    'not_utf8',
    'bytes that are no UTF-8',
    'in/gw/bad-utf8/data',
    Buffer.from([0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d]),
  ),
  message('nesting_too_deep', 'five hundred levels', 'in/gw/bad-deep/data', `${'['.repeat(500)}${']'.repeat(500)}`),
  message('unknown_topic', 'a topic that no profile knows', 'nobody/knows/this', '{"value":1}'),
  message('payload_too_large', 'a payload over the limit', 'in/gw/bad-big/data', Buffer.alloc(PAYLOAD_MAX + 1, 0x20)),
  reading(
    'value_not_finite',
    '1e309, which is infinite',
    'in/gw/bad-1e309/data',
    senml('[{"n":"pm2_5","u":"ug/m3","v":1e309}]'),
  ),
  reading(
    'value_not_finite',
    'words for a number',
    'recording/bad/words',
    recorded({ time: at(nowMs), value: 'many' }),
  ),
  reading('time_too_old', 'a stamp of 1970', 'recording/bad/old', recorded({ time: '1970-01-02T00:00:00Z' })),
  reading('time_in_future', 'a stamp of next week', 'recording/bad/new', recorded({ time: at(nowMs + 7 * DAY_MS) })),
  reading('time_unreadable', 'a stamp in words', 'recording/bad/when', recorded({ time: 'last Tuesday' })),
  reading('unknown_unit', 'furlongs', 'in/gw/bad-unit/data', senml({ n: 'pm2_5', u: 'furlong', v: 5 })),
  reading('unknown_quantity', 'happiness', 'in/gw/bad-quantity/data', senml({ n: 'happiness', u: '1', v: 5 })),
  reading(
    'unknown_quantity',
    'a quantity called __proto__',
    'recording/bad/proto',
    recorded({ time: at(nowMs), quantity: '__proto__' }),
  ),
  reading(
    'id_not_allowed',
    'a channel with a blank',
    'recording/bad/channel',
    recorded({ time: at(nowMs), channel: 'a b' }),
  ),
  message('id_not_allowed', 'a device with a blank', 'in/gw/two words/data', senml({ n: 'pm2_5', u: 'ug/m3', v: 5 })),
  { ...message('retained_replay', 'a retained message', 'town/t1/temperature', '21.5'), retain: true },
  reading(
    'conflict',
    'another value at the same instant',
    'recording/bad/conflict',
    recorded({ time: at(nowMs - 60_000), value: 6 }),
  ),
];

describe('the product and bad input at QoS 1', () => {
  let bench: Workbench;
  let server: Server;
  let client: MqttClient;

  beforeAll(async () => {
    bench = new Workbench();
    mkdirSync(bench.path('profiles/town/thermometer'), { recursive: true });
    writeFileSync(join(bench.path('profiles/town/thermometer'), 'profile.yaml'), NO_RETAINED_PROFILE);
    const config = bench.city({
      city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
      mqtt: { payloadMax: `${PAYLOAD_MAX / 1024}KiB`, packetMax: `${PACKET_MAX / 1024}KiB` },
      windows: { tick: '100ms' },
      deviceProfiles: bench.path('profiles'),
      log: { level: 'warn' },
    });
    server = await bench.start({ config, data: bench.path('data') });
    client = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0 });
  }, 120_000);

  afterAll(async () => {
    await client?.endAsync(true);
    await bench?.close();
  });

  const accounting = () => getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting');
  const received = (count: number) =>
    eventually(
      accounting,
      ({ messages, progress, sequence }) => messages.received >= count && progress.storeSequence >= sequence,
    );

  it('acknowledges, quarantines and counts each one, and the next good message counts', async () => {
    // The value that the conflict contradicts.
    await client.publishAsync('recording/bad/conflict', recorded({ time: at(nowMs - 60_000) }), { qos: 1 });
    for (const { topic, payload, retain } of BAD) {
      // Resolves with the PUBACK.
      await client.publishAsync(topic, payload, { qos: 1, retain: retain === true });
    }
    await client.publishAsync('in/gw/good/data', senml({ n: 'pm2_5', u: 'ug/m3', v: 12.5 }), { qos: 1 });
    const { messages, readings, rejects, balanced } = await received(BAD.length + 2);

    const quarantine = await quarantined();
    const found = quarantine.map(
      ({ topic, reason, index }) => `${topic} ${reason} ${index === -1 ? 'message' : 'reading'}`,
    );
    expect(found.toSorted()).toEqual(BAD.map(({ topic, reason, scope }) => `${topic} ${reason} ${scope}`).toSorted());
    for (const { detail, clientId } of quarantine) {
      expect(detail.length).toBeGreaterThan(10);
      expect(clientId).toBe(client.options.clientId);
    }
    const whole = BAD.filter(({ scope }) => scope === 'message').length;
    expect(messages).toEqual({
      received: BAD.length + 2,
      decoded: BAD.length + 2 - whole,
      ignored: 0,
      quarantined: whole,
    });
    expect(readings.quarantined).toBe(BAD.length - whole);
    expect(readings.counted).toBe(2);
    expect(rejects).toEqual(countsOf(BAD.map(({ reason }) => reason)));
    expect(balanced).toEqual({ messages: true, readings: true });
    const path = `/api/v1/readings?device=good&quantity=pm2_5&from=${at(nowMs - DAY_MS)}&to=${at(nowMs + DAY_MS)}`;
    const good = await getJson<{ readings: { value: number }[] }>(server.httpUrl, path);
    expect(good.readings.map(({ value }) => value)).toEqual([12.5]);
  }, 60_000);

  it('pages through the quarantine without repeating or leaving out a row, and filters by reason', async () => {
    const all = await quarantined();
    expect(await quarantined('&limit=3')).toEqual(all);
    for (const reason of new Set(BAD.map((bad) => bad.reason))) {
      expect(await quarantined(`&reason=${reason}&limit=1`)).toEqual(all.filter((row) => row.reason === reason));
    }
  }, 60_000);

  it('takes a word for a missing value as a bad reading, and prototype keys as nothing', async () => {
    const before = await accounting();
    await client.publishAsync('recording/odd/one', recorded({ time: at(nowMs), value: 'NaN' }), { qos: 1 });
    const plain = recorded({ time: at(nowMs), value: 7 });
    const proto = `${plain.slice(0, -1)},"__proto__":{"value":1e9},"constructor":{"prototype":{"value":2}}}`;
    await client.publishAsync('recording/__proto__/constructor', proto, { qos: 1 });
    await client.publishAsync('in/gw/__proto__/data', '[{"n":"pm10","u":"ug/m3","v":8}]', { qos: 1 });
    const after = await received(before.messages.received + 3);
    expect(after.readings.invalid - before.readings.invalid).toBe(1);
    expect(after.readings.counted - before.readings.counted).toBe(2);
    const { devices } = await getJson<{ devices: { device: string; readings: number; gateway: string }[] }>(
      server.httpUrl,
      '/api/v1/devices',
    );
    expect(devices).toContainEqual(
      expect.objectContaining({ device: '__proto__:constructor', gateway: '__proto__', readings: 1 }),
    );
    expect(devices).toContainEqual(expect.objectContaining({ device: '__proto__', readings: 1 }));
    const path = `/api/v1/readings?quantity=pm10&from=${at(nowMs - DAY_MS)}&to=${at(nowMs + DAY_MS)}&device=`;
    const valuesOf = async (device: string) =>
      (await getJson<{ readings: { value: number }[] }>(server.httpUrl, path + device)).readings.map(
        ({ value }) => value,
      );
    expect(await valuesOf('__proto__:constructor')).toEqual([7]);
    expect(await valuesOf('__proto__')).toEqual([8]);
    expect(after.balanced).toEqual({ messages: true, readings: true });
  }, 60_000);

  it('closes the connection at a packet over packetMax, counts it, and goes on', async () => {
    const refusedBefore = await refusedFrames();
    const other = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0 });
    const closed = new Promise<void>((resolve) => other.once('close', () => resolve()));
    other.on('error', () => undefined);
    other.publish('in/gw/huge/data', Buffer.alloc(PACKET_MAX + 1, 0x20), { qos: 1 }, () => undefined);
    await closed;
    other.end(true);
    expect(await refusedFrames()).toBe(refusedBefore + 1);
    const { messages } = await accounting();
    await client.publishAsync('in/gw/good/data', senml({ n: 'pm10', u: 'ug/m3', v: 20 }), { qos: 1 });
    const after = await received(messages.received + 1);
    expect(after.messages.received).toBe(messages.received + 1);
    expect(after.messages.decoded).toBe(after.messages.received - after.messages.quarantined);
    const ready = await getJson<{ ready: boolean }>(server.httpUrl, '/readyz');
    expect(ready.ready).toBe(true);
  }, 60_000);

  async function quarantined(filter = ''): Promise<QuarantineBody[]> {
    const rows: QuarantineBody[] = [];
    let before = '';
    for (;;) {
      const path = `/api/v1/quarantine?${filter.slice(1)}${before}`;
      const page = await getJson<{ quarantine: QuarantineBody[]; next: string | null }>(server.httpUrl, path);
      rows.push(...page.quarantine);
      if (page.next === null) return rows;
      before = `&before=${page.next}`;
    }
  }

  async function refusedFrames(): Promise<number> {
    const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
    return Number(/^vitals_broker_refused_total\{reason="frame_too_large"\} (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  }
});

function countsOf(reasons: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
