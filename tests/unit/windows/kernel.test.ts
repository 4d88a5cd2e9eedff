import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import {
  READING_OUTCOMES,
  type RollingColumns,
  WindowEngine,
  type WindowSettings,
} from '../../../src/windows/index.ts';

const START_MS = Date.UTC(2026, 0, 15, 9);
/** More readings than are handed over at once, for the case that is long. */
const MANY = 9_000;

const FAST = { quantity: 'pm2_5', channel: '', expectEveryMs: MINUTE_MS } as const;
const KEYS = [
  { ...FAST, device: 'a' },
  { ...FAST, device: 'b', expectEveryMs: 10_000 },
  { device: 'c', quantity: 'energy_import', channel: '', expectEveryMs: MINUTE_MS },
  { ...FAST, device: 'd', expectEveryMs: 15 * MINUTE_MS },
];

type Step =
  | { readonly kind: 'batch'; readonly readings: readonly Point[] }
  | { readonly kind: 'rolling'; readonly lengthMs: number; readonly backMs: number }
  | { readonly kind: 'tick' | 'snapshot' | 'newSeries' }
  | { readonly kind: 'time'; readonly byMs: number };

interface Point {
  readonly series: number;
  readonly atMs: number;
  readonly value: number;
}

/** Times in few places, so that identities meet; now and then far away, so that blocks change their form. */
const atMs = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 300 }).map((step) => step * 10_000) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 4 * HOUR_MS }) },
  { weight: 1, arbitrary: fc.constantFrom(60 * 24 * HOUR_MS, -60 * 24 * HOUR_MS, 6 * HOUR_MS, -6 * HOUR_MS) },
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, -0, 1, 2.5, Number.NaN) },
  { weight: 10, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
);
const point = fc.record({ series: fc.nat(KEYS.length - 1), atMs, value });
/** A series that reports regularly fills its block and drops what is old. */
const run = fc
  .record({
    series: fc.nat(KEYS.length - 1),
    fromMs: atMs,
    everyMs: fc.constantFrom(1_000, 10_000, 60_000),
    count: fc.nat(300),
    seed: fc.nat(999),
  })
  .map(({ series, fromMs, everyMs, count, seed }) =>
    Array.from({ length: count }, (_, index) => ({
      series,
      atMs: fromMs + index * everyMs,
      value: (index * 17 + seed) % 23 === 0 ? Number.NaN : ((index * 7919 + seed * 31) % 1000) / 7,
    })),
  );
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(point, { maxLength: 60 }).map((readings) => ({ kind: 'batch', readings }) as const),
  },
  { weight: 4, arbitrary: run.map((readings) => ({ kind: 'batch', readings }) as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('rolling' as const),
      lengthMs: fc.constantFrom(MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 90_500.5),
      backMs: fc.constantFrom(-HOUR_MS, 0, 10_000, 30 * MINUTE_MS),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'tick' } as const) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'snapshot' } as const, { kind: 'newSeries' } as const) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 0, max: 90 * MINUTE_MS }).map((byMs) => ({ kind: 'time', byMs }) as const),
  },
);

function settingsOf(kernel: 'wasm' | 'off', clock: 'wall' | 'event', horizonMs: number): WindowSettings {
  return {
    kernel,
    clock,
    horizonMs,
    latenessMs: MINUTE_MS,
    counterGapMsMax: 3 * HOUR_MS,
    seriesMax: 100,
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: 'Europe/Madrid',
    memoryBytesMax: 2 ** 26,
    registerRateMaxPerHour: () => Number.POSITIVE_INFINITY,
  };
}

function rows(count: number): RollingColumns {
  const numbers = () => new Float64Array(count);
  const column = () => new Uint32Array(count);
  return { series: column(), count: column(), mean: numbers(), min: numbers(), max: numbers(), p95: numbers() };
}

/** All that can be seen of an engine that is taken through the steps. */
class Driven {
  readonly engine: WindowEngine;
  #newestMs = START_MS;
  #wallMs = START_MS;
  #snapshot: ReturnType<WindowEngine['beginSnapshot']> | undefined;

