import { HOUR_MS } from '../base/index.ts';
import { keepMsMinOf, type Timing, WINDOW_REACH_MS } from './series-table.ts';

/**
 * From where on an engine holds everything that counts, after it was restored from one that kept less or began behind what
 * the store has; ms UTC, finite. Time passes that by.
 */
export interface WholeFrom {
  /** Readings older than this are filed as those before the horizon are. */
  readonly readingsFromMs: number;
  /** Hours that begin before it are rebuilt from the store. */
  readonly panesFromMs: number;
  /** Before it the store is asked for what windows look back on. */
  readonly hoursFromMs: number;
}

const ALWAYS: WholeFrom = {
  readingsFromMs: Number.NEGATIVE_INFINITY,
  panesFromMs: Number.NEGATIVE_INFINITY,
  hoursFromMs: Number.NEGATIVE_INFINITY,
};

/** `view().hours` of every series can say all from here on, ms UTC, where memory holds what the settings say. */
export function hoursKeptFromMs(settledMs: number, { horizonMs }: Pick<Timing, 'horizonMs'>): number {
  return Math.floor((settledMs - horizonMs - WINDOW_REACH_MS) / HOUR_MS + 1) * HOUR_MS;
}

/** What an engine lacks of what its settings promise; nothing as a rule. */
export class Wholeness {
  #from = ALWAYS;
  /** How far ahead of their reception readings may be, ms, until the first message says when that is. */
  #aheadMs: number | undefined;

  get from(): WholeFrom {
    return this.#from;
  }

  get isComplete(): boolean {
    return this.#from === ALWAYS;
  }

  /**
   * The first message is behind readings that are stored: what comes is whole from then on, and as much later as a reading
   * may be ahead of its reception.
   */
  begin(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  received(atMs: number): void {
    if (this.#aheadMs === undefined) return;
    const fromMs = atMs + this.#aheadMs;
    this.#aheadMs = undefined;
    this.#limit({
      ...{ readingsFromMs: fromMs, panesFromMs: fromMs },
      hoursFromMs: Math.ceil(fromMs / HOUR_MS) * HOUR_MS,
    });
  }

  /** What is there was kept by a shorter timing until `settledMs`. */
  keptBy(timing: Timing, settledMs: number): void {
    if (!Number.isFinite(settledMs)) return;
    this.#limit({
      readingsFromMs: settledMs - timing.horizonMs,
      panesFromMs: settledMs - keepMsMinOf(timing),
      hoursFromMs: hoursKeptFromMs(settledMs, timing),
    });
  }

  /** @param kept from where on memory would hold everything by the settings */
  pass(kept: WholeFrom): void {
    const { readingsFromMs, panesFromMs, hoursFromMs } = this.#from;
    const isPassed =
      readingsFromMs <= kept.readingsFromMs && panesFromMs <= kept.panesFromMs && hoursFromMs <= kept.hoursFromMs;
    if (isPassed) this.#from = ALWAYS;
  }

  restore(state: WholeFrom | undefined): void {
    this.#from = state ?? ALWAYS;
  }

  #limit({ readingsFromMs, panesFromMs, hoursFromMs }: WholeFrom): void {
    this.#from = {
      readingsFromMs: Math.max(this.#from.readingsFromMs, readingsFromMs),
      panesFromMs: Math.max(this.#from.panesFromMs, panesFromMs),
      hoursFromMs: Math.max(this.#from.hoursFromMs, hoursFromMs),
    };
  }
}
