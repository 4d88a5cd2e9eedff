import type { Reading } from '../model/index.ts';
import type { ReadingColumns, StoredReading } from '../store/index.ts';

/** Room at first, and above which it is not kept for the next rows. */
const FIRST_ROWS = 64;
const KEPT_ROWS_MAX = 1 << 18;

/** Columns with room for more rows than there are. */
type Room = Omit<ReadingColumns, 'count'>;

/** Collects readings as columns that grow; `finish` gives them out and begins anew. */
export class ReadingColumnsBuilder {
  #count = 0;
  #room = roomFor(FIRST_ROWS);

  addRow({ series, timeMs, value, quality, status, sequence }: StoredReading): void {
    this.#add(series, timeMs, value, quality, status, sequence);
  }

  add(series: number, { timeMs, value, quality }: Reading, status: number, sequence: number): void {
    this.#add(series, timeMs, value, quality, status, sequence);
  }

  #add(series: number, timeMs: number, value: number, quality: number, status: number, sequence: number): void {
    const at = this.#count++;
    if (at === this.#room.series.length) this.#grow();
    const room = this.#room;
    room.series[at] = series;
    room.timeMs[at] = timeMs;
    room.value[at] = value;
    room.quality[at] = quality;
    room.status[at] = status;
    room.sequence[at] = sequence;
  }

  /** What was collected so far; the columns are the builder's own and change with the next reading. */
  peek(): ReadingColumns {
    return { count: this.#count, ...this.#room };
  }

  /** The columns, cut to their length and the caller's own. */
  finish(): ReadingColumns {
    const count = this.#count;
    const { series, timeMs, value, quality, status, sequence } = this.#room;
    const columns = {
      count,
      series: series.slice(0, count),
      timeMs: timeMs.slice(0, count),
      value: value.slice(0, count),
      quality: quality.slice(0, count),
      status: status.slice(0, count),
      sequence: sequence.slice(0, count),
    };
    this.#count = 0;
    if (series.length > KEPT_ROWS_MAX) this.#room = roomFor(FIRST_ROWS);
    return columns;
  }

  #grow(): void {
    const small = this.#room;
    const large = roomFor(2 * small.series.length);
    large.series.set(small.series);
    large.timeMs.set(small.timeMs);
    large.value.set(small.value);
    large.quality.set(small.quality);
    large.status.set(small.status);
    large.sequence.set(small.sequence);
    this.#room = large;
  }
}

function roomFor(rows: number): Room {
  return {
    series: new Int32Array(rows),
    timeMs: new Float64Array(rows),
    value: new Float64Array(rows),
    quality: new Uint8Array(rows),
    status: new Uint8Array(rows),
    sequence: new Float64Array(rows),
  };
}
