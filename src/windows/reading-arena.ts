import { assert } from '../base/index.ts';
import type { LinearMemory } from './linear-memory.ts';
import { NEIGHBOURS_KEPT } from './register-increase.ts';
import type { SortedReadings } from './sorted-readings.ts';
import type { SavedSeries } from './window-snapshot.ts';

/*
 * The kept readings of all series in one linear memory.
 *
 *   headers, 64 bytes a series (one cache line)          blocks, one a series
 *   +0  f64 newestMs     +24 u32 capacity                values  f64 x capacity
 *   +8  f64 baseMs       +28 u32 flags                   times   u32 x capacity   ms since baseMs
 *   +16 u32 block (8 B)  +32 f64 dirtyFromMs             (wide: f64 x capacity, ms UTC)
 *   +20 u32 count        +40 f64 keepMs
 *                        +48 u32 epoch  +52 u32 wanted  +56 u32 hint: where the kernel's last window began
 *
 * A block is sorted by event time and holds each identity (series, ms) once. Blocks are made for what the series is
 * expected to send in the time that it is kept; a full block first drops what is older, then grows. Values and times
 * stand apart so that a window's values are contiguous: emission reads them in vectors.
 */

export const HEADER_BYTES = 64;
/** Bytes before the first header, and between headers and dirty list. */
export const HEADERS_AT = 64;

/** Bits of a header's flags. */
export const DIRTY = 1;
export const WIDE = 2;
/** Takes the careful way in `ingest`: registers, whose neighbours matter. */
export const CAREFUL = 4;
export const SILENT = 8;
/** Has rolling windows. */
export const GAUGE = 16;
/** Given up: no hour is closed until it is heard again. */
export const IDLE = 32;

/** What became of a reading that was put in. */
export const INSERTED = { added: 0, duplicate: 2, conflict: 3, noRoom: 5, replaced: 6 } as const;
export type Insertion = (typeof INSERTED)[keyof typeof INSERTED];

/** A device that sends only bad readings is not kept for ever for the sake of a neighbour that counts. */
const ANCHORS_LOOKED_AT_MAX = 64;

const FIRST_CAPACITY = 4;
/** Up to here a block is made at once for all that is expected; beyond it grows by halves. */
const EXPECTED_CAPACITY_MAX = 512;
const U32_MAX = 4_294_967_295;
/** A base this far before the first reading leaves as much room for older ones as for newer ones. */
const BASE_BEFORE_MS = 2 ** 31;

/** One series' readings, as they lie; valid until the next insertion anywhere. */
export class ReadingCursor implements SortedReadings {
  count = 0;
  #f64: Float64Array;
  #u32: Uint32Array;
  #values = 0;
  #times = 0;
  #baseMs = 0;
  #isWide = false;

  constructor(arena: ReadingArena) {
    this.#f64 = arena.f64;
    this.#u32 = arena.u32;
  }

  point(arena: ReadingArena, count: number, values: number, capacity: number, baseMs: number, isWide: boolean): this {
    this.#f64 = arena.f64;
    this.#u32 = arena.u32;
    this.count = count;
    this.#values = values;
    this.#times = isWide ? values + capacity : 2 * (values + capacity);
    this.#baseMs = baseMs;
    this.#isWide = isWide;
    return this;
  }

  timeMsAt(index: number): number {
    return this.#isWide ? this.#f64[this.#times + index]! : this.#baseMs + this.#u32[this.#times + index]!;
  }

  valueAt(index: number): number {
    return this.#f64[this.#values + index]!;
  }

