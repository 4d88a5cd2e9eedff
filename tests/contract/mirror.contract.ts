import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FaultyHttp, type ServerProcess } from '../../harness/index.ts';
import { HOUR_MS, MINUTE_MS, systemClock } from '../../src/base/index.ts';
import { createDuckdbStore } from '../../src/store/duckdb/index.ts';
import {
  type Mirror,
  type MirrorPoint,
  type MirrorStanding,
  type PointsQuery,
  ReadingStatus,
  type Store,
} from '../../src/store/index.ts';
import { mirrorFiles, writeRewind } from '../../src/workers/mirror-files.ts';
import { MirrorLoop } from '../../src/workers/mirror-loop.ts';
import { batchOf, columnsOf, deviceOf, kpiOf, paneOf, readingOf, seriesOf } from './store-rows.ts';

/** A kind of mirror with a real server. */
export interface MirrorHarness {
  /** A server with a data folder of its own. */
  openServer(folder: string, isStarted?: boolean): Promise<ServerProcess>;
  /** @param url of the server, or of a proxy in front of it */
  open(url: string): Mirror;
  /** Reads what the server holds by a way of the test's own, where the mirror itself cannot. */
  read(mirror: Mirror, server: ServerProcess, query: PointsQuery): Promise<readonly MirrorPoint[]>;
  /** A point that comes again takes the place of the first; otherwise nobody knows which of the two is answered. */
  readonly replaces: boolean;
  /** What the server answers when a part of a request is refused for good; the other lines are stored. */
  readonly partialAnswer: (refused: number) => { status: number; body: string };
}

const START_MS = Date.UTC(2026, 0, 15, 12);
const NAME = 'town';
const DUCKDB = { memoryBytesMax: 256 << 20, threads: 1, clock: systemClock } as const;
const ZONES: Readonly<Record<string, string>> = { 'air-1': 'west', 'air-2': 'west', 'meter-1': 'west' };
const EVER = { fromMs: START_MS - 1_000 * HOUR_MS, toMs: START_MS + 1_000 * HOUR_MS };
/** Ids that break careless line protocol and careless queries. */
const HARD_NAMES = ['a b', 'a,b', 'a=b', 'a\\', 'a\\,b', 'a"b', "a'b", 'a\nb', 'ü/№7', 'a%5C', '100%', '"', 'a\\ '];

