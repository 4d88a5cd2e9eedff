import type { WindowKernel } from './kernel/index.ts';
import type { ReadingArena } from './reading-arena.ts';
import type { SeriesTable } from './series-table.ts';
import type { SortedReadings } from './sorted-readings.ts';

/** Rolling windows as columns; rows are written from the start. */
export interface RollingColumns {
  readonly series: Uint32Array;
  /** Readings that count. */
  readonly count: Uint32Array;
  readonly mean: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** 95th percentile, exact, linear between order statistics. */
  readonly p95: Float64Array;
}

const PERCENTILE = 0.95;

/** Rolling windows of gauges over the kept readings. */
export class RollingWindows {
  readonly #arena: ReadingArena;
  readonly #table: SeriesTable;
  readonly #kernel: WindowKernel | undefined;
  #scratch = new Float64Array(256);

  constructor(arena: ReadingArena, table: SeriesTable, kernel?: WindowKernel) {
    this.#arena = arena;
    this.#table = table;
    this.#kernel = kernel;
  }

  /** @returns how many rows were written */
  evaluate(endMs: number, lengthMs: number, out: RollingColumns): number {
    const fromMs = endMs - lengthMs;
    if (this.#kernel !== undefined) {
      return this.#kernel.rolling(fromMs, endMs, out, (id, row) => this.#window(id, fromMs, endMs, out, row));
    }
    let row = 0;
    const { list } = this.#table;
    for (let id = 0; id < list.length; id++) {
      if (list[id]!.kind !== 'gauge') continue;
      if (this.#window(id, fromMs, endMs, out, row)) row++;
    }
    return row;
  }

  #window(id: number, fromMs: number, toMs: number, out: RollingColumns, row: number): boolean {
    const readings = this.#arena.readings(id);
    const from = readings.lowerBound(fromMs);
    const to = readings.lowerBound(toMs);
    const values = this.#counting(readings, from, to);
    const n = values.length;
    if (n === 0) return false;
    // Two lanes by the parity of the position: what vector instructions do, to the bit.
    let even = 0;
    let odd = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < n; index++) {
      const value = values[index]!;
      if ((index & 1) === 0) even += value;
      else odd += value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    out.series[row] = id;
    out.count[row] = n;
    out.mean[row] = (even + odd) / n;
    out.min[row] = min;
    out.max[row] = max;
    out.p95[row] = quantileOf(values, PERCENTILE);
    return true;
  }

  #counting(readings: SortedReadings, from: number, to: number): Float64Array {
    if (to - from > this.#scratch.length) this.#scratch = new Float64Array(2 * (to - from));
    let count = 0;
    for (let index = from; index < to; index++) {
      const value = readings.valueAt(index);
      if (!Number.isNaN(value)) this.#scratch[count++] = value;
    }
    return this.#scratch.subarray(0, count);
  }
}

/** Linear between the order statistics around (n - 1) * p; the values are sorted in place. */
function quantileOf(values: Float64Array, p: number): number {
  values.sort();
  const position = (values.length - 1) * p;
  const below = Math.floor(position);
  const low = values[below]!;
  const high = values[Math.min(values.length - 1, below + 1)]!;
  return low + (high - low) * (position - below);
}
