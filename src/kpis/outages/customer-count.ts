import { OUTAGE_QUANTITIES, type Series } from '../../model/index.ts';
import type { DeviceFacts } from '../definition.ts';
import { ELECTRICITY } from '../energy/energy-day.ts';

/** Any of these says that the device measures a supply of electricity. */
const SUPPLY_QUANTITIES: ReadonlySet<string> = new Set([
  ...ELECTRICITY,
  ...OUTAGE_QUANTITIES,
  'power_active',
  'power_import',
]);

/**
 * Customers behind the electricity meters that were heard, by zone: what outages are divided by where nobody told how
 * many customers are served. Where feeders are told with their customers beside the meters behind them, the larger group
 * counts. It grows as meters are heard, and a window is divided by what was known when it was looked at last.
 */
export class CustomerCount {
  readonly #facts: (device: string) => DeviceFacts;
  readonly #known = new Set<string>();
  readonly #meters = new Map<string, number>();
  readonly #feeders = new Map<string, number>();

  constructor(facts: (device: string) => DeviceFacts) {
    this.#facts = facts;
  }

  /** @returns the zone that counts more now */
  learn({ device, quantity }: Pick<Series, 'device' | 'quantity'>): string | undefined {
    if (!SUPPLY_QUANTITIES.has(quantity) || this.#known.has(device)) return undefined;
    this.#known.add(device);
    const { zone, role, customers } = this.#facts(device);
    if (role === 'ignore' || customers <= 0) return undefined;
    const counts = role === 'customer' ? this.#meters : this.#feeders;
    counts.set(zone, (counts.get(zone) ?? 0) + customers);
    return zone;
  }

  /** Customers of the devices of the zone itself, without those of the zones in it; '' for the city's own. */
  of(zone: string): number {
    return Math.max(this.#meters.get(zone) ?? 0, this.#feeders.get(zone) ?? 0);
  }
}
