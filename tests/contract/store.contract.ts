import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PaneLevel } from '../../src/model/index.ts';
import type { Store, StoreBatch } from '../../src/store/index.ts';
import { NaiveStore } from './naive-store.ts';
import { batchesArbitrary } from './store-batches.ts';
import { batchOf, deviceOf, kpiOf, paneOf, quarantineOf, readingOf, seriesOf } from './store-rows.ts';

/** An implementation under test: `reopen` closes the store and opens what it left; `dispose` removes it. */
export interface StoreHarness {
  readonly store: Store;
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/** Doubles that careless storage changes: signed zeros, NaN, infinities, subnormals, neighbours in the last bit. */
const HARD_DOUBLES = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  -5e-324,
  2.2e-308,
  0.1,
  0.1 + 0.2,
  1e308,
  -1.5,
  2 ** 53 - 1,
];

/** Names that break stores which paste text into queries, or count bytes. */
const HARD_NAMES = [
  `a'; DROP TABLE kpis; --`,
  'a"b',
  'Zürich/Straße №7',
  '鬼'.repeat(30),
  '😀 \\ \n\t',
  '%',
  '_',
  '$1',
  '?',
  'nul\u0000in',
  '',
];

/** What every store must do; `harness` makes a new empty one. */
export function storeContract(name: string, makeHarness: () => Promise<StoreHarness>, modelRuns = 12): void {
  describe(`store contract: ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;
    beforeEach(async () => {
      harness = await makeHarness();
      store = harness.store;
    });
    afterEach(() => harness.dispose());
    const reopen = async () => {
      store = await harness.reopen();
    };
    const use = { store: () => store, reopen };
    positionTests(use);
    readingTests(use);
    paneTests(use);
    kpiTests(use);
    quarantineTests(use);
    nameTests(use);
    modelTests(makeHarness, modelRuns);
  });
}

interface Use {
  store(): Store;
  reopen(): Promise<void>;
}

function positionTests(use: Use): void {
  test('a new store is at position 0 and empty', async () => {
    expect(await use.store().open()).toEqual({ position: 0 });
    expect(await use.store().series({})).toEqual([]);
    expect(await use.store().latest([])).toEqual([]);
    expect(await use.store().latestKpis()).toEqual([]);
    expect((await use.store().stats()).readingCount).toBe(0);
  });

  test('the position of the last batch is there after reopening', async () => {
    await use.store().write(batchOf(7));
    await use.store().write(batchOf(12));
    await use.reopen();
    expect(await use.store().open()).toEqual({ position: 12 });
    expect((await use.store().stats()).position).toBe(12);
  });

  test('a batch written twice leaves the same as once', async () => {
    const batch = batchOf(3, {
      readings: [readingOf({ sequence: 2 }), readingOf({ sequence: 3, timeMs: 5 })],
      quarantine: [quarantineOf({ sequence: 3 })],
      panes: [{ series: 0, level: 'hour', pane: paneOf({}) }],
      kpis: [kpiOf({})],
    });
    await use.store().write(batch);
    const before = await everything(use.store());
    await use.store().write(batch);
    expect(await everything(use.store())).toEqual(before);
    expect((await use.store().stats()).readingCount).toBe(2);
  });

  test('a replayed older batch replaces panes and values but adds no rows and never moves the position back', async () => {
    await use.store().write(
      batchOf(10, {
        readings: [readingOf({ sequence: 9 })],
        panes: [{ series: 0, level: 'hour', pane: paneOf({ sum: 1 }) }],
      }),
    );
    await use.store().write(
      batchOf(4, {
        readings: [readingOf({ sequence: 4, timeMs: 44 })],
        quarantine: [quarantineOf({ sequence: 4 })],
        panes: [{ series: 0, level: 'hour', pane: paneOf({ sum: 2 }) }],
        kpis: [kpiOf({ value: 8 })],
      }),
    );
    expect((await use.store().stats()).position).toBe(10);
    expect(await use.store().readings(0, EVER, 10)).toHaveLength(1);
    expect(await use.store().quarantine({ limit: 10 })).toEqual([]);
    expect((await use.store().panes(0, 'hour', EVER))[0]?.sum).toBe(2);
    expect((await use.store().latestKpis())[0]?.value).toBe(8);
    await use.reopen();
    expect(await use.store().open()).toEqual({ position: 10 });
  });

  test('of a batch that begins below the position only the rows above it are added', async () => {
    await use.store().write(batchOf(5, { readings: [readingOf({ sequence: 5 })] }));
    await use.store().write(
      batchOf(7, {
        readings: [5, 6, 7].map((sequence) => readingOf({ sequence, timeMs: sequence, value: -sequence })),
      }),
    );
    const stored = await use.store().readings(0, EVER, 10);
    expect(stored.map((row) => row.sequence).sort()).toEqual([5, 6, 7]);
    expect(stored.find((row) => row.sequence === 5)?.value).toBe(1);
  });
}

function readingTests(use: Use): void {
  test('readings come by event time, from inclusive to exclusive, at most the limit', async () => {
    const times = [30, 10, 50, 20, 40];
    await use
      .store()
      .write(
        batchOf(5, { readings: times.map((timeMs, at) => readingOf({ timeMs, sequence: at + 1, value: timeMs })) }),
      );
    const within = async (fromMs: number, toMs: number, limit: number) =>
      (await use.store().readings(0, { fromMs, toMs }, limit)).map((row) => row.timeMs);
    expect(await within(20, 40, 10)).toEqual([20, 30]);
    expect(await within(20, 40.5, 10)).toEqual([20, 30, 40]);
    expect(await within(20.5, 100, 10)).toEqual([30, 40, 50]);
    expect(await within(0, 100, 2)).toEqual([10, 20]);
    expect(await within(0, 100, 0)).toEqual([]);
    expect(await use.store().readings(1, EVER, 10)).toEqual([]);
  });

  test('values, qualities and statuses come back bit for bit, also after reopening', async () => {
    const readings = HARD_DOUBLES.map((value, at) =>
      readingOf({
        value,
        timeMs: -5 + at * 1_000_000_000_000,
        quality: at % 5,
        status: at % 3,
        sequence: 2 ** 52 + at,
      }),
    );
    await use.store().write(batchOf(2 ** 53 - 1, { readings }));
    expect(await use.store().readings(0, EVER, 100)).toEqual(readings);
    await use.reopen();
    expect(await use.store().readings(0, EVER, 100)).toEqual(readings);
  });

  test('zeros keep their sign where nearly all values are zero', async () => {
    const readings = Array.from({ length: 5_000 }, (_, at) =>
      readingOf({ value: at % 500 === 0 ? -0 : 0, timeMs: at, sequence: at + 1 }),
    );
    await use.store().write(batchOf(5_000, { readings }));
    await use.reopen();
    const stored = await use.store().readings(0, EVER, 10_000);
    expect(stored.length).toBe(5_000);
    expect(stored.filter((row) => Object.is(row.value, -0)).map((row) => row.timeMs)).toEqual([
      0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500,
    ]);
  });

  test('the latest reading is the newest by event time that counts, before and after reopening', async () => {
    const readings = [
      readingOf({ series: 0, timeMs: 20, value: 2, sequence: 1 }),
      readingOf({ series: 0, timeMs: 10, value: 1, sequence: 2 }),
      readingOf({ series: 0, timeMs: 30, value: Number.NaN, status: 1, sequence: 3 }),
      readingOf({ series: 2, timeMs: 5, value: -0, sequence: 4 }),
      readingOf({ series: 3, timeMs: 5, status: 2, sequence: 5 }),
    ];
    await use.store().write(batchOf(5, { readings }));
    const expected = [readings[0]!, readings[3]!];
    expect(await use.store().latest([])).toEqual(expected);
    expect(await use.store().latest([2, 0, 2, 3, 77])).toEqual(expected);
    await use.reopen();
    expect(await use.store().latest([])).toEqual(expected);
    await use.store().write(batchOf(6, { readings: [readingOf({ series: 0, timeMs: 25, value: 3, sequence: 6 })] }));
    await use.reopen();
    expect((await use.store().latest([0]))[0]?.value).toBe(3);
  });

  test('retention deletes readings measured before the instant; the latest stays known', async () => {
    await use
      .store()
      .write(batchOf(4, { readings: [10, 20, 30].map((timeMs, at) => readingOf({ timeMs, sequence: at + 1 })) }));
    await use.store().write(batchOf(5, { readings: [readingOf({ series: 1, timeMs: 9, sequence: 5 })] }));
    expect(await use.store().trimRetention({})).toBe(0);
    expect(await use.store().trimRetention({ readingsBeforeMs: 20 })).toBe(2);
    await use.reopen();
    expect((await use.store().readings(0, EVER, 9)).map((row) => row.timeMs)).toEqual([20, 30]);
    expect((await use.store().latest([])).map((row) => [row.series, row.timeMs])).toEqual([
      [0, 30],
      [1, 9],
    ]);
    expect((await use.store().stats()).readingCount).toBe(2);
  });
}

function paneTests(use: Use): void {
  test('a pane replaces the stored one of its series, level and start only', async () => {
    const levels: PaneLevel[] = ['quarter', 'hour'];
    const at = (series: number, level: PaneLevel, startMs: number, sum: number) => ({
      series,
      level,
      pane: paneOf({ startMs, sum }),
    });
    await use
      .store()
      .write(
        batchOf(1, { panes: levels.flatMap((level) => [at(0, level, 0, 1), at(0, level, 60, 2), at(1, level, 0, 3)]) }),
      );
    await use.store().write(
      batchOf(2, {
        panes: [at(0, 'hour', 0, 10), at(0, 'quarter', 60, 20), at(0, 'hour', 120, 30), at(0, 'hour', 120, 31)],
      }),
    );
    const sums = async (series: number, level: PaneLevel) =>
      (await use.store().panes(series, level, EVER)).map((pane) => pane.sum);
    expect(await sums(0, 'quarter')).toEqual([1, 20]);
    expect(await sums(0, 'hour')).toEqual([10, 2, 31]);
    expect(await sums(1, 'hour')).toEqual([3]);
  });

  test('panes come by start, from inclusive to exclusive', async () => {
    await use.store().write(
      batchOf(1, {
        panes: [30, 10, 20].map((startMs) => ({ series: 4, level: 'hour' as const, pane: paneOf({ startMs }) })),
      }),
    );
    const starts = (await use.store().panes(4, 'hour', { fromMs: 10, toMs: 30 })).map((pane) => pane.startMs);
    expect(starts).toEqual([10, 20]);
  });

  test('every field of a pane comes back bit for bit, also after reopening', async () => {
    const panes = HARD_DOUBLES.map((value, at) =>
      paneOf({
        startMs: at,
        sum: value,
        sumSin: -value,
        min: value,
        max: HARD_DOUBLES[(at + 1) % 13]!,
        firstMs: value,
        first: -value,
        last: HARD_DOUBLES[(at + 5) % 13]!,
        increase: HARD_DOUBLES[(at + 2) % 13]!,
        increaseAtEnd: value,
        count: at,
        revision: at,
        counterEvents: at * 3,
        final: at % 2 === 0,
      }),
    );
    await use
      .store()
      .write(batchOf(1, { panes: panes.map((pane) => ({ series: 0, level: 'quarter' as const, pane })) }));
    expect(await use.store().panes(0, 'quarter', EVER)).toEqual(panes);
    await use.reopen();
    expect(await use.store().panes(0, 'quarter', EVER)).toEqual(panes);
  });
}

function kpiTests(use: Use): void {
  test('values without a value or band, and hard doubles, come back as they were', async () => {
    const kpis = [
      kpiOf({ startMs: -1, value: null, band: null, watermarkMs: Number.NEGATIVE_INFINITY }),
      ...HARD_DOUBLES.map((value, at) =>
        kpiOf({ startMs: at, value, coverage: -value, final: at % 2 === 0, valid: at % 3 === 0 }),
      ),
    ];
    await use.store().write(batchOf(1, { kpis }));
    await use.reopen();
    expect(await use.store().kpis(EVER)).toEqual(kpis);
  });

  test('the newest revision of each window is answered, or all of them', async () => {
    const kpis = [
      kpiOf({ startMs: 0, revision: 0, value: 1 }),
      kpiOf({ startMs: 0, revision: 2, value: 3 }),
      kpiOf({ startMs: 0, revision: 1, value: 2 }),
      kpiOf({ startMs: 60, revision: 0, value: 4 }),
      kpiOf({ startMs: 0, zone: 'north', value: 5 }),
    ];
    await use.store().write(batchOf(1, { kpis }));
    const values = async (query: object) => (await use.store().kpis({ ...EVER, ...query })).map((value) => value.value);
    expect(await values({ zone: 'centre' })).toEqual([3, 4]);
    expect(await values({ allRevisions: true })).toEqual([1, 2, 3, 5, 4]);
    expect(await values({ allRevisions: true, limit: 2 })).toEqual([1, 2]);
    expect(await values({ fromMs: 0, toMs: 60 })).toEqual([3, 5]);
    expect(await values({ kpi: 'other' })).toEqual([]);
    expect(await values({ window: 'day' })).toEqual([]);
    await use.store().write(batchOf(2, { kpis: [kpiOf({ startMs: 0, revision: 2, value: 33 })] }));
    expect(await values({ zone: 'centre' })).toEqual([33, 4]);
  });

  test('the latest values are those of the newest window, in its newest revision, also after reopening', async () => {
    await use.store().write(
      batchOf(1, {
        kpis: [
          kpiOf({ startMs: 60, value: 2 }),
          kpiOf({ startMs: 0, revision: 5, value: 1 }),
          kpiOf({ window: 'day', startMs: 0, value: 9 }),
        ],
      }),
    );
    await use.store().write(
      batchOf(2, {
        kpis: [kpiOf({ startMs: 60, revision: 1, value: 3 }), kpiOf({ zone: 'Ω', startMs: 60, value: null })],
      }),
    );
    const values = async () => (await use.store().latestKpis()).map((value) => value.value);
    expect(await values()).toEqual([9, 3, null]);
    await use.reopen();
    expect(await values()).toEqual([9, 3, null]);
  });
}

function quarantineTests(use: Use): void {
  test('paging by sequence meets every row once, whatever the page, and never splits a message', async () => {
    const rows = [1, 2, 2, 2, 2, 3, 5, 5, 8].map((sequence, at) =>
      quarantineOf({ sequence, index: at, device: at % 2 === 0 ? 'a' : 'b' }),
    );
    await use.store().write(batchOf(8, { quarantine: rows }));
    for (const limit of [1, 2, 3, 4, 100]) {
      const met: string[] = [];
      let beforeSequence = Number.POSITIVE_INFINITY;
      for (;;) {
        const page = await use.store().quarantine({ limit, beforeSequence });
        if (page.length === 0) break;
        beforeSequence = page.at(-1)!.sequence;
        met.push(...page.map((row) => `${row.sequence}.${row.index}`));
      }
      expect(met).toEqual(['8.8', '5.6', '5.7', '3.5', '2.1', '2.2', '2.3', '2.4', '1.0']);
    }
    expect((await use.store().quarantine({ limit: 2, device: 'b' })).map((row) => row.index)).toEqual([7, 5]);
    expect(await use.store().quarantine({ limit: 2, reason: 'conflict' })).toEqual([]);
    expect(await use.store().quarantine({ limit: 0 })).toEqual([]);
  });

  test('a row comes back as it was', async () => {
    const row = quarantineOf({
      sequence: 2 ** 53 - 1,
      index: 3,
      reason: 'time_in_future',
      payloadBytes: 5_000_000_000,
      payloadHead: HARD_NAMES.join(''),
    });
    await use.store().write(batchOf(2 ** 53 - 1, { quarantine: [row] }));
    await use.reopen();
    expect(await use.store().quarantine({ limit: 1 })).toEqual([row]);
  });
}

function nameTests(use: Use): void {
  test('names are data: quotes, wildcards and scripts of the world mean nothing to the store', async () => {
    const series = HARD_NAMES.map((name, id) => seriesOf({ id, device: name, channel: name }));
    const devices = HARD_NAMES.map((name) => deviceOf({ device: name, zone: name, lastEventMs: Number.NaN }));
    const kpis = HARD_NAMES.map((name) => kpiOf({ kpi: name, zone: `device:${name}`, note: name, method: name }));
    const quarantine = HARD_NAMES.map((name, index) =>
      quarantineOf({ index, device: name, topic: name, clientId: name, detail: name }),
    );
    await use.store().write(batchOf(1, { series, devices, kpis, quarantine }));
    await use.store().write(batchOf(2, { series, devices, kpis }));
    await use.reopen();
    expect(await use.store().series({})).toEqual(series);
    expect((await use.store().devices()).length).toBe(HARD_NAMES.length);
    for (const [at, name] of HARD_NAMES.entries()) {
      expect(await use.store().series({ device: name, channel: name, quantity: 'pm2_5' })).toEqual([series[at]]);
      expect(await use.store().kpis({ ...EVER, kpi: name, zone: `device:${name}` })).toEqual([kpis[at]]);
      expect(await use.store().quarantine({ device: name, limit: 5 })).toEqual([quarantine[at]]);
      expect(await use.store().devices()).toContainEqual(devices[at]);
    }
  });
}

function modelTests(makeHarness: () => Promise<StoreHarness>, numRuns: number): void {
  test('any batches, replays and reopenings leave the same as in a naive store', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(batchesArbitrary(), async (steps) => {
        const harness = await makeHarness();
        const naive = new NaiveStore();
        try {
          let store = harness.store;
          for (const step of steps) {
            await naive.write(step.batch);
            await store.write(structuredClone(step.batch) as StoreBatch);
            if (step.trimBeforeMs !== undefined) {
              const rule = { readingsBeforeMs: step.trimBeforeMs };
              expect(await store.trimRetention(rule)).toBe(await naive.trimRetention(rule));
            }
            if (step.reopen) store = await harness.reopen();
          }
          expect(await everything(store)).toEqual(await everything(naive));
        } finally {
          await harness.dispose();
        }
      }),
      { numRuns },
    );
  });
}

/** All that a store answers about a small world. */
export async function everything(store: Store) {
  const levels: PaneLevel[] = ['quarter', 'hour'];
  const ids = [0, 1, 2, 3, 4, 5];
  const { position, readingCount } = await store.stats();
  return {
    position,
    readingCount,
    series: await store.series({}),
    devices: await store.devices(),
    readings: await Promise.all(ids.map((id) => store.readings(id, EVER, 1_000))),
    panes: await Promise.all(
      ids.flatMap((id) => levels.map((level) => store.panes(id, level, { fromMs: -10, toMs: 60 }))),
    ),
    latest: await store.latest([]),
    kpis: await store.kpis(EVER),
    allKpis: await store.kpis({ fromMs: 0, toMs: 40, allRevisions: true, limit: 20 }),
    latestKpis: await store.latestKpis(),
    quarantine: await store.quarantine({ limit: 1_000 }),
    quarantinePage: await store.quarantine({ limit: 3, beforeSequence: 12, device: 'a' }),
  };
}
