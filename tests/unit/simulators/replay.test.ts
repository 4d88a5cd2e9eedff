import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ReplayOptions, replay } from '../../../simulators/replay/index.ts';
import { DAY_MS, HOUR_MS, manualClock } from '../../../src/base/index.ts';
import { testBroker, until } from './support/broker.ts';

const EXCERPT = join(import.meta.dirname, '../../recordings/energy-konstanz');
const folder = mkdtempSync(join(tmpdir(), 'replay-'));
let broker: Awaited<ReturnType<typeof testBroker>>;

beforeEach(async () => {
  broker = await testBroker();
});
afterEach(() => broker.close());
afterAll(() => rmSync(folder, { recursive: true }));

interface Body {
  readonly time: string | null;
  readonly value: string;
}

/** Messages that the broker got: topic and readings. */
const messages = () =>
  broker.received.map(({ topic, payload }) => {
    const body = JSON.parse(payload) as Body | Body[];
    return { topic, readings: Array.isArray(body) ? body : [body] };
  });
const values = () => messages().flatMap(({ readings }) => readings.map(({ value }) => value));
const run = (options: Partial<ReplayOptions> = {}) => replay({ recording: folder, url: broker.url, ...options });

const MAPPING = `recording: small
time: { formats: ["YYYY-MM-DDTHH:mm:ssZ"], zones: { "*": in-text } }
readings: [{ from: pm, quantity: pm2_5, every: 1h, period: 1h }]
flags: { bad: bad }
`;
writeFileSync(join(folder, 'mapping.yaml'), MAPPING);
const hour = (at: number) => new Date(Date.UTC(2020, 0, 1, at)).toISOString().replace('.000', '');
const ROWS = Array.from(
  { length: 60 },
  (_, at) => `${at % 2 === 0 ? 'even' : 'odd'},${hour(at)},z,pm,ug/m3,${at},${at === 7 ? 'bad' : ''}`,
);
writeFileSync(
  join(folder, 'data.csv'),
  [
    'device,time,zone,quantity,unit,value,flag',
    ...ROWS,
    'even,never,z,pm,ug/m3,60,',
    'even,x,z,smell,1,61,',
    'ragged',
  ].join('\n'),
);

