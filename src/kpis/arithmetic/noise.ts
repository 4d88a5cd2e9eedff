import { assert, exactSum } from '../../base/index.ts';
import { percentileLinear } from './mean.ts';

/*
 * Sound levels live on a logarithmic scale: they are added, averaged and weighted as energy, 10^(L/10), and never as
 * decibels. Sums are exact, so that the order of the readings changes no bit of the result.
 */

const EVENING_PENALTY_DB = 5;
const NIGHT_PENALTY_DB = 10;

/** Levels of the three periods of a day, dB(A). */
export interface PeriodLevels {
  readonly lday: number;
  readonly levening: number;
  readonly lnight: number;
}

/** Length of the three periods in hours; they make up 24 h on every day, whatever the clock changes do. */
export interface PeriodHours {
  readonly day: number;
  readonly evening: number;
  readonly night: number;
}

/** Local hours at which the periods begin. */
export interface PeriodStarts {
  readonly dayStartHour: number;
  readonly eveningStartHour: number;
  readonly nightStartHour: number;
}

/** Levels of one local day; a period without data is null, and so is everything that would need it. */
export interface NoiseDay {
  readonly lday: number | null;
  readonly levening: number | null;
  readonly lnight: number | null;
  readonly lden: number | null;
  readonly laeq24h: number | null;
}

/** A zone with its people and its long-term Lden; null where the zone has no data. */
export interface NoiseZone {
  readonly population: number;
  readonly lden: number | null;
}

/** Share of people exposed, with the number of people that it speaks of. */
export interface ExposureShare {
  /** 0 to 100 %; null when no zone has data. */
  readonly percent: number | null;
  readonly coveredPopulation: number;
  readonly population: number;
}

/** Directive 2002/49/EC annex I: day 12 h, evening 4 h, night 8 h. */
export const LDEN_HOURS: PeriodHours = { day: 12, evening: 4, night: 8 };
/** Day-night level: day 15 h, night 9 h. */
export const LDN_HOURS = { day: 15, night: 9 };
/** Directive 2002/49/EC annex I: day from 07, evening from 19, night from 23, local time. */
export const LDEN_STARTS: PeriodStarts = { dayStartHour: 7, eveningStartHour: 19, nightStartHour: 23 };

/**
 * Equivalent continuous level, 10*log10(sum(t * 10^(L/10)) / sum(t)), dB.
 *
 * @param levels finite levels, dB
 * @param durations seconds (or any one unit of time) for which each level stands; all alike when absent
 * @returns null without levels, or when all durations are 0
 */
export function leq(levels: readonly number[], durations?: readonly number[]): number | null {
  if (durations === undefined) return energyMean(levels);
  assert(durations.length === levels.length, `leq: ${levels.length} levels and ${durations.length} durations`);
  const total = exactSum(durations);
  if (total <= 0) return null;
  return level(exactSum(levels.map((db, index) => durations[index]! * energy(db))) / total);
}

/** Level of several sources together, 10*log10(sum(10^(L/10))), dB; null without levels. */
export function energySum(levels: Iterable<number>): number | null {
  const energies = Array.from(levels, energy);
  return energies.length === 0 ? null : level(exactSum(energies));
}

/** Energetic mean, 10*log10(mean(10^(L/10))), dB; null without levels. */
export function energyMean(levels: Iterable<number>): number | null {
  const energies = Array.from(levels, energy);
  return energies.length === 0 ? null : level(exactSum(energies) / energies.length);
}

/**
 * Day-evening-night level, dB: evenings count 5 dB more, nights 10 dB more.
 *
 * @param hours the weights; they stay the same on days of 23 or 25 hours
 * @see Directive 2002/49/EC, annex I
 */
export function lden(levels: PeriodLevels, hours: PeriodHours = LDEN_HOURS): number {
  const weighted = exactSum([
    hours.day * energy(levels.lday),
    hours.evening * energy(levels.levening + EVENING_PENALTY_DB),
    hours.night * energy(levels.lnight + NIGHT_PENALTY_DB),
  ]);
  return level(weighted / (hours.day + hours.evening + hours.night));
}

/** Day-night level, dB: nights (9 h by default) count 10 dB more. */
export function ldn(levels: { readonly lday: number; readonly lnight: number }, hours = LDN_HOURS): number {
  const weighted = exactSum([hours.day * energy(levels.lday), hours.night * energy(levels.lnight + NIGHT_PENALTY_DB)]);
  return level(weighted / (hours.day + hours.night));
}

/**
 * L_N: the level that is exceeded N percent of the time, the (100-N)th percentile of short-time levels with linear
 * interpolation between neighbours (type 7). It can be neither averaged nor merged: ask for it over all levels at once.
 *
 * @param n percent of the time, 0 to 100: 10 gives L10, 90 gives L90
 * @returns dB, or null without levels
 */
