import type { Reading } from '../model/index.ts';
import type { ReadingColumns, StoredReading } from '../store/index.ts';

/** Collects readings as columns that grow. */
export class ReadingColumnsBuilder {
  #count = 0;
  #series = new Int32Array(64);
  #timeMs = new Float64Array(64);
  #value = new Float64Array(64);
  #quality = new Uint8Array(64);
  #status = new Uint8Array(64);
  #sequence = new Float64Array(64);

  add(series: number, { timeMs, value, quality }: Reading, status: number, sequence: number): void {
    this.addRow({ series, timeMs, value, quality, status, sequence });
  }

  addRow({ series, timeMs, value, quality, status, sequence }: StoredReading): void {
    const at = this.#count++;
    if (at === this.#series.length) this.#grow();
    this.#series[at] = series;
    this.#timeMs[at] = timeMs;
    this.#value[at] = value;
    this.#quality[at] = quality;
    this.#status[at] = status;
    this.#sequence[at] = sequence;
  }

  /** What was collected so far; the columns are the builder's own and change with the next reading. */
  peek(): ReadingColumns {
    const count = this.#count;
    return {
      count,
      series: this.#series,
      timeMs: this.#timeMs,
      value: this.#value,
      quality: this.#quality,
      status: this.#status,
      sequence: this.#sequence,
    };
  }

  /** The columns, cut to their length; the builder is not used afterwards. */
  finish(): ReadingColumns {
    const count = this.#count;
    return {
      count,
      series: this.#series.slice(0, count),
      timeMs: this.#timeMs.slice(0, count),
      value: this.#value.slice(0, count),
      quality: this.#quality.slice(0, count),
      status: this.#status.slice(0, count),
      sequence: this.#sequence.slice(0, count),
    };
  }

  #grow(): void {
    const length = this.#series.length * 2;
    const larger = <T extends Int32Array | Float64Array | Uint8Array>(old: T, fresh: T): T => {
      fresh.set(old);
      return fresh;
    };
    this.#series = larger(this.#series, new Int32Array(length));
    this.#timeMs = larger(this.#timeMs, new Float64Array(length));
    this.#value = larger(this.#value, new Float64Array(length));
    this.#quality = larger(this.#quality, new Uint8Array(length));
    this.#status = larger(this.#status, new Uint8Array(length));
    this.#sequence = larger(this.#sequence, new Float64Array(length));
  }
}
