import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS, manualClock } from '../../../src/base/index.ts';
import { type Config, citySchema } from '../../../src/config/index.ts';
import type { Decoded, Intake } from '../../../src/intake/index.ts';
import { KPI_DEFINITIONS, type KpiDefinition, whyNotTried } from '../../../src/kpis/index.ts';
import { type KpiValue, type Message, Quality } from '../../../src/model/index.ts';
import { createDuckdbStore } from '../../../src/store/duckdb/index.ts';
import { ownDefinitions } from '../../../src/workers/city-kpis.ts';
import { openHistory } from '../../../src/workers/open-history.ts';
import { Pipeline } from '../../../src/workers/pipeline.ts';
import { type TrialStore, tryKpi } from '../../../src/workers/try-kpi.ts';

const START_MS = Date.UTC(2026, 2, 27, 23);
const DAYS = 4;

const PER_DEVICE = {
  inputs: { fine: { quantity: 'pm2_5', stat: 'mean' }, all: { quantity: 'pm10', stat: 'max' } },
  expression: '100 * (all - fine) / all',
};
const EXTREMES = { most: { quantity: 'laeq', stat: 'max' }, least: { quantity: 'laeq', stat: 'min' } };
const VOLUME = { quantity: 'water_volume', stat: 'increase' };
const PER_AREA = {
  ...{ per: 'area', space: 'sum', expression: '1000 * (supplied - sold) / population' },
  inputs: { supplied: { ...VOLUME, roles: ['bulk'] }, sold: { ...VOLUME, roles: ['customer'] } },
};
const OWN = [
  { ...PER_DEVICE, id: 'own-hour', window: 'hour' },
  { ...PER_DEVICE, id: 'own-8h', window: 'rolling-8h', space: 'mean' },
  { ...PER_DEVICE, id: 'own-24h', window: 'rolling-24h', space: 'lowest' },
  { ...PER_DEVICE, id: 'own-day', window: 'day', years: 'mean', bands: [{ name: 'low', upTo: 50 }, { name: 'high' }] },
  { ...PER_AREA, id: 'own-losses', window: 'day' },
  { id: 'own-span', window: 'day', inputs: EXTREMES, expression: 'most - least', space: 'highest' },
].map((own) => ({ ...own, title: 'Own', unit: '1', enabled: true }));

const folder = mkdtempSync(join(tmpdir(), 'try-kpi-'));
const CONFIG: Config = {
  ...citySchema.parse({
    city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
    zones: [
      { id: 'west', name: 'West', population: 1_000 },
      { id: 'east', name: 'East', population: 3_000 },
    ],
    devices: [
      { match: 'air-1', zone: 'west' },
      { match: 'air-2', zone: 'west' },
      { match: 'air-3', zone: 'east' },
      { match: 'air-4', zone: 'east', role: 'ignore' },
      { match: 'bulk-1', zone: 'west', role: 'bulk' },
      { match: 'meter-*', zone: 'west', role: 'customer' },
      { match: 'bulk-2', zone: 'east', role: 'bulk' },
      { match: 'ear-1', zone: 'east' },
    ],
    kpis: OWN,
    windows: { clock: 'event', lateness: '1h', horizon: '30d' },
    store: { memoryMax: '256MiB' },
  }),
  file: 'city.yaml',
  dataFolder: folder,
  secrets: new Map(),
};

interface Sample {
  readonly device: string;
  readonly quantity: string;
  readonly value: number;
  readonly timeMs: number;
}

/** Values by a rule that repeats nowhere, with gaps: a device that is silent for a night and a day, another for hours. */
function* samples(): Generator<Sample> {
  for (let slot = 0; slot < DAYS * 24 * 4; slot++) {
    const timeMs = START_MS + slot * (HOUR_MS / 4);
    const hour = Math.floor(slot / 4);
    for (const [index, device] of ['air-1', 'air-2', 'air-3', 'air-4'].entries()) {
      if (device === 'air-2' && hour > 30 && hour < 66) continue;
      const fine = 5 + ((slot * (7 + index)) % 23);
      yield { device, quantity: 'pm2_5', value: fine, timeMs };
      if (device === 'air-3' && hour % 24 < 9) continue;
      yield { device, quantity: 'pm10', value: fine + ((slot * 3) % 17) + index, timeMs };
    }
    // Often enough that hours leave records behind instead of readings.
    for (const minute of [0, 5, 10]) {
      const value = 40 + ((slot * 11 + minute) % 37);
      yield { device: 'ear-1', quantity: 'laeq', value, timeMs: timeMs + minute * MINUTE_MS };
    }
    for (const [index, device] of ['bulk-1', 'meter-1', 'meter-2', 'bulk-2'].entries()) {
      if (device === 'meter-2' && hour > 50) continue;
      yield { device, quantity: 'water_volume', value: 1_000 + slot * (4 - index) + (slot % 5) / 10, timeMs };
    }
  }
}

