import type { SortedReadings } from './sorted-readings.ts';
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
  /** Times of those whose value took the place of one that did not count. */
  readonly replacedMs: ReadonlySet<number>;
}

/** The sequence as it was before the fresh readings came: what was said of it then can be said again. */
export function readingsBefore(all: SortedReadings, fresh: FreshReadings): SortedReadings {
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
      return fresh.replacedMs.size > 0 && fresh.replacedMs.has(all.timeMsAt(at)) ? Number.NaN : all.valueAt(at);
    },
    lowerBound: (timeMs) => lowerBound(indices, all.lowerBound(timeMs)),
  };
}
