import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceedanceLevel } from '../../../src/views/percentiles.ts';

test('the level exceeded 10 % of the time is the 90th percentile, linear between ranks', () => {
  // Eleven levels 50..60: rank 0.9 * 10 = 9 is the tenth of them.
  const levels = [60, 55, 50, 51, 59, 52, 58, 53, 57, 54, 56];
  expect(exceedanceLevel(levels, 10)).toBe(59);
  expect(exceedanceLevel(levels, 50)).toBe(55);
  expect(exceedanceLevel(levels, 90)).toBe(51);
});

test('a rank between two levels lies between them in proportion', () => {
  // Four levels: the 90th percentile has rank 2.7, 70 % of the way from 50 to 60.
  expect(exceedanceLevel([40, 60, 45, 50], 10)).toBeCloseTo(57, 12);
});

test('no level gives no percentile, and one level gives itself', () => {
  expect(exceedanceLevel([], 50)).toBeNull();
  expect(exceedanceLevel([61.5], 90)).toBe(61.5);
});

test('levels exceeded more often are never higher, and all lie between lowest and highest', () => {
  const levels = fc.array(fc.double({ min: 20, max: 130, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(levels, fc.integer({ min: 0, max: 99 }), (values, percent) => {
      const before = exceedanceLevel(values, percent)!;
      const after = exceedanceLevel(values, percent + 1)!;
      expect(after).toBeLessThanOrEqual(before);
      expect(before).toBeLessThanOrEqual(Math.max(...values));
      expect(after).toBeGreaterThanOrEqual(Math.min(...values));
    }),
  );
});
