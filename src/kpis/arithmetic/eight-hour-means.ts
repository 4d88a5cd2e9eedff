import { exactSum } from '../../base/index.ts';
import { annualComplete90, eightHoursComplete, requiredHours75 } from './completeness.ts';

/** Hourly means in order of time; null where an hour is not valid. */
export type HourlyValues = readonly (number | null)[];

/** Largest 8-hour mean of a day, with the windows that it was chosen from. */
export interface Mda8 {
  /** In the unit of the hourly values; null when no window is valid. */
  readonly mda8: number | null;
  readonly validWindows: number;
  readonly expectedWindows: number;
  readonly valid: boolean;
}

/** Accumulated ozone over 40 ppb (80 ug/m3), ug/m3 * h. */
export interface Aot40 {
  readonly measured: number;
  /** Scaled to all possible hours; null when nothing was measured. */
  readonly estimate: number | null;
  /** At least 90 % of the possible hours were measured. */
  readonly valid: boolean;
}

const AOT40_FLOOR_UGM3 = 80;
const US_WINDOWS = 17;
const US_WINDOWS_MIN = 13;
const US_FIRST_HOUR = 7;
const US_STANDARD_PPB = 70;

/**
 * Mean of eight hourly values, null with fewer than `validMin` of them.
 *
 * @see Directive 2008/50/EC, annexes VII.A.2 and XI: 6 of 8
 */
export function mean8h(hourly: HourlyValues, validMin = 6): number | null {
  const valid = hourly.filter((value) => value !== null);
  return valid.length > 0 && valid.length >= validMin ? exactSum(valid) / valid.length : null;
}

/**
 * Maximum daily 8-hour mean of the EU. A window belongs to the day on which it ends: the first runs from 17:00 of the
 * day before to 01:00, the last from 16:00 to 24:00. On days of 23 or 25 hours the number of windows follows.
 *
 * @param previous the seven hours that end at 18:00 to 24:00 of the day before
 * @param day the hours of the day, by their end
 * @see Directive 2008/50/EC, annexes VII.A.2 and XI: valid with 18 of 24 windows
 */
export function mda8Eu(previous: HourlyValues, day: HourlyValues): Mda8 {
  const hours = [...previous, ...day];
  const windows = day.map((_, index) => {
    const end = previous.length + index + 1;
    return mean8h(hours.slice(Math.max(0, end - 8), end));
  });
  const valid = windows.filter((mean) => mean !== null);
  return {
    mda8: largest(valid),
    validWindows: valid.length,
    expectedWindows: day.length,
    valid: valid.length > 0 && valid.length >= requiredHours75(day.length),
  };
}

/**
 * Maximum daily 8-hour ozone mean of the US: the 17 windows that start at 07:00 to 23:00 local standard time, truncated
 * to 0.001 ppm. Valid with 13 windows, or when the value is above the standard of 0.070 ppm all the same.
 *
 * @param hourlyPpm 31 hours from local standard midnight
 * @see EPA-454/B-24-002 p. 24; 40 CFR 50 appendix U
 */
export function mda8Us(hourlyPpm: HourlyValues): Mda8 {
  const means: number[] = [];
  for (let start = US_FIRST_HOUR; start < US_FIRST_HOUR + US_WINDOWS; start++) {
    const mean = mean8h(hourlyPpm.slice(start, start + 8));
    if (mean !== null) means.push(truncatePpb(mean));
  }
  const ppb = largest(means);
  return {
    mda8: ppb === null ? null : ppb / 1000,
    validWindows: means.length,
    expectedWindows: US_WINDOWS,
    valid: ppb !== null && (means.length >= US_WINDOWS_MIN || ppb > US_STANDARD_PPB),
  };
}

/** Whether the 8-hour window is valid that ends `hoursSinceStart` hours after a series began. */
export function valid8hAtStart(hoursSinceStart: number): boolean {
  return eightHoursComplete(Math.min(hoursSinceStart, 8));
}

/**
 * AOT40 over the hours 08 to 20 Central European Time.
 *
 * @param hourly ug/m3
 * @param possibleHours hours of the period, measured or not
 * @see Directive 2008/50/EC, annex VII
 */
export function aot40(hourly: HourlyValues, possibleHours: number): Aot40 {
  const valid = hourly.filter((value) => value !== null);
  const measured = exactSum(valid.map((ugm3) => Math.max(0, ugm3 - AOT40_FLOOR_UGM3)));
  return {
    measured,
    estimate: valid.length === 0 ? null : (measured * possibleHours) / valid.length,
    valid: annualComplete90(valid.length, possibleHours),
  };
}

/*
 * A mean of 24 values of 35.4 is 35.399999999999984 in binary and would truncate to 35.3; rounding at 1e-6 first
 * removes what the arithmetic brought in and nothing that was measured.
 */
function truncatePpb(ppm: number): number {
  return Math.floor(Math.round(ppm * 1e9) / 1e6);
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value));
}
