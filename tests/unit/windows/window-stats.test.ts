import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import type { QuantityKind } from '../../../src/model/index.ts';
import { STAT_METHODS, StatsFold, statRefusal, type WindowStats } from '../../../src/windows/index.ts';

interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

interface Question {
  readonly kind?: QuantityKind;
  readonly stats: readonly string[];
  readonly windows: readonly (readonly [startMs: number, endMs: number])[];
  readonly exactReadingsMax?: number;
  readonly gapMsMax?: number;
}

function answer(question: Question, list: readonly Sample[]): readonly WindowStats[] {
  const { kind = 'gauge', stats, windows, exactReadingsMax = 1000, gapMsMax = 60_000 } = question;
  const fold = new StatsFold({
    kind,
    stats,
    gapMsMax,
    exactReadingsMax,
    windows: windows.map(([startMs, endMs]) => ({ startMs, endMs, count: inside(list, startMs, endMs).length })),
  });
  for (const { timeMs, value } of list) fold.add(timeMs, value);
  return fold.finish();
}

const inside = (list: readonly Sample[], startMs: number, endMs: number) =>
  list.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs).map(({ value }) => value);

/** numpy.percentile of the values, written out. */
function percentile(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  const position = ((sorted.length - 1) * percent) / 100;
  const low = Math.floor(position);
  return sorted[low]! * (1 - (position - low)) + (sorted[low + 1] ?? 0) * (position - low);
}

const samples = fc
  .uniqueArray(fc.record({ timeMs: fc.nat({ max: 500 }), tenths: fc.integer({ min: 0, max: 1300 }) }), {
    selector: ({ timeMs }) => timeMs,
    maxLength: 120,
  })
  .map((list) =>
    list.sort((a, b) => a.timeMs - b.timeMs).map(({ timeMs, tenths }): Sample => ({ timeMs, value: tenths / 10 })),
  );

/** Windows that overlap, touch, or leave stretches between them. */
const rolling = fc
  .tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 90 }), fc.nat({ max: 60 }))
  .map(([lengthMs, hopMs, firstMs]) =>
    Array.from({ length: Math.floor(400 / hopMs) }, (_, index) => {
      const startMs = firstMs + index * hopMs;
      return [startMs, startMs + lengthMs] as const;
    }),
  );

