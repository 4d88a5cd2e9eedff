import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactSum } from '../../../src/base/index.ts';

describe('the exact sum', () => {
  it('keeps what plain addition loses', () => {
    expect(exactSum([1e100, 1, -1e100])).toBe(1);
    expect(exactSum(Array.from({ length: 10 }, () => 0.1))).toBe(1);
    expect(exactSum([])).toBe(0);
  });

  it('is infinite beyond the range of a double, of however many numbers', () => {
    expect(exactSum(Array.from({ length: 200 }, () => 1e308))).toBe(Number.POSITIVE_INFINITY);
    expect(exactSum(Array.from({ length: 200 }, () => -1e308))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('adds up what adds up itself', () => {
    function* sums() {
      for (const tenths of [3, 5]) yield exactSum(Array.from({ length: tenths }, () => 0.1));
    }
    expect(exactSum(sums())).toBe(0.3 + 0.5);
  });

  it('rounds half-way cases to even by the partials below', () => {
    expect(exactSum([1, 2 ** -53, 2 ** -106])).toBe(1 + 2 ** -52);
    expect(exactSum([1, 2 ** -53])).toBe(1);
  });

  it('equals the sum in whole numbers, whatever the order', () => {
    const scaled = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    fc.assert(
      fc.property(fc.array(scaled), (numbers) => {
        const whole = numbers.reduce((sum, value) => sum + BigInt(value), 0n);
        const values = numbers.map((value) => value / 1024);
        expect(exactSum(values)).toBe(Number(whole) / 1024);
        expect(exactSum(values.toReversed())).toBe(exactSum(values));
      }),
    );
  });
});