/** What every mirror must do, on a real server, behind a proxy that can do harm. */
export function mirrorContract(
  name: string,
  isInstalled: boolean,
  { openServer, open, read, replaces, partialAnswer }: MirrorHarness,
): void {
  describe.skipIf(!isInstalled)(`mirror contract: ${name} (skipped where its server is not installed)`, () => {
    let folder: string;
    let server: ServerProcess;
    let proxy: FaultyHttp;
    let store: Store;
    let data: string;
    let loop: Loop;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vitals-mirror-'));
    });
    beforeEach(async () => {
      server = await openServer(mkdtempSync(join(folder, 'server-')));
      proxy = await FaultyHttp.open(server.url);
      data = mkdtempSync(join(folder, 'data-'));
      store = createDuckdbStore({ file: join(data, 'store.duckdb'), ...DUCKDB });
      await store.open();
      loop = new Loop(() => open(proxy.url), store, join(data, 'mirrors'));
    });
    /** As a restart of the product does. */
    const reopen = async () => {
      await loop.stop();
      await store.close();
      store = createDuckdbStore({ file: join(data, 'store.duckdb'), ...DUCKDB });
      await store.open();
      loop.source = store;
    };
    afterEach(async () => {
      await loop.stop();
      await store.close();
      await proxy.close();
      await server.kill();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const readingsOf = (device: string, more: Readonly<Record<string, string>> = {}) =>
      read(open(server.url), server, { ...EVER, level: 'raw', measurement: 'air_quality', tags: { device, ...more } });

    test('has readings, panes and KPI values, with their tags, coverage and count', async () => {
      await store.write(city(10));
      await loop.untilLevel();
      const tags = { device: 'air-1', quantity: 'pm2_5', zone: 'west' };
      expect(await readingsOf('air-1', { quantity: 'pm2_5', zone: 'west', stat: 'reading' })).toEqual([
        { timeMs: START_MS, value: 11.5, coverage: null, count: 1 },
        { timeMs: START_MS + 1, value: null, coverage: null, count: 0 },
        { timeMs: START_MS + 2, value: -0.125, coverage: null, count: 1 },
      ]);
      const hour = { ...EVER, level: 'hour', measurement: 'air_quality' } as const;
      const of = async (stat: string) =>
        (await read(open(server.url), server, { ...hour, tags: { ...tags, stat } }))[0];
      expect(await of('mean')).toEqual({ timeMs: START_MS, value: 10, coverage: 0.5, count: 60 });
      expect(await of('min')).toMatchObject({ value: 1 });
      expect(await of('max')).toMatchObject({ value: 20 });
      const kpis = await read(open(server.url), server, {
        ...{ ...EVER, level: 'kpi', measurement: 'kpi' },
        tags: { kpi: 'air-pm2-5-hour', zone: 'west' },
      });
      expect(kpis).toEqual([{ timeMs: START_MS, value: 12.25, coverage: 0.75, count: 45 }]);
      expect(loop.standing()).toMatchObject({ position: 10, problem: null, refusedTotal: 0 });
    });

    test('has what a correction says, and no number where there is none any more', async () => {
      await store.write(city(10));
      await loop.untilLevel();
      const identities = { series: Int32Array.of(0, 0), timeMs: Float64Array.of(START_MS, START_MS + 2) };
      const readings = columnsOf([
        readingOf({ sequence: 3, timeMs: START_MS, value: 13, status: ReadingStatus.again }),
      ]);
      const again = { messages: [3, 5], identities, readings, quarantine: [] };
      const kpis = [kpiOf({ zone: 'west', startMs: START_MS, value: null, validCount: 0, coverage: 0, revision: 1 })];
      await store.write(batchOf(20, { again, kpis }));
      await loop.untilLevel();
      if (replaces) expect((await readingsOf('air-1')).map(({ value }) => value)).toEqual([13, null, null]);
      const [value] = await read(open(server.url), server, {
        ...EVER,
        level: 'kpi',
        measurement: 'kpi',
        tags: { zone: 'west' },
      });
      if (replaces) expect(value).toMatchObject({ value: null, count: 0, coverage: 0 });
    });

    test('tells names apart that line protocol can hardly say', async () => {
      const series = HARD_NAMES.map((device, id) => seriesOf({ id, device, channel: device }));
      const devices = HARD_NAMES.map((device) => deviceOf({ device, zone: device }));
      const readings = HARD_NAMES.map((_, id) =>
        readingOf({ series: id, sequence: id + 1, timeMs: START_MS, value: id }),
      );
      await store.write(batchOf(100, { series, devices, readings }));
      await loop.untilLevel();
      expect(loop.standing().refusedTotal).toBe(0);
      for (const [id, device] of HARD_NAMES.entries()) {
        expect(await readingsOf(device, { channel: device, zone: device }), device).toEqual([
          { timeMs: START_MS, value: id, coverage: null, count: 1 },
        ]);
      }
    });

    test('goes on from its cursor, and is told twice only what it is ordered to, which says the same', async () => {
      await store.write(city(10));
      await loop.untilLevel();
      const { linesTotal } = loop.standing();
      expect(linesTotal).toBe(3 + 6 + 1);
      await reopen();
      await store.write(batchOf(20, { readings: [readingOf({ sequence: 15, timeMs: START_MS + 3, value: 4 })] }));
      await loop.untilLevel();
      // And what was told in the seconds before it was stopped.
      const again = loop.standing().linesTotal;
      expect(again).toBeLessThanOrEqual(linesTotal + 1);
      loop.rewind(START_MS + 2);
      await loop.untilLevel(() => loop.standing().linesTotal > again);
      loop.rewind(0);
      await loop.untilLevel(() => loop.standing().linesTotal > again + linesTotal);
      expect((await readingsOf('air-1')).map(({ value }) => value)).toEqual([11.5, null, -0.125, 4]);
    });

    test('gets everything when it starts late, and when it is killed and comes back under load', async () => {
      await server.kill();
      await store.write(city(10));
      loop.start();
      await until(() => loop.standing().problem !== null);
      expect(loop.standing().position).toBe(0);
      await server.start();
      await loop.untilLevel();
      let killed = false;
      for (let round = 1; round <= 40; round++) {
        await store.write(load(10 + round * 500, 500));
        if (round % 10 === 5) await server.kill();
        if (round % 10 === 8) {
          // A kill that nobody notices is not made good, and not promised.
          await until(() => loop.standing().problem !== null);
          await server.start();
        }
        killed ||= round % 10 === 5;
        await sleep(20);
      }
      await loop.untilLevel();
      await until(() => !loop.standing().isRepeating);
      expect(killed && loop.standing().retriesTotal > 0).toBe(true);
      const held = await readingsOf('air-2');
      expect(held.map(({ timeMs }) => timeMs)).toEqual(Array.from({ length: 20_000 }, (_, at) => loadTimeMs(at)));
      expect(held.every(({ value, timeMs }) => value === loadValue(timeMs))).toBe(true);
    }, 120_000);

    test('waits as it is asked to, and loses nothing to a busy server or a connection that breaks', async () => {
      let refusals = 0;
      proxy.fault = ({ path }) => {
        if (!path.includes('write')) return undefined;
        refusals++;
        if (refusals === 1) return { status: 503, headers: { 'retry-after': '2' } };
        if (refusals === 2) return { status: 429 };
        if (refusals === 3) return { reset: 'before' };
        return refusals === 4 ? { reset: 'after' } : undefined;
      };
      await store.write(city(10));
      const startMs = systemClock.monotonicMs();
      await loop.untilLevel();
      expect(loop.waits.some((forMs) => forMs >= 2_000)).toBe(true);
      expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(0);
      expect(loop.standing()).toMatchObject({ problem: null, refusedTotal: 0, retriesTotal: 4 });
      expect((await readingsOf('air-1')).map(({ value }) => value)).toEqual([11.5, null, -0.125]);
    });

    test('leaves out the points that are refused for good, writes them down, and takes the others', async () => {
      proxy.fault = ({ path, text }) => {
        const poisoned = text.split('\n').filter((line) => line.includes('value=777')).length;
        return path.includes('write') && poisoned > 0 ? partialAnswer(poisoned) : undefined;
      };
      await store.write(city(10));
      const rows = Array.from({ length: 1_000 }, (_, at) =>
        readingOf({ series: 1, sequence: 11 + at, timeMs: START_MS + at, value: at % 400 === 7 ? 777 : -at }),
      );
      await store.write(batchOf(2_000, { readings: rows }));
      await loop.untilLevel();
      expect(loop.standing().refusedTotal).toBe(3);
      const kept = rows.filter(({ value }) => value !== 777);
      expect((await readingsOf('air-2')).map(({ timeMs }) => timeMs)).toEqual(kept.map(({ timeMs }) => timeMs));
      expect(loop.refused().every(({ line, detail }) => line.includes('value=777') && detail.includes('400'))).toBe(
        true,
      );
      expect(loop.refused().length).toBe(3);
    });

    test('takes an answer that is none for no answer, and what is refused as a whole for nobody’s fault', async () => {
      let seen = 0;
      proxy.fault = ({ path }) => {
        if (!path.includes('write') || ++seen > 8) return undefined;
        if (seen === 1) return { status: 200, body: '<html>log in</html>' };
        return seen === 2 ? { status: 302, headers: { location: '/login' } } : { status: 400, body: 'no such org' };
      };
      await store.write(city(10));
      await loop.untilLevel();
      expect(loop.standing()).toMatchObject({ problem: null, refusedTotal: 0 });
      expect(loop.standing().retriesTotal).toBeGreaterThanOrEqual(3);
      expect((await readingsOf('air-1')).map(({ value }) => value)).toEqual([11.5, null, -0.125]);
    });

    test('is told everything when it is another one than before, or the embedded store is', async () => {
      await store.write(city(10));
      await loop.untilLevel();
      const { linesTotal } = loop.standing();
      await reopen();
      loop.target = 'elsewhere';
      await loop.untilLevel(() => loop.standing().linesTotal === linesTotal);
      expect(loop.warnings.join()).toContain('what was told before went to here');
      await loop.stop();
      const other = createDuckdbStore({ file: join(mkdtempSync(join(folder, 'other-')), 's.duckdb'), ...DUCKDB });
      await other.open();
      await other.write(
        batchOf(2, { series: [seriesOf({ id: 0, device: 'air-9' })], readings: [readingOf({ timeMs: START_MS })] }),
      );
      loop.source = other;
      await loop.untilLevel(() => loop.standing().linesTotal === 1);
      expect(loop.warnings.join()).toContain('the embedded store is another one');
      expect((await readingsOf('air-9')).length).toBe(1);
      await loop.stop();
      await other.close();
    });

    test('gets on although the server goes away again and again', async () => {
      let writes = 0;
      proxy.fault = ({ path }) => (path.includes('write') && ++writes % 3 === 0 ? { reset: 'before' } : undefined);
      await store.write(city(10));
      for (let round = 1; round <= 20; round++) await store.write(load(10 + round * 500, 500));
      await loop.untilLevel();
      expect((await readingsOf('air-2')).length).toBe(10_000);
    });

    test('sends less at once to a server that takes less', async () => {
      proxy.fault = ({ path, text }) => {
        return path.includes('write') && text.split('\n').length > 300 ? { status: 413 } : undefined;
      };
      await store.write(city(10));
      await store.write(load(510, 500));
      await store.write(load(1_010, 500));
      await loop.untilLevel();
      expect(loop.standing().refusedTotal).toBe(0);
      expect((await readingsOf('air-2')).length).toBe(1_000);
    });
  });
}

