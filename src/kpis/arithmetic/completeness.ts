/*
 * How much data a value needs before it may stand for its period. Whole numbers are compared, never products of
 * fractions: 0.9 * 24 * 365 is 7884.000000000001 in binary floating point.
 */

/** 2008/50/EC annex VII: an hourly value needs 45 minutes. GB 3095-2026 table 4 asks for the same. */
export function hourComplete(validMinutes: number): boolean {
  return validMinutes >= 45;
}

/** An 8-hour value needs 6 of its 8 hours (2008/50/EC annexes VII and XI; 40 CFR 50). */
export function eightHoursComplete(validHours: number): boolean {
  return validHours >= 6;
}

/** Rules for the 24-hour mean; three authorities, three numbers. */
export const DAILY_HOURS_MIN = { eu: 18, china: 20, india: 16 } as const;

/**
 * Whether a 24-hour mean may be formed: 18 hours in the EU (2008/50/EC annex XI), 20 in China (GB 3095-2026 table 4),
 * 16 in India (CPCB).
 */
export function dayComplete(validHours: number, rule: keyof typeof DAILY_HOURS_MIN): boolean {
  return validHours >= DAILY_HOURS_MIN[rule];
}

/**
 * Hours that a local day of 23 to 25 hours needs for 75 %: the next whole number upward, so 18, 18 and 19.
 *
 * @param hours real length of the day
 */
export function requiredHours75(hours: number): number {
  return Math.ceil((hours * 3) / 4);
}

/** Whether at least 90 % of the possible values are there: 7884 of 8760 hours, 7906 of 8784. */
export function annualComplete90(validCount: number, possibleCount: number): boolean {
  return possibleCount > 0 && validCount * 10 >= possibleCount * 9;
}

/** The fewest values that `annualComplete90` takes for complete. */
export function requiredValues90(possibleCount: number): number {
  return Math.ceil((possibleCount * 9) / 10);
}

/** Hours of a calendar year, 8760 or 8784. */
export function hoursOfYear(year: number): number {
  return isLeapYear(year) ? 8784 : 8760;
}

/**
 * GB 3095-2026 table 4: a year needs 324 daily means, and each month 27 of them (February 25).
 *
 * @param validDaysByMonth twelve counts, January first; without them only the year is judged
 */
export function annualCompleteChina(validDays: number, validDaysByMonth?: readonly number[]): boolean {
  if (validDays < 324) return false;
  return (validDaysByMonth ?? []).every((count, month) => count >= (month === 1 ? 25 : 27));
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
