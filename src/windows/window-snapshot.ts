import { assert } from '../base/index.ts';
import type { Series } from '../model/index.ts';
import type { LateHoursState } from './late-hours.ts';
import type { RecordColumn } from './pane-records.ts';
import type { Timing } from './series-table.ts';
import type { WholenessState } from './wholeness.ts';

/*
 * The state of a window engine as a sequence of pieces; the order of pieces of a kind does not matter, except that
 * `meta` comes first and `names` come before `readings`.
 *
 *   piece     u8 kind, 7 bytes of 0, body
 *   meta      JSON of `SnapshotMeta`
 *   names     JSON of `SavedName[]`, in the order of their numbers
 *   readings  repeated: u32 series, u32 count, u32 flags, u32 0, f64 openFromMs, f64 baseMs,
 *             count x f64 values, count x u32 ms since baseMs (wide: f64 ms UTC), filled up to 8 bytes
 *   records   u8 level, u8 column, 6 bytes of 0, f64 startMs, the column
 */

/** Grows with every change of the layout, and of what is remembered; snapshots of others are passed over. */
export const WINDOW_SNAPSHOT_VERSION = 4;

export const PIECE = { meta: 0, names: 1, readings: 2, records: 3 } as const;
export type PieceKind = (typeof PIECE)[keyof typeof PIECE];

export interface SnapshotMeta {
  readonly version: number;
  /** [now, leap] and now of the last tick; null for -Infinity. */
  readonly time: readonly [nowMs: number | null, leapMs: number];
  readonly settledMs: number | null;
  /** By which it was kept what the snapshot holds. */
  readonly timing: Timing;
  /** Absent where memory holds all that the timing says. */
  readonly whole?: WholenessState;
  readonly minute: number | null;
  readonly seriesCount: number;
  readonly late: LateHoursState;
  readonly lateLeft: number;
  /** Newest late-filed readings that are not among the kept ones. */
  readonly lateHeard: readonly (readonly [series: number, timeMs: number])[];
  readonly revisions: readonly (readonly [key: number, revision: number])[];
}

export interface SavedName extends Series {
  /** Its panes are remembered behind its readings. */
  readonly hasRecords: boolean;
}

/** One series as it is written. */
export interface SavedSeries {
  readonly id: number;
  readonly flags: number;
  readonly openFromMs: number;
  readonly baseMs: number;
  readonly values: Float64Array;
  /** Offsets from `baseMs`, or instants in the wide form. */
  readonly times: Uint32Array | Float64Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A piece of text. */
export function textPiece(kind: PieceKind, content: unknown): Uint8Array {
  const body = encoder.encode(JSON.stringify(content));
  const piece = new Uint8Array(8 + body.length);
  piece[0] = kind;
  piece.set(body, 8);
  return piece;
}

/** The kind of a piece. */
export function pieceKind(piece: Uint8Array): number {
  return piece[0]!;
}

export function metaOf(piece: Uint8Array): SnapshotMeta {
  return JSON.parse(decoder.decode(piece.subarray(8))) as SnapshotMeta;
}

export function namesOf(piece: Uint8Array): readonly SavedName[] {
  return JSON.parse(decoder.decode(piece.subarray(8))) as SavedName[];
}

/** Collects series into pieces of about a megabyte. Buffers go round: making new ones would keep the collector busy. */
export class ReadingPieces {
  readonly #ready: Uint8Array[] = [];
  readonly #spare: ArrayBuffer[] = [];
  #lent: ArrayBuffer | undefined;
  #buffer = new ArrayBuffer(PIECE_BYTES);
  #u32 = new Uint32Array(this.#buffer);
  #f64 = new Float64Array(this.#buffer);
  #used = 8;

