import type { ReadingArena } from './reading-arena.ts';
import type { FreshReadings } from './reading-views.ts';

/** What changed among the older readings of a series since the last tick. */
interface Between {
  readonly inserted: Set<number>;
  /** With the value that stood there at the last tick. */
  readonly replaced: Map<number, number>;
  /** Likewise. */
  readonly removed: Map<number, number>;
}

const NO_TIMES: ReadonlySet<number> = new Set();
const NO_VALUES: ReadonlyMap<number, number> = new Map();

/** Readings that were put in between older ones, exchanged or taken out since the last tick, by series. */
export class BetweenReadings {
  readonly #arena: Pick<ReadingArena, 'dirtyFromMs'>;
  readonly #series = new Map<number, Between>();

  constructor(arena: Pick<ReadingArena, 'dirtyFromMs'>) {
    this.#arena = arena;
  }

  /**
   * A reading was put in, or took the place of another one.
   *
   * @param before what it took the place of; NaN for one that does not count
   */
  note(id: number, timeMs: number, isReplaced: boolean, before = Number.NaN): void {
    // Among those appended since the last tick it is fresh as they are.
    if (timeMs >= this.#arena.dirtyFromMs(id)) return;
    const { inserted, replaced, removed } = this.#of(id);
    const removedValue = removed.get(timeMs);
    // One that came and was replaced within a tick was not there before.
    if (removedValue !== undefined) {
      removed.delete(timeMs);
      replaced.set(timeMs, removedValue);
    } else if (!isReplaced) inserted.add(timeMs);
    else if (!inserted.has(timeMs) && !replaced.has(timeMs)) replaced.set(timeMs, before);
  }

  /** A reading was taken out; `before` is its value. */
  noteRemoved(id: number, timeMs: number, before: number): void {
    if (timeMs >= this.#arena.dirtyFromMs(id)) return;
    const { inserted, replaced, removed } = this.#of(id);
    if (!inserted.delete(timeMs)) removed.set(timeMs, replaced.get(timeMs) ?? before);
    replaced.delete(timeMs);
  }

  freshOf(id: number): FreshReadings {
    const between = this.#series.get(id);
    return {
      appendedFromMs: this.#arena.dirtyFromMs(id),
      insertedMs: between?.inserted ?? NO_TIMES,
      replacedMs: between?.replaced ?? NO_VALUES,
      removedMs: between?.removed ?? NO_VALUES,
    };
  }

  /** The tick is closed. */
  clear(): void {
    this.#series.clear();
  }

  #of(id: number): Between {
    return this.#series.getOrInsertComputed(id, () => ({
      inserted: new Set(),
      replaced: new Map(),
      removed: new Map(),
    }));
  }
}
