/**
 * How well a number is known, in the words that a city must give with each value, best first (U4SSC KPI Verification
 * Manual 2022, p. 163).
 */
export const DATA_QUALITIES = [
  'Based on accurate measurements',
  'Extrapolated based on survey of inhabitants',
  'Extrapolated based on higher-level data',
  'Estimation based on certain assumptions',
  'Personal estimation',
  'Unknown methodology, not traceable',
] as const;
export type DataQuality = (typeof DATA_QUALITIES)[number];

/** The worst of several labels; that of measurements when there is none. */
export function worstQuality(qualities: Iterable<DataQuality>): DataQuality {
  let worst = 0;
  for (const quality of qualities) worst = Math.max(worst, DATA_QUALITIES.indexOf(quality));
  return DATA_QUALITIES[worst] ?? DATA_QUALITIES[0];
}

/**
 * What a zone that is not told a fact takes it from: `amount` from the sum of the zones in it when all of them know it,
 * `rate` from the zone or city that it lies in.
 */
export type CityFactKind = 'amount' | 'rate';

type Line = readonly [
  id: string,
  title: string,
  unit: string,
  kind: CityFactKind,
  max: number,
  neededBy: readonly string[],
  /** Held where the city says nothing; an assumption, and labelled so. */
  fallback?: number,
];

/* Amounts are of the area and the instant; KPIs by U4SSC code, or by id where they have none. */
const LINES = [
  [
    'population',
    'Inhabitants',
    '{people}',
    'amount',
    1e9,
    ['weight of zones', 'EN: EN: AQ: 2C', 'EN: EN: WS: 2C', 'EN: EN: EQ: 2A', 'EN: E: E: 2C', 'EN: E: E: 3C'],
  ],
  ['areaKm2', 'Area', 'km2', 'amount', 1e6, []],
  [
    'households',
    'Households',
    '{households}',
    'amount',
    1e9,
    ['EN: EN: WS: 1C', 'EC: I: WS: 1C', 'EC: I: WS: 2C', 'EC: I: ES: 3C'],
  ],
  [
    'householdsWaterPlanAudited',
    'Households covered by an audited Water Safety Plan',
    '{households}',
    'amount',
    1e9,
    ['EN: EN: WS: 1C'],
  ],
  ['householdsBasicWater', 'Households with a basic water supply', '{households}', 'amount', 1e9, ['EC: I: WS: 1C']],
  [
    'householdsPotableWater',
    'Households with a safely managed drinking water service',
    '{households}',
    'amount',
    1e9,
    ['EC: I: WS: 2C'],
  ],
  [
    'householdsElectricity',
    'Households with authorised access to electricity',
    '{households}',
    'amount',
    1e9,
    ['EC: I: ES: 3C'],
  ],
  [
    'electricityCustomers',
    'Customers of the electricity supply',
    '{customers}',
    'amount',
    1e9,
    ['EC: I: ES: 1C', 'EC: ICT: ES: 3A'],
  ],
  ['demandResponseCustomers', 'Customers with demand response', '{customers}', 'amount', 1e9, ['EC: ICT: ES: 3A']],
  ['electricityMeters', 'Electricity meters installed', '{meters}', 'amount', 1e9, ['EC: ICT: ES: 1C']],
  ['electricityNetworkKm', 'Length of the electricity network', 'km', 'amount', 1e6, ['EC: ICT: ES: 2A']],
  [
    'electricityNetworkMonitoredKm',
    'Length of the electricity network monitored by ICT',
    'km',
    'amount',
    1e6,
    ['EC: ICT: ES: 2A'],
  ],
  ['waterMeters', 'Water meters installed', '{meters}', 'amount', 1e9, ['EC: ICT: WS: 1C']],
  ['waterConnections', 'Service connections of the water network', '{connections}', 'amount', 1e9, ['water-ili']],
  ['waterMainsKm', 'Length of the water mains', 'km', 'amount', 1e6, ['EC: ICT: WS: 2A', 'water-ili']],
  ['waterMainsMonitoredKm', 'Length of the water mains monitored by ICT', 'km', 'amount', 1e6, ['EC: ICT: WS: 2A']],
  ['privatePipesKm', 'Length of the private pipes between property line and meter', 'km', 'amount', 1e6, ['water-ili']],
  ['averagePressureM', 'Average operating pressure of the water network', 'm[H2O]', 'rate', 1_000, ['water-ili']],
  [
    'unbilledAuthorisedM3PerDay',
    'Unbilled authorised water consumption',
    'm3/d',
    'amount',
    1e9,
    ['EC: I: WS: 3C', 'water-losses'],
  ],
  [
    'billedUnmeteredM3PerDay',
    'Billed water consumption without a meter',
    'm3/d',
    'amount',
    1e9,
    ['EC: I: WS: 3C', 'water-nrw'],
  ],
  [
    'legitimateNightUseLPerPropertyHour',
    'Legitimate night use of a property',
    'L/h',
    'rate',
    1_000,
    ['leakage from the minimum night flow'],
    1.7,
  ],
  [
    'hourDayFactor',
    'Hours of a day that leak like the night hour',
    'h',
    'rate',
    30,
    ['leakage from the minimum night flow'],
    24,
  ],
  ['freshwaterShare', 'Share of water from freshwater sources', '1', 'rate', 1, ['EN: EN: WS: 3C']],
  ['drainageKm', 'Length of the drainage and storm water system', 'km', 'amount', 1e6, ['EC: ICT: D: 1A']],
  [
    'drainageMonitoredKm',
    'Length of the drainage and storm water system monitored by ICT',
    'km',
    'amount',
    1e6,
    ['EC: ICT: D: 1A'],
  ],
  ['gridRenewableShare', 'Renewable share of the electricity from the grid', '1', 'rate', 1, ['EN: E: E: 1C']],
  ['heatRenewableShare', 'Renewable share of the heat supplied', '1', 'rate', 1, ['EN: E: E: 1C']],
  ['gridKgCo2ePerKwh', 'Emission factor of the electricity from the grid', 'kg/(kW.h)', 'rate', 10, ['EN: EN: AQ: 2C']],
  ['heatKgCo2ePerKwh', 'Emission factor of the heat supplied', 'kg/(kW.h)', 'rate', 10, ['EN: EN: AQ: 2C']],
  [
    'gasKwhPerM3',
    'Energy content of gas',
    'kW.h/m3',
    'rate',
    50,
    ['EN: EN: AQ: 2C', 'EN: E: E: 1C', 'EN: E: E: 3C', 'EN: E: E: 4A'],
  ],
  ['gasKgCo2ePerKwh', 'Emission factor of gas', 'kg/(kW.h)', 'rate', 10, ['EN: EN: AQ: 2C']],
  [
    'otherTonnesCo2ePerYear',
    'Greenhouse gas emissions of what is not metered',
    't/a',
    'amount',
    1e12,
    ['EN: EN: AQ: 2C'],
  ],
  ['publicBuildingFloorAreaM2', 'Floor area of public buildings', 'm2', 'amount', 1e9, ['EN: E: E: 4A']],
  ['emfSites', 'Mobile network antenna sites', '{sites}', 'amount', 1e6, ['EN: EN: EQ: 1C']],
  [
    'emfSitesCompliant',
    'Mobile network antenna sites within the EMF exposure guidelines',
    '{sites}',
    'amount',
    1e6,
    ['EN: EN: EQ: 1C'],
  ],
] as const satisfies readonly Line[];

