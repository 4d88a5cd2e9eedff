import { exactSum } from '../../base/index.ts';
import { truncateTo } from './rounding.ts';
import { usAqiSubIndex } from './us-aqi.ts';

/** Hours that the NowCast of particles looks back over, the hour just finished included. */
export const NOWCAST_HOURS = 12;

/** A NowCast of particles, ug/m3. */
export interface NowCast {
  /** Full precision. */
  readonly raw: number;
  /** Truncated as the table asks for: 0.1 for PM2.5, 1 for PM10. */
  readonly truncated: number;
  readonly aqi: number | null;
}

/** Ozone by the surrogate, with the number that EPA's program gives the way it was made. */
export interface OzoneSurrogate {
  /** Null when none of the last three hours is there. */
  readonly ppb: number | null;
  /** 3: from the current hour, 5: from the one before, 7: from two hours ago, 8: not available. */
  readonly methodId: 3 | 5 | 7 | 8;
}

const RULES = { pm25: { item: 'pm25_24h', digits: 1 }, pm10: { item: 'pm10_24h', digits: 0 } } as const;
const LEAST_WEIGHT = 0.5;
const SURROGATE_SLOPE = 0.85;
const SURROGATE_INTERCEPT_PPB = 4.5;

/**
 * NowCast of particles: hourly means weighted by powers of w = smallest / largest, at least 0.5. A missing hour is left
 * out of both sums and keeps its exponent. Hours of zero are data; when all are zero the result is 0.
 *
 * @param hourly ug/m3, newest first, the hour just finished included; not rounded; beyond twelve ignored
 * @returns null with fewer than two of the three newest hours
 * @see EPA-454/B-24-002, pages 16 and 17
 */
export function nowCastPm(pollutant: keyof typeof RULES, hourly: readonly (number | null)[]): NowCast | null {
  const known = hourly.slice(0, NOWCAST_HOURS);
  if (known.slice(0, 3).filter((value) => value !== null).length < 2) return null;
  let largest = Number.NEGATIVE_INFINITY;
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of known) {
    if (value === null) continue;
    largest = Math.max(largest, value);
    smallest = Math.min(smallest, value);
  }
  const weight = largest > 0 ? Math.max(LEAST_WEIGHT, smallest / largest) : 1;
  const weighted: number[] = [];
  const weights: number[] = [];
  for (const [age, value] of known.entries()) {
    if (value === null) continue;
    weighted.push(weight ** age * value);
    weights.push(weight ** age);
  }
  const raw = exactSum(weighted) / exactSum(weights);
  const { item, digits } = RULES[pollutant];
  return { raw, truncated: truncateTo(raw, digits), aqi: usAqiSubIndex(item, raw) };
}

/**
 * The surrogate of the ozone NowCast, 0.85 * O3 + 4.5 ppb, which EPA uses where its regression has too little data. It is
 * not the NowCast itself, and is to be labelled so.
 *
 * @param newestFirst hourly means of the current hour, the one before, and the one before that, ppb; only zeros give 0
 * @see USEPA/O3-Nowcast, in use since 2019-08-01
 */
export function ozoneSurrogate(newestFirst: readonly (number | null)[]): OzoneSurrogate {
  const methods = [3, 5, 7] as const;
  const hours = newestFirst.slice(0, methods.length);
  const age = hours.findIndex((value) => value !== null);
  if (age < 0) return { ppb: null, methodId: 8 };
  const methodId = methods[age]!;
  if (hours.every((value) => value === null || value === 0) && hours.length === methods.length) {
    return { ppb: 0, methodId };
  }
  return { ppb: Math.max(0, SURROGATE_SLOPE * hours[age]! + SURROGATE_INTERCEPT_PPB), methodId };
}
