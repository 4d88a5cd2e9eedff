import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WINDOW_FUNCTIONS, type WindowFunction } from '../../../../src/windows/functions/index.ts';

interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

/** Whole thousandths, so that naive sums of them are exact as integers; levels, angles and concentrations alike. */
const samples = fc
  .uniqueArray(
    fc.record({
      timeMs: fc.integer({ min: 0, max: 40_000_000 }),
      thousandths: fc.integer({ min: -150_000, max: 150_000 }),
    }),
    { selector: ({ timeMs }) => timeMs, maxLength: 80 },
  )
  .map((list) =>
    list
      .sort((a, b) => a.timeMs - b.timeMs)
      .map(({ timeMs, thousandths }): Sample => ({ timeMs, value: thousandths / 1000 })),
  );

function folded(each: WindowFunction<unknown, unknown>, list: readonly Sample[]): unknown {
  const state = each.empty();
  for (const { timeMs, value } of list) each.add(state, timeMs, value);
  return state;
}

/** The list cut at the places given (and empty stretches between equal places). */
function cut(list: readonly Sample[], cuts: readonly number[]): Sample[][] {
  const places = [0, ...cuts.map((place) => place % (list.length + 1)).sort((a, b) => a - b), list.length];
  return places.slice(1).map((end, index) => list.slice(places[index], end));
}

/** Bit for bit where the state is made of integers or readings; otherwise far below what any reading resolves. */
const EXACT = new Set([
  'count',
  'min',
  'max',
  'first',
  'last',
  'level-histogram',
  'exact-percentiles',
  'percentile-sketch',
]);

function expectSame(id: string, merged: unknown, whole: unknown): void {
  if (EXACT.has(id) || typeof whole !== 'number') expect(merged).toEqual(whole);
  else if (id === 'circular-mean') expectSameDirection(merged as number, whole);
  else expect(Math.abs((merged as number) - whole)).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(whole)));
}

/** Both sides of north are near each other. Random directions seldom cancel so far that the rounding decides. */
function expectSameDirection(a: number, b: number): void {
  expect(Math.abs(((a - b + 540) % 360) - 180)).toBeLessThan(1e-6);
}

describe.each(WINDOW_FUNCTIONS.map((each) => [each.id, each] as const))('%s', (id, each) => {
  test('gives the same for any split of the readings, merged in order of time', () => {
    fc.assert(
      fc.property(samples, fc.array(fc.nat(1000), { maxLength: 6 }), (list, cuts) => {
        const [into, ...rest] = cut(list, cuts).map((part) => folded(each, part));
        for (const later of rest) each.merge(into, later);
        expectSame(id, each.result(into), each.result(folded(each, list)));
      }),
      { numRuns: 300 },
    );
  });

  test('does not care in which order neighbours merge, and leaves the later one as it was', () => {
    fc.assert(
      fc.property(samples, samples, samples, (a, b, c) => {
        const shift = (list: readonly Sample[], byMs: number) =>
          list.map(({ timeMs, value }) => ({ timeMs: timeMs + byMs, value }));
        const state = (list: readonly Sample[], index: number) => folded(each, shift(list, index * 40_000_001));
        const leftFirst = state(a, 0);
        const b1 = state(b, 1);
        each.merge(leftFirst, b1);
        expect(each.result(b1)).toEqual(each.result(state(b, 1)));
        each.merge(leftFirst, state(c, 2));
        const right = state(b, 1);
        each.merge(right, state(c, 2));
        const rightFirst = state(a, 0);
        each.merge(rightFirst, right);
        expectSame(id, each.result(rightFirst), each.result(leftFirst));
      }),
      { numRuns: 200 },
    );
  });

  test('has nothing to tell of no reading', () => {
    const nothing = each.result(each.empty());
    if (id === 'count' || id === 'sum') expect(nothing).toBe(0);
    else
      expect(Object.values(typeof nothing === 'object' && nothing !== null ? nothing : [nothing])).toEqual(
        id === 'level-histogram' ? [null, null, null, null] : [null],
      );
  });
});

test('ids are unique', () => {
  const ids = WINDOW_FUNCTIONS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
