import { halfUpUnits, interpolateHalfUp, truncatedUnits } from './rounding.ts';
import { US_AQI_2024, US_AQI_PM25_BEFORE_2024, type UsAqiItem, type UsAqiScale } from './us-aqi-tables.ts';

/** Pollutants of the US AQI, in the order in which a tie names the main one. */
export const US_AQI_POLLUTANTS = ['o3', 'pm25', 'pm10', 'co', 'so2', 'no2'] as const;
export type UsAqiPollutant = (typeof US_AQI_POLLUTANTS)[number];

/** Concentrations of a place and day: O3 and CO in ppm, SO2 and NO2 in ppb, particles in ug/m3. */
export type UsAqiConcentrations = Readonly<Partial<Record<UsAqiItem, number | null>>>;

/** The index of a place with the pollutant that decides. */
export interface UsAqiOverall {
  readonly aqi: number;
  readonly main: UsAqiPollutant;
}

/** 24-hour SO2 at and above which the 24-hour table holds; from the same 1-hour value on the 1-hour table has no lines. */
const SO2_24H_PPB = 305;
const SO2_1H_HIGHEST_INDEX = 200;

/**
 * Index of one concentration: truncated, interpolated, rounded half up. Below 0 counts as 0; above the table the last
 * line goes on, without an end at 500.
 *
 * @param concentration finite, in the unit of the item
 * @returns null where the table has a blank cell (1-hour ozone below 0.125 ppm, 8-hour ozone above 0.200 ppm...)
 * @see EPA-454/B-24-002, pages 13 to 15
 */
export function usAqiSubIndex(item: UsAqiItem, concentration: number): number | null {
  return indexOn(US_AQI_2024.items[item], concentration);
}

/** Index of a 24-hour mean of PM2.5 by the table before May 2024, ug/m3; null above 500.4. */
export function usAqiPm25Before2024(ugm3: number): number | null {
  return indexOn(US_AQI_PM25_BEFORE_2024, ugm3);
}

/**
 * Sulphur dioxide: the 24-hour table from 305 ppb in 24 hours on; otherwise the 1-hour table, and exactly 200 where its
 * lines end.
 */
export function usAqiSo2(oneHourPpb: number | null, dayPpb: number | null): number | null {
  if (dayPpb !== null && truncatedUnits(dayPpb, 0) >= SO2_24H_PPB) return usAqiSubIndex('so2_24h', dayPpb);
  if (oneHourPpb === null) return null;
  return usAqiSubIndex('so2_1h', oneHourPpb) ?? SO2_1H_HIGHEST_INDEX;
}

/** Ozone: the higher of the 8-hour and the 1-hour index; null when neither table has the value. */
export function usAqiO3(eightHoursPpm: number | null, oneHourPpm: number | null): number | null {
  const eightHours = eightHoursPpm === null ? null : usAqiSubIndex('o3_8h', eightHoursPpm);
  const oneHour = oneHourPpm === null ? null : usAqiSubIndex('o3_1h', oneHourPpm);
  if (eightHours === null || oneHour === null) return eightHours ?? oneHour;
  return Math.max(eightHours, oneHour);
}

/** Index of each pollutant of a place; null where nothing can be said. */
export function usAqiByPollutant(values: UsAqiConcentrations): Readonly<Record<UsAqiPollutant, number | null>> {
  const simple = (item: UsAqiItem): number | null => {
    const value = values[item] ?? null;
    return value === null ? null : usAqiSubIndex(item, value);
  };
  return {
    o3: usAqiO3(values.o3_8h ?? null, values.o3_1h ?? null),
    pm25: simple('pm25_24h'),
    pm10: simple('pm10_24h'),
    co: simple('co_8h'),
    so2: usAqiSo2(values.so2_1h ?? null, values.so2_24h ?? null),
    no2: simple('no2_1h'),
  };
}

/** The highest index of a place's pollutants; null when there is none. */
export function usAqiOverall(values: UsAqiConcentrations): UsAqiOverall | null {
  const indexes = usAqiByPollutant(values);
  let highest: UsAqiOverall | null = null;
  for (const main of US_AQI_POLLUTANTS) {
    const aqi = indexes[main];
    if (aqi !== null && (highest === null || aqi > highest.aqi)) highest = { aqi, main };
  }
  return highest;
}

function indexOn({ lines, digits, continues }: UsAqiScale, concentration: number): number | null {
  const units = Math.max(0, truncatedUnits(concentration, digits));
  const inLine = lines.find(({ to }) => units <= halfUpUnits(to, digits));
  const line = inLine ?? (continues ? lines.at(-1) : undefined);
  if (line === undefined) return null;
  const from = halfUpUnits(line.from, digits);
  if (units < from) return null;
  return interpolateHalfUp(line.fromIndex, line.toIndex, units - from, halfUpUnits(line.to, digits) - from);
}
