import { describe, expect, it } from 'vitest';
import { benchmarkPoints, benchmarkScore, percentOfTarget } from '../../../src/kpis/arithmetic/index.ts';

describe('the part of a target that a value reaches', () => {
  it('is value over target when more is better, and target over value when less is', () => {
    expect(percentOfTarget(30, 60, 'higher')).toBe(50);
    expect(percentOfTarget(90, 60, 'higher')).toBe(150);
    expect(percentOfTarget(10, 5, 'lower')).toBe(50);
    expect(percentOfTarget(4, 5, 'lower')).toBe(125);
  });

  it('is whole or nothing where a side is 0: no outage at all meets every target', () => {
    expect(percentOfTarget(0, 5, 'lower')).toBe(100);
    expect(percentOfTarget(0, 0, 'lower')).toBe(100);
    expect(percentOfTarget(3, 0, 'lower')).toBe(0);
    expect(percentOfTarget(0, 0, 'higher')).toBe(100);
    expect(percentOfTarget(-2, 10, 'higher')).toBe(0);
  });

  it('does not fall out of its range by the error of a floating number', () => {
    // 0.57 of 0.6 is 95 %, and 94.99999999999999 in floating numbers.
    expect((100 * 0.57) / 0.6).toBeLessThan(95);
    expect(benchmarkPoints(percentOfTarget(0.57, 0.6, 'higher'))).toBe(4);
  });
});

describe('points', () => {
  it.each([
    [0, 1],
    [32.999, 1],
    [33, 2],
    [65.999, 2],
    [66, 3],
    [94.999, 3],
    [95, 4],
    [400, 4],
  ])('of %d % are %d', (percent, points) => expect(benchmarkPoints(percent)).toBe(points));

  it('make a score of those that are there: 3, 4 and 2 of Pully are 75 %', () => {
    expect(benchmarkScore([3, 4, 2])).toEqual({ percent: 75, band: '66-95' });
    expect(benchmarkScore([])).toBeNull();
  });
});
