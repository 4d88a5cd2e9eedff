import type { WasmMemory } from '../linear-memory.ts';
import type { ReadingArena } from '../reading-arena.ts';
import { NEIGHBOURS_KEPT } from '../register-increase.ts';
import type { RollingColumns } from '../rolling.ts';
import type { ReadingBatch } from '../window-settings.ts';
import {
  AREA_BYTES,
  F64_FIELD,
  READING_COLUMN,
  READINGS,
  REPLACED_BIT,
  ROW_COLUMN,
  ROWS,
  U32_FIELD,
} from './kernel-area.ts';
import { KERNEL_BYTES } from './kernel-bytes.ts';

/** What the kernel has to know of the engine while it takes readings; it does not change within a batch. */
export interface IngestState {
  readonly horizonMs: number;
  /** Event-time now of the last tick. */
  readonly settledMs: number;
  readonly isEventClock: boolean;
  /** Series below `epochSeries` whose epoch is another one have to be written for a snapshot before they change. */
  readonly epoch: number;
  readonly epochSeries: number;
}

/** The engine, as the kernel needs it. */
export interface IngestHost {
  readonly time: {
    readonly nowMs: number;
    /** A reading of this time was accepted. */
    accepted(timeMs: number): void;
  };
  /** Takes one reading that the kernel does not; returns what became of it. */
  put(id: number, timeMs: number, value: number): number;
  /** A reading was put in, or took the place of one that does not count, before those appended since the last tick. */
  noteBetween(id: number, timeMs: number, isReplaced: boolean): void;
}

interface KernelExports {
  /** @returns the first reading that was not taken */
  ingest(area: number, from: number, to: number): number;
  /** @returns the first series that was not looked at */
  rolling(area: number, from: number, to: number): number;
}

/**
 * The engine's hot loops as WebAssembly, working on the arena's memory. It makes what `WindowEngine` and
 * `RollingWindows` make, to the bit, and leaves to them what is rare.
 */
export class WindowKernel {
  readonly #arena: ReadingArena;
  readonly #exports: KernelExports;
  /** Address of the shared area, bytes. */
  readonly #area: number;
  #bytes: Uint8Array;

  constructor(arena: ReadingArena, memory: WasmMemory) {
    this.#arena = arena;
    this.#area = arena.reserve(AREA_BYTES);
    this.#bytes = new Uint8Array(arena.u32.buffer);
    const module = new WebAssembly.Module(Uint8Array.fromBase64(KERNEL_BYTES));
    const instance = new WebAssembly.Instance(module, { env: { memory: memory.memory } });
    this.#exports = instance.exports as unknown as KernelExports;
  }

