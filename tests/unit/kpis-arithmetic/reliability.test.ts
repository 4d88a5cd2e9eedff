import { describe, expect, it } from 'vitest';
import {
  type CustomerInterruption,
  caidi,
  celid,
  cemi,
  isMajorEventDay,
  isSustained,
  majorEventThreshold,
  reliabilityIndices,
} from '../../../src/kpis/arithmetic/index.ts';
import { CLASSIC_EVENTS } from '../kpis/support/ieee-1366.ts';

const CLASSIC: readonly CustomerInterruption[] = CLASSIC_EVENTS.map(([customers, minutes, seconds]) => ({
  customers,
  minutes: minutes + seconds / 60,
}));

describe('indices of a year', () => {
  it('are those of the classic table of IEEE 1366', () => {
    const { saifi, saidiMinutes, caidiMinutes, asai, maifi } = reliabilityIndices(CLASSIC, 2000, 8760);
    // Sustained: 200 + 600 + 25 + 90 + 700 + 1500 + 100 = 3215 customer interruptions.
    expect(saifi).toBe(3215 / 2000);
    expect(saidiMinutes).toBeCloseTo(86.11, 2);
    expect(caidiMinutes).toBeCloseTo(53.57, 2);
    expect(asai).toBeCloseTo(0.999836, 6);
    // Momentary: 400 and 2000.
    expect(maifi).toBe(1.2);
  });

  it('do not depend on the order of the interruptions, to the last bit', () => {
    const turned = CLASSIC.toReversed();
    expect(reliabilityIndices(turned, 2000, 8760)).toEqual(reliabilityIndices(CLASSIC, 2000, 8760));
  });

  it('are nothing without customers, and no duration without interruption', () => {
    expect(reliabilityIndices(CLASSIC, 0, 8760)).toMatchObject({ saifi: null, saidiMinutes: null, asai: null });
    expect(reliabilityIndices([], 2000, 8760)).toEqual({
      ...{ saifi: 0, saidiMinutes: 0, caidiMinutes: null, asai: 1, maifi: 0 },
    });
    expect(caidi(0, 0)).toBeNull();
  });
});

describe('an interruption of exactly five minutes', () => {
  it('is momentary, unless the rule says that five minutes are enough', () => {
    expect(isSustained(5)).toBe(false);
    expect(isSustained(5 + 1 / 60)).toBe(true);
    expect(isSustained(5, { overMinutes: 5, strict: false })).toBe(true);
    expect(isSustained(5 - 1 / 60, { overMinutes: 5, strict: false })).toBe(false);
  });
});

describe('customers who are hit often or long', () => {
  const groups = [
    { customers: 1, count: 3, longestMinutes: 30, totalMinutes: 90 },
    { customers: 4, count: 1, longestMinutes: 480, totalMinutes: 480 },
    { customers: 2, count: 2, longestMinutes: 400, totalMinutes: 500 },
  ];

  it('count from the n-th interruption on', () => {
    expect(cemi(groups, 3, 10)).toBe(0.1);
    expect(cemi(groups, 2, 10)).toBe(0.3);
    expect(cemi(groups, 1, 0)).toBeNull();
  });

  it('count by a single interruption, or by all together', () => {
    expect(celid(groups, 8, 'single', 10)).toBe(0.4);
    expect(celid(groups, 8, 'total', 10)).toBe(0.6);
  });
});

describe('major event days', () => {
  it('are told by 2.5 standard deviations of a sample above the mean of the logarithms', () => {
    // ln: 0, 1, 2; mean 1, sample deviation 1.
    const threshold = majorEventThreshold([1, Math.E, Math.E ** 2])!;
    expect(threshold.alpha).toBeCloseTo(1, 12);
    expect(threshold.beta).toBeCloseTo(1, 12);
    expect(threshold.tMed).toBeCloseTo(Math.exp(3.5), 10);
    expect(isMajorEventDay(threshold.tMed, threshold)).toBe(false);
    expect(isMajorEventDay(threshold.tMed * 1.001, threshold)).toBe(true);
  });

  it('leave out days without interruption, and are not told from a single day', () => {
    expect(majorEventThreshold([0, 1, 0, Math.E, Math.E ** 2])).toEqual(majorEventThreshold([1, Math.E, Math.E ** 2]));
    expect(majorEventThreshold([0, 3])).toBeNull();
  });
});
