import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { citySchema } from '../../src/config/index.ts';
import type { Decoded, Intake } from '../../src/intake/index.ts';
import type { JournalRecord } from '../../src/journal/index.ts';
import { type Message, Quality } from '../../src/model/index.ts';
import { Pipeline } from '../../src/workers/pipeline.ts';
import { MemoryStore } from './support/memory-store.ts';
import { forAll, SLOW } from './support/settings.ts';
import { type KeptSnapshot, snapshotOf } from './support/snapshots.ts';

/** Across the hour that Madrid has twice. */
const START_MS = Date.UTC(2026, 9, 23, 20);
const RECEIVED_MS = START_MS + 30 * DAY_MS;

/** Device, quantity, reporting interval in minutes, channel and hours between the samples of a case. */
const SERIES = [
  ['air-1', 'pm2_5', 5, '', 0.5],
  ['air-2', 'pm2_5', 60, '', 1],
  ['noise-1', 'laeq', 5, '', 0.5],
  ['meter-1', 'water_volume', 60, '', 1],
  ['meter-2', 'water_volume', 5, '', 0.25],
  ['power-1', 'energy_import', 15, '', 0.25],
  ['power-1', 'power_outage', 60, '', 1],
  ['station', 'no2', 60, '', 1],
] as const;
const STATION = SERIES.length - 1;
const SLOTS_MAX = 60;
/** Longer than all samples and delays; the profile is mended at `MENDED`, and what came before is decoded again. */
const HOURS = 130;
const MENDED = 80;

const CONFIG = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [
    { id: 'west', name: 'West', population: 1000, facts: { electricityCustomers: 100 } },
    { id: 'east', name: 'East', population: 3000 },
  ],
  devices: [
    { match: 'air-1', zone: 'west' },
    { match: 'air-2', zone: 'east' },
    { match: 'noise-*', zone: 'west' },
    { match: 'meter-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'power-*', zone: 'west', role: 'customer', peopleServed: 3 },
  ],
  windows: { clock: 'event', lateness: '30m', horizon: '2h', silentAfterIntervals: 1, silentAfterMin: '10m' },
});

/** Levels that an hour exceeds are known for as long as the engine remembers hours. */
const NOT_REBUILT = /^noise-(?:l\d0|lafmax)-hour /;

/** What a profile makes of a message: its value, another one, none, or one that does not count. */
const MAKES = ['value', 'other', 'nothing', 'bad'] as const;
type Makes = (typeof MAKES)[number];

interface Sample {
  readonly series: number;
  readonly slot: number;
  readonly value: number;
  readonly before: Makes;
  readonly after: Makes;
}

interface Sent extends Sample {
  readonly delayHours: number;
}

/** A place that tells of outages has a part in them from its first word on, whatever becomes of that. */
const STEADY: Sent = { series: 6, slot: 0, value: 20, before: 'value', after: 'value', delayHours: 0 };

const makes = fc.constantFrom(...MAKES);
const sent = fc
  .tuple(
    fc.array(
      fc.record({
        series: fc.nat({ max: STATION - 1 }),
        slot: fc.nat({ max: SLOTS_MAX }),
        value: fc.double({ min: 1, max: 90, noNaN: true }),
        before: makes,
        after: makes,
        delayHours: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 70 })),
      }),
      { minLength: 1, maxLength: 30 },
    ),
    fc.array(
      fc.record({
        series: fc.nat({ max: STATION - 1 }),
        slot: fc.nat({ max: SLOTS_MAX - 20 }),
        length: fc.integer({ min: 2, max: 20 }),
        before: makes,
        after: makes,
      }),
      { maxLength: 4 },
    ),
  )
  .map(([single, runs]) => [
    STEADY,
    ...single,
    ...runs.flatMap(({ length, ...run }) =>
      Array.from({ length }, (_, at) => ({
        ...run,
        slot: run.slot + at,
        value: 20 + (run.slot + at) / 8,
        delayHours: 0,
      })),
    ),
  ]);

