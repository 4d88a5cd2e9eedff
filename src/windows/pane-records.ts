import type { Pane, QuantityKind } from '../model/index.ts';
import { LevelRows, type LevelStats } from './level-rows.ts';
import { emptyPane } from './pane-of-readings.ts';

/** What is remembered of a pane whose readings are gone: what a KPI that looks back asks for. */
interface Chunk {
  /** Sum, energy sum or cosine sum; the increase of a register; the last value of a state. */
  readonly amount: Float64Array;
  /** Sum of sines; only where there are angles. */
  amountSin: Float64Array | undefined;
  /** Time covered by a register's increases, ms; covered slots of the others. */
  readonly covered: Uint32Array;
  readonly count: Uint32Array;
  /** Covered slots of registers; only where there are some. */
  slots: Uint32Array | undefined;
  /** Of hours only: bad readings, and the newest reading as ms from the start, plus 1. */
  readonly invalid: Uint32Array | undefined;
  readonly heard: Uint32Array | undefined;
  readonly held: Uint8Array;
  /** Of hours of levels only. */
  levels: LevelRows | undefined;
  /** Extremes of hours; only where some are asked for, NaN where they are not. */
  min: Float64Array | undefined;
  max: Float64Array | undefined;
}

/** Columns of a chunk by number, as snapshots name them; new ones go to the end. */
const COLUMNS = [
  ...(['amount', 'amountSin', 'covered', 'count', 'slots', 'invalid', 'heard', 'held', 'levels'] as const),
  ...(['min', 'max'] as const),
] as const;

/** Columns of 64-bit numbers. */
const WIDE_COLUMNS: ReadonlySet<(typeof COLUMNS)[number]> = new Set(['amount', 'amountSin', 'min', 'max']);

/** A column of a chunk, for snapshots. */
export interface RecordColumn {
  readonly level: number;
  readonly column: number;
  readonly startMs: number;
  readonly content: Float64Array | Uint32Array | Uint8Array;
}

/**
 * Panes of one level behind the kept readings, time-major: one chunk of columns a pane's start, by dense record number.
 * A pane that leaves memory costs nothing, and a chunk that nothing changes any more is never touched again.
 */
export class PaneRecords {
  readonly #chunks = new Map<number, Chunk>();
  readonly #isLean: boolean;
  /** Chunks that a snapshot still has to write. */
  readonly #frozen = new Set<Chunk>();
  #capacity = 64;

  /** @param isLean without what only hours are asked for */
  constructor(isLean: boolean) {
    this.#isLean = isLean;
  }

  get bytes(): number {
    let bytes = 0;
    for (const chunk of this.#chunks.values()) {
      for (const column of Object.values(chunk)) bytes += column?.byteLength ?? 0;
    }
    return bytes;
  }

  /**
   * Remembers a pane, or forgets it.
   *
   * @param heardMs time of the newest reading in it, bad ones included; NaN when there is none
   */
  set(record: number, kind: QuantityKind, startMs: number, pane: Pane | undefined, heardMs: number): void {
    const chunk = this.#chunkFor(record, startMs, pane !== undefined);
    if (chunk === undefined) return;
    chunk.held[record] = pane === undefined ? 0 : 1;
    if (pane === undefined) return;
    const isRegister = kind === 'counter';
    chunk.amount[record] = isRegister ? pane.increase : kind === 'state' ? pane.last : pane.sum;
    if (kind === 'angle') {
      chunk.amountSin ??= new Float64Array(chunk.amount.length);
      chunk.amountSin[record] = pane.sumSin;
    }
    chunk.covered[record] = isRegister ? pane.increaseCoveredMs : pane.coveredSlots;
    chunk.count[record] = pane.count;
    if (isRegister && !this.#isLean) {
      chunk.slots ??= new Uint32Array(chunk.count.length);
      chunk.slots[record] = pane.coveredSlots;
    }
    // `setExtremes` follows where somebody asks for them.
    if (chunk.min !== undefined) chunk.min[record] = Number.NaN;
    if (chunk.max !== undefined) chunk.max[record] = Number.NaN;
    if (chunk.invalid !== undefined) chunk.invalid[record] = pane.invalidCount;
    if (chunk.heard !== undefined) chunk.heard[record] = Number.isNaN(heardMs) ? 0 : heardMs - startMs + 1;
  }

  /** Remembers what the levels of an hour are exceeded by, beside its pane. */
  setLevels(record: number, startMs: number, stats: LevelStats | undefined): void {
    const chunk = this.#chunkFor(record, startMs, stats !== undefined);
    if (chunk === undefined) return;
    chunk.levels ??= new LevelRows();
    chunk.levels.set(record, stats);
  }

  /** Remembers the extremes of an hour, beside its pane. */
  setExtremes(record: number, startMs: number, { min, max }: Pick<Pane, 'min' | 'max'>): void {
    const chunk = this.#chunkFor(record, startMs, true)!;
    chunk.min ??= unknowns(chunk.amount.length);
    chunk.max ??= unknowns(chunk.amount.length);
    chunk.min[record] = min;
    chunk.max[record] = max;
  }

