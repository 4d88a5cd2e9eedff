import { meanOfValid } from './mean.ts';

const LITRES_PER_M3 = 1000;

/**
 * Water consumption, litres per day and inhabitant.
 *
 * @param volumeM3 consumption of the period
 * @param days real length of the period, hours / 24: 366 in a leap year, 23/24 for the day on which summer time begins
 * @returns null without days or people
 * @see U4SSC EN: EN: WS: 2C
 */
export function waterPerCapitaPerDay(volumeM3: number, days: number, population: number): number | null {
  return days > 0 && population > 0 ? (volumeM3 * LITRES_PER_M3) / days / population : null;
}

/**
 * Non-revenue water, percent of the system input (IWA balance). Negative when more was billed than was put in: meters
 * that are not read at the same time show it, and hiding it would hide the fault.
 */
export function nrwPercent(systemInputM3: number, billedAuthorisedM3: number): number | null {
  return percentOf(systemInputM3 - billedAuthorisedM3, systemInputM3);
}

/** Water losses (IWA balance): input minus all authorised consumption, billed or not. */
export interface WaterLosses {
  readonly volumeM3: number;
  readonly percent: number | null;
}

/** Losses of a supply system; not clamped at 0, for the reason given at `nrwPercent`. */
export function waterLosses(systemInputM3: number, authorisedConsumptionM3: number): WaterLosses {
  const volumeM3 = systemInputM3 - authorisedConsumptionM3;
  return { volumeM3, percent: percentOf(volumeM3, systemInputM3) };
}

/**
 * Smart meters of all meters installed, percent; null without meters.
 *
 * @see U4SSC EC: ICT: WS: 1C (water) and EC: ICT: ES: 1C (electricity)
 */
export function smartMeterShare(smartCount: number, totalCount: number): number | null {
  return percentOf(smartCount, totalCount);
}

/** A distribution network, as the unavoidable losses see it. */
export interface SupplyNetwork {
  readonly mainsKm: number;
  readonly connectionCount: number;
  /** Length of the service pipes between property line and meter. */
  readonly privatePipesKm: number;
  readonly pressureM: number;
}

/** Unavoidable annual real losses, litres per day: (18 Lm + 0.8 Nc + 25 Lp) * P (IWA, 1999). */
export function unavoidableLossesLitresPerDay(network: SupplyNetwork): number {
  const perMetre = 18 * network.mainsKm + 0.8 * network.connectionCount + 25 * network.privatePipesKm;
  return perMetre * network.pressureM;
}

/** Infrastructure leakage index: real losses over the unavoidable ones; null where nothing is unavoidable. */
export function infrastructureLeakageIndex(realLossesLitresPerDay: number, network: SupplyNetwork): number | null {
  const unavoidable = unavoidableLossesLitresPerDay(network);
  return unavoidable > 0 ? realLossesLitresPerDay / unavoidable : null;
}

/** Lowest of the rolling-hour mean flows of one night, m3/h; null without any (UKWIR 99/WM/08/21). */
export function minimumNightFlow(rollingHourMeansM3h: readonly (number | null)[]): number | null {
  const valid = rollingHourMeansM3h.filter((flow) => flow !== null);
  return valid.length === 0 ? null : valid.reduce((least, flow) => Math.min(least, flow));
}

/** What is needed to tell leakage from the water that people use at night. */
export interface NightUse {
  readonly propertyCount: number;
  /** Litres per property and hour; 1.7 when nothing better is known. */
  readonly litresPerPropertyHour: number;
  /** Hours of a day at the pressure of the night; 24 without pressure control. */
  readonly hourDayFactor: number;
}

/** Leakage of a district, m3/day: (minimum night flow - legitimate night use) * hour-day factor. Not clamped at 0. */
export function leakageFromMnf(minimumNightFlowM3h: number, use: NightUse): number {
  const nightUseM3h = (use.propertyCount * use.litresPerPropertyHour) / LITRES_PER_M3;
  return (minimumNightFlowM3h - nightUseM3h) * use.hourDayFactor;
}

/** Inclusive limits of one parameter; null where there is none. */
export type ParameterLimits = readonly [min: number | null, max: number | null];

/**
 * Percent of samples with every parameter inside its limits. A parameter that a sample lacks is not judged; a sample
 * without any judged parameter leaves numerator and denominator. A supporting value, not U4SSC EN: EN: WS: 1C.
 *
 * @returns null when no sample could be judged
 */
export function qualityCompliance(
  samples: readonly Readonly<Record<string, number | null>>[],
  limits: Readonly<Record<string, ParameterLimits>>,
): number | null {
  const verdicts = samples.map((sample) => complies(sample, limits)).filter((verdict) => verdict !== null);
  const ratio = meanOfValid(verdicts.map((verdict) => (verdict ? 1 : 0)));
  return ratio === null ? null : ratio * 100;
}

function complies(
  sample: Readonly<Record<string, number | null>>,
  limits: Readonly<Record<string, ParameterLimits>>,
): boolean | null {
  let judged = false;
  for (const [parameter, [min, max]] of Object.entries(limits)) {
    const value = sample[parameter];
    if (value === undefined || value === null) continue;
    judged = true;
    if ((min !== null && value < min) || (max !== null && value > max)) return false;
  }
  return judged ? true : null;
}

function percentOf(part: number, whole: number): number | null {
  return whole > 0 ? (part / whole) * 100 : null;
}
