import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  circularMean,
  energeticMean,
  exactMedian,
  exactPercentiles,
  levelHistogram,
  levelPercentile,
  standardDeviation,
  WINDOW_FUNCTIONS,
  type WindowFunction,
} from '../../../../src/windows/functions/index.ts';

function resultOf<State, Result>(each: WindowFunction<State, Result>, values: readonly number[]): Result {
  const state = each.empty();
  for (const [index, value] of values.entries()) each.add(state, index * 60_000, value);
  return each.result(state);
}

function stateOf<State>(each: WindowFunction<State, unknown>, values: readonly number[]): State {
  const state = each.empty();
  for (const [index, value] of values.entries()) each.add(state, index, value);
  return state;
}

const functionOf = (id: string) => WINDOW_FUNCTIONS.find((each) => each.id === id)!;

describe('published numbers', () => {
  interface Vector {
    readonly fn: string;
    readonly inputs: { readonly levels: number[]; readonly durations?: number[]; readonly n?: number };
    readonly expected: number | null;
    readonly tolerance?: number;
    readonly id: string;
  }
  const file = new URL('../../../vectors/data/noise.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
  const of = (...names: string[]) =>
    vectors.filter(({ fn, inputs }) => names.includes(fn) && inputs.durations === undefined);

  test.each(of('noise.leq', 'noise.energyMean'))('energetic mean: $id', ({ inputs, expected, tolerance }) => {
    const level = resultOf(energeticMean, inputs.levels);
    if (expected === null) expect(level).toBeNull();
    else expect(Math.abs(level! - expected)).toBeLessThanOrEqual(tolerance!);
  });

  test.each(of('noise.exceedance'))('level exceeded: $id', ({ inputs, expected, tolerance }) => {
    const percent = 100 - inputs.n!;
    const counted = levelPercentile(stateOf(levelHistogram, inputs.levels), percent);
    expect(Math.abs(counted! - expected!)).toBeLessThanOrEqual(tolerance!);
    const exact = exactPercentiles(stateOf(exactMedian, inputs.levels), [percent])[0];
    expect(Math.abs(exact! - expected!)).toBeLessThanOrEqual(tolerance!);
  });

  test('standard deviation: NIST StRD NumAcc4, where the squares of the values drown the spread', () => {
    // 10000000.2, then 500 times 10000000.1 and 10000000.3; certified: mean 10000000.2, deviation 0.1.
    const values = [10_000_000.2, ...Array.from({ length: 1000 }, (_, i) => 10_000_000.1 + (i % 2) * 0.2)];
    expect(resultOf(standardDeviation, values)).toBeCloseTo(0.1, 8);
    expect(resultOf(functionOf('mean'), values)).toBeCloseTo(10_000_000.2, 8);
    const [early, late] = [
      stateOf(standardDeviation, values.slice(0, 333)),
      stateOf(standardDeviation, values.slice(333)),
    ];
    standardDeviation.merge(early, late);
    expect(standardDeviation.result(early)).toBeCloseTo(0.1, 8);
  });

  test('percentiles: the examples of Excel PERCENTILE and numpy.percentile', () => {
    expect(exactPercentiles(stateOf(exactMedian, [1, 3, 2, 4]), [30])[0]).toBeCloseTo(1.9, 12);
    expect(resultOf(exactMedian, [10, 7, 4, 3, 2, 1])).toBe(3.5);
  });
});

describe('by hand', () => {
  test('directions either side of north mean north, not south', () => {
    expect(resultOf(circularMean, [350, 10])! % 360).toBeCloseTo(0, 9);
    expect(resultOf(circularMean, [90, 180])).toBeCloseTo(135, 9);
    expect(resultOf(circularMean, [359, 357])).toBeCloseTo(358, 9);
  });

  test('a deviation takes two readings', () => {
    expect(resultOf(standardDeviation, [7])).toBeNull();
    expect(resultOf(standardDeviation, [7, 9])).toBeCloseTo(Math.SQRT2, 12);
    expect(resultOf(standardDeviation, [7, 7, 7])).toBe(0);
  });

  test('levels on the bounds of bins count as the tenth they are, and the highest level is exact', () => {
    const { l10, l50, l90, lmax } = resultOf(levelHistogram, [55.04, 55.05, 60.1, 70.3, 99.97]);
    expect(l50).toBe(60.1);
    expect(lmax).toBe(99.97);
    expect(l10).toBeCloseTo(70.3 + 0.6 * (99.97 - 70.3), 9);
    expect(l90).toBeGreaterThanOrEqual(55.04);
  });

  test('levels beyond any sound stay in the bins at the ends', () => {
    const { l50, lmax } = resultOf(levelHistogram, [-1e6, 50, 1e6]);
    expect(l50).toBe(50);
    expect(lmax).toBe(1e6);
  });
});

describe('recomputed naively', () => {
  // Whole thousandths: sums of them and of their squares are exact as BigInt.
  const thousandths = fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 }), { minLength: 1, maxLength: 100 });

  test('sum, mean and deviation equal the exact ones', () => {
    fc.assert(
      fc.property(thousandths, (list) => {
        const values = list.map((each) => each / 1000);
        const n = BigInt(list.length);
        const total = list.reduce((a, each) => a + BigInt(each), 0n);
        const squares = list.reduce((a, each) => a + BigInt(each) * BigInt(each), 0n);
        expect(resultOf(functionOf('sum'), values)).toBeCloseTo(Number(total) / 1000, 9);
        expect(resultOf(functionOf('mean'), values)).toBeCloseTo(Number(total) / Number(n) / 1000, 9);
        if (list.length < 2) return;
        const variance = Number(n * squares - total * total) / Number(n * (n - 1n)) / 1e6;
        expect(resultOf(standardDeviation, values)).toBeCloseTo(Math.sqrt(variance), 8);
      }),
      { numRuns: 500 },
    );
  });

  test('count, extremes, first and last are those of the list', () => {
    fc.assert(
      fc.property(thousandths, (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const of = (id: string) => resultOf(functionOf(id), values);
        expect([of('count'), of('min'), of('max'), of('first'), of('last')]).toEqual([
          values.length,
          sorted[0],
          sorted.at(-1),
          values[0],
          values.at(-1),
        ]);
      }),
    );
  });

  test('the sum is that of twice the precision', () => {
    expect(resultOf(functionOf('sum'), [1e16, 1, -1e16])).toBe(1);
    expect(
      resultOf(
        functionOf('sum'),
        Array.from({ length: 1000 }, () => 0.1),
      ),
    ).toBe(100);
  });

  test('merged sums carry the errors of both sides along', () => {
    const into = stateOf(functionOf('sum'), [-1e16]);
    functionOf('sum').merge(into, stateOf(functionOf('sum'), [1, 1e16]));
    expect(functionOf('sum').result(into)).toBe(1);
  });

  test('percentiles lie where counting says: at most the share below, at most the rest above', () => {
    fc.assert(
      fc.property(thousandths, fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const value = exactPercentiles(stateOf(exactMedian, values), [percent])[0]!;
        const below = values.filter((each) => each < value).length;
        const above = values.filter((each) => each > value).length;
        const position = ((values.length - 1) * percent) / 100;
        expect(below).toBeLessThanOrEqual(Math.ceil(position));
        expect(above).toBeLessThanOrEqual(values.length - 1 - Math.floor(position));
      }),
    );
  });

  test('levels exceeded are within half a tenth of the exact ones, and exact for whole tenths', () => {
    const levels = fc.array(fc.integer({ min: 2000, max: 13_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(levels, fc.integer({ min: 1, max: 99 }), (hundredths, percent) => {
        const fine = hundredths.map((each) => each / 100);
        const counted = levelPercentile(stateOf(levelHistogram, fine), percent)!;
        const exact = exactPercentiles(stateOf(exactMedian, fine), [percent])[0]!;
        expect(Math.abs(counted - exact)).toBeLessThanOrEqual(0.05 + 1e-9);
        const tenths = hundredths.map((each) => Math.round(each / 10) / 10);
        expect(levelPercentile(stateOf(levelHistogram, tenths), percent)).toBe(
          exactPercentiles(stateOf(exactMedian, tenths), [percent])[0],
        );
      }),
      { numRuns: 500 },
    );
  });
});
