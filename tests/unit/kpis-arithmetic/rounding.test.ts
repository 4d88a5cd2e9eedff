import { describe, expect, test } from 'vitest';
import {
  CHINA_AQI_2026,
  chinaIaqi,
  halfEvenUnits,
  halfUpUnits,
  interpolateHalfUp,
  interpolateUp,
  meanOfValid,
  naqiSubIndex,
  nowCastPm,
  ppbToUgm3,
  truncatedUnits,
  truncateTo,
  US_AQI_2024,
  ugm3ToPpb,
  usAqiSubIndex,
} from '../../../src/kpis/arithmetic/index.ts';

/** The mean as a plain loop would make it: the noise of binary arithmetic included. */
const naiveMean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the mean of 24 hours of 35.4', () => {
  const hours = Array<number>(24).fill(35.4);

  test('is 35.4, whatever a plain sum makes of it', () => {
    expect(naiveMean(hours)).toBe(35.399999999999984);
    expect(meanOfValid(hours)).toBe(35.4);
  });

  test('truncates to 35.4 even as the plain sum, the end of Moderate', () => {
    expect(truncateTo(naiveMean(hours), 1)).toBe(35.4);
    expect(usAqiSubIndex('pm25_24h', naiveMean(hours))).toBe(100);
  });
});

describe('the mean of equal hours at the start of a class', () => {
  test('stays in it, where the plain sum would truncate to the class below', () => {
    const fine = naiveMean(Array<number>(24).fill(9.1));
    expect(fine).toBe(9.099999999999996);
    expect(usAqiSubIndex('pm25_24h', fine)).toBe(51);
    const ozone = naiveMean(Array<number>(8).fill(0.086));
    expect(ozone).toBe(0.08599999999999998);
    expect(usAqiSubIndex('o3_8h', ozone)).toBe(151);
  });
});

describe('truncating', () => {
  test('lets every breakpoint of the US tables through that a plain sum of 24, 8 or 6 of it can make', () => {
    for (const { digits, lines } of Object.values(US_AQI_2024.items)) {
      for (const bound of lines.flatMap(({ from, to }) => [from, to])) {
        for (const count of [24, 18, 8, 6]) {
          expect(truncateTo(naiveMean(Array<number>(count).fill(bound)), digits)).toBe(bound);
        }
      }
    }
  });

  test('cuts what was measured, however little: 35.4999 is 35.4', () => {
    expect(truncateTo(35.4999, 1)).toBe(35.4);
    expect(truncateTo(0.07853333, 3)).toBe(0.078);
    expect(truncatedUnits(0.29 * 100, 0)).toBe(29);
    expect(truncatedUnits(-0.4, 0)).toBe(0);
  });

  test('a mole fraction that goes through the mass that is held comes back to its breakpoint', () => {
    for (const [gas, item] of [
      ['no2', 'no2_1h'],
      ['so2', 'so2_1h'],
    ] as const) {
      for (const { to, toIndex } of US_AQI_2024.items[item].lines) {
        expect(usAqiSubIndex(item, ugm3ToPpb(gas, ppbToUgm3(gas, to, 20)))).toBe(toIndex);
      }
    }
    for (const { to, toIndex } of US_AQI_2024.items.o3_8h.lines) {
      expect(usAqiSubIndex('o3_8h', ugm3ToPpb('o3', ppbToUgm3('o3', to * 1000, 20)) / 1000)).toBe(toIndex);
    }
  });

  test('refuses what is no number', () => {
    expect(() => truncateTo(Number.NaN, 1)).toThrow('BUG: rounding of NaN');
  });
});

describe('rounding', () => {
  test('half up and half to even part at ties only', () => {
    expect([0.5, 1.5, 2.5, 35.5, 50.5].map((value) => halfEvenUnits(value, 0))).toEqual([0, 2, 2, 36, 50]);
    expect([0.5, 1.5, 2.5, 35.5, 50.5].map((value) => halfUpUnits(value, 0))).toEqual([1, 2, 3, 36, 51]);
    expect([2.25, 2.35, 2.251].map((value) => halfEvenUnits(value, 1))).toEqual([22, 24, 23]);
  });

  test('takes a tie for one that binary arithmetic moved away from it', () => {
    // 1.005 * 100 is 100.49999999999999 in binary.
    expect(halfUpUnits(1.005, 2)).toBe(101);
    expect(halfUpUnits(naiveMean(Array<number>(24).fill(35.5)), 0)).toBe(36);
  });

  test('interpolates in whole numbers: a tie goes up, and an exact integer stays when rounding up', () => {
    expect(interpolateHalfUp(51, 100, 1, 98)).toBe(52);
    expect(interpolateHalfUp(101, 150, 7, 14)).toBe(126);
    expect(interpolateUp(50, 100, 1, 25)).toBe(52);
    expect(interpolateUp(50, 100, 1, 26)).toBe(52);
    expect(interpolateUp(0, 50, 0, 35)).toBe(0);
  });
});

describe('the indexes at their breakpoints', () => {
  test('the Chinese index of each bound of each column is its step, not one above it', () => {
    const steps = [0, 50, 100, 150, 200, 300, 400, 500];
    for (const item of Object.keys(CHINA_AQI_2026.items) as (keyof typeof CHINA_AQI_2026.items)[]) {
      CHINA_AQI_2026.items[item].bounds.forEach((bound, index) => {
        expect(chinaIaqi(CHINA_AQI_2026, item, naiveMean(Array<number>(20).fill(bound)))).toBe(steps[index]);
      });
    }
  });

  test('the Indian index of 1.0 mg/m3 of CO is 50, and of 1.05 the start of the next class', () => {
    expect(naqiSubIndex('co', naiveMean(Array<number>(24).fill(1)))?.value).toBe(50);
    expect(naqiSubIndex('co', 1.05)?.value).toBe(51);
  });

  test('a NowCast of twelve equal hours is that hour', () => {
    for (const ugm3 of [9, 35.4, 55.4, 125.4]) {
      expect(nowCastPm('pm25', Array<number>(12).fill(ugm3))?.truncated).toBe(ugm3);
    }
  });
});