export function exceedanceLevel(levels: readonly number[], n: number): number | null {
  assert(n >= 0 && n <= 100, `exceedanceLevel: n is ${n}, allowed 0 to 100`);
  return levels.length === 0 ? null : percentileLinear(levels, 100 - n);
}

/**
 * The levels of one local day from its hourly LAeq.
 *
 * @param hourly by local hour, index 0 is 00:00 to 01:00; null where an hour is not valid
 * @param starts local hours at which the periods begin; the evening may be shortened by states (annex I)
 */
export function noiseDayFromHourly(hourly: readonly (number | null)[], starts: PeriodStarts = LDEN_STARTS): NoiseDay {
  const parts: Record<NoisePeriod, number[]> = { day: [], evening: [], night: [] };
  for (const [hour, db] of hourly.entries()) if (db !== null) parts[noisePeriodOfHour(hour, starts)].push(db);
  const [lday, levening, lnight] = [energyMean(parts.day), energyMean(parts.evening), energyMean(parts.night)];
  const complete = lday !== null && levening !== null && lnight !== null;
  return {
    lday,
    levening,
    lnight,
    lden: complete ? lden({ lday, levening, lnight }, periodHours(starts)) : null,
    laeq24h: energyMean([...parts.day, ...parts.evening, ...parts.night]),
  };
}

export type NoisePeriod = 'day' | 'evening' | 'night';

/** The period that a local hour (0 to 23) lies in; a night reaches over midnight. */
export function noisePeriodOfHour(hour: number, starts: PeriodStarts = LDEN_STARTS): NoisePeriod {
  const sinceDay = (hour - starts.dayStartHour + 24) % 24;
  const { day, evening } = periodHours(starts);
  if (sinceDay < day) return 'day';
  return sinceDay < day + evening ? 'evening' : 'night';
}

/** The weights of Lden that belong to the starts of the periods; they always sum to 24. */
export function periodHours(starts: PeriodStarts): PeriodHours {
  const day = (starts.eveningStartHour - starts.dayStartHour + 24) % 24;
  const evening = (starts.nightStartHour - starts.eveningStartHour + 24) % 24;
  return { day, evening, night: 24 - day - evening };
}

/**
 * Share of people in zones whose Lden is above the threshold. Zones without data leave numerator and denominator.
 *
 * @param thresholdDb Lden above it counts as excessive; 55 dB(A) is the reporting threshold of Directive 2002/49/EC
 * @see U4SSC EN: EN: EQ: 2A
 */
export function exposureShare(zones: readonly NoiseZone[], thresholdDb: number): ExposureShare {
  const covered = zones.filter((zone) => zone.lden !== null);
  const exposed = covered.filter((zone) => zone.lden! > thresholdDb);
  const coveredPopulation = exactSum(covered.map((zone) => zone.population));
  const exposedPopulation = exactSum(exposed.map((zone) => zone.population));
  return {
    percent: coveredPopulation > 0 ? (exposedPopulation / coveredPopulation) * 100 : null,
    coveredPopulation,
    population: exactSum(zones.map((zone) => zone.population)),
  };
}

/** People of one 5-dB band of a level. */
export interface ExposureBand {
  /** Inclusive lower bound, dB(A). */
  readonly fromDb: number;
  /** Exclusive upper bound; Infinity for the last band. */
  readonly toDb: number;
  readonly population: number;
}

/** First and last lower bounds of the bands that are reported (Directive 2002/49/EC, annex VI). */
export const EXPOSURE_BANDS = {
  lden: { firstDb: 55, lastDb: 75 },
  lnight: { firstDb: 50, lastDb: 70 },
} as const;

/**
 * People by 5-dB bands of their zone's level: 55 to 59 ... 75 and more for Lden. A level belongs to the band whose lower
 * bound it reaches, so 59.9 dB is in "55 to 59". People below the first band, and those of zones without data, are in none.
 *
 * @see Directive 2002/49/EC, annex VI
 */
export function exposureBands(
  zones: readonly { readonly population: number; readonly level: number | null }[],
  { firstDb, lastDb }: { readonly firstDb: number; readonly lastDb: number },
): ExposureBand[] {
  const bands: ExposureBand[] = [];
  for (let fromDb = firstDb; fromDb <= lastDb; fromDb += EXPOSURE_BAND_DB) {
    const toDb = fromDb === lastDb ? Number.POSITIVE_INFINITY : fromDb + EXPOSURE_BAND_DB;
    const inside = zones.filter(({ level: db }) => db !== null && db >= fromDb && db < toDb);
    bands.push({ fromDb, toDb, population: exactSum(inside.map(({ population }) => population)) });
  }
  return bands;
}

const EXPOSURE_BAND_DB = 5;

function energy(db: number): number {
  assert(Number.isFinite(db), `a sound level is ${db}; filter readings by quality first`);
  return 10 ** (db / 10);
}

function level(meanEnergy: number): number {
  return 10 * Math.log10(meanEnergy);
}
