import type { Clock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Logger } from '../telemetry/index.ts';
import type { JournalBudget } from './journal-budget.ts';
import type { StoreThread } from './store-client.ts';

const QUARANTINE_BOUND_EVERY_MS = 60_000;
const TRIM_EVERY_MS = 10 * 60_000;

export interface RetentionOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly budget: JournalBudget;
  readonly store: Pick<StoreThread, 'trimQuarantine' | 'trimRetention'>;
  /** The engine's time, ms UTC; -Infinity while it has none. */
  engineNowMs(): number;
}

/** Deletes what is older than it is to be kept, and what there is too much of. */
export class Retention {
  readonly #options: RetentionOptions;
  /** Rows of quarantine that went since the start. */
  quarantineDropped = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** @returns timers; whoever starts it ends them */
  start(): NodeJS.Timeout[] {
    return [
      setInterval(() => void this.#boundQuarantine(), QUARANTINE_BOUND_EVERY_MS),
      setInterval(() => void this.#trim(), TRIM_EVERY_MS),
    ];
  }

  async #boundQuarantine(): Promise<void> {
    const { config, clock, log, store } = this.#options;
    const { quarantineRowsMax: rowsMax, quarantineAge } = config.store;
    try {
      const receivedFromMs = clock.nowMs() - quarantineAge;
      this.quarantineDropped += await store.trimQuarantine({ rowsMax, receivedFromMs });
    } catch (error) {
      log.warn({ err: error }, 'quarantine could not be brought within its bounds');
    }
  }

  /** What retention lets go: journal segments behind all consumers, raw readings of the store. */
  async #trim(): Promise<void> {
    const { config, clock, log, budget, store } = this.#options;
    const nowMs = clock.nowMs();
    const engineMs = this.#options.engineNowMs();
    try {
      await budget.trim(nowMs);
      // In `event` mode the past is what is looked at: nothing of it is old.
      if (config.windows.clock === 'wall' && Number.isFinite(engineMs)) {
        // By the engine's time where it lags: late hours that it still comes to are rebuilt from these readings.
        const engineNowMs = Math.min(nowMs, engineMs);
        const { readingsAge, quartersAge } = config.store;
        const [readingsBeforeMs, quartersBeforeMs] = [engineNowMs - readingsAge, engineNowMs - quartersAge];
        await store.trimRetention({ readingsBeforeMs, quartersBeforeMs });
      }
    } catch (error) {
      log.warn({ err: error }, 'what retention lets go could not be deleted');
    }
  }
}
