import { DAY_MS } from '../base/index.ts';
import { qualityCounts } from '../model/index.ts';

/** What became of a reading that was put in. */
export type Insertion = 'added' | 'duplicate' | 'conflict';

/** One reading as it is kept. */
export interface KeptReading {
  readonly timeMs: number;
  readonly value: number;
}

interface Chunk {
  readonly day: number;
  count: number;
  timeMs: Float64Array;
  value: Float64Array;
  quality: Uint8Array;
}

/** Plain data of a series' readings, for snapshots. */
export interface SeriesReadingsState {
  readonly chunks: readonly {
    readonly day: number;
    readonly timeMs: Float64Array;
    readonly value: Float64Array;
    readonly quality: Uint8Array;
  }[];
}

/**
 * The readings of one series over the horizon, by event time, each identity (series, time) once. Kept in sorted chunks
 * of one UTC day: a reading in order costs an append, one out of order a move inside its day.
 */
export class SeriesReadings {
  /** By day, ascending. */
  readonly #chunks: Chunk[] = [];
  #recent: Chunk | undefined;

  /**
   * The same identity with the same value is a duplicate; with another value a conflict, and the first stays. A value
   * takes the place of "no value" whichever came first: some meters repeat the time of their last good reading when
   * they report a fault.
   */
  insert(timeMs: number, value: number, quality: number): Insertion {
    const chunk = this.#chunkFor(Math.floor(timeMs / DAY_MS));
    const at = chunk.count === 0 || timeMs > chunk.timeMs[chunk.count - 1]! ? chunk.count : lowerBound(chunk, timeMs);
    if (at < chunk.count && chunk.timeMs[at] === timeMs) {
      return settle(chunk, at, value, quality);
    }
    if (chunk.count === chunk.timeMs.length) grow(chunk);
    chunk.timeMs.copyWithin(at + 1, at, chunk.count);
    chunk.value.copyWithin(at + 1, at, chunk.count);
    chunk.quality.copyWithin(at + 1, at, chunk.count);
    chunk.timeMs[at] = timeMs;
    chunk.value[at] = value;
    chunk.quality[at] = quality;
    chunk.count++;
    return 'added';
  }

  /** Visits the readings in [fromMs, toMs) in order of time. */
  visit(fromMs: number, toMs: number, visit: (timeMs: number, value: number, quality: number) => void): void {
    for (let index = this.#firstChunkAt(fromMs); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      if (chunk.day * DAY_MS >= toMs) return;
      for (let at = lowerBound(chunk, fromMs); at < chunk.count && chunk.timeMs[at]! < toMs; at++) {
        visit(chunk.timeMs[at]!, chunk.value[at]!, chunk.quality[at]!);
      }
    }
  }

  /** The newest reading that counts before the instant. */
  previous(beforeMs: number): KeptReading | undefined {
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const chunk = this.#chunks[index]!;
      if (chunk.day * DAY_MS >= beforeMs) continue;
      for (let at = lowerBound(chunk, beforeMs) - 1; at >= 0; at--) {
        if (qualityCounts(chunk.quality[at]!)) return { timeMs: chunk.timeMs[at]!, value: chunk.value[at]! };
      }
    }
    return undefined;
  }

  /** Time of the newest reading before the instant, whatever its quality; -Infinity when there is none. */
  newestBefore(beforeMs: number): number {
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const chunk = this.#chunks[index]!;
      const at = chunk.day * DAY_MS >= beforeMs ? 0 : lowerBound(chunk, beforeMs);
      if (at > 0) return chunk.timeMs[at - 1]!;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** The oldest reading that counts at or after the instant. */
  next(atOrAfterMs: number): KeptReading | undefined {
    for (let index = this.#firstChunkAt(atOrAfterMs); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!;
      for (let at = lowerBound(chunk, atOrAfterMs); at < chunk.count; at++) {
        if (qualityCounts(chunk.quality[at]!)) return { timeMs: chunk.timeMs[at]!, value: chunk.value[at]! };
      }
    }
    return undefined;
  }

  /**
   * Forgets whole days that end before the instant, but keeps the newest older day with readings that count:
   * registers need a neighbour.
   */
  forgetBefore(beforeMs: number): void {
    let older = 0;
    while (older < this.#chunks.length && (this.#chunks[older]!.day + 1) * DAY_MS <= beforeMs) older++;
    const neighbour = this.#chunks.findLastIndex((chunk, index) => index < older && hasCounting(chunk));
    const kept = neighbour < 0 ? [] : [this.#chunks[neighbour]!];
    this.#chunks.splice(0, older, ...kept);
    this.#recent = undefined;
  }

  state(): SeriesReadingsState {
    return {
      chunks: this.#chunks.map((chunk) => ({
        day: chunk.day,
        timeMs: chunk.timeMs.slice(0, chunk.count),
        value: chunk.value.slice(0, chunk.count),
        quality: chunk.quality.slice(0, chunk.count),
      })),
    };
  }

  static restore(state: SeriesReadingsState): SeriesReadings {
    const readings = new SeriesReadings();
    for (const { day, timeMs, value, quality } of state.chunks) {
      readings.#chunks.push({ day, count: timeMs.length, timeMs, value, quality });
    }
    return readings;
  }

  #chunkFor(day: number): Chunk {
    if (this.#recent?.day === day) return this.#recent;
    let index = this.#chunks.length;
    while (index > 0 && this.#chunks[index - 1]!.day > day) index--;
    let chunk = this.#chunks[index - 1];
    if (chunk?.day !== day) {
      chunk = { day, count: 0, timeMs: new Float64Array(8), value: new Float64Array(8), quality: new Uint8Array(8) };
      this.#chunks.splice(index, 0, chunk);
    }
    this.#recent = chunk;
    return chunk;
  }

  /** Index of the first chunk that can hold the instant or a later one. */
  #firstChunkAt(atMs: number): number {
    const day = Math.floor(atMs / DAY_MS);
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.day < day) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function settle(chunk: Chunk, at: number, value: number, quality: number): Insertion {
  const kept = chunk.value[at]!;
  if (Object.is(kept, value) || Number.isNaN(value)) return 'duplicate';
  if (!Number.isNaN(kept)) return 'conflict';
  chunk.value[at] = value;
  chunk.quality[at] = quality;
  return 'added';
}

/** First position whose time is not before the instant. */
function lowerBound(chunk: Chunk, timeMs: number): number {
  let low = 0;
  let high = chunk.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk.timeMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hasCounting(chunk: Chunk): boolean {
  return chunk.quality.subarray(0, chunk.count).some((quality) => qualityCounts(quality));
}

function grow(chunk: Chunk): void {
  const length = Math.max(8, chunk.timeMs.length * 2);
  const larger = <T extends Float64Array | Uint8Array>(old: T, fresh: T): T => {
    fresh.set(old);
    return fresh;
  };
  chunk.timeMs = larger(chunk.timeMs, new Float64Array(length));
  chunk.value = larger(chunk.value, new Float64Array(length));
  chunk.quality = larger(chunk.quality, new Uint8Array(length));
}