/** An air sensor and a register in the west, with readings, panes and a value. */
function city(position: number) {
  return batchOf(position, {
    series: [
      seriesOf({ id: 0, device: 'air-1' }),
      seriesOf({ id: 1, device: 'air-2' }),
      seriesOf({ id: 2, device: 'meter-1', quantity: 'water_volume', kind: 'counter', domain: 'water', unit: 'm3' }),
    ],
    devices: ['air-1', 'air-2', 'meter-1'].map((device) => deviceOf({ device, zone: 'west' })),
    readings: [
      readingOf({ sequence: 3, timeMs: START_MS, value: 11.5 }),
      readingOf({ sequence: 4, timeMs: START_MS + 1, value: 5, quality: 1, status: ReadingStatus.invalid }),
      readingOf({ sequence: 5, timeMs: START_MS + 2, value: -0.125 }),
    ],
    panes: [
      { series: 0, level: 'hour', pane: paneOf({ startMs: START_MS, sum: 600, coveredSlots: 30 }) },
      { series: 2, level: 'hour', pane: paneOf({ startMs: START_MS, increase: 2.5, increaseCoveredMs: HOUR_MS }) },
      { series: 2, level: 'quarter', pane: paneOf({ startMs: START_MS, endMs: START_MS + 15 * MINUTE_MS }) },
      {
        series: 2,
        level: 'quarter',
        pane: paneOf({ startMs: START_MS + 15 * MINUTE_MS, endMs: START_MS + 30 * MINUTE_MS }),
      },
    ],
    kpis: [kpiOf({ zone: 'west', startMs: START_MS, value: 12.25, coverage: 0.75, validCount: 45 })],
  });
}