  /** Puts readings where they belong, in the order of the columns, and says what became of each. */
  ingest(batch: ReadingBatch, state: IngestState, host: IngestHost): void {
    for (let first = 0; first < batch.count; first += READINGS) {
      const count = Math.min(READINGS, batch.count - first);
      this.#handOver(batch, first, count);
      this.#tell(state);
      for (let index = this.#ingest(host, 0, count); index < count; index = this.#ingest(host, index + 1, count)) {
        const at = first + index;
        const outcome = host.put(batch.series[at]!, batch.timeMs[at]!, batch.value[at]!);
        this.#view()[this.#area + READING_COLUMN.outcomes + index] = outcome;
      }
      const outcomesAt = this.#area + READING_COLUMN.outcomes;
      batch.outcome.set(this.#view().subarray(outcomesAt, outcomesAt + count), first);
    }
  }

  /**
   * Rolling windows [fromMs, toMs) of the series there are.
   *
   * @param evaluate writes the row of one series that the kernel does not, if it has one
   * @returns how many rows were written
   */
  rolling(fromMs: number, toMs: number, out: RollingColumns, evaluate: (id: number, row: number) => boolean): number {
    const { f64, u32, seriesCount } = this.#arena;
    f64[this.#area / 8 + F64_FIELD.from] = fromMs;
    f64[this.#area / 8 + F64_FIELD.to] = toMs;
    let row = 0;
    for (let id = 0; id < seriesCount; ) {
      const end = Math.min(seriesCount, id + ROWS);
      id = this.#exports.rolling(this.#area, id, end);
      const count = u32[this.#area / 4 + U32_FIELD.rowCount]!;
      this.#handBack(out, row, count);
      row += count;
      if (id < end && evaluate(id++, row)) row++;
    }
    return row;
  }

  #ingest(host: IngestHost, from: number, to: number): number {
    const fields = this.#area / 4;
    this.#arena.f64[this.#area / 8 + F64_FIELD.now] = host.time.nowMs;
    this.#arena.u32[fields + U32_FIELD.dirtyCount] = this.#arena.dirtyCount;
    const stopped = this.#exports.ingest(this.#area, from, to);
    host.time.accepted(this.#arena.f64[this.#area / 8 + F64_FIELD.now]!);
    this.#arena.dirtyCount = this.#arena.u32[fields + U32_FIELD.dirtyCount]!;
    this.#drainBetween(host, this.#arena.u32[fields + U32_FIELD.betweenCount]!);
    return stopped;
  }

  #drainBetween(host: IngestHost, count: number): void {
    const { f64, u32 } = this.#arena;
    const times = (this.#area + READING_COLUMN.betweenTimes) / 8;
    const series = (this.#area + READING_COLUMN.betweenSeries) / 4;
    for (let index = 0; index < count; index++) {
      const id = u32[series + index]!;
      const isReplaced = id >= REPLACED_BIT;
      host.noteBetween(isReplaced ? id - REPLACED_BIT : id, f64[times + index]!, isReplaced);
    }
  }

  #handOver(batch: ReadingBatch, first: number, count: number): void {
    const { f64, u32 } = this.#arena;
    f64.set(batch.timeMs.subarray(first, first + count), (this.#area + READING_COLUMN.times) / 8);
    f64.set(batch.value.subarray(first, first + count), (this.#area + READING_COLUMN.values) / 8);
    u32.set(batch.series.subarray(first, first + count), (this.#area + READING_COLUMN.series) / 4);
  }

  #tell(state: IngestState): void {
    const { f64, u32, seriesCount, dirtyAt } = this.#arena;
    const at = this.#area / 8;
    f64[at + F64_FIELD.horizon] = state.horizonMs;
    f64[at + F64_FIELD.settled] = state.settledMs;
    const at32 = this.#area / 4;
    u32[at32 + U32_FIELD.dirtyAt] = 4 * dirtyAt;
    u32[at32 + U32_FIELD.seriesCount] = seriesCount;
    u32[at32 + U32_FIELD.epoch] = state.epoch;
    u32[at32 + U32_FIELD.epochSeries] = state.epochSeries;
    u32[at32 + U32_FIELD.isEventClock] = state.isEventClock ? 1 : 0;
    u32[at32 + U32_FIELD.neighbours] = NEIGHBOURS_KEPT;
  }

  #handBack(out: RollingColumns, row: number, count: number): void {
    const { f64, u32 } = this.#arena;
    const words = (at: number) => f64.subarray((this.#area + at) / 8, (this.#area + at) / 8 + count);
    const halves = (at: number) => u32.subarray((this.#area + at) / 4, (this.#area + at) / 4 + count);
    out.series.set(halves(ROW_COLUMN.series), row);
    out.count.set(halves(ROW_COLUMN.count), row);
    out.mean.set(words(ROW_COLUMN.mean), row);
    out.min.set(words(ROW_COLUMN.min), row);
    out.max.set(words(ROW_COLUMN.max), row);
    out.p95.set(words(ROW_COLUMN.p95), row);
  }

  /** The memory as bytes; another view after it grew. */
  #view(): Uint8Array {
    const { buffer } = this.#arena.u32;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }
}