  add({ id, flags, openFromMs, baseMs, values, times }: SavedSeries): void {
    const bytes = 32 + values.byteLength + Math.ceil(times.byteLength / 8) * 8;
    if (this.#used + bytes > this.#buffer.byteLength) this.#cut(bytes);
    const at = this.#used;
    this.#u32[at / 4] = id;
    this.#u32[at / 4 + 1] = values.length;
    this.#u32[at / 4 + 2] = flags;
    this.#u32[at / 4 + 3] = 0;
    this.#f64[at / 8 + 2] = openFromMs;
    this.#f64[at / 8 + 3] = baseMs;
    this.#f64.set(values, at / 8 + 4);
    const timesAt = at / 8 + 4 + values.length;
    if (times instanceof Uint32Array) {
      // The last word may be half used: a buffer that goes round holds something there.
      if (times.length % 2 === 1) this.#u32[2 * timesAt + times.length] = 0;
      this.#u32.set(times, 2 * timesAt);
    } else this.#f64.set(times, timesAt);
    this.#used = at + bytes;
  }

  /** The next whole piece, valid until the next call; the last, begun one only when asked for. */
  next(last: boolean): Uint8Array | undefined {
    if (this.#lent !== undefined) this.#spare.push(this.#lent);
    this.#lent = undefined;
    if (this.#ready.length === 0 && last && this.#used > 8) this.#cut(0);
    const piece = this.#ready.shift();
    if (piece !== undefined && piece.buffer.byteLength === PIECE_BYTES) this.#lent = piece.buffer as ArrayBuffer;
    return piece;
  }

  #cut(bytesNext: number): void {
    if (this.#used > 8) {
      this.#u32[0] = PIECE.readings;
      this.#u32[1] = 0;
      this.#ready.push(new Uint8Array(this.#buffer, 0, this.#used));
    }
    const fits = 8 + bytesNext <= PIECE_BYTES;
    this.#buffer = fits ? (this.#spare.pop() ?? new ArrayBuffer(PIECE_BYTES)) : new ArrayBuffer(8 + bytesNext);
    this.#u32 = new Uint32Array(this.#buffer);
    this.#f64 = new Float64Array(this.#buffer);
    this.#used = 8;
  }
}

const PIECE_BYTES = 1 << 20;

/** Tells of each series of a piece of readings; columns are views, valid during the call. */
export function visitSeries(
  piece: Uint8Array,
  isWide: (flags: number) => boolean,
  visit: (saved: SavedSeries) => void,
): void {
  const isAligned = piece.byteOffset % 8 === 0 && piece.byteLength % 8 === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? piece : new Uint8Array(piece);
  const u32 = new Uint32Array(buffer, byteOffset, byteLength / 4);
  const f64 = new Float64Array(buffer, byteOffset, byteLength / 8);
  for (let at = 1; at < f64.length; ) {
    const count = u32[2 * at + 1]!;
    const flags = u32[2 * at + 2]!;
    const timesAt = at + 4 + count;
    const wide = isWide(flags);
    const times = wide ? f64.subarray(timesAt, timesAt + count) : u32.subarray(2 * timesAt, 2 * timesAt + count);
    const values = f64.subarray(at + 4, at + 4 + count);
    visit({ id: u32[2 * at]!, flags, openFromMs: f64[at + 2]!, baseMs: f64[at + 3]!, values, times });
    at = timesAt + (wide ? count : Math.ceil(count / 2));
  }
}

/**
 * A column of a chunk of records.
 *
 * @param into a buffer to be used if it is long enough
 */
export function recordPiece({ level, column, startMs, content }: RecordColumn, into: ArrayBuffer): Uint8Array {
  const bytes = 24 + content.byteLength;
  const piece = new Uint8Array(into.byteLength < bytes ? new ArrayBuffer(bytes) : into, 0, bytes);
  piece.fill(0, 0, 16);
  piece[0] = PIECE.records;
  piece[8] = level;
  piece[9] = column;
  new Float64Array(piece.buffer, 16, 1)[0] = startMs;
  piece.set(new Uint8Array(content.buffer, content.byteOffset, content.byteLength), 24);
  return piece;
}

export function recordOf(piece: Uint8Array): Omit<RecordColumn, 'content'> & { readonly bytes: Uint8Array } {
  // A Buffer's `slice` would be a view of the same bytes, and who takes a column takes the whole of its buffer.
  const copy = new Uint8Array(piece);
  const startMs = new Float64Array(copy.buffer, 16, 1)[0]!;
  return { level: copy[8]!, column: copy[9]!, startMs, bytes: copy.slice(24) };
}

/** -Infinity has no JSON. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function orMinusInfinity(value: number | null): number {
  return value ?? Number.NEGATIVE_INFINITY;
}

/** @throws when the pieces are of another layout; `cannot read` says which */
export function assertVersion(meta: SnapshotMeta): void {
  assert(meta.version === WINDOW_SNAPSHOT_VERSION, `snapshot of windows in version ${meta.version}`);
}
