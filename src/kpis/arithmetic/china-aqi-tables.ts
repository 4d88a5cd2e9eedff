/** Pollutants of the Chinese index with their averaging times; particles of an hour use the 24-hour columns. */
export const CHINA_ITEMS = [
  'pm25_24h',
  'pm10_24h',
  'so2_24h',
  'so2_1h',
  'no2_24h',
  'no2_1h',
  'co_24h',
  'co_1h',
  'o3_8h',
  'o3_1h',
] as const;
export type ChinaItem = (typeof CHINA_ITEMS)[number];

/** One column of the table. */
export interface ChinaScale {
  /** Concentrations at IAQI 0, 50, 100, 150, 200, 300, 400 and 500, as far as the column goes. */
  readonly bounds: readonly number[];
  /** Decimals that a concentration is rounded to. */
  readonly digits: number;
  /** IAQI above the column: a number, or null where the standard says that it is not calculated. */
  readonly above: number | null;
}

/** The Chinese index as published, with where it comes from. */
export interface ChinaAqiTable {
  readonly version: string;
  readonly source: string;
  readonly items: Readonly<Record<ChinaItem, ChinaScale>>;
  readonly classes: readonly { readonly name: string; readonly upTo: number; readonly color: string }[];
  /** An index up to 100 is published only when all six pollutants are there. */
  readonly needsAllUpTo100: boolean;
}

export const CHINA_IAQI_STEPS = [0, 50, 100, 150, 200, 300, 400, 500] as const;

/*
 * Both standards have the same columns except for particles, and for what lies above the short ones.
 */
const GASES = {
  so2_24h: column(0, 50, 150, 475, 800, 1600, 2100, 2620),
  no2_24h: column(0, 40, 80, 180, 280, 565, 750, 940),
  no2_1h: column(0, 100, 200, 700, 1200, 2340, 3090, 3840),
  co_24h: { ...column(0, 2, 4, 14, 24, 36, 48, 60), digits: 1 },
  co_1h: { ...column(0, 5, 10, 35, 60, 90, 120, 150), digits: 1 },
  o3_1h: column(0, 160, 200, 300, 400, 800, 1000, 1200),
};
const SO2_1H = column(0, 150, 500, 650, 800);
const O3_8H = column(0, 100, 160, 215, 265, 800);

const CLASSES: ChinaAqiTable['classes'] = [
  { name: 'Excellent', upTo: 50, color: '#00e400' },
  { name: 'Good', upTo: 100, color: '#ffff00' },
  { name: 'Lightly polluted', upTo: 150, color: '#ff7e00' },
  { name: 'Moderately polluted', upTo: 200, color: '#ff0000' },
  { name: 'Heavily polluted', upTo: 300, color: '#99004c' },
  { name: 'Severely polluted', upTo: Number.POSITIVE_INFINITY, color: '#7e0023' },
];

/** In force since 2026-03-01. Gases in ug/m3, CO in mg/m3. */
export const CHINA_AQI_2026: ChinaAqiTable = {
  version: 'HJ 633-2026',
  source: 'Ministry of Ecology and Environment, HJ 633-2026 (in force 2026-03-01), table 3; GB/T 8170-2008',
  items: {
    ...GASES,
    pm25_24h: column(0, 35, 60, 115, 150, 250, 350, 500),
    pm10_24h: column(0, 50, 120, 250, 350, 420, 500, 600),
    so2_1h: { ...SO2_1H, above: 200 },
    o3_8h: { ...O3_8H, above: 300 },
  },
  classes: CLASSES,
  needsAllUpTo100: true,
};

/** Superseded on 2026-03-01; for older series. */
export const CHINA_AQI_2012: ChinaAqiTable = {
  version: 'HJ 633-2012',
  source: 'Ministry of Environmental Protection, HJ 633-2012 (until 2026-02-28), table 1; GB/T 8170-2008',
  items: {
    ...GASES,
    pm25_24h: column(0, 35, 75, 115, 150, 250, 350, 500),
    pm10_24h: column(0, 50, 150, 250, 350, 420, 500, 600),
    so2_1h: { ...SO2_1H, above: null },
    o3_8h: { ...O3_8H, above: null },
  },
  classes: CLASSES,
  needsAllUpTo100: false,
};

function column(...bounds: readonly number[]): ChinaScale {
  return { bounds, digits: 0, above: 500 };
}
