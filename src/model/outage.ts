/** Customers who lost supply at one instant and had it back at another: one step of an outage. */
export interface Interruption {
  /** ms UTC. */
  readonly beginMs: number;
  /** ms UTC; undefined while they are without supply. */
  readonly endMs: number | undefined;
  /** More than 0. */
  readonly customers: number;
}

/** Quantities whose changes are outages: customers without supply behind a device, and the state of one meter. */
export const OUTAGE_QUANTITIES = ['customers_out', 'power_outage'] as const;
