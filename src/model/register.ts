import { assert } from '../base/index.ts';

/** What is known of a cumulative register. */
export interface RegisterRule {
  /** Where it starts again at 0: 10^digits * resolution for a mechanical one, 2^16 or 2^32 for a pulse counter. */
  readonly modulus?: number;
  /** The largest increase that the time between two readings allows (overload flow * time). */
  readonly maxDelta?: number;
  /** How far it may run backward without being a new register. 0 when absent. */
  readonly backflowTolerance?: number;
}

/** What happened to a register between two readings; null is the ordinary case. */
export type RegisterEvent = 'reset' | 'rollover' | 'backflow' | 'spike';

export interface RegisterDelta {
  /** Increase; negative for backflow, null for a spike: the reading is not to be counted. */
  readonly delta: number | null;
  readonly event: RegisterEvent | null;
}

/**
 * Increase between two neighbouring readings, in event time, of a cumulative register. In this order: an increase (a
 * spike above `maxDelta`), a backflow within tolerance, a roll-over within `maxDelta`, a reset or exchange whose new
 * count is within `maxDelta`, a spike.
 *
 * Without `maxDelta` an increase of any size is taken, and a fall counts as a roll-over only when it is the shorter
 * way round (below half the modulus); otherwise as a reset.
 */
export function registerDelta(previous: number, current: number, rule: RegisterRule = {}): RegisterDelta {
  assert(Number.isFinite(previous) && Number.isFinite(current), `registerDelta: ${previous} to ${current}`);
  const maxDelta = rule.maxDelta ?? Number.POSITIVE_INFINITY;
  const delta = current - previous;
  if (delta >= 0) return delta > maxDelta ? { delta: null, event: 'spike' } : { delta, event: null };
  if (-delta <= (rule.backflowTolerance ?? 0)) return { delta, event: 'backflow' };
  if (rule.modulus !== undefined && previous < rule.modulus) {
    const around = rule.modulus - previous + current;
    if (around <= (rule.maxDelta ?? rule.modulus / 2)) return { delta: around, event: 'rollover' };
  }
  if (current >= 0 && current <= maxDelta) return { delta: current, event: 'reset' };
  return { delta: null, event: 'spike' };
}

/** Volume of a number of pulses, m3. */
export function pulsesToM3(pulses: number, litresPerPulse: number): number {
  return (pulses * litresPerPulse) / 1000;
}

/** A register reading: instant in ms UTC, and the count. */
export type RegisterReading = readonly [atMs: number, value: number];

/** Neighbours further apart than three hours say nothing about the time between them. */
export const REGISTER_GAP_MAX_MS = 3 * 3_600_000;

/**
 * The count at an instant, linear between the reading before it and the one after.
 *
 * @param readings ascending in time
 * @param gapMaxMs neighbours further apart give null: the period that ends there is incomplete
 * @returns null before the first reading, after the last one, and inside a gap
 */
export function interpolateAt(
  readings: readonly RegisterReading[],
  atMs: number,
  gapMaxMs: number = REGISTER_GAP_MAX_MS,
): number | null {
  const index = readings.findIndex(([timeMs]) => timeMs >= atMs);
  if (index < 0) return null;
  const [afterMs, after] = readings[index]!;
  if (afterMs === atMs) return after;
  if (index === 0) return null;
  const [beforeMs, before] = readings[index - 1]!;
  if (afterMs - beforeMs > gapMaxMs) return null;
  return before + ((after - before) * (atMs - beforeMs)) / (afterMs - beforeMs);
}
