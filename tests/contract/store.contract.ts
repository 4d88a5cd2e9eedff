import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Pane, type PaneLevel, paneAt, paneLevelAt } from '../../src/model/index.ts';
import {
  type PanesQuery,
  type ReadingHistory,
  type ReadingSpan,
  ReadingStatus,
  readingAt,
  type Store,
  type StoreBatch,
  type StoreMark,
} from '../../src/store/index.ts';
import { NaiveStore } from './naive-store.ts';
import { batchesArbitrary } from './store-batches.ts';
import { batchOf, columnsOf, deviceOf, kpiOf, paneOf, quarantineOf, readingOf, seriesOf } from './store-rows.ts';

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
    retentionTests(use);
    historyTests(use);
    kpiTests(use);
    quarantineTests(use);
    nameTests(use);
    changesTests(use);
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
      readingOf({ series: 3, timeMs: 5, status: 2, quality: 1, sequence: 5 }),
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

/** Rows of a history as [series, time, value], as tests write them down. */
function historyRows({ count, series, timeMs, value }: ReadingHistory): [number, number, number][] {
  return Array.from({ length: count }, (_, at) => [series[at]!, timeMs[at]!, value[at]!]);
}

function retentionTests(use: Use): void {
  test('lets panes of 15 minutes go by their age, and those of hours never', async () => {
    const at = (level: PaneLevel, startMs: number) => ({ series: 0, level, pane: paneOf({ startMs }) });
    await use.store().write(batchOf(1, { panes: [at('quarter', 10), at('quarter', 20), at('hour', 10)] }));
    expect(await use.store().trimRetention({ quartersBeforeMs: 20 })).toBe(0);
    await use.reopen();
    expect((await use.store().panes(0, 'quarter', EVER)).map(({ startMs }) => startMs)).toEqual([20]);
    expect((await use.store().panes(0, 'hour', EVER)).map(({ startMs }) => startMs)).toEqual([10]);
  });
}

