import { HOUR_MS } from '../base/index.ts';
import type { Series } from '../model/index.ts';
import { EXPECTED_BEFORE_MS, keepMsMinOf, LAST_LOOK_MS, type Timing, WINDOW_REACH_MS } from './series-table.ts';

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

/** Plain data, for snapshots. */
export interface WholenessState {
  readonly from?: WholeFrom;
  readonly aheadMs?: number;
  readonly alone: readonly number[];
}

/** From where on records of panes are kept, ms UTC; hours also say what was expected in a window. */
export function rememberedFromMs(settledMs: number, { horizonMs }: Pick<Timing, 'horizonMs'>) {
  const quartersFromMs = settledMs - horizonMs - WINDOW_REACH_MS - HOUR_MS;
  return { quartersFromMs, hoursFromMs: quartersFromMs - EXPECTED_BEFORE_MS - LAST_LOOK_MS };
}

/** What an engine lacks of what its settings promise; nothing as a rule. */
export class Wholeness {
  #from = ALWAYS;
  /** How far ahead of their reception readings may be, ms, until the first message says when that is. */
  #aheadMs: number | undefined;
  /** Registers of which only the store knows the reading before the next one: without it an increase would be lost. */
  readonly #alone = new Set<number>();

  get from(): WholeFrom {
    return this.#from;
  }

  get isComplete(): boolean {
    return this.#from === ALWAYS && this.#aheadMs === undefined && this.#alone.size === 0;
  }

  isAlone(id: number): boolean {
    return this.#alone.size > 0 && this.#alone.has(id);
  }

  /** Its readings were read back. @returns false when that was not awaited */
  joined(id: number): boolean {
    return this.#alone.delete(id);
  }

  /**
   * The first message is behind readings that are stored: what comes is whole from then on, and as much later as a reading
   * may be ahead of its reception.
   *
   * @param aheadMs undefined where the clock of reception says nothing of the time of readings
   */
  begin(aheadMs: number | undefined, stored: readonly Series[]): void {
    this.#aheadMs = aheadMs;
    for (const { id, kind } of stored) if (kind === 'counter') this.#alone.add(id);
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

  /** By the settings memory would hold readings, the panes of every series, and hours from there on. */
  pass(readingsFromMs: number, panesFromMs: number, hoursFromMs: number): void {
    const from = this.#from;
    const isPassed =
      from.readingsFromMs <= readingsFromMs && from.panesFromMs <= panesFromMs && from.hoursFromMs <= hoursFromMs;
    if (isPassed) this.#from = ALWAYS;
  }

  /** Undefined where nothing is lacking. */
  state(): WholenessState | undefined {
    if (this.isComplete) return undefined;
    const from = this.#from === ALWAYS ? {} : { from: this.#from };
    return { ...from, ...(this.#aheadMs === undefined ? {} : { aheadMs: this.#aheadMs }), alone: [...this.#alone] };
  }

  restore({ from, aheadMs, alone }: WholenessState): void {
    this.#from = from ?? ALWAYS;
    this.#aheadMs = aheadMs;
    for (const id of alone) this.#alone.add(id);
  }

  #limit({ readingsFromMs, panesFromMs, hoursFromMs }: WholeFrom): void {
    this.#from = {
      readingsFromMs: Math.max(this.#from.readingsFromMs, readingsFromMs),
      panesFromMs: Math.max(this.#from.panesFromMs, panesFromMs),
      hoursFromMs: Math.max(this.#from.hoursFromMs, hoursFromMs),
    };
  }
}
