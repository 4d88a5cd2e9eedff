/** Pollutants of the US AQI with the time that each is averaged over. */
export const US_AQI_ITEMS = ['o3_8h', 'o3_1h', 'pm25_24h', 'pm10_24h', 'co_8h', 'so2_1h', 'so2_24h', 'no2_1h'] as const;
export type UsAqiItem = (typeof US_AQI_ITEMS)[number];

/** A straight line of the table: index `fromIndex` at concentration `from`, `toIndex` at `to`. */
export interface UsAqiLine {
  readonly from: number;
  readonly to: number;
  readonly fromIndex: number;
  readonly toIndex: number;
}

/** One pollutant of the table. */
export interface UsAqiScale {
  /** `ug/m3`, `[ppm]` or `[ppb]`. */
  readonly unit: string;
  /** Decimals that a concentration is truncated to. */
  readonly digits: number;
  readonly lines: readonly UsAqiLine[];
  /** Above the last line the index goes on with its slope; false where the standard prints a blank cell instead. */
  readonly continues: boolean;
}

/** The US AQI as published, with where it comes from. */
export interface UsAqiTable {
  readonly version: string;
  readonly source: string;
  readonly items: Readonly<Record<UsAqiItem, UsAqiScale>>;
  /** Categories, best first, with the last index that belongs to each. */
  readonly classes: readonly { readonly name: string; readonly upTo: number; readonly color: string }[];
}

const STEPS = [0, 51, 101, 151, 201, 301] as const;
const ENDS = [50, 100, 150, 200, 300, 500] as const;

/** Lines from printed pairs of concentrations; null where the table has a blank cell. */
function scale(
  unit: string,
  digits: number,
  cells: readonly (readonly [from: number, to: number] | null)[],
): UsAqiScale {
  const lines = cells.flatMap((cell, index) =>
    cell === null ? [] : [{ from: cell[0], to: cell[1], fromIndex: STEPS[index]!, toIndex: ENDS[index]! }],
  );
  return { unit, digits, lines, continues: cells.at(-1) !== null };
}

const CLASSES: UsAqiTable['classes'] = [
  { name: 'Good', upTo: 50, color: '#00e400' },
  { name: 'Moderate', upTo: 100, color: '#ffff00' },
  { name: 'Unhealthy for sensitive groups', upTo: 150, color: '#ff7e00' },
  { name: 'Unhealthy', upTo: 200, color: '#ff0000' },
  { name: 'Very unhealthy', upTo: 300, color: '#8f3f97' },
  { name: 'Hazardous', upTo: Number.POSITIVE_INFINITY, color: '#7e0023' },
];

/** In force since May 2024: Hazardous is one line from 301 to 500, and goes on above. */
export const US_AQI_2024: UsAqiTable = {
  version: 'US AQI May 2024',
  source: 'US EPA, EPA-454/B-24-002 (May 2024), tables 5 and 6; 40 CFR 58 appendix G',
  items: {
    o3_8h: scale('[ppm]', 3, [[0, 0.054], [0.055, 0.07], [0.071, 0.085], [0.086, 0.105], [0.106, 0.2], null]),
    o3_1h: scale('[ppm]', 3, [null, null, [0.125, 0.164], [0.165, 0.204], [0.205, 0.404], [0.405, 0.604]]),
    pm25_24h: scale('ug/m3', 1, [
      [0, 9],
      [9.1, 35.4],
      [35.5, 55.4],
      [55.5, 125.4],
      [125.5, 225.4],
      [225.5, 325.4],
    ]),
    pm10_24h: scale('ug/m3', 0, [
      [0, 54],
      [55, 154],
      [155, 254],
      [255, 354],
      [355, 424],
      [425, 604],
    ]),
    co_8h: scale('[ppm]', 1, [
      [0, 4.4],
      [4.5, 9.4],
      [9.5, 12.4],
      [12.5, 15.4],
      [15.5, 30.4],
      [30.5, 50.4],
    ]),
    so2_1h: scale('[ppb]', 0, [[0, 35], [36, 75], [76, 185], [186, 304], null, null]),
    so2_24h: scale('[ppb]', 0, [null, null, null, null, [305, 604], [605, 1004]]),
    no2_1h: scale('[ppb]', 0, [
      [0, 53],
      [54, 100],
      [101, 360],
      [361, 649],
      [650, 1249],
      [1250, 2049],
    ]),
  },
  classes: CLASSES,
};

/** Fine particles before May 2024, for comparison with older series: 301 to 400 and 401 to 500 were two lines. */
export const US_AQI_PM25_BEFORE_2024: UsAqiScale = {
  unit: 'ug/m3',
  digits: 1,
  lines: [
    { from: 0, to: 12, fromIndex: 0, toIndex: 50 },
    { from: 12.1, to: 35.4, fromIndex: 51, toIndex: 100 },
    { from: 35.5, to: 55.4, fromIndex: 101, toIndex: 150 },
    { from: 55.5, to: 150.4, fromIndex: 151, toIndex: 200 },
    { from: 150.5, to: 250.4, fromIndex: 201, toIndex: 300 },
    { from: 250.5, to: 350.4, fromIndex: 301, toIndex: 400 },
    { from: 350.5, to: 500.4, fromIndex: 401, toIndex: 500 },
  ],
  continues: false,
};
