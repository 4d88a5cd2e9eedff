import type { StoreCase } from './store/cases.ts';
import { measureLarge } from './store/large.ts';
import { rows } from './store.ts';

export { rows };

/** Questions to the embedded store with 100 million readings in it. */
export function run(): Promise<StoreCase[]> {
  return measureLarge();
}
