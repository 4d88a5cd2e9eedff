import { type SortedReadings, sortedReadings } from './sorted-readings.ts';
import { lowerBound } from './sorted-search.ts';

/** A sequence without its oldest readings: those that answers must not depend on. */
export class LaterReadings implements SortedReadings {
  readonly count: number;
  readonly #all: SortedReadings;
  readonly #first: number;

  constructor(all: SortedReadings, first: number) {
    this.#all = all;
    this.#first = first;
    this.count = all.count - first;
  }

  timeMsAt(index: number): number {
    return this.#all.timeMsAt(this.#first + index);
  }

  valueAt(index: number): number {
    return this.#all.valueAt(this.#first + index);
  }

  lowerBound(timeMs: number): number {
    return Math.max(0, this.#all.lowerBound(timeMs) - this.#first);
  }
}

/** What came into a series since it was looked at last. */
export interface FreshReadings {
  /** Readings from here on were appended; Infinity when none were. */
  readonly appendedFromMs: number;
  /** Times of those put in between. */
  readonly insertedMs: ReadonlySet<number>;
  /** Times of those whose value took the place of another one, with that (NaN for one that did not count). */
  readonly replacedMs: ReadonlyMap<number, number>;
  /** Times of those that were taken out, with their values. */
  readonly removedMs: ReadonlyMap<number, number>;
}

/** Nothing but readings put in between. */
export function onlyInserted(insertedMs: ReadonlySet<number>): FreshReadings {
  return { appendedFromMs: Number.POSITIVE_INFINITY, insertedMs, replacedMs: NONE, removedMs: NONE };
}

const NONE: ReadonlyMap<number, number> = new Map();

/** The sequence as it was before the fresh readings came: what was said of it then can be said again. */
export function readingsBefore(all: SortedReadings, fresh: FreshReadings): SortedReadings {
  if (fresh.removedMs.size > 0) return withRemoved(all, fresh);
  const indices: number[] = [];
  for (let index = 0; index < all.count; index++) {
    const timeMs = all.timeMsAt(index);
    if (timeMs < fresh.appendedFromMs && !fresh.insertedMs.has(timeMs)) indices.push(index);
  }
  return {
    count: indices.length,
    timeMsAt: (index) => all.timeMsAt(indices[index]!),
    valueAt: (index) => {
      const at = indices[index]!;
      if (fresh.replacedMs.size === 0) return all.valueAt(at);
      return fresh.replacedMs.get(all.timeMsAt(at)) ?? all.valueAt(at);
    },
    lowerBound: (timeMs) => lowerBound(indices, all.lowerBound(timeMs)),
  };
}

/** Where readings were taken out the sequence before is another one, and is written down. */
function withRemoved(all: SortedReadings, { appendedFromMs, insertedMs, replacedMs, removedMs }: FreshReadings) {
  const before = [...removedMs];
  for (let index = 0; index < all.count; index++) {
    const timeMs = all.timeMsAt(index);
    if (timeMs >= appendedFromMs || insertedMs.has(timeMs)) continue;
    before.push([timeMs, replacedMs.get(timeMs) ?? all.valueAt(index)]);
  }
  before.sort(([a], [b]) => a - b);
  return sortedReadings(
    Float64Array.from(before, ([timeMs]) => timeMs),
    Float64Array.from(before, ([, value]) => value),
  );
}
