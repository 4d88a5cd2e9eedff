import { describe, expect, it } from 'vitest';
import { ReceptionTime } from '../../../src/journal/reception-time.ts';

const told = (lastMs: number, ...clock: readonly number[]) => {
  const times = new ReceptionTime(lastMs);
  return clock.map((atMs) => times.at(atMs));
};

describe('the time of reception', () => {
  it('waits for a clock that is set back by a minute at most', () => {
    expect(told(100_000, 100_001, 40_001, 90_000, 100_001, 100_002)).toEqual([
      ...[100_001, 100_001, 100_001, 100_001, 100_002],
    ]);
  });

  it('stands still while a clock is behind that is put right soon, as one of a machine that has just begun', () => {
    expect(told(5_000_000, 0, 59_999, 5_000_100)).toEqual([5_000_000, 5_000_000, 5_000_100]);
    expect(told(5_000_000, 0, 5_000_100, 30_000, 89_999)).toEqual([5_000_000, 5_000_100, 5_000_100, 5_000_100]);
  });

  it('follows a clock that was set back once it has gone on for a minute, from where it is then', () => {
    expect(told(5_000_000, 1_000_000, 1_060_000, 1_050_000, 1_070_000)).toEqual([
      ...[5_000_000, 1_060_000, 1_060_000, 1_070_000],
    ]);
  });

  it('begins with whatever comes where nothing was before', () => {
    expect(told(Number.NEGATIVE_INFINITY, 7, 8)).toEqual([7, 8]);
  });
});
