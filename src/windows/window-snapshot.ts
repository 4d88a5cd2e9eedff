import { assert } from '../base/index.ts';
import type { Series } from '../model/index.ts';
import type { LateHoursState } from './late-hours.ts';
import type { RecordColumn } from './pane-records.ts';

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

/** Grows with every change of the layout; others are refused. */
export const WINDOW_SNAPSHOT_VERSION = 1;

export const PIECE = { meta: 0, names: 1, readings: 2, records: 3 } as const;
export type PieceKind = (typeof PIECE)[keyof typeof PIECE];

export interface SnapshotMeta {
  readonly version: number;
  /** [now, leap] and now of the last tick; null for -Infinity. */
  readonly time: readonly [nowMs: number | null, leapMs: number];
  readonly settledMs: number | null;
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

/** Collects series into pieces of about a megabyte. */
export class ReadingPieces {
  readonly #ready: Uint8Array[] = [];
  #buffer = new ArrayBuffer(PIECE_BYTES);
  #used = 8;

  get isEmpty(): boolean {
    return this.#ready.length === 0 && this.#used === 8;
  }

  add({ id, flags, openFromMs, baseMs, values, times }: SavedSeries): void {
    const timesBytes = Math.ceil(times.byteLength / 8) * 8;
    const bytes = 32 + values.byteLength + timesBytes;
    if (this.#used + bytes > this.#buffer.byteLength) this.#cut(bytes);
    const at = this.#used;
    new Uint32Array(this.#buffer, at, 4).set([id, values.length, flags, 0]);
    new Float64Array(this.#buffer, at + 16, 2).set([openFromMs, baseMs]);
    new Float64Array(this.#buffer, at + 32, values.length).set(values);
    const timesAt = at + 32 + values.byteLength;
    if (times instanceof Uint32Array) new Uint32Array(this.#buffer, timesAt, times.length).set(times);
    else new Float64Array(this.#buffer, timesAt, times.length).set(times);
    this.#used = at + bytes;
  }

  /** The next whole piece; the last, begun one only when asked for. */
  next(last: boolean): Uint8Array | undefined {
    if (this.#ready.length === 0 && last && this.#used > 8) this.#cut(0);
    return this.#ready.shift();
  }

  #cut(bytesNext: number): void {
    if (this.#used > 8) {
      const piece = new Uint8Array(this.#buffer, 0, this.#used);
      piece[0] = PIECE.readings;
      this.#ready.push(piece);
    }
    this.#buffer = new ArrayBuffer(Math.max(PIECE_BYTES, 8 + bytesNext));
    this.#used = 8;
  }
}

const PIECE_BYTES = 1 << 20;

/** The series of a piece of readings; columns are views into a copy of it. */
export function* seriesOf(piece: Uint8Array, isWide: (flags: number) => boolean): Generator<SavedSeries> {
  const { buffer } = piece.slice();
  for (let at = 8; at < buffer.byteLength; ) {
    const [id, count, flags] = new Uint32Array(buffer, at, 3) as unknown as [number, number, number];
    const [openFromMs, baseMs] = new Float64Array(buffer, at + 16, 2) as unknown as [number, number];
    const values = new Float64Array(buffer, at + 32, count);
    const timesAt = at + 32 + 8 * count;
    const times = isWide(flags) ? new Float64Array(buffer, timesAt, count) : new Uint32Array(buffer, timesAt, count);
    yield { id, flags, openFromMs, baseMs, values, times };
    at = timesAt + Math.ceil(times.byteLength / 8) * 8;
  }
}

/** A column of a chunk of records. */
export function recordPiece({ level, column, startMs, content }: RecordColumn): Uint8Array {
  const piece = new Uint8Array(24 + content.byteLength);
  piece[0] = PIECE.records;
  piece[8] = level;
  piece[9] = column;
  new Float64Array(piece.buffer, 16, 1)[0] = startMs;
  piece.set(new Uint8Array(content.buffer, content.byteOffset, content.byteLength), 24);
  return piece;
}

export function recordOf(piece: Uint8Array): Omit<RecordColumn, 'content'> & { readonly bytes: Uint8Array } {
  const copy = piece.slice();
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