const intake: Intake = (message): Decoded => {
  const sample = JSON.parse(new TextDecoder().decode(message.payload)) as Sample;
  const expectEveryMs = sample.quantity === 'laeq' ? 5 * MINUTE_MS : HOUR_MS / 4;
  const reading = {
    ...sample,
    ...{ channel: '', timeSource: 'device' as const, quality: Quality.good, periodMs: 0, expectEveryMs },
  };
  return { kind: 'decoded', profile: 'test', gateway: '', readings: [reading], rejects: [] };
};

function messageOf(sample: Sample): Message {
  const payload = new TextEncoder().encode(JSON.stringify(sample));
  const receivedAtMs = START_MS + 30 * DAY_MS;
  return { topic: 't', payload, payloadBytes: payload.length, clientId: 'c', receivedAtMs, flags: 0 };
}

const file = join(folder, 'store.duckdb');
const openStore = () => createDuckdbStore({ file, memoryBytesMax: 2 ** 28, threads: 1, clock: manualClock(START_MS) });

/** What the engine says, by KPI, zone and start. */
const engine = new Map<string, KpiValue>();
const keyOf = ({ kpi, zone, startMs }: KpiValue): string => `${kpi} ${zone} ${startMs}`;

beforeAll(async () => {
  const store = openStore();
  await store.open();
  const pipeline = new Pipeline(CONFIG, intake);
  let sequence = 0;
  for (const sample of samples()) {
    pipeline.take({ kind: 'message', sequence: ++sequence, message: messageOf(sample) });
    if (sequence % 100 !== 0) continue;
    pipeline.take({ kind: 'mark', sequence: ++sequence, atMs: START_MS + 30 * DAY_MS });
    const { batch } = pipeline.flush();
    for (const value of batch.kpis) engine.set(keyOf(value), value);
    await store.write(batch);
  }
  const { batch } = pipeline.flush();
  for (const value of batch.kpis) engine.set(keyOf(value), value);
  await store.write(batch);
  await store.close();
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const definitions = [...CONFIG.kpis.flatMap(ownDefinitions), ...KPI_DEFINITIONS];
const MEASURED = ['pm2_5', 'pm10', 'water_volume'];
/** Those of the product that look at what is measured, and that can be tried. */
const ofProduct = KPI_DEFINITIONS.filter(
  (kpi) => whyNotTried(kpi) === undefined && (kpi.days?.of ?? kpi).quantities.some((id) => MEASURED.includes(id)),
);
const definitionOf = (id: string): KpiDefinition => definitions.find((one) => one.id === id)!;
const ALL = { fromMs: START_MS - DAY_MS, toMs: Number.POSITIVE_INFINITY };

/** What does not depend on when a window was looked at last. */
function core({
  value,
  band,
  validCount,
  expectedCount,
  coverage,
  valid,
  deviceCount,
  coveredPopulation,
  note,
}: KpiValue) {
  return { value, band, validCount, expectedCount, coverage, valid, deviceCount, coveredPopulation, note };
}

async function withHistory<T>(work: (store: TrialStore) => Promise<T>): Promise<T> {
  const history = await openHistory(CONFIG);
  try {
    return await work(history.store);
  } finally {
    await history.close();
  }
}

/** @returns how many values the engine has */
async function sameAsEngine(store: TrialStore, id: string, scopes: readonly string[]): Promise<number> {
  const { values } = await tryKpi(CONFIG, store, { ...ALL, kpi: definitionOf(id), scopes });
  const expected = [...engine.values()].filter(({ kpi, zone }) => kpi === id && scopes.includes(zone));
  const known = expected.filter(({ value }) => value !== null);
  const byKey = new Map(values.map((value) => [keyOf(value), value]));
  for (const value of known) {
    expect(byKey.has(keyOf(value)), keyOf(value)).toBe(true);
    expect(core(byKey.get(keyOf(value))!), keyOf(value)).toEqual(core(value));
  }
  const extra = values.filter((value) => value.value !== null && !engine.has(keyOf(value)));
  expect(extra.map(keyOf)).toEqual([]);
  return known.length;
}

describe('a KPI that is tried on stored history', () => {
  it.each([
    ['own-hour', ['town', 'west', 'east', 'device:air-1', 'device:air-2', 'device:air-3']],
    ['own-8h', ['town', 'west', 'east', 'device:air-2']],
    ['own-24h', ['town', 'west', 'east', 'device:air-3']],
    ['own-day', ['town', 'west', 'east', 'device:air-1']],
    ['own-day-365d', ['town', 'west', 'device:air-1']],
    ['own-day-year', ['town', 'east']],
    ['own-losses', ['town', 'west', 'east']],
    ['own-span', ['town', 'east', 'device:ear-1']],
  ])('%s says what the engine says of it', async (id, scopes) => {
    expect(await withHistory((store) => sameAsEngine(store, id, scopes))).toBeGreaterThan(0);
  });

  it('says what the engine says of it, whichever of the product can be tried', async () => {
    const known = await withHistory(async (store) => {
      const found: string[] = [];
      for (const { id, scopes } of ofProduct) {
        const asked = ['town', 'west', 'east', 'device:air-1', 'device:bulk-1'].filter((scope) => {
          return scopes.includes(scope === 'town' ? 'city' : scope.startsWith('device:') ? 'device' : 'zone');
        });
        if ((await sameAsEngine(store, id, asked)) > 0) found.push(id);
      }
      return found;
    });
    expect(known).toEqual(expect.arrayContaining(['air-pm2-5-hour', 'air-us-aqi', 'water-nrw', 'water-inflow-year']));
    expect(known.length).toBeGreaterThan(30);
  }, 120_000);

  it('of the product tells why it cannot be tried where it cannot', () => {
    const whyOf = (id: string) => whyNotTried(definitionOf(id));
    expect(whyOf('silent-sensors')).toBe('it depends on now');
    expect(whyOf('outage-saidi-year')).toBe('it is made of outages');
    expect(whyOf('peak-demand-365d')).toBe('it looks at quarter-hours, and only hours are read');
    expect(whyOf('air-o3-target-days-year')).toBe('it looks at years before its window');
  });

  it('is limited to the windows that end in the time that is asked for', async () => {
    const fromMs = Date.UTC(2026, 2, 28, 23);
    const days = { kpi: definitionOf('own-day'), fromMs, toMs: fromMs + 23 * HOUR_MS, scopes: ['town'] };
    const { values, windowCount } = await withHistory((store) => tryKpi(CONFIG, store, days));
    expect(windowCount).toBe(1);
    // The day of 23 hours on which the clocks went forward.
    expect(values.map(({ startMs, endMs, final }) => [startMs, endMs, final])).toEqual([[fromMs, days.toMs, true]]);
  });

  it('tells how far it is', async () => {
    const told: number[][] = [];
    const onProgress = (done: number, count: number) => told.push([done, count]);
    const { windowCount } = await withHistory((store) =>
      tryKpi(CONFIG, store, { ...ALL, kpi: definitionOf('own-hour'), scopes: ['town'], onProgress }),
    );
    expect(told.at(-1)).toEqual([windowCount, windowCount]);
  });

  it('is refused when it would make too many values', async () => {
    const scopes = Array.from({ length: 3_000 }, (_, index) => `device:${index}`);
    const trial = withHistory((store) => tryKpi(CONFIG, store, { ...ALL, kpi: definitionOf('own-hour'), scopes }));
    await expect(trial).rejects.toThrow(/at most 200000 values are allowed, so take a shorter time or fewer zones/);
  });
});

describe('the history', () => {
  it('is a copy while somebody else holds the store, and the copy goes away', async () => {
    const store = openStore();
    await store.open();
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('vitals-history-'));
    try {
      const history = await openHistory(CONFIG);
      expect(history.isCopy).toBe(true);
      expect((await history.store.series({ quantity: 'pm10' })).map(({ device }) => device)).toHaveLength(4);
      await history.close();
    } finally {
      await store.close();
    }
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('vitals-history-'))).toEqual(before);
  });

  it('is the store itself otherwise, and nothing is made where there is none', async () => {
    const { isCopy, close } = await openHistory(CONFIG);
    await close();
    expect(isCopy).toBe(false);
    const dataFolder = join(folder, 'nowhere');
    await expect(openHistory({ ...CONFIG, dataFolder })).rejects.toThrow(/there is no store .*nowhere.*--data/);
    expect(existsSync(dataFolder)).toBe(false);
  });
});
