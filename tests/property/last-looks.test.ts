import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { citySchema } from '../../src/config/index.ts';
import type { Decoded, Intake } from '../../src/intake/index.ts';
import type { JournalRecord } from '../../src/journal/index.ts';
import { type KpiValue, type Message, Quality, type Reading } from '../../src/model/index.ts';
import { Pipeline } from '../../src/workers/pipeline.ts';
import { MemoryStore } from './support/memory-store.ts';
import { type KeptSnapshot, snapshotOf } from './support/snapshots.ts';

const START_MS = Date.UTC(2026, 5, 1, 22);
const RECEIVED_MS = START_MS + 30 * DAY_MS;
const DAYS = 6;
/** A message holds what a device read in so long, and a mark ends each. */
const STEP_MS = HOUR_MS;
const TICKS = (DAYS * DAY_MS) / STEP_MS;

interface Source {
  readonly device: string;
  readonly quantity: string;
  readonly everyMs: number;
  /** Hours from the start after which it is silent. */
  readonly untilHour?: number;
}

/** Devices that report every minute. */
const FAST: readonly Source[] = [
  { device: 'meter-1', quantity: 'water_volume', everyMs: MINUTE_MS },
  { device: 'meter-3', quantity: 'water_volume', everyMs: MINUTE_MS, untilHour: 31 },
  { device: 'flow-1', quantity: 'water_flow', everyMs: MINUTE_MS },
  { device: 'power-1', quantity: 'energy_import', everyMs: MINUTE_MS },
  { device: 'noise-1', quantity: 'laeq', everyMs: MINUTE_MS },
  { device: 'air-1', quantity: 'o3', everyMs: MINUTE_MS },
  { device: 'air-1', quantity: 'pm2_5', everyMs: MINUTE_MS },
];

/** One of each domain that reports once a day: its zone waits for it. */
const DAILY: readonly Source[] = (
  [
    ['meter-daily', 'water_volume'],
    ['power-daily', 'energy_import'],
    ['noise-daily', 'laeq'],
    ['air-daily', 'o3'],
    ['air-daily', 'pm2_5'],
  ] as const
).map(([device, quantity]) => ({ device, quantity, everyMs: DAY_MS }));
const FALLING_SILENT = DAILY.map((source) => ({ ...source, untilHour: 50 }));
const SOURCES_HEARD = new Set([...FAST, ...DAILY].map(({ device }) => device)).size;

const CONFIG = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [{ id: 'west', name: 'West', population: 1000 }],
  devices: [
    { match: 'flow-1', zone: 'west', role: 'bulk', peopleServed: 500 },
    { match: 'meter-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'power-*', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: '*', zone: 'west' },
  ],
  windows: { clock: 'event', lateness: '15m', horizon: '2h', silentAfterIntervals: 3, silentAfterMin: '10m' },
});

const CONFIG_OF_A_DAY = { ...CONFIG, windows: { ...CONFIG.windows, horizon: DAY_MS } };

/** Counts the times that the store is asked for what KPIs look back at. */
class CountingStore extends MemoryStore {
  askedCount = 0;

  override kpiRevisions(...args: Parameters<MemoryStore['kpiRevisions']>) {
    this.askedCount++;
    return super.kpiRevisions(...args);
  }
}