  constructor(settings: WindowSettings) {
    this.engine = new WindowEngine(settings);
    this.engine.passTime(START_MS);
    for (const key of KEYS) this.engine.intern(key);
  }

  take(step: Step): unknown {
    switch (step.kind) {
      case 'batch':
        return this.accept(step.readings);
      case 'rolling': {
        const out = rows(this.engine.seriesCount);
        const count = this.engine.rolling(this.#newestMs - step.backMs, step.lengthMs, out);
        return Object.values(out).map((column: Uint32Array | Float64Array) => [...column.subarray(0, count)]);
      }
      case 'tick': {
        const tick = this.engine.tick();
        return { ...tick, panes: Object.entries(tick.panes).map(([name, column]) => [name, column]) };
      }
      case 'snapshot':
        return this.#passSnapshot();
      case 'newSeries':
        return this.engine.intern({ ...FAST, device: `new ${this.engine.seriesCount}` });
      case 'time':
        this.#wallMs += step.byMs;
        return this.engine.passTime(this.#wallMs);
    }
  }

  accept(readings: readonly Point[]): unknown {
    const batch = {
      count: readings.length,
      series: Uint32Array.from(readings, ({ series }) => series),
      timeMs: Float64Array.from(readings, ({ atMs }) => START_MS + atMs),
      value: Float64Array.from(readings, (reading) => reading.value),
      outcome: new Uint8Array(readings.length),
    };
    this.engine.acceptColumns(batch);
    for (const { atMs } of readings) this.#newestMs = Math.max(this.#newestMs, START_MS + Math.min(atMs, 4 * HOUR_MS));
    return [...batch.outcome];
  }

  /** Begins one, or takes the pieces of one that was begun: readings come in between. */
  #passSnapshot(): unknown {
    if (this.#snapshot === undefined) {
      this.engine.tick();
      this.#snapshot = this.engine.beginSnapshot();
      return undefined;
    }
    const pieces: Uint8Array[] = [];
    for (let piece = this.#snapshot.next(); piece !== undefined; piece = this.#snapshot.next()) pieces.push(piece);
    this.engine.endSnapshot();
    this.#snapshot = undefined;
    return pieces;
  }

  state(): unknown {
    const series = Array.from({ length: this.engine.seriesCount }, (_, id) => {
      const view = this.engine.view(id);
      return [this.engine.newestMs(id), view.quarters(START_MS - 2 * HOUR_MS, START_MS + 5 * HOUR_MS)];
    });
    return [this.engine.nowMs, this.engine.lateCount, this.engine.bytes.records, series];
  }
}

describe('the kernel', () => {
  test('makes the same outcomes, panes, windows and snapshots as TypeScript, to the bit', { timeout: 120_000 }, () => {
    const property = fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom('wall' as const, 'event' as const),
      fc.constantFrom(2 * MINUTE_MS, 20 * MINUTE_MS, 2 * HOUR_MS),
      (steps, clock, horizonMs) => {
        const kernel = new Driven(settingsOf('wasm', clock, horizonMs));
        const plain = new Driven(settingsOf('off', clock, horizonMs));
        for (const each of [...steps, ...ENDING]) expect(kernel.take(each)).toEqual(plain.take(each));
        expect(kernel.state()).toEqual(plain.state());
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test('takes every kind of reading itself or leaves it, in batches longer than what is handed over at once', () => {
    const readings = manyReadings();
    const kernel = new Driven(settingsOf('wasm', 'event', 2 * HOUR_MS));
    const plain = new Driven(settingsOf('off', 'event', 2 * HOUR_MS));
    const outcomes = plain.accept(readings) as number[];
    expect(kernel.accept(readings)).toEqual(outcomes);
    const seen = new Set(outcomes.map((outcome) => READING_OUTCOMES[outcome]));
    expect(seen).toEqual(new Set(['counted', 'invalid', 'duplicate', 'conflict', 'lateFiled']));
    for (const each of ENDING) expect(kernel.take(each)).toEqual(plain.take(each));
    expect(kernel.state()).toEqual(plain.state());
  });

  test('leaves a window that is too long to be copied aside to TypeScript', () => {
    const readings = Array.from({ length: 10_000 }, (_, index) => ({
      series: index % 2,
      atMs: index * 200,
      value: (index * 7919) % 1009,
    }));
    const [kernel, plain] = (['wasm', 'off'] as const).map(
      (kind) => new Driven(settingsOf(kind, 'event', 2 * HOUR_MS)),
    );
    for (const batch of [readings, readings.map((reading) => ({ ...reading, atMs: reading.atMs + 7 }))]) {
      expect(kernel!.accept(batch)).toEqual(plain!.accept(batch));
    }
    const window = { kind: 'rolling', lengthMs: HOUR_MS, backMs: -1 } as const;
    const expected = plain!.take(window) as number[][];
    expect(expected[1]).toEqual([10_000, 10_000]);
    expect(kernel!.take(window)).toEqual(expected);
  });

  test('reads ahead in engines of many series, to the end of the memory', () => {
    const many = 3_000;
    const [kernel, plain] = (['wasm', 'off'] as const).map((kind) => {
      const driven = new Driven({ ...settingsOf(kind, 'event', 2 * HOUR_MS), seriesMax: many });
      for (let id = KEYS.length; id < many; id++) driven.take({ kind: 'newSeries' });
      return driven;
    });
    // Some series again and again, so that their blocks are full, grown and moved while others have none yet.
    for (let round = 0; round < 12; round++) {
      const readings = Array.from({ length: 5_000 }, (_, index) => ({
        series: (index * index * (round + 1)) % many,
        atMs: round * 20 * MINUTE_MS + index * 240,
        value: (index * 7919 + round) % 1_013,
      }));
      expect(kernel!.accept(readings)).toEqual(plain!.accept(readings));
      for (const each of ENDING) expect(kernel!.take(each)).toEqual(plain!.take(each));
    }
  });

  test('lets a snapshot have each series as it was before the readings that come while it is written', () => {
    const pieces = (['wasm', 'off'] as const).map((kind) => {
      const driven = new Driven(settingsOf(kind, 'event', 2 * HOUR_MS));
      driven.accept(manyReadings().slice(0, 2_000));
      driven.take({ kind: 'snapshot' });
      driven.take({ kind: 'newSeries' });
      driven.accept(manyReadings().slice(2_000, 4_000));
      driven.accept([{ series: KEYS.length, atMs: 2 * HOUR_MS, value: 1 }]);
      return driven.take({ kind: 'snapshot' }) as Uint8Array[];
    });
    expect(pieces[1]!.length).toBeGreaterThan(2);
    expect(pieces[0]).toEqual(pieces[1]);
  });

  test('is what its sources say', async ({ skip }) => {
    const { compiledText, compilerPath } = await import('../../../src/windows/kernel/build.mjs');
    if (compilerPath() === undefined) skip('the package assemblyscript is not installed');
    const committed = readFileSync(join(import.meta.dirname, '../../../src/windows/kernel/kernel-bytes.ts'), 'utf8');
    expect(await compiledText()).toBe(committed);
  });
});

const ENDING: readonly Step[] = [
  { kind: 'rolling', lengthMs: HOUR_MS, backMs: 0 },
  { kind: 'tick' },
  { kind: 'rolling', lengthMs: 10 * MINUTE_MS, backMs: MINUTE_MS },
];

/** All series step by step, with what is odd among it, each identity sometimes twice. */
function manyReadings(): Point[] {
  return Array.from({ length: MANY }, (_, index) => {
    const series = index % KEYS.length;
    const isOdd = index % 11 === 0;
    const backMs = isOdd ? (index % 40) * 30_000 : 0;
    const isLate = index > MANY / 2 && index % 1_000 === 1;
    return {
      series,
      atMs: isLate ? 0 : Math.max(0, Math.floor(index / KEYS.length) * 10_000 - backMs),
      value: index % 13 === 0 ? Number.NaN : index % 5 === 0 ? 7 : index,
    };
  });
}
