import { assert } from '../base/index.ts';
import type { KpiReach } from '../kpis/index.ts';
import type { StoreHistory } from '../store/index.ts';
import type { WindowTick } from '../windows/index.ts';
import type { OldHours } from './old-hours.ts';
import { readOldHours } from './read-old-hours.ts';

/**
 * Reads back the hours that KPIs are about to look at and that memory does not hold: of windows that late readings
 * change, and of those that wait for a slow device of their zone, where no part is held of the fast ones (it gave way to
 * newer ones, or the engine was started since). So a part is made of the same hours whenever it is made.
 */
export class LookBack {
  #hours: OldHours | undefined;
  #reaches: readonly KpiReach[] = [];
  #keptFromMs = Number.NEGATIVE_INFINITY;

  /** For the KPIs of the tick that runs; undefined where memory holds all that they look at. */
  get hours(): OldHours | undefined {
    assert(!this.isDue || this.#hours !== undefined, 'KPIs look at hours that were not read back');
    return this.#hours;
  }

  /**
   * Takes what the KPIs of the tick are about to look at.
   *
   * @param keptFromMs hours from here on are in memory, ms UTC
   */
  expect(reaches: readonly KpiReach[], keptFromMs: number): void {
    this.#reaches = reaches;
    this.#keptFromMs = keptFromMs;
  }

  /** True when `read` is to be called before the KPIs look. */
  get isDue(): boolean {
    return this.#reaches.length > 0;
  }

  /**
   * @param history the store, which has committed the batches of all earlier ticks
   * @param tick that runs
   */
  async read(history: StoreHistory, tick: Pick<WindowTick, 'panes' | 'changedHours'>): Promise<void> {
    const hours = await readOldHours(history, this.#reaches, this.#keptFromMs);
    hours.put(tick);
    this.#hours = hours;
  }

  /** The tick is closed. */
  finishTick(): void {
    this.#hours = undefined;
    this.#reaches = [];
  }
}
