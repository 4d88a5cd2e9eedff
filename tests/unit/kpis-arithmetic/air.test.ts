import { describe, expect, test } from 'vitest';
import {
  EAQI_2017,
  EAQI_2024,
  EAQI_POLLUTANTS,
  eaqiLevel,
  eaqiLevel2024,
  eaqiOverall,
  ppbToUgm3,
} from '../../../src/kpis/arithmetic/index.ts';

describe('the European Air Quality Index', () => {
  test.each([EAQI_2024, EAQI_2017])('$version has rising bounds and six classes', (table) => {
    expect(table.classes).toHaveLength(6);
    for (const pollutant of EAQI_POLLUTANTS) {
      const bounds = table.pollutants[pollutant];
      expect(bounds.toSorted((a, b) => a - b)).toEqual(bounds);
      bounds.forEach((upTo, index) => {
        expect(eaqiLevel(table, pollutant, upTo)).toBe(index + 1);
        expect(eaqiLevel(table, pollutant, upTo + 1e-9)).toBe(index + 2);
      });
    }
  });

  test('a value between the printed whole numbers is compared unrounded', () => {
    expect(eaqiLevel2024('pm2_5', 5.2)).toBe(2);
  });

  test('a small negative value of an analyser is the best class', () => {
    expect(eaqiLevel2024('no2', -1.5)).toBe(1);
    expect(() => eaqiLevel2024('no2', Number.NaN)).toThrow('BUG: eaqiLevel: no2 is NaN');
  });

  test('missing pollutants are left out, and a tie goes to the first in the order of the index', () => {
    expect(eaqiOverall(EAQI_2024, {})).toBeNull();
    expect(eaqiOverall(EAQI_2024, { no2: null })).toBeNull();
    expect(eaqiOverall(EAQI_2024, { so2: 30, pm10: 20 })).toEqual({
      level: 2,
      name: 'Fair',
      color: '#50ccaa',
      driver: 'pm10',
    });
  });
});

describe('mole fractions', () => {
  test('become the mass concentrations of EU legislation at 20 degrees', () => {
    expect(ppbToUgm3('co', 1, 20)).toBeCloseTo(1.1644, 3);
    expect(ppbToUgm3('no', 1, 25)).toBeCloseTo(1.2265, 3);
  });

  test('need a gas with a molar mass', () => {
    expect(() => ppbToUgm3('pm10', 1, 20)).toThrow('"pm10" has no molar mass');
  });
});