  lowerBound(timeMs: number): number {
    let low = 0;
    let high = this.count;
    // The newest are asked for most.
    if (high > 0 && this.timeMsAt(high - 1) < timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeMsAt(middle) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Readings of many series by dense number, sorted by event time. */
export class ReadingArena {
  f64: Float64Array;
  u32: Uint32Array;
  readonly #memory: LinearMemory;
  readonly #seriesMax: number;
  readonly #dirtyAt: number;
  #seriesCount = 0;
  #dirtyCount = 0;
  /** First free byte behind all blocks, in units of 8. */
  #heap: number;
  /** Freed blocks by their length in units of 8. */
  readonly #free = new Map<number, number[]>();
  readonly #cursor: ReadingCursor;

  constructor(memory: LinearMemory, seriesMax: number) {
    this.#memory = memory;
    this.#seriesMax = seriesMax;
    this.#dirtyAt = (HEADERS_AT + seriesMax * HEADER_BYTES) / 4;
    this.#heap = Math.ceil((HEADERS_AT + seriesMax * (HEADER_BYTES + 4)) / HEADER_BYTES) * (HEADER_BYTES / 8);
    assert(memory.grow(this.#heap * 8), `${seriesMax} series do not fit in the window engine's memory`);
    this.f64 = new Float64Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.#cursor = new ReadingCursor(this);
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** Bytes in use: headers of the series there are, and blocks with those freed. */
  get bytes(): number {
    return this.#heap * 8 - (this.#seriesMax - this.#seriesCount) * (HEADER_BYTES + 4);
  }

  /** Number of series in the dirty list. */
  get dirtyCount(): number {
    return this.#dirtyCount;
  }

  get dirtyAt(): number {
    return this.#dirtyAt;
  }

  /** Told by a kernel that appended to the list. */
  set dirtyCount(count: number) {
    this.#dirtyCount = count;
  }

  /** Room beside the blocks for a kernel's own; its address, bytes. */
  reserve(bytes: number): number {
    const at = this.#allocate(Math.ceil(bytes / HEADER_BYTES) * (HEADER_BYTES / 8));
    assert(at >= 0, 'the window engine has less memory than its kernel needs');
    return at * 8;
  }

  /**
   * @param keepMs how long readings are kept, from now, ms
   * @param flags of CAREFUL and GAUGE
   */
  addSeries(keepMs: number, expectEveryMs: number, flags: number): number {
    assert(this.#seriesCount < this.#seriesMax, 'more series than the arena has room for');
    const id = this.#seriesCount++;
    const h = 8 + id * 8;
    this.f64[h] = Number.NEGATIVE_INFINITY;
    this.f64[h + 4] = Number.POSITIVE_INFINITY;
    this.f64[h + 5] = keepMs;
    const h32 = 2 * h;
    this.u32[h32 + 7] = flags;
    this.u32[h32 + 13] = Math.min(U32_MAX, wantedCapacity(keepMs, expectEveryMs, flags));
    return id;
  }

  newestMs(id: number): number {
    return this.f64[8 + id * 8]!;
  }

  keepMs(id: number): number {
    return this.f64[8 + id * 8 + 5]!;
  }

  flags(id: number): number {
    return this.u32[16 + id * 16 + 7]!;
  }

  setFlag(id: number, flag: number, isSet: boolean): void {
    const at = 16 + id * 16 + 7;
    this.u32[at] = isSet ? this.u32[at]! | flag : this.u32[at]! & ~flag;
  }

  /** Number of the snapshot that the series was written for last. */
  epoch(id: number): number {
    return this.u32[16 + id * 16 + 12]!;
  }

  setEpoch(id: number, epoch: number): void {
    this.u32[16 + id * 16 + 12] = epoch;
  }

  /** Event time from which readings were appended since the series was marked clean; Infinity when none were. */
  dirtyFromMs(id: number): number {
    return this.f64[8 + id * 8 + 4]!;
  }

  /** The series' readings; the cursor is shared, and valid until the next insertion or call. */
  readings(id: number): ReadingCursor {
    return this.pointCursor(this.#cursor, id);
  }

  /** A cursor of one's own, pointed at a series. */
  pointCursor(cursor: ReadingCursor, id: number): ReadingCursor {
    const h = 8 + id * 8;
    const h32 = 2 * h;
    const { u32 } = this;
    const isWide = (u32[h32 + 7]! & WIDE) !== 0;
    return cursor.point(this, u32[h32 + 5]!, u32[h32 + 4]!, u32[h32 + 6]!, this.f64[h + 1]!, isWide);
  }

  /**
   * Index of the oldest reading that answers may depend on: those kept by time, and the neighbours before them, which
   * registers look back at and which tell that a silent series was there.
   */
  firstVisible(id: number, readings: SortedReadings, settledMs: number): number {
    const isRegister = (this.flags(id) & CAREFUL) !== 0;
    let index = readings.lowerBound(settledMs - this.keepMs(id));
    const oldest = Math.max(0, index - ANCHORS_LOOKED_AT_MAX);
    for (let left = isRegister ? NEIGHBOURS_KEPT : 1; left > 0 && index > oldest; ) {
      index--;
      if (!Number.isNaN(readings.valueAt(index))) left--;
    }
    return index;
  }

  /**
   * Time from which an older reading is of use here: to hours that are whole in memory it is a neighbour, while there
   * are not as many of those as are looked at.
   */
  neighboursFromMs(id: number, keptFromMs: number): number {
    if ((this.flags(id) & CAREFUL) === 0) return keptFromMs;
    const readings = this.readings(id);
    let index = readings.lowerBound(keptFromMs);
    for (let left = NEIGHBOURS_KEPT; left > 0; ) {
      if (--index < 0) return Number.NEGATIVE_INFINITY;
      if (!Number.isNaN(readings.valueAt(index))) left--;
    }
    return readings.timeMsAt(index);
  }

  /**
   * Puts one reading where it belongs.
   *
   * @param value NaN for one that does not count
   * @param settledMs event-time now of the last tick: what was kept then may be dropped when the block is full
   */
  insert(id: number, timeMs: number, value: number, settledMs: number): Insertion {
    const h = 8 + id * 8;
    if (!this.#makeRoom(id, timeMs, settledMs)) return INSERTED.noRoom;
    const readings = this.readings(id);
    const count = readings.count;
    const index = timeMs > this.f64[h]! ? count : readings.lowerBound(timeMs);
    if (index < count && readings.timeMsAt(index) === timeMs) return this.#settle(id, index, value);
    const { f64, u32 } = this;
    const h32 = 2 * h;
    const values = u32[h32 + 4]!;
    const capacity = u32[h32 + 6]!;
    if (index < count) f64.copyWithin(values + index + 1, values + index, values + count);
    f64[values + index] = value;
    if ((u32[h32 + 7]! & WIDE) !== 0) {
      const times = values + capacity;
      if (index < count) f64.copyWithin(times + index + 1, times + index, times + count);
      f64[times + index] = timeMs;
    } else {
      const times = 2 * (values + capacity);
      if (index < count) u32.copyWithin(times + index + 1, times + index, times + count);
      u32[times + index] = timeMs - f64[h + 1]!;
    }
    u32[h32 + 5] = count + 1;
    if (index === count) {
      if (f64[h + 4] === Number.POSITIVE_INFINITY) f64[h + 4] = timeMs;
      f64[h] = timeMs;
    }
    return INSERTED.added;
  }

  /**
   * Gives a kept reading another value, without asking whether it stands there already.
   *
   * @returns false when there is no reading at that time
   */
  replace(id: number, timeMs: number, value: number): boolean {
    const readings = this.readings(id);
    const index = readings.lowerBound(timeMs);
    if (index === readings.count || readings.timeMsAt(index) !== timeMs) return false;
    this.f64[this.u32[16 + id * 16 + 4]! + index] = value;
    return true;
  }

  /**
   * Takes a kept reading out; `newestMs` is then that of the newest one left.
   *
   * @returns false when there is no reading at that time
   */
  remove(id: number, timeMs: number): boolean {
    const readings = this.readings(id);
    const index = readings.lowerBound(timeMs);
    const { count } = readings;
    const { f64, u32 } = this;
    const h = 8 + id * 8;
    if (index === count || readings.timeMsAt(index) !== timeMs) {
      // It was dropped as too old, and was the newest all the same: the series is not heard at that time any more.
      if (f64[h] === timeMs) f64[h] = count === 0 ? Number.NEGATIVE_INFINITY : readings.timeMsAt(count - 1);
      return false;
    }
    const h32 = 2 * h;
    const values = u32[h32 + 4]!;
    const capacity = u32[h32 + 6]!;
    if (index === count - 1) f64[h] = index === 0 ? Number.NEGATIVE_INFINITY : readings.timeMsAt(index - 1);
    f64.copyWithin(values + index, values + index + 1, values + count);
    if ((u32[h32 + 7]! & WIDE) !== 0) {
      const times = values + capacity;
      f64.copyWithin(times + index, times + index + 1, times + count);
    } else {
      const times = 2 * (values + capacity);
      u32.copyWithin(times + index, times + index + 1, times + count);
    }
    u32[h32 + 5] = count - 1;
    return true;
  }

  /** The series as it lies; columns are views, valid until the next insertion. */
  saved(id: number): Omit<SavedSeries, 'openFromMs'> {
    const h = 8 + id * 8;
    const h32 = 2 * h;
    const { u32, f64 } = this;
    const [values, count, capacity] = [u32[h32 + 4]!, u32[h32 + 5]!, u32[h32 + 6]!];
    const flags = u32[h32 + 7]!;
    const times =
      (flags & WIDE) === 0
        ? u32.subarray(2 * (values + capacity), 2 * (values + capacity) + count)
        : f64.subarray(values + capacity, values + capacity + count);
    return { id, flags, baseMs: f64[h + 1]!, values: f64.subarray(values, values + count), times };
  }

  /** Fills a series that was just added with what `saved` gave. */
  restore({ id, flags, baseMs, values, times }: Omit<SavedSeries, 'openFromMs'>): void {
    const h = 8 + id * 8;
    const h32 = 2 * h;
    const count = values.length;
    this.u32[h32 + 7] = (this.u32[h32 + 7]! & (CAREFUL | GAUGE)) | (flags & (WIDE | SILENT | IDLE));
    this.f64[h + 1] = baseMs;
    if (count === 0) return;
    const capacity = Math.max(
      count <= FIRST_CAPACITY ? FIRST_CAPACITY : this.#nextCapacity(h32, 8),
      roundUp(count + 1),
    );
    const isWide = (flags & WIDE) !== 0;
    const block = this.#allocate(isWide ? 2 * capacity : capacity + capacity / 2);
    assert(block >= 0, 'the snapshot needs more memory for windows than is allowed');
    const { u32, f64 } = this;
    u32[h32 + 4] = block;
    u32[h32 + 5] = count;
    u32[h32 + 6] = capacity;
    f64.set(values, block);
    if (times instanceof Uint32Array) u32.set(times, 2 * (block + capacity));
    else f64.set(times, block + capacity);
    f64[h] = this.readings(id).timeMsAt(count - 1);
  }

  /** Puts the series on the dirty list, once. */
  markDirty(id: number): void {
    const at = 16 + id * 16 + 7;
    if ((this.u32[at]! & DIRTY) !== 0) return;
    this.u32[at] = this.u32[at]! | DIRTY;
    this.u32[this.#dirtyAt + this.#dirtyCount++] = id;
  }

  /** The dirty series in ascending order; all are clean afterwards, except for `dirtyFromMs`, see `markClean`. */
  takeDirty(): Uint32Array {
    const list = this.u32.slice(this.#dirtyAt, this.#dirtyAt + this.#dirtyCount).sort();
    this.#dirtyCount = 0;
    for (const id of list) this.setFlag(id, DIRTY, false);
    return list;
  }

  markClean(id: number): void {
    this.f64[8 + id * 8 + 4] = Number.POSITIVE_INFINITY;
  }

  /** A value that counts takes the place of one that does not; otherwise the first to arrive stays. */
  #settle(id: number, index: number, value: number): Insertion {
    const at = this.u32[16 + id * 16 + 4]! + index;
    const kept = this.f64[at]!;
    if (Object.is(kept, value) || Number.isNaN(value)) return INSERTED.duplicate;
    if (!Number.isNaN(kept)) return INSERTED.conflict;
    this.f64[at] = value;
    return INSERTED.replaced;
  }

  /** Sees to a block with a free place, and to times that its form can express. */
  #makeRoom(id: number, timeMs: number, settledMs: number): boolean {
    const h = 8 + id * 8;
    const h32 = 2 * h;
    const capacity = this.u32[h32 + 6]!;
    if (capacity === 0) {
      this.f64[h + 1] = Math.floor(timeMs) - BASE_BEFORE_MS;
      return this.#resize(id, FIRST_CAPACITY, 0, false);
    }
    const offset = timeMs - this.f64[h + 1]!;
    const isWide = (this.u32[h32 + 7]! & WIDE) !== 0;
    const fits = isWide || (offset >= 0 && offset <= U32_MAX);
    const count = this.u32[h32 + 5]!;
    if (fits && count < capacity) return true;
    const readings = this.readings(id);
    const dropped = this.firstVisible(id, readings, settledMs);
    const left = count - dropped;
    // Dropping little would only come back at once, and each time moves the whole block.
    const needsMore = left + Math.max(1, capacity >>> 5) > capacity;
    const room = needsMore ? this.#nextCapacity(h32, capacity) : capacity;
    const oldestMs = left > 0 ? Math.min(timeMs, readings.timeMsAt(dropped)) : timeMs;
    const newestMs = Math.max(timeMs, this.f64[h]!);
    return this.#resize(id, room, dropped, newestMs - oldestMs > U32_MAX - 1, oldestMs, newestMs);
  }

  #nextCapacity(h32: number, capacity: number): number {
    const wanted = this.u32[h32 + 13]!;
    if (wanted <= EXPECTED_CAPACITY_MAX && wanted > capacity) return wanted;
    if (capacity < EXPECTED_CAPACITY_MAX && wanted > capacity) return EXPECTED_CAPACITY_MAX;
    return Math.ceil((capacity * 1.5) / 8) * 8;
  }

  /** Moves what is kept into a block of another length or form; the old one is free afterwards. */
  #resize(id: number, capacity: number, dropped: number, isWide: boolean, oldestMs = 0, newestMs = 0): boolean {
    const h = 8 + id * 8;
    const h32 = 2 * h;
    const words = isWide ? 2 * capacity : capacity + capacity / 2;
    const before = this.u32[h32 + 6]!;
    const wasWide = (this.u32[h32 + 7]! & WIDE) !== 0;
    if (before === capacity && wasWide === isWide && this.#dropInPlace(h, dropped, isWide, oldestMs, newestMs)) {
      return true;
    }
    const block = this.#allocate(words);
    if (block < 0) return false;
    const { f64, u32 } = this;
    const old = this.readings(id);
    const left = old.count - dropped;
    const baseMs = isWide || before === 0 ? f64[h + 1]! : baseFor(oldestMs, newestMs);
    for (let index = 0; index < left; index++) {
      f64[block + index] = old.valueAt(dropped + index);
      const timeMs = old.timeMsAt(dropped + index);
      if (isWide) f64[block + capacity + index] = timeMs;
      else u32[2 * (block + capacity) + index] = timeMs - baseMs;
    }
    if (before > 0) this.#release(u32[h32 + 4]!, wasWide ? 2 * before : before + before / 2);
    f64[h + 1] = baseMs;
    u32[h32 + 4] = block;
    u32[h32 + 5] = left;
    u32[h32 + 6] = capacity;
    this.setFlag(id, WIDE, isWide);
    return true;
  }

  /** The common case of a steady series: the oldest go, the rest moves to the front. */
  #dropInPlace(h: number, dropped: number, isWide: boolean, oldestMs: number, newestMs: number): boolean {
    const { f64, u32 } = this;
    const baseMs = f64[h + 1]!;
    if (!isWide && (oldestMs < baseMs || newestMs - baseMs > U32_MAX)) return false;
    const h32 = 2 * h;
    const values = u32[h32 + 4]!;
    const count = u32[h32 + 5]!;
    const capacity = u32[h32 + 6]!;
    f64.copyWithin(values, values + dropped, values + count);
    if (isWide) f64.copyWithin(values + capacity, values + capacity + dropped, values + capacity + count);
    else {
      const times = 2 * (values + capacity);
      u32.copyWithin(times, times + dropped, times + count);
    }
    u32[h32 + 5] = count - dropped;
    return true;
  }

  /** @returns the block's address in units of 8 bytes; -1 when the memory's bound is reached */
  #allocate(words: number): number {
    const freed = this.#free.get(words)?.pop();
    if (freed !== undefined) return freed;
    const end = this.#heap + words;
    if (end * 8 > this.#memory.buffer.byteLength) {
      if (!this.#memory.grow(end * 8)) return -1;
      this.f64 = new Float64Array(this.#memory.buffer);
      this.u32 = new Uint32Array(this.#memory.buffer);
    }
    const block = this.#heap;
    this.#heap = end;
    return block;
  }

  #release(block: number, words: number): void {
    const list = this.#free.get(words);
    if (list === undefined) this.#free.set(words, [block]);
    else list.push(block);
  }
}

function roundUp(count: number): number {
  return Math.ceil(count / 8) * 8;
}

/** What a series is expected to hold, with the neighbours before and some room so that dropping is not done each time. */
function wantedCapacity(keepMs: number, expectEveryMs: number, flags: number): number {
  const kept = Math.ceil(keepMs / Math.max(1, expectEveryMs));
  const before = (flags & CAREFUL) === 0 ? 1 : NEIGHBOURS_KEPT;
  // Dropping what is old moves the block: the more often readings come, the more room is left between two times.
  const room = kept > 128 ? kept >>> 3 : kept >>> 5;
  return Math.ceil((kept + before + 2 + room) / 4) * 4;
}

/** The middle of the range of offsets lies in the middle of what is kept. */
function baseFor(oldestMs: number, newestMs: number): number {
  return Math.floor((oldestMs + newestMs) / 2) - BASE_BEFORE_MS;
}