describe('messages that are decoded again after their profile was mended', () => {
  it('end in what the mended profile would have made of them when they came', async () => {
    const holds = async ([list, chunk]: readonly [readonly Sent[], number]): Promise<void> => {
      const right = await run(
        list.map((sample) => ({ ...sample, before: sample.after })),
        [],
      );
      const once = await run(list, [MENDED], chunk);
      expect(standing(once.store)).toEqual(standing(right.store));
      expectBalanced(once);
      const twice = await run(list, [MENDED, MENDED + 10], chunk);
      expect(twice.store.contents()).toEqual(once.store.contents());
      const { replaced, added } = twice.accounting.again.readings;
      expect({ replaced, added }).toEqual({
        replaced: once.accounting.again.readings.replaced,
        added: once.accounting.again.readings.added,
      });
    };
    await forAll('decoded again', fc.tuple(sent, fc.integer({ min: 0, max: 20 })), holds, SLOW);
  });

  it('end in the same panes, values and numbers when the engine goes on from a snapshot behind the store', async () => {
    const holds = async ([list, restartAt]: readonly [readonly Sent[], number]): Promise<void> => {
      const straight = await run(list, [MENDED], 3);
      const restarted = await run(list, [MENDED], 3, restartAt);
      expect(restarted.store.contents()).toEqual(straight.store.contents());
      expect(restarted.accounting).toEqual(straight.accounting);
    };
    const restarts = fc.tuple(sent, fc.integer({ min: MENDED - 5, max: HOURS }));
    await forAll('decoded again and restarts', restarts, holds, SLOW);
  });

  it('leave nothing of an increase whose two ends are gone', async () => {
    const gone = { series: 4, before: 'value', after: 'nothing', delayHours: 0 } as const;
    const inTime = Array.from({ length: 14 }, (_, at) => ({ ...gone, slot: 34 + at, value: 20 + at }));
    const list: readonly Sent[] = [STEADY, ...inTime, { ...gone, slot: 56, value: 2, delayHours: 6 }];
    const never = await run([STEADY], []);
    const once = await run(list, [MENDED], 0);
    expect(standing(once.store)).toEqual(standing(never.store));
  });
});

function expectBalanced({ accounting: { again, readings, messages } }: Outcome): void {
  for (const { received, ...ends } of [again.readings, again.messages, readings, messages]) {
    expect(Object.values(ends).reduce((a, b) => a + b, 0)).toBe(received);
  }
}

function standing(store: MemoryStore) {
  const { panes, kpis } = store.standing();
  return { panes, kpis: kpis.filter(([key]) => !NOT_REBUILT.test(key)) };
}

/** Hours of a series that are ordered to be made again in an hour, and again in another one. */
interface MadeAgain {
  readonly at: number;
  readonly series: number;
  readonly hours: readonly number[];
}

const madeAgain = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: HOURS }),
    series: fc.nat({ max: SERIES.length }),
    hours: fc.array(fc.integer({ min: -5, max: HOURS }), { minLength: 1, maxLength: 20 }),
  }),
  { maxLength: 6 },
);

describe('hours that are made again from the stored readings', () => {
  it('are what they were, and the values above them too', async () => {
    const holds = async ([list, orders]: readonly [readonly Sent[], readonly MadeAgain[]]): Promise<void> => {
      const plain = await run(list, [MENDED]);
      const ordered = await run(list, [MENDED], 5, Number.NaN, orders);
      expect(standing(ordered.store)).toEqual(standing(plain.store));
      expect(ordered.accounting).toEqual({ ...plain.accounting, sequence: ordered.accounting.sequence });
    };
    await forAll('hours made again', fc.tuple(sent, madeAgain), holds, SLOW);
  });

  it('are the same, with their revisions, when the engine goes on from a snapshot behind the store', async () => {
    const holds = async ([list, orders, restartAt]: readonly [
      readonly Sent[],
      readonly MadeAgain[],
      number,
    ]): Promise<void> => {
      const straight = await run(list, [MENDED], 3, Number.NaN, orders);
      const restarted = await run(list, [MENDED], 3, restartAt, orders);
      expect(restarted.store.contents()).toEqual(straight.store.contents());
      expect(restarted.accounting).toEqual(straight.accounting);
    };
    const restarts = fc.tuple(sent, madeAgain, fc.integer({ min: 20, max: HOURS }));
    await forAll('hours made again and restarts', restarts, holds, SLOW);
  });
});

interface Outcome {
  readonly store: MemoryStore;
  readonly accounting: ReturnType<Pipeline['standing']>['accounting'];
}

/**
 * Runs the samples; in the hours `againAt` all messages so far are decoded again, `chunk` between two marks. After
 * `restartAt` ticks the pipeline goes on from its last snapshot, and the store is ahead of it.
 */