  levels(record: number, startMs: number): LevelStats | undefined {
    return this.#chunks.get(startMs)?.levels?.get(record);
  }

  /**
   * The pane as far as it is remembered: value, counts and coverage, and extremes where they are asked for. The others,
   * first and last are NaN, except `lastMs`, which is when the series was heard last in it.
   */
  get(record: number, kind: QuantityKind, startMs: number, endMs: number, expectEveryMs: number): Pane | undefined {
    const chunk = this.#chunks.get(startMs);
    if (chunk === undefined || chunk.held[record] !== 1) return undefined;
    const isRegister = kind === 'counter';
    const amount = chunk.amount[record]!;
    const covered = chunk.covered[record]!;
    const heard = chunk.heard?.[record] ?? 0;
    return {
      ...emptyPane(startMs, endMs, expectEveryMs),
      count: chunk.count[record]!,
      invalidCount: chunk.invalid?.[record] ?? 0,
      coveredSlots: isRegister ? (chunk.slots?.[record] ?? 0) : covered,
      sum: isRegister || kind === 'state' ? 0 : amount,
      sumSin: chunk.amountSin?.[record] ?? 0,
      min: chunk.min?.[record] ?? Number.NaN,
      max: chunk.max?.[record] ?? Number.NaN,
      last: kind === 'state' ? amount : Number.NaN,
      lastMs: heard === 0 ? Number.NaN : startMs + heard - 1,
      increase: isRegister ? amount : 0,
      increaseCoveredMs: isRegister ? covered : 0,
    };
  }

  /** The columns as they are now, however long it takes to write them: a chunk is copied before it changes. */
  columns(level: number): Iterable<RecordColumn> {
    const chunks = [...this.#chunks];
    this.#frozen.clear();
    for (const [, chunk] of chunks) this.#frozen.add(chunk);
    return this.#columnsOf(chunks, level);
  }

  *#columnsOf(chunks: readonly (readonly [number, Chunk])[], level: number): Generator<RecordColumn> {
    for (const [startMs, chunk] of chunks) {
      for (const [column, name] of COLUMNS.entries()) {
        const held = chunk[name];
        const content = held instanceof LevelRows ? held.content : held;
        if (content !== undefined) yield { level, column, startMs, content };
      }
      this.#frozen.delete(chunk);
    }
  }

  /** Puts back a column of `columns`. */
  restore(startMs: number, column: number, bytes: Uint8Array): void {
    const name = COLUMNS[column]!;
    const chunk = (this.#chunks.get(startMs) ?? {}) as Record<string, unknown>;
    const { buffer } = bytes;
    if (name === 'levels') chunk[name] = new LevelRows(new Float64Array(buffer));
    else if (name === 'held') {
      chunk[name] = new Uint8Array(buffer);
      this.#capacity = Math.max(this.#capacity, bytes.length);
    } else chunk[name] = WIDE_COLUMNS.has(name) ? new Float64Array(buffer) : new Uint32Array(buffer);
    this.#chunks.set(startMs, chunk as unknown as Chunk);
  }

  forgetBefore(beforeMs: number): void {
    for (const startMs of this.#chunks.keys()) if (startMs < beforeMs) this.#chunks.delete(startMs);
  }

  #chunkFor(record: number, startMs: number, create: boolean): Chunk | undefined {
    let chunk = this.#chunks.get(startMs);
    if (chunk !== undefined && record < chunk.held.length && !this.#frozen.has(chunk)) return chunk;
    if (!create && (chunk === undefined || record >= chunk.held.length)) return undefined;
    while (record >= this.#capacity) this.#capacity = Math.ceil(this.#capacity * 1.25);
    chunk = this.#widened(chunk);
    this.#chunks.set(startMs, chunk);
    return chunk;
  }

  #widened(chunk: Chunk | undefined): Chunk {
    const length = this.#capacity;
    const u32 = (old: Uint32Array | undefined): Uint32Array => {
      const column = new Uint32Array(length);
      if (old !== undefined) column.set(old);
      return column;
    };
    const f64 = (old: Float64Array | undefined): Float64Array => {
      const column = new Float64Array(length);
      if (old !== undefined) column.set(old);
      return column;
    };
    const extremes = (old: Float64Array | undefined): Float64Array | undefined => {
      if (old === undefined) return undefined;
      const column = unknowns(length);
      column.set(old);
      return column;
    };
    const held = new Uint8Array(length);
    if (chunk !== undefined) held.set(chunk.held);
    return {
      amount: f64(chunk?.amount),
      amountSin: chunk?.amountSin === undefined ? undefined : f64(chunk.amountSin),
      covered: u32(chunk?.covered),
      count: u32(chunk?.count),
      slots: chunk?.slots === undefined ? undefined : u32(chunk.slots),
      invalid: this.#isLean ? undefined : u32(chunk?.invalid),
      heard: this.#isLean ? undefined : u32(chunk?.heard),
      held,
      levels: chunk?.levels?.copy(),
      min: extremes(chunk?.min),
      max: extremes(chunk?.max),
    };
  }
}

function unknowns(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}
