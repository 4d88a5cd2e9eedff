/** A pollutant as KPIs name it. */
export interface Pollutant {
  readonly name: string;
  /** Canonical UCUM unit of the quantity, and as people write it. */
  readonly unit: string;
  readonly unitLabel: string;
}

const UGM3 = { unit: 'ug/m3', unitLabel: '\u00b5g/m\u00b3' } as const;

/** Pollutants with hourly means, by quantity id. */
export const POLLUTANTS = {
  pm2_5: { name: 'PM2.5', ...UGM3 },
  pm10: { name: 'PM10', ...UGM3 },
  no2: { name: 'NO2', ...UGM3 },
  o3: { name: 'O3', ...UGM3 },
  so2: { name: 'SO2', ...UGM3 },
  co: { name: 'CO', unit: 'mg/m3', unitLabel: 'mg/m\u00b3' },
  nh3: { name: 'NH3', ...UGM3 },
  no: { name: 'NO', ...UGM3 },
  nox: { name: 'NOx', ...UGM3 },
  h2s: { name: 'H2S', ...UGM3 },
  benzene: { name: 'Benzene', ...UGM3 },
  pm1: { name: 'PM1', ...UGM3 },
} as const satisfies Readonly<Record<string, Pollutant>>;
export type PollutantId = keyof typeof POLLUTANTS;

/** In the order of the list of KPIs. */
export const POLLUTANT_IDS = Object.keys(POLLUTANTS) as readonly PollutantId[];

/** The pollutant's part of a KPI's id: `pm2-5`. */
export function idPart(pollutant: string): string {
  return pollutant.replaceAll('_', '-');
}