function loadTimeMs(at: number): number {
  return START_MS + at * 1_000;
}

function loadValue(timeMs: number): number {
  return (timeMs - START_MS) / 1_000 / 8;
}

/** Readings of one series that lie `count` apart from batch to batch. */
function load(position: number, count: number) {
  const first = position - 10 - count;
  const readings = Array.from({ length: count }, (_, at) => {
    const timeMs = loadTimeMs(first + at);
    return readingOf({ series: 1, sequence: position - count + at + 1, timeMs, value: loadValue(timeMs) });
  });
  return batchOf(position, { readings });
}

/** A loop that can be stopped and started anew. */
class Loop {
  readonly waits: number[] = [];
  readonly warnings: string[] = [];
  target = 'here';
  readonly #open: () => Mirror;
  source: Store;
  readonly #folder: string;
  #running: { readonly loop: MirrorLoop; readonly ended: Promise<void>; wake: () => void } | undefined;

  constructor(openMirror: () => Mirror, store: Store, folder: string) {
    this.#open = openMirror;
    this.source = store;
    this.#folder = folder;
  }

  start(): void {
    const loop = new MirrorLoop({
      ...{ name: NAME, target: this.target, mirror: this.#open(), source: this.source, folder: this.#folder },
      clock: systemClock,
      zoneOf: (device) => ZONES[device] ?? device,
      // What it waits for is noted; the test does not wait as long.
      wait: async (forMs) => {
        this.waits.push(forMs);
        await sleep(Math.min(forMs, 50));
      },
      random: () => 0.5,
      onStanding: () => undefined,
      onWarning: (text) => this.warnings.push(text),
    });
    this.#running = { loop, ended: loop.run(), wake: () => undefined };
  }

  standing(): MirrorStanding {
    return this.#running!.loop.standing();
  }

  /** Starts it where it does not run, and waits until it has all that the store has. */
  async untilLevel(alsoWhen: () => boolean = () => true): Promise<void> {
    if (this.#running === undefined) this.start();
    const { position } = await this.source.stats();
    await until(() => alsoWhen() && this.standing().position === position && this.standing().batchesBehind === 0);
  }

  rewind(toMs: number): void {
    writeRewind(mirrorFiles(this.#folder, NAME).rewind, toMs);
  }

  refused(): { line: string; detail: string }[] {
    const text = readFileSync(mirrorFiles(this.#folder, NAME).refused, 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: string; detail: string });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.loop.stop();
    await running?.ended;
  }
}

async function until(holds: () => boolean, msMax = 60_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + msMax;
  while (!holds()) {
    if (systemClock.monotonicMs() > endMs) throw new Error('it did not come to pass');
    await sleep(10);
  }
}
