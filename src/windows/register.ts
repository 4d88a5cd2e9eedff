/** What is known of a cumulative register; KPI.md 4.3. Amounts in the quantity's unit. */
export interface RegisterRule {
  /** 10^digits * resolution of a mechanical register, 2^16 or 2^32 of a pulse counter; absent when it never rolls over. */
  readonly modulus?: number;
  /** Largest believable increase between the two readings; absent when unknown. */
  readonly deltaMax?: number;
  /** A step back of at most this much is flow backwards, not a new register. */
  readonly backflowTolerance?: number;
}

export type RegisterEvent = 'spike' | 'backflow' | 'rollover' | 'reset';

/** The increase between two neighbours, or null when it cannot be believed. */
export interface RegisterDelta {
  readonly delta: number | null;
  readonly event: RegisterEvent | null;
}

/**
 * The increase of a register between two consecutive readings in event time (KPI.md 4.3).
 * A step back is, in this order: flow backwards, a roll-over, a reset or exchange (the register counts from 0), a spike.
 */
export function registerDelta(previous: number, current: number, rule: RegisterRule = {}): RegisterDelta {
  const deltaMax = rule.deltaMax ?? Number.POSITIVE_INFINITY;
  const delta = current - previous;
  if (delta >= 0) return delta > deltaMax ? { delta: null, event: 'spike' } : { delta, event: null };
  if (-delta <= (rule.backflowTolerance ?? 0)) return { delta, event: 'backflow' };
  if (rule.modulus !== undefined) {
    const rolled = rule.modulus - previous + current;
    if (rolled >= 0 && rolled <= deltaMax) return { delta: rolled, event: 'rollover' };
  }
  if (current >= 0 && current <= deltaMax) return { delta: current, event: 'reset' };
  return { delta: null, event: 'spike' };
}