describe('replay', () => {
  test('publishes the neutral form as recorded, and says what became of every row', async () => {
    const summary = await run();
    expect(broker.received[7]).toMatchObject({ topic: 'recording/small/odd', qos: 1 });
    expect(JSON.parse(broker.received[7]!.payload)).toEqual({
      time: '2020-01-01T07:00:00.000Z',
      quantity: 'pm2_5',
      unit: 'ug/m3',
      value: '7',
      quality: 'bad',
      every: 3600,
      period: 3600,
    });
    expect(JSON.parse(broker.received[60]!.payload)).toMatchObject({ time: null, value: '60' });
    expect(values()).toEqual(Array.from({ length: 61 }, (_, at) => String(at)));
    expect(summary).toMatchObject({
      recording: 'small',
      rowsRead: 62,
      readingsPublished: 61,
      messagesPublished: 61,
      messagesAcked: 61,
      skipped: { quantity_not_mapped: 1, row_malformed: 1 },
      timeless: { time_unreadable: 1 },
      aborted: false,
    });
  });

  test('batches readings of one device and keeps their order', async () => {
    await run({ batchCount: 8 });
    const all = messages();
    expect(all.every(({ readings }) => readings.length <= 8)).toBe(true);
    expect(all).toHaveLength(8);
    const even = all
      .filter(({ topic }) => topic.endsWith('/even'))
      .flatMap(({ readings }) => readings.map(({ value }) => Number(value)));
    expect(even).toEqual(Array.from({ length: 31 }, (_, at) => at * 2));
  });

  test('shuffles by seed: the same readings in another order, the same order for the same seed', async () => {
    await run({ shuffle: '7' });
    const first = values();
    broker.received.length = 0;
    await run({ shuffle: '7' });
    expect(values()).toEqual(first);
    broker.received.length = 0;
    await run({ shuffle: '8' });
    expect(values()).not.toEqual(first);
    expect([...values()].sort()).toEqual([...first].sort());
    expect(first).not.toEqual([...first].sort((a, b) => Number(a) - Number(b)));
  });

  test('shuffles within a time: nothing overtakes what is older by more than that', async () => {
    await run({ shuffle: '1', shuffleWithinMs: 5 * HOUR_MS, toMs: Date.UTC(2021, 0, 1) });
    const order = values().map(Number);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    for (const [at, value] of order.entries()) {
      for (const later of order.slice(at + 1)) expect(later).toBeGreaterThanOrEqual(value - 5);
    }
  });

  test('sends every message twice when asked', async () => {
    const summary = await run({ duplicate: true, limitCount: 5 });
    expect(values()).toEqual(['0', '0', '1', '1', '2', '2', '3', '3', '4', '4']);
    expect(summary).toMatchObject({ readingsPublished: 10, messagesPublished: 10, messagesAcked: 10 });
  });

  test('chooses by event time and counts the rest', async () => {
    const summary = await run({ fromMs: Date.UTC(2020, 0, 1, 10), toMs: Date.UTC(2020, 0, 1, 20) });
    expect(values()).toEqual(Array.from({ length: 10 }, (_, at) => String(at + 10)));
    expect(summary.skipped).toMatchObject({ outside_range: 51 });
  });

  test('moves all times by whole days so that the newest is the last such hour before now', async () => {
    const clock = { ...manualClock(0), nowMs: () => Date.UTC(2026, 2, 1, 4) };
    const summary = await run({ shiftToNow: 'days', clock });
    expect(summary.shiftMs % DAY_MS).toBe(0);
    const times = messages().flatMap(({ readings }) => readings.flatMap(({ time }) => time ?? []));
    expect(times.at(-1)).toBe('2026-02-28T11:00:00.000Z');
    expect(times[0]).toBe('2026-02-26T00:00:00.000Z');
  });

  test('paces by event time: ten hours at 360,000 times take at least a tenth of a second', async () => {
    const summary = await run({ speed: 360_000, fromMs: Date.UTC(2020, 0, 1), toMs: Date.UTC(2020, 0, 1, 11) });
    expect(summary.durationMs).toBeGreaterThanOrEqual(90);
    expect(values()).toHaveLength(11);
  });

  test('lets nothing of the past wait for company once the rest lies ahead', async () => {
    const clock = manualClock(Date.UTC(2026, 0, 15, 6, 30));
    const stop = new AbortController();
    const running = run({ shiftToNow: 'days', live: true, batchCount: 250, clock, signal: stop.signal });
    // The recording ends at 11:00, so 55 of its 60 hourly rows lie behind half past six: one batch of each device.
    await until(() => values().length === 55, 'the past');
    expect(messages().map(({ readings }) => readings.length)).toEqual([28, 27]);
    stop.abort();
    expect((await running).aborted).toBe(true);
  });

  test('goes on round by round, each a whole number of days later, until it is stopped', async () => {
    const controller = new AbortController();
    const running = run({ loop: true, limitCount: 60, signal: controller.signal, windowCount: 10 });
    await until(() => broker.received.length > 130, 'two rounds');
    controller.abort();
    expect((await running).aborted).toBe(true);
    const times = messages().flatMap(({ readings }) => readings.map(({ time }) => time));
    // 59 hours and the last interval are two and a half days: three.
    expect([times[0], times[60], times[120]]).toEqual([
      '2020-01-01T00:00:00.000Z',
      '2020-01-04T00:00:00.000Z',
      '2020-01-07T00:00:00.000Z',
    ]);
  });

  test('can be stopped while the broker does not answer', async () => {
    broker.hold();
    const controller = new AbortController();
    const running = run({ signal: controller.signal, windowCount: 5 });
    await until(() => broker.heldCount() === 5, 'a full window');
    controller.abort();
    expect(await running).toMatchObject({ aborted: true, messagesAcked: 0 });
  });

  test('loses nothing when the connection breaks on the way', async () => {
    const running = replay({ recording: EXCERPT, url: broker.url, windowCount: 50 });
    await until(() => broker.received.length > 300, 'some messages');
    broker.cut();
    const summary = await running;
    expect(summary).toMatchObject({ messagesPublished: 1444, messagesAcked: 1444, reconnects: 1 });
    const unique = new Set(broker.received.map(({ topic, payload }) => topic + payload));
    expect(unique.size).toBe(1444);
  });

  test('tells its progress up to the end', async () => {
    const fractions: number[] = [];
    await replay({ recording: EXCERPT, url: broker.url }, ({ fraction }) => fractions.push(fraction));
    expect(fractions.at(-1)).toBe(1);
    for (const fraction of fractions) expect(fraction).toBeLessThanOrEqual(1);
  });

  test('refuses a recording or mapping that is not there', async () => {
    await expect(run({ recording: '/no/such/folder' })).rejects.toMatchObject({ code: 'recording_missing' });
    await expect(run({ mapping: '/no/such/mapping.yaml' })).rejects.toMatchObject({ code: 'mapping_missing' });
  });
});
