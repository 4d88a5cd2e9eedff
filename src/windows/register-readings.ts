import { HOUR_MS } from '../base/index.ts';
import { type RegisterDelta, registerDelta } from '../model/index.ts';
import type { KeptReading, SeriesReadings } from './series-readings.ts';

/*
 * A cumulative register among its neighbours in event time (KPI.md 4.3). One reading that does not fit while the others
 * around it rise as a register does (a zero, a misread digit) is a glitch and is passed over; what stays is differenced.
 */

/** What is believed of a register, in the quantity's unit. */
export interface RegisterBelief {
  /** Largest believable increase an hour; readings less than an hour apart are allowed a whole hour's. */
  readonly rateMaxPerHour: number;
  /** A step back of at most this much is flow backwards. */
  readonly backflowTolerance: number;
}

/** A fall by at most this share of the count is flow backwards or a correction, not a new register. */
const FALL_SHARE = 0.1;

/** A step back of a register within this much is flow backwards, in the quantity's unit. */
export const BACKFLOW_TOLERANCE = 0.1;

/** Raw neighbours on each side whose deltas a new reading can change: its own glitch, theirs, and those passed over. */
export const NEIGHBOURS_CHANGED = 5;

/** The increase between two neighbours; null when it cannot be believed. */
export function deltaBetween(before: KeptReading, after: KeptReading, belief: RegisterBelief): RegisterDelta {
  const hours = Math.max(1, (after.timeMs - before.timeMs) / HOUR_MS);
  return registerDelta(before.value, after.value, {
    maxDelta: belief.rateMaxPerHour * hours,
    backflowTolerance: Math.max(belief.backflowTolerance, FALL_SHARE * before.value),
  });
}

/** True when the two readings before and after rise as a register does, and this one lies outside of them. */
export function isGlitch(readings: SeriesReadings, reading: KeptReading, belief: RegisterBelief): boolean {
  const before = readings.previous(reading.timeMs);
  const after = readings.next(reading.timeMs + 1);
  if (before === undefined || after === undefined || after.value < before.value) return false;
  const { value } = reading;
  const { backflowTolerance } = belief;
  if (value >= before.value - backflowTolerance && value <= after.value + backflowTolerance) return false;
  const earlier = readings.previous(before.timeMs);
  const later = readings.next(after.timeMs + 1);
  return (earlier?.value ?? before.value) <= before.value && (later?.value ?? after.value) >= after.value;
}

/** The newest reading before the instant that is no glitch. */
export function soundBefore(
  readings: SeriesReadings,
  beforeMs: number,
  belief: RegisterBelief,
): KeptReading | undefined {
  let reading = readings.previous(beforeMs);
  while (reading !== undefined && isGlitch(readings, reading, belief)) reading = readings.previous(reading.timeMs);
  return reading;
}

/** The oldest reading at or after the instant that is no glitch. */
export function soundAfter(
  readings: SeriesReadings,
  atOrAfterMs: number,
  belief: RegisterBelief,
): KeptReading | undefined {
  let reading = readings.next(atOrAfterMs);
  while (reading !== undefined && isGlitch(readings, reading, belief)) reading = readings.next(reading.timeMs + 1);
  return reading;
}

/** The readings around an instant, `count` on each side and one at it, oldest first. */
export function neighbourhood(readings: SeriesReadings, atMs: number, count: number): KeptReading[] {
  const around: KeptReading[] = [];
  for (let at = readings.previous(atMs), left = count; at !== undefined && left > 0; left--) {
    around.unshift(at);
    at = readings.previous(at.timeMs);
  }
  for (let at = readings.next(atMs), left = count + 1; at !== undefined && left > 0; left--) {
    around.push(at);
    at = readings.next(at.timeMs + 1);
  }
  return around;
}
