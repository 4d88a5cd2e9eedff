import { setTimeout as delay } from 'node:timers/promises';
import { OperatingError } from '../base/index.ts';

const WAIT_MS_MIN = 20;
const WAIT_MS_MAX = 2_000;

/** How a loop waits; the signal ends the wait. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Waits by the machine's timers. */
export const timerPause: Pause = async (ms, signal) => {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // It was woken; that is what the caller looks at next.
  }
};

/** Waits longer after each failure in a row, up to a bound. */
export class Patience {
  readonly #pause: Pause;
  readonly #signal: AbortSignal;
  #waitMs = WAIT_MS_MIN;

  constructor(pause: Pause, signal: AbortSignal) {
    this.#pause = pause;
    this.#signal = signal;
  }

  /** Waits, if trying again can help; throws the error otherwise. */
  async afterFailure(error: unknown, told: (error: Error) => void): Promise<void> {
    if (!(error instanceof OperatingError) || !error.retryable) throw error;
    told(error);
    await this.wait();
  }

  async wait(): Promise<void> {
    const ms = this.#waitMs;
    this.#waitMs = Math.min(2 * ms, WAIT_MS_MAX);
    await this.#pause(ms, this.#signal);
  }

  /** It went well. */
  reset(): void {
    this.#waitMs = WAIT_MS_MIN;
  }
}

/**
 * Does the work again until it succeeds.
 *
 * @param told of each failure that is waited out
 * @param signal ends the waiting: the next failure is thrown
 * @throws what trying again does not help
 */
export async function patiently<Value>(
  work: () => Promise<Value>,
  told: (error: Error) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Value> {
  const patience = new Patience(timerPause, signal);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw error;
      await patience.afterFailure(error, told);
    }
  }
}
