import { meanOfValid, percentileLinear, sampleDeviation } from './mean.ts';

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

/** Volumes of one period and one supply system, m3. */
export interface WaterVolumes {
  readonly inputM3: number;
  /** Billed authorised consumption, metered and unmetered. */
  readonly billedM3: number;
  /** Unbilled authorised consumption, such as that of fire hydrants. */
  readonly unbilledM3: number;
}

/** The IWA water balance: non-revenue water and losses; not clamped at 0, for the reason given at `nrwPercent`. */
export function waterBalance({ inputM3, billedM3, unbilledM3 }: WaterVolumes) {
  const nonRevenueM3 = inputM3 - billedM3;
  return { nonRevenueM3, lossesM3: nonRevenueM3 - unbilledM3 };
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

/**
 * The night flow that a district is judged by: the 20th percentile of the nightly minimum rolling hours of 7 nights, with
 * linear interpolation, which leaves out the one night that a fire or a filled pool spoils (UKWIR 99/WM/08/21).
 *
 * @param nightsM3h newest last; null for a night without a valid minimum. More than 7 are cut to the newest 7
 * @returns null with fewer than 5 valid nights of the 7
 */
export function nightFlowPercentile20(nightsM3h: readonly (number | null)[]): number | null {
  const valid = nightsM3h.slice(-BASELINE_NIGHTS).filter((flow) => flow !== null);
  return valid.length < BASELINE_NIGHTS_MIN ? null : percentileLinear(valid, 20);
}

/** What a district's nights say: nothing, or why a burst is suspected. */
export interface DistrictAlarm {
  readonly alarm: boolean;
  /** Which rule was met; both words when both were. */
  readonly rules: readonly ('3 sigma' | '+20 %')[];
  /** 7-day 20th percentile before the nights judged, and the sample standard deviation of those nights, m3/h. */
  readonly baselineM3h: number;
  readonly sigmaM3h: number;
}

/**
 * Rules of thumb for a burst in a district: each of the last 3 minimum night flows lies above the 20th percentile of the
 * 7 nights before them plus 3 standard deviations, or more than 20 % above that percentile (KPI.md 4.4). All three nights
 * must be there: a burst is a step that stays, one night is a hydrant.
 *
 * @param nightsM3h minimum night flows, oldest first, the last night last; null for a night without a valid one
 * @returns null when the 3 nights are not all valid, or fewer than 5 of the 7 before them are
 */
export function districtAlarm(nightsM3h: readonly (number | null)[]): DistrictAlarm | null {
  const judged = nightsM3h.slice(-ALARM_NIGHTS).filter((flow) => flow !== null);
  const before = nightsM3h.slice(0, -ALARM_NIGHTS).slice(-BASELINE_NIGHTS);
  const baselineM3h = nightFlowPercentile20(before);
  if (judged.length < ALARM_NIGHTS || baselineM3h === null) return null;
  const sigmaM3h = sampleDeviation(before.filter((flow) => flow !== null)) ?? 0;
  const rules: DistrictAlarm['rules'][number][] = [];
  // Without any scatter three deviations are no distance.
  if (sigmaM3h > 0 && judged.every((flow) => flow > baselineM3h + 3 * sigmaM3h)) rules.push('3 sigma');
  if (judged.every((flow) => 100 * (flow - baselineM3h) > 20 * baselineM3h)) rules.push('+20 %');
  return { alarm: rules.length > 0, rules, baselineM3h, sigmaM3h };
}

/** Nights that make the baseline, how many of them must be valid, and nights in a row that must be above it. */
const BASELINE_NIGHTS = 7;
const BASELINE_NIGHTS_MIN = 5;
const ALARM_NIGHTS = 3;

/**
 * Whether a customer's meter leaks: `leak` when no valid hour of the 24 (or of the local day) fell to the threshold and
 * none is missing, `tight` when one did, `unknown` otherwise (KPI.md 4.4).
 *
 * @param lowestM3h lowest mean flow of a valid hour; Infinity without one
 */
export function continuousFlow(
  lowestM3h: number,
  validHours: number,
  expectedHours: number,
  aboveLitresPerHour = 0,
): 'leak' | 'tight' | 'unknown' {
  if (lowestM3h * LITRES_PER_M3 <= aboveLitresPerHour) return 'tight';
  return validHours >= expectedHours && validHours > 0 ? 'leak' : 'unknown';
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

/** Whether a sample lies inside all limits that it can be held against; null when there is none. */
export function complies(
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