export type CityFactId = (typeof LINES)[number][0];

/** A number that no sensor gives: the city knows it of itself, from a register, a plan or a survey. */
export interface CityFactInfo {
  readonly id: CityFactId;
  readonly title: string;
  /** UCUM code; shares are 0 to 1. */
  readonly unit: string;
  readonly kind: CityFactKind;
  /** Allowed range, both ends included. */
  readonly min: number;
  readonly max: number;
  /** KPIs that cannot be said in full without it: U4SSC codes, ids, or words. */
  readonly neededBy: readonly string[];
  /** Taken where the city says nothing; undefined where nothing is assumed. */
  readonly fallback: number | undefined;
}

/** Every fact that a city can be asked for; the only list. */
export const CITY_FACTS: ReadonlyMap<CityFactId, CityFactInfo> = new Map(
  (LINES as readonly Line[]).map(([id, title, unit, kind, max, neededBy, fallback]) => {
    const info: CityFactInfo = { id: id as CityFactId, title, unit, kind, min: 0, max, neededBy, fallback };
    return [info.id, info];
  }),
);

/** Facts of which one is a part of the other, and cannot be more. */
export const PARTS_OF_FACTS: readonly (readonly [part: CityFactId, whole: CityFactId])[] = [
  ['householdsWaterPlanAudited', 'households'],
  ['householdsPotableWater', 'householdsBasicWater'],
  ['householdsBasicWater', 'households'],
  ['householdsElectricity', 'households'],
  ['demandResponseCustomers', 'electricityCustomers'],
  ['electricityNetworkMonitoredKm', 'electricityNetworkKm'],
  ['waterMainsMonitoredKm', 'waterMainsKm'],
  ['drainageMonitoredKm', 'drainageKm'],
  ['emfSitesCompliant', 'emfSites'],
];

/** A value of a fact. */
export interface CityFact {
  readonly value: number;
  /** In force from this instant on, ms UTC; -Infinity when it always was. */
  readonly fromMs: number;
  /** Where the city has it from; empty when it does not say. */
  readonly source: string;
  readonly quality: DataQuality;
}

/** Values of facts as an area was told them, each list by ascending `fromMs`. */
export type FactHistories = ReadonlyMap<CityFactId, readonly CityFact[]>;

/** Facts in force at one instant in one area; undefined for one that is not known. */
export type FactsInForce = (id: CityFactId) => CityFact | undefined;

/** The value in force at an instant; undefined before the first one. */
export function factAt(history: readonly CityFact[] | undefined, atMs: number): CityFact | undefined {
  return history?.findLast(({ fromMs }) => fromMs <= atMs);
}

/** Nothing known but what is assumed everywhere. */
export const NO_FACTS: FactsInForce = (id) => {
  const fallback = CITY_FACTS.get(id)?.fallback;
  if (fallback === undefined) return undefined;
  return {
    value: fallback,
    fromMs: Number.NEGATIVE_INFINITY,
    source: 'default of the product',
    quality: 'Estimation based on certain assumptions',
  };
};

/** The label of a value that readings and facts made: that of measurements, or the worst of the facts that are known. */
export function qualityWith(facts: readonly CityFactId[], inForce: FactsInForce): DataQuality {
  return worstQuality(facts.flatMap((id) => inForce(id)?.quality ?? []));
}