describe('any windows over any readings', () => {
  test('have the percentiles and deviations of their own readings', () => {
    fc.assert(
      fc.property(samples, rolling, (list, windows) => {
        const found = answer({ stats: ['p05', 'p50', 'p95', 'sd'], windows }, list);
        expect(found).toHaveLength(windows.length);
        for (const [index, [startMs, endMs]] of windows.entries()) {
          const values = inside(list, startMs, endMs);
          const { readings, stats } = found[index]!;
          expect(readings).toBe(values.length);
          for (const [name, percent] of [
            ['p05', 5],
            ['p50', 50],
            ['p95', 95],
          ] as const) {
            expectNear(stats[name]!.value, percentile(values, percent), 1e-9);
            expect(stats[name]!.method).toBe(STAT_METHODS.exact);
          }
          const mean = values.reduce((a, b) => a + b, 0) / values.length;
          const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
          expectNear(stats.sd!.value, values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)), 1e-9);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('take counters where they hold more readings than are kept, 1 % off at most, and tell', () => {
    fc.assert(
      fc.property(samples, rolling, (list, windows) => {
        const found = answer({ stats: ['p50', 'p90'], windows, exactReadingsMax: 10 }, list);
        for (const [index, [startMs, endMs]] of windows.entries()) {
          const values = inside(list, startMs, endMs);
          const isLarge = values.length > 10;
          for (const [name, percent] of [
            ['p50', 50],
            ['p90', 90],
          ] as const) {
            const { value, method } = found[index]!.stats[name]!;
            const exact = percentile(values, percent);
            expect(method).toBe(isLarge ? STAT_METHODS.sketch : STAT_METHODS.exact);
            expectNear(value, exact, isLarge ? 0.0101 * (exact ?? 0) + 1e-9 : 1e-9);
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  test('of sound: counters of tenths are exact for whole tenths, and the highest level is always exact', () => {
    fc.assert(
      fc.property(samples, rolling, (list, windows) => {
        const question: Question = { kind: 'level', stats: ['l10', 'l90', 'lmax'], windows, exactReadingsMax: 5 };
        for (const [index, { stats }] of answer(question, list).entries()) {
          const values = inside(list, ...windows[index]!);
          expectNear(stats.l10!.value, percentile(values, 90), 1e-9);
          expectNear(stats.l90!.value, percentile(values, 10), 1e-9);
          expect(stats.l10!.method).toBe(values.length > 5 ? STAT_METHODS.histogram : STAT_METHODS.exact);
          expect(stats.lmax!.value).toBe(values.length === 0 ? null : Math.max(...values));
        }
      }),
      { numRuns: 400 },
    );
  });

  test('weigh by time what each reading stood for, from beyond their own bounds', () => {
    fc.assert(
      fc.property(samples, rolling, fc.constantFrom('gauge', 'state'), (list, windows, kind) => {
        const found = answer({ kind: kind as QuantityKind, stats: ['twa'], windows, gapMsMax: 20 }, list);
        for (const [index, [startMs, endMs]] of windows.entries()) {
          const expected = meanByMilliseconds(kind === 'state', 20, list, startMs, endMs);
          if (expected !== undefined) expectNear(found[index]!.stats.twa!.value, expected, 1e-9);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The mean of what the series was in the middle of every millisecond; undefined where nothing is known. */
function meanByMilliseconds(isHeld: boolean, gapMs: number, list: readonly Sample[], startMs: number, endMs: number) {
  const known: number[] = [];
  for (let ms = startMs; ms < endMs; ms++) {
    const before = list.findLast(({ timeMs }) => timeMs <= ms);
    const newest = list.at(-1);
    const held = isHeld && newest !== undefined ? { timeMs: endMs, value: newest.value } : undefined;
    const after = list.find(({ timeMs }) => timeMs > ms) ?? held;
    if (before === undefined || after === undefined || after.timeMs - before.timeMs > gapMs) continue;
    const share = (ms + 0.5 - before.timeMs) / (after.timeMs - before.timeMs);
    known.push(isHeld ? before.value : before.value + share * (after.value - before.value));
  }
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
}

function expectNear(value: number | null, expected: number | null, tolerance: number): void {
  if (expected === null || value === null) expect(value).toBe(expected);
  else expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
}

test('holds the cells of one window and no more, however long the range', () => {
  const windows = Array.from({ length: 2000 }, (_, index) => ({
    startMs: index * HOUR_MS,
    endMs: (index + 8) * HOUR_MS,
    count: 480,
  }));
  const fold = new StatsFold({ kind: 'gauge', stats: ['p50'], windows, gapMsMax: 0, exactReadingsMax: 1000 });
  let most = 0;
  for (let timeMs = 0; timeMs < 2007 * HOUR_MS; timeMs += 30 * MINUTE_MS) {
    fold.add(timeMs, timeMs % 97);
    most = Math.max(most, fold.cellsHeld);
  }
  expect(most).toBeLessThanOrEqual(8);
  expect(fold.finish()).toHaveLength(2000);
});

test('refuses what means nothing of a quantity, and says what there is', () => {
  expect(statRefusal('p95', 'gauge')).toBe('');
  expect(statRefusal('l10', 'level')).toBe('');
  expect(statRefusal('p05', 'level')).toBe('');
  expect(statRefusal('twa', 'state')).toBe('');
  expect(statRefusal('p95', 'counter')).toContain('counter');
  expect(statRefusal('sd', 'angle')).toContain('angle');
  expect(statRefusal('sd', 'level')).toContain('level');
  expect(statRefusal('l10', 'gauge')).toContain('p90');
  expect(statRefusal('twa', 'delta')).toContain('time-weighted');
  for (const stat of ['p00', 'p100', 'p5', 'l00', 'median', ''])
    expect(statRefusal(stat, 'level')).toContain('p01 to p99');
});
