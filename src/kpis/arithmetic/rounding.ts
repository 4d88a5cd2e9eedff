import { assert } from '../../base/index.ts';

/*
 * Rules of rounding of the standards, on values that come from binary arithmetic. A mean of 24 values of 35.4 can be
 * 35.399999999999984 and would truncate to 35.3: what binary arithmetic brought in is taken out first, at a millionth of
 * the last digit that is kept, far below anything that was measured (KPI.md 6.4).
 */

/** The value in units of its last kept digit, without the noise of binary arithmetic. */
function inUnits(value: number, digits: number): number {
  assert(Number.isFinite(value) && Number.isInteger(digits), `rounding of ${value} to ${digits} digits`);
  return Math.round(value * 10 ** digits * 1e6) / 1e6;
}

/**
 * Truncates toward zero as the US EPA does, in whole units of the last digit: 35.49 with one digit is 354.
 *
 * @param value finite
 * @param digits decimals that are kept
 * @see EPA-454/B-24-002, table 5
 */
export function truncatedUnits(value: number, digits: number): number {
  return Math.trunc(inUnits(value, digits)) + 0;
}

/** The same as a decimal number: 35.49 with one digit is 35.4. */
export function truncateTo(value: number, digits: number): number {
  return truncatedUnits(value, digits) / 10 ** digits;
}

/**
 * Rounds half to even in whole units of the last digit: 35.5 is 36, 50.5 is 50.
 *
 * @see GB/T 8170-2008
 */
export function halfEvenUnits(value: number, digits: number): number {
  const units = inUnits(value, digits);
  const below = Math.floor(units);
  const rest = units - below;
  if (rest !== 0.5) return Math.round(units) + 0;
  return below % 2 === 0 ? below : below + 1;
}

/** Rounds half away from zero in whole units of the last digit. */
export function halfUpUnits(value: number, digits: number): number {
  const units = inUnits(value, digits);
  return (units < 0 ? -Math.round(-units) : Math.round(units)) + 0;
}

/**
 * Integer part of the way from `a` to `b`, rounded half up. All arguments are integers, so that a tie is a tie.
 *
 * @param numerator of the way gone
 * @param denominator of it, above 0
 */
export function interpolateHalfUp(a: number, b: number, numerator: number, denominator: number): number {
  return a + Math.floor((2 * (b - a) * numerator + denominator) / (2 * denominator));
}

/** The same, rounded up: what is past an integer by anything becomes the next one. */
export function interpolateUp(a: number, b: number, numerator: number, denominator: number): number {
  return a + Math.ceil(((b - a) * numerator) / denominator);
}