function historyTests(use: Use): void {
  test('of one time the reading that counts stands, otherwise the one that came first; late-filed or not', async () => {
    const rows = [
      readingOf({ timeMs: 10, value: 1, sequence: 1 }),
      readingOf({ timeMs: 10, value: 2, status: 2, sequence: 2 }),
      readingOf({ timeMs: 20, value: 3, status: 1, quality: 1, sequence: 3 }),
      readingOf({ timeMs: 20, value: 4, status: 2, sequence: 4 }),
      readingOf({ timeMs: 20, value: 5, status: 2, sequence: 5 }),
      readingOf({ timeMs: 30, value: 6, status: 2, quality: 1, sequence: 6 }),
      readingOf({ timeMs: 30, value: 7, status: 2, quality: 2, sequence: 6 }),
      readingOf({ timeMs: 40, value: 8, status: 2, sequence: 6 }),
      readingOf({ timeMs: 40, value: 9, status: 2, sequence: 6 }),
      readingOf({ timeMs: 50, value: -0, sequence: 6 }),
    ];
    await use.store().write(batchOf(6, { readings: rows }));
    await use.reopen();
    expect((await use.store().readings(0, EVER, 9)).map((row) => row.value)).toEqual([1, 4, 6, 8, -0]);
    expect((await use.store().readings(0, EVER, 2)).map((row) => row.value)).toEqual([1, 4]);
    const span = { series: 0, fromMs: 0, toMs: 100, neighbours: 0 };
    const history = await use.store().readingsAround([span], 9);
    expect([...history.late]).toEqual([0, 1, 1, 1, 0]);
    expect(historyRows(history)).toEqual([
      [0, 10, 1],
      [0, 20, 4],
      [0, 30, Number.NaN],
      [0, 40, 8],
      [0, 50, 0],
    ]);
    expect((await use.store().latest([]))[0]).toEqual(rows[9]);
  });

  test('a history holds the spans of many series with counting neighbours, up to a sequence, each reading once', async () => {
    const readings = [0, 1, 2].flatMap((series) =>
      Array.from({ length: 20 }, (_, at) =>
        readingOf({
          series,
          // The first ten lie close together, the others years apart.
          timeMs: at < 10 ? at * 10 : (at - 9) * 400 * 86_400_000,
          value: at,
          quality: at % 5 === 4 ? 1 : 4,
          status: at % 5 === 4 ? 1 : 0,
          sequence: series * 20 + at + 1,
        }),
      ),
    );
    await use.store().write(batchOf(60, { readings }));
    const values = async (spans: readonly ReadingSpan[], upToSequence = 60) =>
      historyRows(await use.store().readingsAround(spans, upToSequence)).map(([series, , value]) => [series, value]);
    expect(await values([])).toEqual([]);
    expect(await values([{ series: 1, fromMs: 20, toMs: 50, neighbours: 0 }])).toEqual([
      [1, 2],
      [1, 3],
      [1, Number.NaN],
    ]);
    expect(await values([{ series: 1, fromMs: 60, toMs: 61, neighbours: 3 }])).toEqual(
      [2, 3, 5, 6, 7, 8, 10].map((value) => [1, value]),
    );
    expect(await values([{ series: 2, fromMs: -5, toMs: 5, neighbours: 2 }])).toEqual([0, 1, 2].map((at) => [2, at]));
    const overlapping = [
      { series: 0, fromMs: 0, toMs: 30, neighbours: 1 },
      { series: 0, fromMs: 20, toMs: 40, neighbours: 2 },
      { series: 2, fromMs: 0, toMs: 10, neighbours: 0 },
    ];
    expect(await values(overlapping)).toEqual([...[0, 1, 2, 3, 5, 6].map((at) => [0, at]), [2, 0]]);
    expect(await values(overlapping, 3)).toEqual([0, 1, 2].map((at) => [0, at]));
    expect(await values([{ series: 9, fromMs: 0, toMs: 10, neighbours: 4 }])).toEqual([]);
  });

  test('panes of quantities come as columns, by series and start, bit for bit', async () => {
    const series = ['pm2_5', 'no2', 'pm2_5'].map((quantity, id) => seriesOf({ id, quantity }));
    const panes = HARD_DOUBLES.flatMap((value, at) =>
      [2, 1, 0].map((id) => ({
        series: id,
        level: 'hour' as const,
        pane: paneOf({ startMs: at, sum: value, last: -value, count: at, final: at % 2 === 0, revision: at }),
      })),
    );
    const quarters = panes.map((row) => ({ ...row, level: 'quarter' as const, pane: { ...row.pane, count: 1000 } }));
    await use.store().write(batchOf(1, { series, panes: [...panes, ...quarters] }));
    const rowsOf = async (query: PanesQuery) => {
      const columns = await use.store().panesOf(query);
      return Array.from(columns.series, (id, row) => ({
        series: id,
        level: paneLevelAt(columns, row),
        pane: paneAt(columns, row),
      }));
    };
    const expected = [0, 2].flatMap((id) => panes.filter((row) => row.series === id && row.pane.startMs >= 1));
    expect(await rowsOf({ quantities: ['pm2_5', 'o3'], level: 'hour', fromMs: 1, toMs: 99 })).toEqual(expected);
    expect(await rowsOf({ quantities: ['no2'], level: 'quarter', fromMs: 3, toMs: 5 })).toEqual(
      quarters.filter((row) => row.series === 1 && [3, 4].includes(row.pane.startMs)),
    );
    expect(await rowsOf({ quantities: [], level: 'hour', fromMs: 0, toMs: 99 })).toEqual([]);
    const spans = [
      { series: 2, fromMs: 3, toMs: 5 },
      { series: 0, fromMs: -9, toMs: 2 },
      { series: 0, fromMs: 1, toMs: 3 },
    ];
    const inSpans = await use.store().panesIn(spans, 'hour');
    expect(Array.from(inSpans.series, (id, row) => [id, paneAt(inSpans, row)])).toEqual(
      [0, 2].flatMap((id) =>
        panes
          .filter(
            ({ series, pane: { startMs } }) =>
              series === id && (id === 0 ? startMs < 3 : startMs === 3 || startMs === 4),
          )
          .map(({ pane }) => [id, pane]),
      ),
    );
  });

  test('hours with readings tell when a series was heard', async () => {
    const hour = (series: number, startMs: number, part: Partial<Pane>) => ({
      series,
      level: 'hour' as const,
      pane: paneOf({ startMs, ...part }),
    });
    await use.store().write(
      batchOf(1, {
        panes: [
          hour(1, 100, { count: 2, lastMs: 150, endMs: 200 }),
          hour(1, 200, { count: 0, invalidCount: 3, lastMs: Number.NaN, endMs: 300 }),
          hour(2, 100, { count: 2, invalidCount: 2, lastMs: 150, endMs: 200 }),
          hour(2, 200, { count: 0, invalidCount: 1, lastMs: Number.NaN, endMs: 300 }),
          hour(0, 100, { count: 1, lastMs: 101.5 }),
          hour(0, 200, { count: 0, invalidCount: 0, lastMs: Number.NaN, increaseCoveredMs: 50 }),
          hour(0, 300, { count: 1, lastMs: 301 }),
          { series: 2, level: 'quarter', pane: paneOf({ startMs: 100 }) },
        ],
        // Bad by their status, their quality or their value; and one that counts, but not yet in the pane.
        readings: [
          readingOf({ series: 2, timeMs: 140, status: 1 }),
          readingOf({ series: 2, timeMs: 170, quality: 1 }),
          readingOf({ series: 2, timeMs: 180 }),
          readingOf({ series: 2, timeMs: 299, value: Number.NaN, status: 1 }),
          readingOf({ series: 2, timeMs: 300, status: 1 }),
          readingOf({ series: 1, timeMs: 199, status: 1 }),
        ],
      }),
    );
    const { count, series, timeMs } = await use.store().heardHours({ fromMs: 100, toMs: 300 });
    expect([count, [...series], [...timeMs]]).toEqual([5, [0, 1, 1, 2, 2], [101.5, 150, 200, 170, 299]]);
  });

  test('the newest revision of each corrected window is told', async () => {
    const kpis = [
      kpiOf({ startMs: 0 }),
      kpiOf({ startMs: 0, revision: 1 }),
      kpiOf({ startMs: 0, revision: 2, reason: 'late' }),
      kpiOf({ startMs: 60 }),
      kpiOf({ startMs: 60, zone: 'north', revision: 7 }),
      kpiOf({ startMs: 120, revision: 1 }),
      kpiOf({ kpi: 'other', startMs: 0, revision: 5 }),
    ];
    await use.store().write(batchOf(1, { kpis }));
    expect(await use.store().kpiRevisions(['air-pm2-5-hour'], { fromMs: 0, toMs: 120 })).toEqual([
      { kpi: 'air-pm2-5-hour', zone: 'centre', startMs: 0, revision: 2, reason: 'late' },
      { kpi: 'air-pm2-5-hour', zone: 'north', startMs: 60, revision: 7 },
    ]);
    expect(await use.store().kpiRevisions([], EVER)).toEqual([]);
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

/** What a mirror is told: readings by series and time, panes and KPI values by key. */
async function told(store: Store, after: StoreMark, upTo: StoreMark) {
  const { readings, panes, kpis } = await store.changes({ after, upTo }, 1_000);
  const rows = Array.from({ length: readings.count }, (_, row) => readingAt(readings, row));
  return {
    readings: rows
      .map(({ series, timeMs, value }) => [series, timeMs, value])
      .sort(([a, b], [c, d]) => a! - c! || b! - d!),
    panes: Array.from({ length: panes.rows }, (_, row) => [
      panes.series[row],
      paneLevelAt(panes, row),
      panes.startMs[row],
      paneAt(panes, row).sum,
    ]),
    kpis: kpis.map(({ kpi, startMs, value, revision }) => [kpi, startMs, value, revision]),
  };
}

function changesTests(use: Use): void {
  const nothing = { readings: [], panes: [], kpis: [] };
  const mark = (position: number, stamp: number): StoreMark => ({ position, stamp });

  test('says what batches of some positions wrote, as it stands now', async () => {
    await use.store().write(
      batchOf(10, {
        readings: [
          readingOf({ sequence: 7, timeMs: 100, value: 1 }),
          readingOf({ sequence: 10, timeMs: 200, value: -0.5 }),
        ],
        panes: [
          { series: 0, level: 'quarter', pane: paneOf({ startMs: 0, sum: 1 }) },
          { series: 0, level: 'hour', pane: paneOf({ startMs: 0, sum: 2 }) },
        ],
        kpis: [kpiOf({ kpi: 'a', startMs: 0, value: 1, revision: 0 })],
      }),
    );
    await use.store().write(
      batchOf(20, {
        readings: [readingOf({ sequence: 15, timeMs: 300, value: 3 })],
        panes: [{ series: 0, level: 'hour', pane: paneOf({ startMs: 0, sum: 5 }) }],
        kpis: [
          kpiOf({ kpi: 'a', startMs: 0, value: 2, revision: 1 }),
          kpiOf({ kpi: 'b', startMs: 0, value: 9, revision: 0 }),
        ],
      }),
    );
    await use.reopen();
    expect(await told(use.store(), mark(0, 0), mark(9, 0))).toEqual({ ...nothing, readings: [[0, 100, 1]] });
    expect(await told(use.store(), mark(9, 0), mark(10, 1))).toEqual({
      readings: [[0, 200, -0.5]],
      panes: [[0, 'quarter', 0, 1]],
      kpis: [['a', 0, 1, 0]],
    });
    const later = await told(use.store(), mark(10, 1), mark(20, 2));
    expect(later.readings).toEqual([[0, 300, 3]]);
    expect(later.panes).toEqual([[0, 'hour', 0, 5]]);
    expect(new Set(later.kpis.map((row) => JSON.stringify(row)))).toEqual(new Set(['["a",0,2,1]', '["b",0,9,0]']));
    expect(await told(use.store(), mark(20, 2), mark(1_000, 99))).toEqual(nothing);
  });

  test('says of each identity what stands: not that which is bad, came again, was exchanged or is gone', async () => {
    const bad = { quality: 1, status: ReadingStatus.invalid };
    await use.store().write(
      batchOf(10, {
        readings: [
          readingOf({ sequence: 1, timeMs: 100, value: 7, ...bad }),
          readingOf({ sequence: 2, timeMs: 100, value: 8 }),
          readingOf({ sequence: 3, timeMs: 200, value: 9, ...bad }),
          readingOf({ sequence: 4, timeMs: 300, value: 1 }),
          readingOf({ sequence: 5, timeMs: 400, value: 2 }),
        ],
      }),
    );
    await use.store().write(
      batchOf(20, {
        readings: [
          readingOf({ sequence: 11, timeMs: 50, value: 4, status: ReadingStatus.lateFiled }),
          readingOf({ sequence: 12, timeMs: 50, value: 5, status: ReadingStatus.lateFiled }),
          readingOf({ sequence: 13, timeMs: 300, value: 6, status: ReadingStatus.lateFiled }),
        ],
      }),
    );
    const identities = { series: Int32Array.of(0, 0), timeMs: Float64Array.of(400, 100) };
    const again = {
      messages: [2, 5],
      identities,
      readings: columnsOf([readingOf({ sequence: 2, timeMs: 100, value: 80, status: ReadingStatus.again })]),
      quarantine: [],
    };
    await use.store().write(batchOf(30, { again }));
    const { readings: first } = await told(use.store(), mark(0, 0), mark(10, 1));
    expect(first.findLast(([, timeMs]) => timeMs === 100)).toEqual([0, 100, 80]);
    expect(first.filter(([, timeMs]) => timeMs !== 100)).toEqual([
      [0, 200, Number.NaN],
      [0, 300, 1],
    ]);
    expect((await told(use.store(), mark(10, 1), mark(20, 2))).readings).toEqual([
      [0, 50, 4],
      [0, 300, 1],
    ]);
    expect((await told(use.store(), mark(20, 2), mark(30, 3))).readings).toEqual([
      [0, 100, 80],
      [0, 400, Number.NaN],
    ]);
  });

  test('tells of a batch that has the position of the one before it', async () => {
    await use.store().write(batchOf(10, { kpis: [kpiOf({ kpi: 'a', startMs: 0, value: 1, revision: 0 })] }));
    const first = await use.store().stats();
    await use.reopen();
    await use.store().write(batchOf(10, { kpis: [kpiOf({ kpi: 'a', startMs: 0, value: 2, revision: 1 })] }));
    const second = await use.store().stats();
    expect([first.position, second.position, second.stamp]).toEqual([10, 10, first.stamp + 1]);
    const { kpis } = await use.store().changes({ after: first, upTo: second }, 1_000);
    expect(kpis).toMatchObject([{ value: 2, revision: 1 }]);
  });

  test('finds the mark before all that says something of an instant or later', async () => {
    await use
      .store()
      .write(
        batchOf(10, { readings: [readingOf({ sequence: 7, timeMs: 100 }), readingOf({ sequence: 9, timeMs: 300 })] }),
      );
    await use.store().write(batchOf(20, { kpis: [kpiOf({ startMs: 0, endMs: 1_000 })] }));
    const before = (timeMs: number) => use.store().markBefore(timeMs);
    expect(await before(50)).toEqual({ position: 6, stamp: 1 });
    expect(await before(200)).toEqual({ position: 8, stamp: 1 });
    expect(await before(900)).toEqual({ position: 20, stamp: 1 });
    expect(await before(5_000)).toEqual({ position: 20, stamp: 2 });
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
              const rule = { readingsBeforeMs: step.trimBeforeMs, quartersBeforeMs: step.trimBeforeMs };
              expect(await store.trimRetention(rule)).toBe(await naive.trimRetention(rule));
            }
            if (step.reopen) store = await harness.reopen();
          }
          expect(await everything(store)).toEqual(await everything(naive));
        } finally {
          await harness.dispose();
        }
      }),
      // A store takes seconds a case: the time goes to more cases, not to a smaller counterexample.
      { numRuns, endOnFailure: true },
    );
  });
}

/** All that a store answers about a small world. */
export async function everything(store: Store) {
  const levels: PaneLevel[] = ['quarter', 'hour'];
  const ids = [0, 1, 2, 3, 4, 5];
  const spans = ids.map((series) => ({ series, fromMs: 5 * series, toMs: 5 * series + 12, neighbours: series % 4 }));
  const { position, readingCount } = await store.stats();
  return {
    position,
    readingCount,
    series: await store.series({}),
    devices: await store.devices(),
    readings: await Promise.all(ids.map((id) => store.readings(id, EVER, 1_000))),
    around: await store.readingsAround(spans, 14),
    aroundNow: await store.readingsAround(spans, 1_000),
    ofMessages: await store.readingsOf({ messages: [3, 7, 9] }, 14),
    ofIdentities: await store.readingsOf({ series: Int32Array.of(1, 2, 3), timeMs: Float64Array.of(5, 6, 7) }, 1_000),
    hours: await store.panesOf({ quantities: ['pm2_5'], level: 'hour', fromMs: -10, toMs: 40 }),
    heard: await store.heardHours({ fromMs: 0, toMs: 60 }),
    kpiRevisions: await store.kpiRevisions(['a', "o'x", 'ü'], { fromMs: -5, toMs: 45 }),
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
