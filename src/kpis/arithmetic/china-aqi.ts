import { assert } from '../../base/index.ts';
import { CHINA_AQI_2026, CHINA_IAQI_STEPS, type ChinaAqiTable, type ChinaItem } from './china-aqi-tables.ts';
import { halfEvenUnits, halfUpUnits, interpolateUp } from './rounding.ts';

/** The six pollutants of the Chinese index, in the order in which equals are listed. */
export const CHINA_POLLUTANTS = ['pm25', 'pm10', 'so2', 'no2', 'co', 'o3'] as const;
export type ChinaPollutant = (typeof CHINA_POLLUTANTS)[number];

/** What may be published of a place. */
export interface ChinaAqi {
  /** 0 to 500; null where the standard says `NA`. */
  readonly aqi: number | null;
  /** The pollutants of the highest index, ties all listed; empty up to 50, and where nothing is published. */
  readonly primary: readonly ChinaPollutant[];
}

const PRIMARY_ABOVE = 50;
const PUBLISHED_WITHOUT_ALL_ABOVE = 100;

/**
 * Index of one pollutant: the concentration is rounded half to even (whole numbers, CO 0.1 mg/m3), the index up.
 *
 * @param concentration finite; ug/m3, CO in mg/m3; below 0 counts as 0
 * @returns null where the standard says that it is not calculated
 * @see HJ 633-2026, 4.2
 */
export function chinaIaqi(table: ChinaAqiTable, item: ChinaItem, concentration: number): number | null {
  assert(Number.isFinite(concentration), `chinaIaqi: ${item} is ${concentration}`);
  const { bounds, digits, above } = table.items[item];
  const units = Math.max(0, halfEvenUnits(concentration, digits));
  const at = bounds.findIndex((bound) => units <= halfUpUnits(bound, digits));
  if (at < 0) return above;
  if (at === 0) return 0;
  const [from, to] = [halfUpUnits(bounds[at - 1]!, digits), halfUpUnits(bounds[at]!, digits)];
  return interpolateUp(CHINA_IAQI_STEPS[at - 1]!, CHINA_IAQI_STEPS[at]!, units - from, to - from);
}

/** Index of one pollutant by the standard in force since 2026-03-01. */
export function chinaIaqi2026(item: ChinaItem, concentration: number): number | null {
  return chinaIaqi(CHINA_AQI_2026, item, concentration);
}

/**
 * The index of a place. By the standard of 2026 it is published only above 100 when a pollutant is missing, otherwise as
 * `NA` (5.3.1); that of 2012 has no such rule.
 *
 * @param iaqi indexes of the pollutants; null or absent where one is missing
 */
export function chinaAqi(
  table: ChinaAqiTable,
  iaqi: Readonly<Partial<Record<ChinaPollutant, number | null>>>,
): ChinaAqi {
  const known = CHINA_POLLUTANTS.flatMap((pollutant) => {
    const index = iaqi[pollutant] ?? null;
    return index === null ? [] : [{ pollutant, index }];
  });
  const aqi = known.reduce((most, { index }) => Math.max(most, index), Number.NEGATIVE_INFINITY);
  const isWhole = known.length === CHINA_POLLUTANTS.length;
  const isPublished = known.length > 0 && (isWhole || !table.needsAllUpTo100 || aqi > PUBLISHED_WITHOUT_ALL_ABOVE);
  if (!isPublished) return { aqi: null, primary: [] };
  const primary =
    aqi > PRIMARY_ABOVE ? known.filter(({ index }) => index === aqi).map(({ pollutant }) => pollutant) : [];
  return { aqi, primary };
}
