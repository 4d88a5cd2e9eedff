import { describe, expect, test } from 'vitest';
import { interpolateAt, pulsesToM3, registerDelta } from '../../../src/model/index.ts';

describe('the increase of a register', () => {
  test('is the difference of neighbours', () => {
    expect(registerDelta(100, 100, {})).toEqual({ delta: 0, event: null });
    expect(registerDelta(100, 104, { maxDelta: 4 })).toEqual({ delta: 4, event: null });
  });

  test('above what the meter can pass is a spike that is not counted', () => {
    expect(registerDelta(100, 104.5, { maxDelta: 4 })).toEqual({ delta: null, event: 'spike' });
  });

  test('runs backward within the tolerance', () => {
    expect(registerDelta(100, 99.5, { backflowTolerance: 0.5 })).toEqual({ delta: -0.5, event: 'backflow' });
  });

  test('goes on over the end of the register', () => {
    expect(registerDelta(65_530, 4, { modulus: 65_536, maxDelta: 100 })).toEqual({ delta: 10, event: 'rollover' });
  });

  test('starts again after an exchange', () => {
    expect(registerDelta(5_000, 3, { modulus: 100_000, maxDelta: 50 })).toEqual({ delta: 3, event: 'reset' });
    expect(registerDelta(5_000, 3)).toEqual({ delta: 3, event: 'reset' });
  });

  test('a fall to an impossible count is a spike', () => {
    expect(registerDelta(5_000, 900, { modulus: 100_000, maxDelta: 50 })).toEqual({ delta: null, event: 'spike' });
    expect(registerDelta(5_000, -1)).toEqual({ delta: null, event: 'spike' });
  });

  test('without a largest increase a fall is a roll-over only the shorter way round', () => {
    expect(registerDelta(99_990, 10, { modulus: 100_000 })).toEqual({ delta: 20, event: 'rollover' });
    expect(registerDelta(100, 10, { modulus: 100_000 })).toEqual({ delta: 10, event: 'reset' });
  });

  test('a count that is no number is a mistake of the caller', () => {
    expect(() => registerDelta(1, Number.NaN)).toThrow('BUG: registerDelta');
  });
});

describe('the count at an instant', () => {
  const readings = [
    [0, 10],
    [3_600_000, 14],
    [20_000_000, 30],
  ] as const;

  test('lies on the line between the neighbours, and on a reading it is that reading', () => {
    expect(interpolateAt(readings, 900_000)).toBe(11);
    expect(interpolateAt(readings, 3_600_000)).toBe(14);
    expect(interpolateAt(readings, 0)).toBe(10);
  });

  test('is unknown outside of the readings and inside a gap', () => {
    expect(interpolateAt(readings, -1)).toBeNull();
    expect(interpolateAt(readings, 20_000_001)).toBeNull();
    expect(interpolateAt(readings, 10_000_000)).toBeNull();
    expect(interpolateAt(readings, 10_000_000, 20_000_000)).not.toBeNull();
    expect(interpolateAt([], 0)).toBeNull();
  });

  test('pulses become cubic metres', () => {
    expect(pulsesToM3(7, 10)).toBe(0.07);
  });
});
