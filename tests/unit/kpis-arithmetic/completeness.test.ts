import { describe, expect, test } from 'vitest';
import {
  annualComplete90,
  annualCompleteChina,
  aot40,
  dayComplete,
  hourComplete,
  hoursOfYear,
  mda8Eu,
  mda8Us,
  mean8h,
  meanOfValid,
  percentileRankEpa,
  requiredHours75,
  roundHalfUp,
} from '../../../src/kpis/arithmetic/index.ts';

const hours = (count: number, value: number | null) => Array<number | null>(count).fill(value);

describe('completeness', () => {
  test('each authority has its own day', () => {
    expect([15, 16, 17, 18, 19, 20].map((count) => dayComplete(count, 'eu'))).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect([dayComplete(19, 'china'), dayComplete(20, 'china')]).toEqual([false, true]);
    expect([dayComplete(15, 'india'), dayComplete(16, 'india')]).toEqual([false, true]);
    expect([hourComplete(44.9), hourComplete(45)]).toEqual([false, true]);
  });

  test('a leap year needs 7906 hours for 90 %', () => {
    expect([hoursOfYear(2024), hoursOfYear(2025), hoursOfYear(2000), hoursOfYear(2100)]).toEqual([
      8784, 8760, 8784, 8760,
    ]);
    expect(annualComplete90(7905, 8784)).toBe(false);
    expect(annualComplete90(7906, 8784)).toBe(true);
    expect(annualComplete90(0, 0)).toBe(false);
  });

  test('a year with one poor month fails where the month counts too', () => {
    const months = [31, 25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    expect(annualCompleteChina(330, months)).toBe(true);
    expect(annualCompleteChina(330, months.with(5, 26))).toBe(false);
    expect(annualCompleteChina(330, months.with(1, 24))).toBe(false);
  });

  test('half hours of a clock change round upward', () => {
    expect([23.5, 24.5].map(requiredHours75)).toEqual([18, 19]);
  });
});

describe('8-hour means', () => {
  test('need six hours', () => {
    expect(mean8h([...hours(5, 10), ...hours(3, null)])).toBeNull();
    expect(mean8h([...hours(6, 10), ...hours(2, null)])).toBe(10);
  });

  test('the window that ends at 01:00 belongs to the day and reads the evening before', () => {
    const evening = hours(7, 200);
    expect(mda8Eu(evening, hours(24, 0)).mda8).toBe(175);
  });

  test('a day is valid with 18 windows, and its maximum is shown all the same', () => {
    // The first window needs 6 valid hours of its 8; 17 valid hours at the end of the day give 12 windows.
    const day = mda8Eu(hours(7, null), [...hours(7, null), ...hours(17, 50)]);
    expect(day).toEqual({ mda8: 50, validWindows: 12, expectedWindows: 24, valid: false });
    expect(mda8Eu(hours(7, null), [...hours(1, null), ...hours(23, 50)])).toMatchObject({
      validWindows: 18,
      valid: true,
    });
  });

  test('days of 23 and 25 hours have as many windows', () => {
    expect(mda8Eu(hours(7, 1), hours(23, 1))).toMatchObject({ expectedWindows: 23, validWindows: 23, valid: true });
    expect(mda8Eu(hours(7, 1), hours(25, 1))).toMatchObject({ expectedWindows: 25, validWindows: 25 });
    expect(mda8Eu(hours(7, null), hours(24, null))).toEqual({
      mda8: null,
      validWindows: 0,
      expectedWindows: 24,
      valid: false,
    });
  });

  test('the US value is truncated, not rounded, and arithmetic noise does not lower it', () => {
    expect(mda8Us(hours(31, 0.0709)).mda8).toBe(0.07);
    expect(mda8Us(hours(31, 0.041)).mda8).toBe(0.041);
  });

  test('a US day of few windows is valid only above the standard', () => {
    const few = (ppm: number) => [...hours(7, null), ...hours(12, ppm), ...hours(12, null)];
    expect(mda8Us(few(0.05))).toMatchObject({ validWindows: 7, valid: false });
    expect(mda8Us(few(0.08))).toMatchObject({ validWindows: 7, valid: true, mda8: 0.08 });
  });
});

describe('AOT40', () => {
  test('hours below 80 add nothing and nothing measured gives no estimate', () => {
    expect(aot40([70, 79.9], 2)).toEqual({ measured: 0, estimate: 0, valid: true });
    expect(aot40([null], 1)).toEqual({ measured: 0, estimate: null, valid: false });
  });
});

describe('numbers', () => {
  test('are rounded as they are written', () => {
    expect([0.15, 0.25, 0.35].map((value) => roundHalfUp(value, 1))).toEqual([0.2, 0.3, 0.4]);
    expect([roundHalfUp(1.005, 2), roundHalfUp(2.675, 2), roundHalfUp(8.345, 2)]).toEqual([1.01, 2.68, 8.35]);
    expect([roundHalfUp(-2.5), roundHalfUp(-0.4), roundHalfUp(0.49999999999999994)]).toEqual([-3, 0, 0]);
    expect([roundHalfUp(1.5e-7, 7), roundHalfUp(123_456_789_012_345_680_000, 2)]).toEqual([
      2e-7, 123_456_789_012_345_680_000,
    ]);
    expect(() => roundHalfUp(Number.POSITIVE_INFINITY)).toThrow('BUG: roundHalfUp');
  });

  test('a compliance percentile is a value that was measured, even where the product of count and share is inexact', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentileRankEpa(hundred, 0.29)).toBe(30);
    expect(percentileRankEpa(hundred, 1)).toBe(100);
    expect(percentileRankEpa([], 0.98)).toBeNull();
  });

  test('a mean leaves out what is missing', () => {
    expect(meanOfValid([1, null, 2])).toBe(1.5);
    expect(meanOfValid([null])).toBeNull();
  });
});
