import { exactMedian, exactPercentiles, levelHistogram, levelPercentile } from './functions/index.ts';
import type { SortedReadings } from './sorted-readings.ts';

/** Levels of an hour that are exceeded 10, 50 and 90 % of the time, and the highest one, dB. */
export interface LevelStats {
  readonly l10: number;
  readonly l50: number;
  readonly l90: number;
  readonly max: number;
}

/** Hours with more readings get their percentiles from counters of 0.1 dB instead of from the values. */
const EXACT_READINGS_MAX = 600;

/** Of the readings that count in [startMs, endMs); undefined when there is none. */
export function levelStatsOf(readings: SortedReadings, startMs: number, endMs: number): LevelStats | undefined {
  const from = readings.lowerBound(startMs);
  const to = readings.lowerBound(endMs);
  const isSmall = to - from <= EXACT_READINGS_MAX;
  const values = exactMedian.empty();
  const levels = levelHistogram.empty();
  let max = Number.NEGATIVE_INFINITY;
  for (let index = from; index < to; index++) {
    const value = readings.valueAt(index);
    if (Number.isNaN(value)) continue;
    if (value > max) max = value;
    if (isSmall) exactMedian.add(values, 0, value);
    else levelHistogram.add(levels, 0, value);
  }
  if (max === Number.NEGATIVE_INFINITY) return undefined;
  const percents = [90, 50, 10];
  const [l10, l50, l90] = isSmall
    ? exactPercentiles(values, percents)
    : percents.map((percent) => levelPercentile(levels, percent));
  return { l10: l10!, l50: l50!, l90: l90!, max };
}

/** Numbers of a row: the record, and what it says. */
const WIDTH = 5;

/** Level statistics of one hour by record: rows, because few series of a city are levels. */
export class LevelRows {
  #rows: Float64Array;
  #count = 0;
  readonly #rowOf = new Map<number, number>();

  /** @param content of another one, taken over */
  constructor(content: Float64Array = new Float64Array(0)) {
    this.#rows = content;
    this.#count = content.length / WIDTH;
    for (let row = 0; row < this.#count; row++) this.#rowOf.set(content[row * WIDTH]!, row);
  }

  get byteLength(): number {
    return this.#rows.byteLength;
  }

  /** The rows, valid until the next change. */
  get content(): Float64Array {
    return this.#rows.subarray(0, this.#count * WIDTH);
  }

  copy(): LevelRows {
    return new LevelRows(this.content.slice());
  }

  get(record: number): LevelStats | undefined {
    const row = this.#rowOf.get(record);
    if (row === undefined) return undefined;
    const at = row * WIDTH;
    const [l10, l50, l90, max] = [this.#rows[at + 1]!, this.#rows[at + 2]!, this.#rows[at + 3]!, this.#rows[at + 4]!];
    return Number.isNaN(max) ? undefined : { l10, l50, l90, max };
  }

  /** @param stats undefined for an hour that holds nothing any more */
  set(record: number, stats: LevelStats | undefined): void {
    let row = this.#rowOf.get(record);
    if (row === undefined) {
      if (stats === undefined) return;
      row = this.#count++;
      this.#rowOf.set(record, row);
      if (this.#count * WIDTH > this.#rows.length) this.#grow();
    }
    const { l10, l50, l90, max } = stats ?? NOTHING;
    this.#rows.set([record, l10, l50, l90, max], row * WIDTH);
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(8 * WIDTH, 2 * this.#rows.length));
    larger.set(this.#rows);
    this.#rows = larger;
  }
}

const NOTHING: LevelStats = { l10: Number.NaN, l50: Number.NaN, l90: Number.NaN, max: Number.NaN };
