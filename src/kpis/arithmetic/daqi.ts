import { assert } from '../../base/index.ts';
import { halfUpUnits } from './rounding.ts';

/** Pollutants of the UK Daily Air Quality Index, by quantity id. */
export const DAQI_POLLUTANTS = ['o3', 'no2', 'so2', 'pm2_5', 'pm10'] as const;
export type DaqiPollutant = (typeof DAQI_POLLUTANTS)[number];

/** The index of a place with the pollutant that decides. */
export interface DaqiOverall {
  readonly index: number;
  readonly main: DaqiPollutant;
}

/** The UK index as published, with where it comes from. */
export const DAQI_2013 = {
  version: 'DAQI 2013',
  source: 'Defra, Update on Implementation of the Daily Air Quality Index (April 2013)',
  /** Upper bounds of index 1 to 9, ug/m3, of the value rounded to a whole number; above lies 10. */
  bounds: {
    o3: [33, 66, 100, 120, 140, 160, 187, 213, 240],
    no2: [67, 134, 200, 267, 334, 400, 467, 534, 600],
    so2: [88, 177, 266, 354, 443, 532, 710, 887, 1064],
    pm2_5: [11, 23, 35, 41, 47, 53, 58, 64, 70],
    pm10: [16, 33, 50, 58, 66, 75, 83, 91, 100],
  } satisfies Readonly<Record<DaqiPollutant, readonly number[]>>,
  /** What each value is the mean of: 8 hours and 24 hours running, one hour, a quarter of an hour. */
  averagingMinutes: { o3: 480, no2: 60, so2: 15, pm2_5: 1440, pm10: 1440 } satisfies Record<DaqiPollutant, number>,
  /** Index 1 to 10 with its band. */
  classes: [
    { name: 'Low', color: '#9cff9c' },
    { name: 'Low', color: '#31ff00' },
    { name: 'Low', color: '#31cf00' },
    { name: 'Moderate', color: '#ffff00' },
    { name: 'Moderate', color: '#ffcf00' },
    { name: 'Moderate', color: '#ff9a00' },
    { name: 'High', color: '#ff6464' },
    { name: 'High', color: '#ff0000' },
    { name: 'High', color: '#990000' },
    { name: 'Very High', color: '#ce30ff' },
  ],
} as const;

/**
 * Index of one pollutant, 1 to 10. The mean is rounded to a whole number, half up, before it is looked up.
 *
 * @param ugm3 finite, averaged as the table says; from unrounded hourly values
 */
export function daqiIndex(pollutant: DaqiPollutant, ugm3: number): number {
  assert(Number.isFinite(ugm3), `daqiIndex: ${pollutant} is ${ugm3}`);
  const rounded = halfUpUnits(ugm3, 0);
  return 1 + DAQI_2013.bounds[pollutant].filter((upTo) => rounded > upTo).length;
}

/** The highest index of a place's pollutants, null when there is none; a tie goes to the first of `DAQI_POLLUTANTS`. */
export function daqiOverall(values: Readonly<Partial<Record<DaqiPollutant, number | null>>>): DaqiOverall | null {
  let highest: DaqiOverall | null = null;
  for (const main of DAQI_POLLUTANTS) {
    const ugm3 = values[main] ?? null;
    if (ugm3 === null) continue;
    const index = daqiIndex(main, ugm3);
    if (highest === null || index > highest.index) highest = { index, main };
  }
  return highest;
}
