import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  energyMean,
  energySum,
  exceedanceLevel,
  exposureShare,
  lden,
  leq,
  noiseDayFromHourly,
  noisePeriodOfHour,
  periodHours,
} from '../../../src/kpis/arithmetic/index.ts';

describe('energetic means', () => {
  test('ten equal sources are 10 dB more, and their mean is the level itself', () => {
    const levels = Array<number>(10).fill(60);
    expect(energySum(levels)).toBeCloseTo(70, 12);
    expect(energyMean(levels)).toBeCloseTo(60, 12);
  });

  test('no level gives null, not 0 dB', () => {
    expect(energyMean([])).toBeNull();
    expect(energySum([])).toBeNull();
    expect(leq([60, 70], [0, 0])).toBeNull();
  });

  test('the order of the levels changes no bit', () => {
    const levels = fc.array(fc.double({ min: 20, max: 130, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(fc.property(levels, (values) => energyMean(values) === energyMean(values.toReversed())));
  });

  test('a level counts for its duration', () => {
    // 90 dB for a tenth of the time and nothing audible otherwise: 10 dB less.
    expect(leq([90, 0], [6, 54])).toBeCloseTo(80, 6);
  });

  test('a level that is no number is a mistake of the caller', () => {
    expect(() => energyMean([60, Number.NaN])).toThrow('BUG: a sound level is NaN');
    expect(() => leq([60, 61], [1])).toThrow('2 levels and 1 durations');
  });
});

describe('Lden', () => {
  test('a steady level is raised by the penalties of evening and night', () => {
    // (12 + 4*10^0.5 + 8*10) / 24 = 4.3604 -> 6.395 dB
    expect(lden({ lday: 50, levening: 50, lnight: 50 })).toBeCloseTo(56.395, 3);
  });

  test('takes other lengths of the periods', () => {
    // Evening of two hours: (14 + 2*10^0.5 + 80) / 24 = 4.1802
    const hours = { day: 14, evening: 2, night: 8 };
    expect(lden({ lday: 50, levening: 50, lnight: 50 }, hours)).toBeCloseTo(50 + 10 * Math.log10(4.18019), 4);
  });

  test('periods follow the local hours, and the night reaches over midnight', () => {
    expect([6, 7, 18, 19, 22, 23, 0].map((hour) => noisePeriodOfHour(hour))).toEqual([
      'night',
      'day',
      'day',
      'evening',
      'evening',
      'night',
      'night',
    ]);
    expect(periodHours({ dayStartHour: 6, eveningStartHour: 20, nightStartHour: 22 })).toEqual({
      day: 14,
      evening: 2,
      night: 8,
    });
  });

  test('a day without one period has no Lden but keeps the others', () => {
    const hourly = Array.from({ length: 24 }, (_, hour) => (hour >= 19 && hour < 23 ? null : 55));
    const day = noiseDayFromHourly(hourly);
    expect(day.levening).toBeNull();
    expect(day.lden).toBeNull();
    expect(day.lday).toBeCloseTo(55, 12);
    expect(day.laeq24h).toBeCloseTo(55, 12);
  });
});

describe('levels exceeded', () => {
  test('L50 of an even number of levels lies between the two in the middle', () => {
    expect(exceedanceLevel([61, 50, 55, 58], 50)).toBe(56.5);
  });

  test('L0 is the highest and L100 the lowest level', () => {
    expect([exceedanceLevel([50, 70, 60], 0), exceedanceLevel([50, 70, 60], 100)]).toEqual([70, 50]);
    expect(exceedanceLevel([], 10)).toBeNull();
    expect(() => exceedanceLevel([50], 101)).toThrow('allowed 0 to 100');
  });
});

describe('exposure', () => {
  test('zones without data leave numerator and denominator', () => {
    const zones = [
      { population: 100, lden: 60 },
      { population: 300, lden: 50 },
      { population: 600, lden: null },
    ];
    expect(exposureShare(zones, 55)).toEqual({ percent: 25, coveredPopulation: 400, population: 1000 });
  });

  test('a level at the threshold is not above it, and no data gives null', () => {
    expect(exposureShare([{ population: 100, lden: 55 }], 55).percent).toBe(0);
    expect(exposureShare([{ population: 100, lden: null }], 55).percent).toBeNull();
  });
});