describe('windows that wait for a slow device of their zone', () => {
  it('say the same when the engine was started anew since their hours left its memory', async () => {
    const journal = records([...FAST, ...FALLING_SILENT]);
    const straight = await run(journal);
    const final = [...straight.kpis.values()].filter((value) => value.zone === 'west' && value.final);
    const of = (kpi: string) => final.filter((value) => value.kpi === kpi);
    // The daily meter is waited for until it has been silent for three days.
    expect(Math.max(...of('water-per-capita').map(({ endMs }) => endMs))).toBe(START_MS + 2 * DAY_MS);
    // Of nine devices that were heard one has fallen silent; the others' last readings of the hour are bad ones.
    const silent = of('silent-sensors').find(({ endMs }) => endMs === START_MS + 40 * HOUR_MS);
    expect(silent).toMatchObject({ value: 1, expectedCount: SOURCES_HEARD });
    for (const restartAt of [3.1, 4.6].map((days) => Math.round((days * DAY_MS) / STEP_MS))) {
      const restarted = await run(journal, restartAt);
      expect(differences(restarted, straight)).toEqual([]);
    }
  }, 120_000);

  it('need nothing of the store as long as the parts of the other devices are held', async () => {
    const journal = records([...FAST.slice(0, 2), ...DAILY.slice(0, 1)]);
    const straight = await run(journal);
    expect(straight.askedCount).toBe(0);
    const restarted = await run(journal, Math.round((3.1 * DAY_MS) / STEP_MS));
    expect(restarted.askedCount).toBeGreaterThan(0);
    expect(differences(restarted, straight)).toEqual([]);
  }, 60_000);
});

describe('windows that look at the hours before their day and behind it', () => {
  it('are made of all of them when the last one comes at the horizon, of an hourly station', async () => {
    const station: Source = { device: 'air-4', quantity: 'co', everyMs: HOUR_MS };
    // The day of standard time from hour 25 to 49 looks 7 hours back and 7 hours ahead; hour 55 comes a day late.
    const journal = records(
      [station],
      (step) => (step === 78 ? [{ source: station, step: 55 }] : []),
      (step) => step === 55,
    );
    const said = await run(journal, Number.NaN, CONFIG_OF_A_DAY);
    const index = [...said.kpis.values()].filter(
      ({ kpi, zone, startMs, final }) =>
        final && kpi === 'air-us-aqi' && zone === 'west' && startMs === START_MS + 25 * HOUR_MS,
    );
    // The highest 8-hour mean of CO, of hours 18 to 25, is 5.875 mg/m3, 5.0 ppm: 51 + (5.0 - 4.5) / (9.4 - 4.5) * 49.
    expect(index.at(-1)?.revision).toBe(1);
    expect(index.map(({ value }) => value)).toEqual([56, 56]);
  }, 60_000);
});

describe('windows of many days that late readings correct', () => {
  it('count their corrections alike when the engine was started anew in the midst of these, behind the store', async () => {
    const station: Source = { device: 'air-2', quantity: 'no2', everyMs: HOUR_MS };
    const late: Source = { device: 'air-3', quantity: 'o3', everyMs: HOUR_MS };
    // A reading an hour, each 100 hours late; the day that it belongs to is rebuilt with each of them.
    const journal = records([station], (step) =>
      step >= 100 && step < 120 ? [{ source: late, step: step - 100 }] : [],
    );
    const straight = await run(journal);
    const corrected = [...straight.kpis.values()].filter(({ kpi, zone }) => kpi === 'air-o3-365d' && zone === 'west');
    expect(Math.max(...corrected.map(({ revision }) => revision))).toBeGreaterThan(10);
    for (const restartAt of [108, 111]) {
      expect(differences(await run(journal, restartAt), straight)).toEqual([]);
    }
  }, 60_000);
});

/** Values that differ in any bit, by key; with what one of them lacks. */
function differences(a: MemoryStore, b: MemoryStore): unknown[] {
  const keys = new Set([...a.kpis.keys(), ...b.kpis.keys()]);
  return [...keys].flatMap((key) => {
    const [one, other] = [a.kpis.get(key), b.kpis.get(key)];
    const isSame = Object.entries({ ...one, ...other }).every(([name]) =>
      Object.is(one?.[name as keyof KpiValue], other?.[name as keyof KpiValue]),
    );
    return isSame ? [] : [{ key, one, other }];
  });
}