async function run(
  list: readonly Sent[],
  againAt: readonly number[],
  chunk = 5,
  restartAt = Number.NaN,
  madeAgain: readonly MadeAgain[] = [],
): Promise<Outcome> {
  const { journal, mendedFrom } = records(list, againAt, chunk, madeAgain);
  const store = new MemoryStore();
  let sequence = 0;
  const intake: Intake = (message) => decode(message, sequence < mendedFrom ? 'before' : 'after');
  let pipeline = new Pipeline(CONFIG, intake);
  let snapshot: KeptSnapshot | undefined;
  let waiting = 0;
  for (let at = 0, ticks = 0; at < journal.length; at++) {
    sequence = journal[at]!.sequence;
    if (!pipeline.take(journal[at]!)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, pipeline.sequence <= store.position);
    if (pipeline.isAgainDue) await pipeline.decodeAgain(store);
    if (pipeline.closeWindows(pipeline.sequence <= store.position)) await pipeline.readBack(store);
    const { batch, late } = pipeline.flush();
    waiting = late.waiting;
    if (batch.position > store.position) store.apply(batch);
    if (++ticks % 30 === 0) snapshot = snapshotOf(pipeline);
    if (ticks !== restartAt) continue;
    pipeline = new Pipeline(CONFIG, intake);
    if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
    at = pipeline.sequence - 1;
  }
  expect(waiting).toBe(0);
  return { store, accounting: pipeline.standing().accounting };
}

function records(list: readonly Sent[], againAt: readonly number[], chunk: number, madeAgain: readonly MadeAgain[]) {
  const journal: JournalRecord[] = [];
  let mendedFrom = Number.POSITIVE_INFINITY;
  const byHour = Map.groupBy(list, (sample) => Math.floor((timeOf(sample) - START_MS) / HOUR_MS) + sample.delayHours);
  const send = (sample: Sample): void => {
    journal.push({ kind: 'message', sequence: journal.length + 1, message: messageOf(sample) });
  };
  let marks = 0;
  const mark = (): void => {
    journal.push({ kind: 'mark', sequence: journal.length + 1, atMs: RECEIVED_MS + marks++ * MINUTE_MS });
  };
  const again = (): void => {
    mendedFrom = Math.min(mendedFrom, journal.length + 1);
    const messages = journal.filter((record) => record.kind === 'message');
    for (const [at, { sequence: origin, message }] of messages.entries()) {
      const atMs = RECEIVED_MS + marks * MINUTE_MS;
      journal.push({ kind: 'again', sequence: journal.length + 1, atMs, origin, message });
      if (at % 20 === chunk) mark();
    }
  };
  const makeAgain = (series: number, hours: readonly number[]): void => {
    const atMs = RECEIVED_MS + marks * MINUTE_MS;
    const startMs = Float64Array.from(hours, (hour) => START_MS + hour * HOUR_MS);
    const columns = { series: new Int32Array(hours.length).fill(series), startMs };
    journal.push({ kind: 'hours', sequence: journal.length + 1, atMs, hours: columns });
  };
  for (let hour = 0; hour < HOURS + 30; hour++) {
    if (hour < HOURS) send({ series: STATION, slot: hour, value: 5, before: 'value', after: 'value' });
    for (const sample of byHour.get(hour) ?? []) send(sample);
    if (againAt.includes(hour)) again();
    for (const { at, series, hours } of madeAgain) if (at === hour) makeAgain(series, hours);
    mark();
  }
  return { journal, mendedFrom };
}

function messageOf(sample: Sample): Message {
  const payload = new TextEncoder().encode(JSON.stringify(sample));
  return { topic: 't', payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs: RECEIVED_MS, flags: 0 };
}

function timeOf(sample: Sample): number {
  const minute = sample.series === STATION ? 0 : sample.series + 1;
  return START_MS + sample.slot * SERIES[sample.series]![4] * HOUR_MS + minute * MINUTE_MS;
}

function decode(message: Message, when: 'before' | 'after'): Decoded {
  const sample = JSON.parse(new TextDecoder().decode(message.payload)) as Sample;
  const { [when]: made } = sample;
  if (made === 'nothing') {
    return { kind: 'rejected', profile: 'test', reject: { reason: 'missing_field', detail: 'none', device: '' } };
  }
  const [device, quantity, everyMinutes, channel] = SERIES[sample.series]!;
  const value = made === 'other' ? sample.value / 2 + 7 : sample.value;
  const reading = {
    device,
    channel,
    quantity,
    value: quantity === 'power_outage' ? Math.floor(value) % 2 : value,
    timeMs: timeOf(sample),
    timeSource: 'device' as const,
    quality: made === 'bad' ? Quality.bad : Quality.good,
    periodMs: 0,
    expectEveryMs: everyMinutes * MINUTE_MS,
  };
  return { kind: 'decoded', profile: 'test', gateway: '', readings: [reading], rejects: [] };
}
