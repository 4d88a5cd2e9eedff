import { assert } from '../../base/index.ts';
import {
  EAQI_2017,
  EAQI_2024,
  EAQI_POLLUTANTS,
  type EaqiLevel,
  type EaqiPollutant,
  type EaqiTable,
} from './eaqi-tables.ts';

/** The class of a place: that of its worst pollutant. */
export interface EaqiOverall {
  readonly level: EaqiLevel;
  readonly name: string;
  readonly color: string;
  /** The pollutant that decides; of several in one class, the first in the order of `EAQI_POLLUTANTS`. */
  readonly driver: EaqiPollutant;
}

/**
 * Class of one pollutant. The value is compared unrounded and an upper bound belongs to the better class: the agency
 * prints whole-number ranges ("0-5, 6-15") and publishes no rule of rounding.
 *
 * @param ugm3 finite, ug/m3, averaged as the table says; negative values (drift of analysers) are class 1
 */
export function eaqiLevel(table: EaqiTable, pollutant: EaqiPollutant, ugm3: number): EaqiLevel {
  assert(Number.isFinite(ugm3), `eaqiLevel: ${pollutant} is ${ugm3}`);
  const passed = table.pollutants[pollutant].filter((upTo) => ugm3 > upTo).length;
  return (passed + 1) as EaqiLevel;
}

/** Class of an hourly value by the revision of 2024/25, 1 (good) to 6 (extremely poor). */
export function eaqiLevel2024(pollutant: EaqiPollutant, ugm3: number): EaqiLevel {
  return eaqiLevel(EAQI_2024, pollutant, ugm3);
}

/** Class by the version of 2017 to 2024: 24-hour running means of particles, hourly values of gases. */
export function eaqiLevel2017(pollutant: EaqiPollutant, ugm3: number): EaqiLevel {
  return eaqiLevel(EAQI_2017, pollutant, ugm3);
}

/**
 * Class of a place from at least one pollutant; nothing is filled in for the others.
 *
 * @returns null when there is no value at all
 */
export function eaqiOverall(
  table: EaqiTable,
  values: Readonly<Partial<Record<EaqiPollutant, number | null>>>,
): EaqiOverall | null {
  let worst: EaqiOverall | null = null;
  for (const driver of EAQI_POLLUTANTS) {
    const ugm3 = values[driver];
    if (ugm3 === undefined || ugm3 === null) continue;
    const level = eaqiLevel(table, driver, ugm3);
    if (worst === null || level > worst.level) worst = { level, driver, ...table.classes[level - 1]! };
  }
  return worst;
}