/** After `restartAt` ticks the pipeline goes on from its last snapshot, and the store is ahead of it. */
async function run(journal: readonly JournalRecord[], restartAt = Number.NaN, config = CONFIG): Promise<CountingStore> {
  const store = new CountingStore();
  let pipeline = new Pipeline(config, intake);
  let snapshot: KeptSnapshot | undefined;
  for (let at = 0, ticks = 0; at < journal.length; at++) {
    if (!pipeline.take(journal[at]!)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, pipeline.sequence <= store.position);
    if (pipeline.closeWindows(pipeline.sequence <= store.position)) await pipeline.readBack(store);
    const { batch } = pipeline.flush();
    if (batch.position > store.position) store.apply(batch);
    if (++ticks % 7 === 0) snapshot = snapshotOf(pipeline);
    if (ticks !== restartAt) continue;
    pipeline = new Pipeline(config, intake);
    if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
    at = pipeline.sequence - 1;
  }
  return store;
}

interface Told {
  readonly source: Source;
  readonly fromMs: number;
}

interface Late {
  readonly source: Source;
  readonly step: number;
}

/**
 * @param lateAt what comes in a step of an earlier one
 * @param isMissed steps in which nothing else comes
 */
function records(
  sources: readonly Source[],
  lateAt: (step: number) => readonly Late[] = () => [],
  isMissed: (step: number) => boolean = () => false,
): JournalRecord[] {
  const result: JournalRecord[] = [];
  for (let step = 0; step < TICKS; step++) {
    const told = [...(isMissed(step) ? [] : sources.map((source) => ({ source, step }))), ...lateAt(step)];
    for (const { source, step: ofStep } of told) {
      const fromMs = START_MS + ofStep * STEP_MS;
      const payload = new TextEncoder().encode(JSON.stringify({ source, fromMs } satisfies Told));
      const message: Message = {
        ...{ topic: 't', payload, payloadBytes: payload.length, clientId: 'c' },
        ...{ receivedAtMs: RECEIVED_MS, flags: 0 },
      };
      result.push({ kind: 'message', sequence: result.length + 1, message });
    }
    result.push({ kind: 'mark', sequence: result.length + 1, atMs: RECEIVED_MS + step * MINUTE_MS });
  }
  return result;
}

const intake: Intake = (message): Decoded => {
  const { source, fromMs } = JSON.parse(new TextDecoder().decode(message.payload)) as Told;
  const { device, quantity, everyMs, untilHour = Number.POSITIVE_INFINITY } = source;
  const toMs = Math.min(fromMs + STEP_MS, START_MS + untilHour * HOUR_MS);
  const readings: Reading[] = [];
  // Daily ones report at 09:20 UTC.
  const offsetMs = everyMs === DAY_MS ? 11 * HOUR_MS + 20 * MINUTE_MS : 0;
  const first = Math.ceil((fromMs - START_MS - offsetMs) / everyMs);
  for (let slot = first; START_MS + offsetMs + slot * everyMs < toMs; slot++) {
    const timeMs = START_MS + offsetMs + slot * everyMs;
    readings.push({
      ...{ device, quantity, channel: '', timeMs, timeSource: 'device', expectEveryMs: everyMs, periodMs: 0 },
      ...readingAt(quantity, timeMs),
    });
  }
  return { kind: 'decoded', profile: 'test', gateway: '', readings, rejects: [] };
};

/** Registers count up, levels go round the day; some minutes are missing, and the last of some hours are bad. */
function readingAt(quantity: string, timeMs: number): Pick<Reading, 'value' | 'quality'> {
  const minutes = (timeMs - START_MS) / MINUTE_MS;
  if (quantity === 'co') return { value: minutes === 18 * 60 ? 40 : 1, quality: Quality.good };
  const wave = Math.sin((2 * Math.PI * minutes) / 1440) + ((minutes * 7919) % 101) / 101;
  const value = /volume|import/.test(quantity) ? minutes / 700 + wave / 1000 : 30 + 8 * wave;
  return { value, quality: minutes % 300 > 288 ? Quality.bad : Quality.good };
}
