import { roundHalfUp } from './mean.ts';

/** A guideline level of the WHO with its interim targets. */
export interface WhoLevel {
  /** Quantity id. */
  readonly pollutant: string;
  readonly averaging: 'year' | 'day' | '8-hour' | 'hour' | '15-minute' | '10-minute' | 'peak season';
  /** In ug/m3, CO in mg/m3. */
  readonly guideline: number;
  /** Interim targets from the strictest to the laxest, in the same unit. */
  readonly interim: readonly number[];
}

/**
 * Short-term levels (24 hours, 8 hours) are 99th percentiles of a year: three to four days above them are allowed; the
 * product counts with three [C]. Low confidence, to be read again before certification: the interim targets of NO2 for
 * 24 hours (120 and 50) and of CO (7).
 */
export const WHO_2021 = {
  version: 'WHO 2021',
  source:
    'WHO global air quality guidelines (2021), tables 0.1 and 0.2; interim targets of NO2 (24 h) and CO unconfirmed',
  exceedanceDaysAllowed: 3,
  levels: [
    { pollutant: 'pm2_5', averaging: 'year', guideline: 5, interim: [10, 15, 25, 35] },
    { pollutant: 'pm2_5', averaging: 'day', guideline: 15, interim: [25, 37.5, 50, 75] },
    { pollutant: 'pm10', averaging: 'year', guideline: 15, interim: [20, 30, 50, 70] },
    { pollutant: 'pm10', averaging: 'day', guideline: 45, interim: [50, 75, 100, 150] },
    { pollutant: 'o3', averaging: 'peak season', guideline: 60, interim: [70, 100] },
    { pollutant: 'o3', averaging: '8-hour', guideline: 100, interim: [120, 160] },
    { pollutant: 'no2', averaging: 'year', guideline: 10, interim: [20, 30, 40] },
    { pollutant: 'no2', averaging: 'day', guideline: 25, interim: [50, 120] },
    { pollutant: 'no2', averaging: 'hour', guideline: 200, interim: [] },
    { pollutant: 'so2', averaging: 'day', guideline: 40, interim: [50, 125] },
    { pollutant: 'so2', averaging: '10-minute', guideline: 500, interim: [] },
    { pollutant: 'co', averaging: 'day', guideline: 4, interim: [7] },
    { pollutant: 'co', averaging: '8-hour', guideline: 10, interim: [] },
    { pollutant: 'co', averaging: 'hour', guideline: 35, interim: [] },
    { pollutant: 'co', averaging: '15-minute', guideline: 100, interim: [] },
  ] satisfies readonly WhoLevel[] as readonly WhoLevel[],
} as const;

/** The level of a pollutant and averaging time, or undefined where the WHO gives none. */
export function whoLevel(pollutant: string, averaging: WhoLevel['averaging']): WhoLevel | undefined {
  return WHO_2021.levels.find((level) => level.pollutant === pollutant && level.averaging === averaging);
}

/**
 * Whether a mean is above a guideline level. It is not rounded as a limit value is, but cut to a millionth first: a mean
 * of 24 values of 4.1 or 3.9 may leave 4 by what binary arithmetic brought in.
 */
export function exceedsWhoLevel({ guideline }: WhoLevel, value: number): boolean {
  return roundHalfUp(value, 6) > guideline;
}
