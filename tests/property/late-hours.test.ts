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
  ['air-2', 'o3', 60, '', 1],
  ['noise-1', 'laeq', 5, '', 0.5],
  ['flow-1', 'water_flow', 60, '', 1],
  ['meter-1', 'water_volume', 60, '', 1],
  ['meter-2', 'water_volume', 5, '', 0.25],
  ['power-1', 'energy_import', 15, '', 0.25],
  ['power-2', 'energy_import', 60, 'L1', 1],
  ['station', 'no2', 60, '', 1],
] as const;
const STATION = SERIES.length - 1;
const SLOTS_MAX = 120;
/** Longer than all samples and delays. */
const HOURS = 250;

const CONFIG = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [
    { id: 'west', name: 'West', population: 1000 },
    { id: 'east', name: 'East', population: 3000 },
  ],
  devices: [
    { match: 'air-1', zone: 'west' },
    { match: 'air-2', zone: 'east' },
    { match: 'noise-*', zone: 'west' },
    { match: 'flow-1', zone: 'east', role: 'bulk', peopleServed: 500 },
    { match: 'meter-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'power-*', zone: 'west', role: 'customer', peopleServed: 3 },
  ],
  windows: { clock: 'event', lateness: '30m', horizon: '2h', silentAfterIntervals: 1, silentAfterMin: '10m' },
});

/** Levels that an hour exceeds are known for as long as the engine remembers hours: readings later than that leave them. */
const NOT_REBUILT = /^noise-(?:l\d0|lafmax)-hour /;

interface Sample {
  readonly series: number;
  readonly slot: number;
  readonly value: number;
}

/** A sample, and how many hours after its time it arrives. */
interface Sent extends Sample {
  readonly delayHours: number;
}

const series = fc.nat({ max: STATION - 1 });
const delayHours = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 100 }));

/** Single readings of a week in which most hours are empty, and backlogs of readings as meters send them. */
const sent = fc
  .tuple(
    fc.array(
      fc.record({
        series,
        slot: fc.nat({ max: SLOTS_MAX }),
        value: fc.double({ min: 1, max: 90, noNaN: true }),
        delayHours,
      }),
      { minLength: 1, maxLength: 40 },
    ),
    fc.array(
      fc.record({
        series,
        slot: fc.nat({ max: SLOTS_MAX - 20 }),
        length: fc.integer({ min: 2, max: 20 }),
        delayHours,
      }),
      { maxLength: 5 },
    ),
  )
  .map(([single, runs]) => {
    const byKey = new Map<string, Sent>();
    for (const sample of single) byKey.set(`${sample.series} ${sample.slot}`, sample);
    for (const { length, ...run } of runs) {
      for (let slot = run.slot; slot < run.slot + length; slot++) {
        byKey.set(`${run.series} ${slot}`, { ...run, slot, value: 20 + slot / 8 });
      }
    }
    return [...byKey.values()];
  });

describe('readings older than the horizon', () => {
  it('end in the panes and KPI values that they would have made in time, sent once or again', async () => {
    const holds = async (list: readonly Sent[]): Promise<void> => {
      const inTime = standing(await run(list.map((sample) => ({ ...sample, delayHours: 0 }))));
      expect(standing(await run(list))).toEqual(inTime);
      const repeated = await run([...list, ...list.map((sample) => ({ ...sample, delayHours: 101 }))]);
      expect(standing(repeated)).toEqual(inTime);
    };
    await forAll('late hours', sent, holds, SLOW);
  });

  it('end in the same panes and KPI values when the engine goes on from a snapshot behind the store', async () => {
    const holds = async ([list, restartAt]: readonly [readonly Sent[], number]): Promise<void> => {
      const straight = await run(list);
      const restarted = await run(list, restartAt);
      expect(restarted.contents()).toEqual(straight.contents());
    };
    await forAll('late hours and restarts', fc.tuple(sent, fc.nat({ max: HOURS })), holds, SLOW);
  });
});

/** What stands at the end, without what late readings leave as it was. */
function standing(store: MemoryStore) {
  const { panes, kpis } = store.standing();
  return { panes, kpis: kpis.filter(([key]) => !NOT_REBUILT.test(key)) };
}

/** Runs the samples; after `restartAt` ticks the pipeline goes on from its last snapshot, and the store is ahead of it. */
async function run(list: readonly Sent[], restartAt = Number.NaN): Promise<MemoryStore> {
  const journal = records(list);
  const store = new MemoryStore();
  let pipeline = new Pipeline(CONFIG, intake);
  let snapshot: KeptSnapshot | undefined;
  let waiting = 0;
  for (let at = 0, ticks = 0; at < journal.length; at++) {
    if (!pipeline.take(journal[at]!)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, pipeline.sequence <= store.position);
    if (pipeline.closeWindows(pipeline.sequence <= store.position)) await pipeline.readBack(store);
    const { batch, late } = pipeline.flush();
    waiting = late.waiting;
    if (batch.position > store.position) store.apply(batch);
    if (++ticks % 40 === 0) snapshot = snapshotOf(pipeline);
    if (ticks !== restartAt) continue;
    pipeline = new Pipeline(CONFIG, intake);
    if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
    at = pipeline.sequence - 1;
  }
  expect(waiting).toBe(0);
  return store;
}

/**
 * A station in time says what hour it is, samples arrive in the hour that they do, and a mark ends each hour; then
 * enough marks for everything that waits: it is rebuilt a day at a time.
 */
function records(list: readonly Sent[]): JournalRecord[] {
  const result: JournalRecord[] = [];
  const byHour = Map.groupBy(list, (sample) => Math.floor((timeOf(sample) - START_MS) / HOUR_MS) + sample.delayHours);
  const send = (sample: Sample): void => {
    result.push({ kind: 'message', sequence: result.length + 1, message: messageOf(sample) });
  };
  for (let hour = 0; hour < HOURS + 10; hour++) {
    if (hour < HOURS) send({ series: STATION, slot: hour, value: 5 });
    for (const sample of byHour.get(hour) ?? []) send(sample);
    result.push({ kind: 'mark', sequence: result.length + 1, atMs: RECEIVED_MS + hour * MINUTE_MS });
  }
  return result;
}

function messageOf(sample: Sample): Message {
  const payload = new TextEncoder().encode(JSON.stringify(sample));
  return { topic: 't', payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs: RECEIVED_MS, flags: 0 };
}

function timeOf(sample: Sample): number {
  const minute = sample.series === STATION ? 0 : sample.series + 1;
  return START_MS + sample.slot * SERIES[sample.series]![4] * HOUR_MS + minute * MINUTE_MS;
}

const intake: Intake = (message): Decoded => {
  const sample = JSON.parse(new TextDecoder().decode(message.payload)) as Sample;
  const [device, quantity, everyMinutes, channel] = SERIES[sample.series]!;
  const reading = {
    device,
    channel,
    quantity,
    value: sample.value,
    timeMs: timeOf(sample),
    timeSource: 'device' as const,
    quality: Quality.good,
    periodMs: 0,
    expectEveryMs: everyMinutes * MINUTE_MS,
  };
  return { kind: 'decoded', profile: 'test', gateway: '', readings: [reading], rejects: [] };
};
