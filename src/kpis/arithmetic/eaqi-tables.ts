/** Pollutants of the European Air Quality Index, by quantity id. */
export const EAQI_POLLUTANTS = ['pm2_5', 'pm10', 'no2', 'o3', 'so2'] as const;
export type EaqiPollutant = (typeof EAQI_POLLUTANTS)[number];

/** 1 is the best class, 6 the worst. */
export type EaqiLevel = 1 | 2 | 3 | 4 | 5 | 6;

/** Breakpoints of an index as published, with where they come from. */
export interface EaqiTable {
  readonly version: string;
  readonly source: string;
  /** Inclusive upper bounds of classes 1 to 5, ug/m3; above the last one lies class 6. */
  readonly pollutants: Readonly<Record<EaqiPollutant, readonly [number, number, number, number, number]>>;
  /** Hours that a value is averaged over before it is looked up. */
  readonly averagingHours: Readonly<Record<EaqiPollutant, number>>;
  /** Classes 1 to 6, best first. */
  readonly classes: readonly { readonly name: string; readonly color: string }[];
}

const CLASSES: EaqiTable['classes'] = [
  { name: 'Good', color: '#50f0e6' },
  { name: 'Fair', color: '#50ccaa' },
  { name: 'Moderate', color: '#f0e641' },
  { name: 'Poor', color: '#ff5050' },
  { name: 'Very poor', color: '#960032' },
  { name: 'Extremely poor', color: '#7d2181' },
];

/** The revision in force since 2024/25: hourly values of all five pollutants. */
export const EAQI_2024: EaqiTable = {
  version: 'EAQI 2024/25',
  source: 'European Environment Agency, ETC HE Report 2024/17, table 5.2',
  pollutants: {
    pm2_5: [5, 15, 50, 90, 140],
    pm10: [15, 45, 120, 195, 270],
    no2: [10, 25, 60, 100, 150],
    o3: [60, 100, 120, 160, 180],
    so2: [20, 40, 125, 190, 275],
  },
  averagingHours: { pm2_5: 1, pm10: 1, no2: 1, o3: 1, so2: 1 },
  classes: CLASSES,
};

/** The version of 2017 to 2024, for comparison with older series: particles as 24-hour running means. */
export const EAQI_2017: EaqiTable = {
  version: 'EAQI 2017-2024',
  source: 'European Environment Agency, European Air Quality Index, 2017 to 2024',
  pollutants: {
    pm2_5: [10, 20, 25, 50, 75],
    pm10: [20, 40, 50, 100, 150],
    no2: [40, 90, 120, 230, 340],
    o3: [50, 100, 130, 240, 380],
    so2: [100, 200, 350, 500, 750],
  },
  averagingHours: { pm2_5: 24, pm10: 24, no2: 1, o3: 1, so2: 1 },
  classes: CLASSES,
};
