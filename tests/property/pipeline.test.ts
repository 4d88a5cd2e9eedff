import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../../src/base/index.ts';
import { citySchema } from '../../src/config/index.ts';
import type { Decoded, Intake } from '../../src/intake/index.ts';
import type { JournalRecord } from '../../src/journal/index.ts';
import { type Message, Quality } from '../../src/model/index.ts';
import { Pipeline } from '../../src/workers/pipeline.ts';
import { expectSame } from './support/drive.ts';
import { MemoryStore } from './support/memory-store.ts';
import { forAll, PIPELINES } from './support/settings.ts';
import { type KeptSnapshot, snapshotOf } from './support/snapshots.ts';

const START_MS = Date.UTC(2026, 9, 24, 20);
const RECEIVED_MS = START_MS + 30 * DAY_MS;

/**
 * Device, quantity, reporting interval in minutes and channel of the series that a case draws from; two zones, one
 * device outside, and zones whose sums need several meters and several outputs of one.
 */
const SERIES = [
  ['air-1', 'pm2_5', 10],
  ['air-1', 'no2', 60],
  ['air-2', 'pm2_5', 10],
  ['air-2', 'o3', 60],
  ['noise-1', 'laeq', 5],
  ['flow-1', 'water_flow', 60],
  ['flow-2', 'water_flow', 60, '0'],
  ['flow-2', 'water_flow', 60, '1'],
  ['meter-1', 'water_volume', 60],
  ['meter-2', 'water_volume', 120],
  ['power-1', 'energy_import', 15],
  ['power-1', 'energy_generation', 15],
  ['power-2', 'energy_import', 60, 'L1'],
  ['power-2', 'energy_import', 60, 'L2'],
  ['loose-1', 'pm10', 60],
  ['power-1', 'power_outage', 60],
  ['feed-1', 'customers_out', 60, 'E1'],
  ['feed-1', 'customers_out', 60, 'E2'],
] as const;

const CONFIG = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [
    { id: 'west', name: 'West', population: 1000, facts: { electricityCustomers: 100 } },
    { id: 'east', name: 'East', population: 3000, facts: { electricityCustomers: 300 } },
  ],
  devices: [
    { match: 'air-1', zone: 'west' },
    { match: 'air-2', zone: 'east' },
    { match: 'noise-*', zone: 'west' },
    { match: 'flow-1', zone: 'east', role: 'bulk', peopleServed: 500 },
    { match: 'flow-2', zone: 'east', role: 'bulk' },
    { match: 'meter-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'power-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'feed-*', zone: 'east', role: 'grid', customers: 100 },
  ],
  windows: { clock: 'event', lateness: '20d', horizon: '20d' },
});

interface Sample {
  readonly series: number;
  readonly slot: number;
  readonly value: number;
}

const samples = fc.uniqueArray(
  fc.record({
    series: fc.nat({ max: SERIES.length - 1 }),
    slot: fc.nat({ max: 60 }),
    value: fc.double({ min: 1, max: 90, noNaN: true }),
  }),
  { selector: ({ series, slot }) => series * 1000 + slot, minLength: 1, maxLength: 16, size: 'max' },
);

const orders = fc.record({
  list: samples,
  random: fc.infiniteStream(fc.nat()),
  every: fc.integer({ min: 1, max: 40 }),
});

type Order = typeof orders extends fc.Arbitrary<infer Drawn> ? Drawn : never;

describe('the pipeline', () => {
  it('stores the same for every order, duplication, tick and restart', async () => {
    const holds = async ({ list, random, every }: Order): Promise<void> => {
      const inOrder = list.toSorted((a, b) => timeOf(a) - timeOf(b));
      const expected = await run(inOrder, 1_000_000, undefined);
      const numbers = random[Symbol.iterator]();
      const mixed = shuffled([...list, ...list], numbers);
      const restartAt = (numbers.next().value as number) % (mixed.length + 1);
      expectSame(await run(mixed, every, restartAt), expected, 'contents of the store');
    };
    await forAll('orders of messages', orders, holds, PIPELINES);
  });

  it('keeps the accounting identity', async () => {
    const holds = ({ list, every }: Order): void => {
      const pipeline = new Pipeline(CONFIG, intake);
      for (const record of records([...list, ...list], every)) if (pipeline.take(record)) pipeline.flush();
      const { accounting } = pipeline.flush();
      const { received, ...ends } = accounting.readings;
      expect(received).toBe(2 * list.length);
      expect(Object.values(ends).reduce((a, b) => a + b, 0)).toBe(received);
      expect(ends.duplicate).toBe(list.length);
    };
    await forAll('accounting', orders, holds, PIPELINES);
  });
});

/** Runs the samples; at `restartAt` messages the pipeline goes on from its last snapshot, the journal being replayed. */
async function run(list: readonly Sample[], markEvery: number, restartAt: number | undefined): Promise<unknown> {
  const journal = records(list, markEvery);
  const store = new MemoryStore();
  let pipeline = new Pipeline(CONFIG, intake);
  let snapshot: KeptSnapshot | undefined;
  for (let at = 0, messages = 0; at < journal.length; at++) {
    const record = journal[at]!;
    if (pipeline.take(record)) {
      store.apply(pipeline.flush().batch);
      if (record.sequence % 5 === 0) snapshot = snapshotOf(pipeline);
    }
    if (record.kind !== 'message' || ++messages !== restartAt) continue;
    pipeline = new Pipeline(CONFIG, intake);
    if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
    at = pipeline.sequence - 1;
  }
  return store.contents();
}

function records(list: readonly Sample[], markEvery: number): JournalRecord[] {
  const result: JournalRecord[] = [];
  const mark = (): void => {
    result.push({ kind: 'mark', sequence: result.length + 1, atMs: RECEIVED_MS });
  };
  for (const [index, sample] of list.entries()) {
    if (index % markEvery === markEvery - 1) mark();
    result.push({ kind: 'message', sequence: result.length + 1, message: messageOf(sample) });
  }
  mark();
  return result;
}

function messageOf(sample: Sample): Message {
  const payload = new TextEncoder().encode(JSON.stringify(sample));
  return { topic: 't', payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs: RECEIVED_MS, flags: 0 };
}

/** States of supply: now and then lost, and as often back. */
function stateOrValue(quantity: string, value: number): number {
  if (quantity === 'power_outage') return Math.floor(value) % 2;
  return quantity === 'customers_out' ? Math.max(0, Math.floor(value) - 45) : value;
}

function timeOf(sample: Sample): number {
  const [, , everyMinutes] = SERIES[sample.series]!;
  return START_MS + sample.slot * everyMinutes * MINUTE_MS;
}

const intake: Intake = (message): Decoded => {
  const sample = JSON.parse(new TextDecoder().decode(message.payload)) as Sample;
  const [device, quantity, everyMinutes, channel = ''] = SERIES[sample.series]!;
  const reading = {
    device,
    channel,
    quantity,
    value: stateOrValue(quantity, sample.value),
    timeMs: timeOf(sample),
    timeSource: 'device' as const,
    quality: Quality.good,
    periodMs: 0,
    expectEveryMs: everyMinutes * MINUTE_MS,
  };
  return { kind: 'decoded', profile: 'test', gateway: '', readings: [reading], rejects: [] };
};

function shuffled<T>(list: readonly T[], numbers: Iterator<number>): T[] {
  const result = [...list];
  for (let index = result.length - 1; index > 0; index--) {
    const other = (numbers.next().value as number) % (index + 1);
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}
