import type { Interruption } from '../../model/index.ts';

/** How many customers are without supply from each instant on; instants ascend and are unique, ms UTC. */
export interface SupplyChanges {
  readonly timesMs: readonly number[];
  readonly customersOut: readonly number[];
}

interface Open {
  readonly beginMs: number;
  customers: number;
}

/**
 * The interruptions behind a curve of customers without supply. A step up interrupts so many customers; a step down
 * restores so many, those interrupted first before the others: which ones were restored a curve does not say, and the sum
 * of their minutes does not depend on it.
 *
 * (t0, 500), (t1, 200), (t2, 0) are two: 300 customers from t0 to t1, 200 from t0 to t2 (IEEE 1366, step restoration).
 *
 * @returns by begin, then by end; those that run last among equals
 */
export function interruptionsOf({ timesMs, customersOut }: SupplyChanges): Interruption[] {
  const over: Interruption[] = [];
  const open: Open[] = [];
  let first = 0;
  let before = 0;
  for (const [index, timeMs] of timesMs.entries()) {
    const now = customersOut[index] ?? 0;
    if (now > before) open.push({ beginMs: timeMs, customers: now - before });
    for (let restored = before - now; restored > 0; ) {
      const oldest = open[first]!;
      const customers = Math.min(oldest.customers, restored);
      over.push({ beginMs: oldest.beginMs, endMs: timeMs, customers });
      oldest.customers -= customers;
      restored -= customers;
      if (oldest.customers === 0) first++;
    }
    before = now;
  }
  const running = open.slice(first).map(({ beginMs, customers }) => ({ beginMs, endMs: undefined, customers }));
  // Restored in the order of their begin: what is over stands in order, and nothing that runs began before it ended.
  return [...over, ...running];
}
