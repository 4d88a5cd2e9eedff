import { MINUTE_MS } from '../base/index.ts';

/** A clock that is set back by no more is waited for: readings without a time of their own keep their order. */
const WAITED_FOR_MS = MINUTE_MS;
/** One that is set back by more is believed once it has gone on from there for so long. */
const CONFIRMED_MS = MINUTE_MS;

/**
 * Times of reception as records carry them. The clock of a machine that has just begun may be behind until the network
 * tells it the time: for a minute it stands still instead. A clock that had leaped ahead and is set right would stand still
 * for as long as the leap was wide, and all readings without a time of their own would have the same.
 */
export class ReceptionTime {
  #lastMs: number;
  /** Where the clock was set back to, while that is not believed yet. */
  #backMs: number | undefined;

  /** @param lastMs that of the record before, ms UTC */
  constructor(lastMs: number) {
    this.#lastMs = lastMs;
  }

  /** @returns what a record carries when the clock says `atMs`; both ms UTC */
  at(atMs: number): number {
    if (this.#lastMs - atMs <= WAITED_FOR_MS) this.#backMs = undefined;
    else {
      this.#backMs = Math.min(this.#backMs ?? atMs, atMs);
      if (atMs - this.#backMs < CONFIRMED_MS) return this.#lastMs;
      this.#backMs = undefined;
      this.#lastMs = atMs;
    }
    this.#lastMs = Math.max(this.#lastMs, atMs);
    return this.#lastMs;
  }
}
