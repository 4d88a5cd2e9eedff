import { assert } from '../../base/index.ts';
import { halfUpUnits, interpolateHalfUp } from './rounding.ts';

/** Pollutants of the Indian index with their averaging times: 24 hours, 8 hours for CO and O3, 1 hour for high O3. */
export const NAQI_ITEMS = ['pm25', 'pm10', 'no2', 'so2', 'co', 'o3_8h', 'o3_1h', 'nh3', 'pb'] as const;
export type NaqiItem = (typeof NAQI_ITEMS)[number];

/** Concentrations of a place: ug/m3, CO in mg/m3. */
export type NaqiConcentrations = Readonly<Partial<Record<NaqiItem, number | null>>>;

/** The index of one pollutant or of a place. */
export interface NaqiIndex {
  /** 0 to 400; null above the last published line. */
  readonly value: number | null;
  /** `Severe` where the value is null. */
  readonly className: string;
}

export interface NaqiOverall extends NaqiIndex {
  readonly main: NaqiItem;
}

type Line = readonly [from: number, to: number] | null;
const STARTS = [0, 51, 101, 201, 301] as const;
const ENDS = [50, 100, 200, 300, 400] as const;
const POLLUTANTS_MIN = 3;
/** The least that an index above the last published line can be. */
export const NAQI_SEVERE_FROM = 401;

/**
 * The Indian index as published. Lines run between the printed whole numbers: 31 ug/m3 of PM2.5 is 51. Above the last one
 * the class is Severe and no line is published.
 */
export const NAQI_2014 = {
  version: 'NAQI 2014',
  source: 'Central Pollution Control Board, National Air Quality Index (2014)',
  classes: [
    { name: 'Good', upTo: 50, color: '#00b050' },
    { name: 'Satisfactory', upTo: 100, color: '#92d051' },
    { name: 'Moderately polluted', upTo: 200, color: '#ffff00' },
    { name: 'Poor', upTo: 300, color: '#ff6500' },
    { name: 'Very poor', upTo: 400, color: '#ff0000' },
    { name: 'Severe', upTo: Number.POSITIVE_INFINITY, color: '#c00000' },
  ],
  /** Printed decimals, and the lines of the classes up to Very poor. */
  items: {
    pm25: { digits: 0, lines: lines([0, 30], [31, 60], [61, 90], [91, 120], [121, 250]) },
    pm10: { digits: 0, lines: lines([0, 50], [51, 100], [101, 250], [251, 350], [351, 430]) },
    no2: { digits: 0, lines: lines([0, 40], [41, 80], [81, 180], [181, 280], [281, 400]) },
    so2: { digits: 0, lines: lines([0, 40], [41, 80], [81, 380], [381, 800], [801, 1600]) },
    co: { digits: 1, lines: lines([0, 1], [1.1, 2], [2.1, 10], [10.1, 17], [17.1, 34]) },
    o3_8h: { digits: 0, lines: lines([0, 50], [51, 100], [101, 168], [169, 208], null) },
    o3_1h: { digits: 0, lines: lines(null, null, null, null, [209, 748]) },
    nh3: { digits: 0, lines: lines([0, 200], [201, 400], [401, 800], [801, 1200], [1201, 1800]) },
    pb: { digits: 2, lines: lines([0, 0.5], [0.51, 1], [1.1, 2], [2.1, 3], [3.1, 3.5]) },
  } satisfies Readonly<Record<NaqiItem, { digits: number; lines: readonly Line[] }>>,
} as const;

function lines(...cells: readonly Line[]): readonly Line[] {
  return cells;
}

/**
 * Index of one pollutant. The concentration is rounded half up to the printed decimals, so that no value falls between
 * the end of one class and the start of the next.
 *
 * @param concentration finite; ug/m3, CO in mg/m3; below 0 counts as 0
 * @returns null where the table has a blank cell (8-hour ozone above 208, 1-hour ozone below 209)
 */
export function naqiSubIndex(item: NaqiItem, concentration: number): NaqiIndex | null {
  assert(Number.isFinite(concentration), `naqiSubIndex: ${item} is ${concentration}`);
  const { digits, lines: cells } = NAQI_2014.items[item];
  const units = Math.max(0, halfUpUnits(concentration, digits));
  const at = cells.findIndex((cell) => cell !== null && units <= halfUpUnits(cell[1], digits));
  const cell = cells[at];
  if (cell === undefined || cell === null) return item === 'o3_8h' ? null : { value: null, className: 'Severe' };
  const [from, to] = [halfUpUnits(cell[0], digits), halfUpUnits(cell[1], digits)];
  // Lead has more decimals in its first classes than in the others: what lies between two classes begins the upper one.
  if (units < from && item === 'o3_1h') return null;
  const value = interpolateHalfUp(STARTS[at]!, ENDS[at]!, Math.max(0, units - from), to - from);
  return { value, className: NAQI_2014.classes[at]!.name };
}

/** Ozone: the 8-hour line up to 208 ug/m3, above it the 1-hour line; null when neither has the value. */
export function naqiO3(eightHours: number | null, oneHour: number | null): NaqiIndex | null {
  const eightHourIndex = eightHours === null ? null : naqiSubIndex('o3_8h', eightHours);
  return eightHourIndex ?? (oneHour === null ? null : naqiSubIndex('o3_1h', oneHour));
}

/**
 * The highest index of a place. A pollutant above its last line makes the place Severe without a number.
 *
 * @returns null with fewer than three pollutants, or without PM2.5 and PM10
 */
export function naqiOverall(values: NaqiConcentrations): NaqiOverall | null {
  const of = (item: NaqiItem): NaqiIndex | null => {
    const value = values[item] ?? null;
    return value === null ? null : naqiSubIndex(item, value);
  };
  const simple = (['pm25', 'pm10', 'no2', 'so2', 'co', 'nh3', 'pb'] as const).map((main) => ({
    main,
    index: of(main),
  }));
  const o3 = { main: 'o3_8h' as const, index: naqiO3(values.o3_8h ?? null, values.o3_1h ?? null) };
  const known = [...simple, o3].flatMap(({ main, index }) => (index === null ? [] : [{ ...index, main }]));
  if (known.length < POLLUTANTS_MIN || !known.some(({ main }) => main === 'pm25' || main === 'pm10')) return null;
  return known.reduce((worst, one) => (rank(one) > rank(worst) ? one : worst));
}

function rank({ value }: NaqiIndex): number {
  return value ?? NAQI_SEVERE_FROM;
}
