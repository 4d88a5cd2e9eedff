import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  SKETCH_ACCURACY,
  SKETCH_MAGNITUDE_MAX,
  SKETCH_MAGNITUDE_MIN,
  type SketchState,
  sketchMedian,
  sketchPercentile,
} from '../../../../src/windows/functions/index.ts';

function sketchOf(values: readonly number[]): SketchState {
  const state = sketchMedian.empty();
  for (const value of values) sketchMedian.add(state, 0, value);
  return state;
}

/** Magnitudes over the whole range and all of its decades, of both signs, and zeros. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.double({ min: -9, max: 16, noNaN: true }), fc.boolean()).map(signedPower) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-12, -1e-12) },
  { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }) },
);

function signedPower([exponent, isNegative]: [number, boolean]): number {
  return (isNegative ? -1 : 1) * Math.min(SKETCH_MAGNITUDE_MAX, 10 ** exponent);
}

test('every percentile is within 1 % of the values it lies between', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), fc.nat({ max: 100 }), (values, percent) => {
      const sorted = Float64Array.from(values).sort();
      const position = ((sorted.length - 1) * percent) / 100;
      const [low, high] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
      const share = position - Math.floor(position);
      const exact = low + (high - low) * share;
      const errorMax = SKETCH_ACCURACY * ((1 - share) * Math.abs(low) + share * Math.abs(high));
      const estimate = sketchPercentile(sketchOf(values), percent)!;
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(errorMax * (1 + 1e-9) + SKETCH_MAGNITUDE_MIN);
    }),
    { numRuns: 2000 },
  );
});

test('smallest and largest are exact', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
      const state = sketchOf(values);
      expect(sketchPercentile(state, 0)! + 0).toBe(values.reduce((a, b) => Math.min(a, b)) + 0);
      expect(sketchPercentile(state, 100)! + 0).toBe(values.reduce((a, b) => Math.max(a, b)) + 0);
    }),
  );
});

test('counters are the same for any order of coming and any split', () => {
  const countersOf = ({ positives, negatives, zeroCount, min, max }: SketchState) => ({
    positives: positives.entries(),
    negatives: negatives.entries(),
    zeroCount,
    min: min + 0,
    max: max + 0,
  });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 100 }), fc.array(value, { maxLength: 100 }), (a, b) => {
      const merged = sketchOf(a);
      sketchMedian.merge(merged, sketchOf(b));
      const other = sketchOf(b.toReversed());
      sketchMedian.merge(other, sketchOf(a.toReversed()));
      expect(countersOf(merged)).toEqual(countersOf(sketchOf([...b, ...a])));
      expect(countersOf(other)).toEqual(countersOf(merged));
    }),
    { numRuns: 500 },
  );
});

test('never holds more than its range of bins, however wide and many the values are', () => {
  const state = sketchMedian.empty();
  for (let exponent = -320; exponent <= 308; exponent++) {
    for (const sign of [-1, 1]) sketchMedian.add(state, 0, sign * 10 ** exponent);
  }
  expect(state.positives.bytes + state.negatives.bytes).toBeLessThanOrEqual(2 * 4 * 2900);
  expect(sketchPercentile(state, 50)).toBe(0);
});
