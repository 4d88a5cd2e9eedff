// Puts readings where they belong, as `#put` of ../window-engine.ts and `insert` of ../reading-arena.ts do, which
// define it. What needs memory, another form of block, or the world outside is left to them.
import {
  BASE, BETWEEN_COUNT, BETWEEN_SERIES_AT, BETWEEN_TIMES_AT, CAPACITY, CAREFUL, CONFLICT, COUNT, COUNTED, DIRTY,
  DIRTY_AT, DIRTY_COUNT, DIRTY_FROM, DUPLICATE, EPOCH, FLAGS, HORIZON, INVALID, IS_EVENT_CLOCK, KEEP, NEIGHBOURS,
  NEWEST, NOW, OUTCOMES_AT, REPLACED, SERIES_AT, SERIES_COUNT, SETTLED, SNAPSHOT_EPOCH, SNAPSHOT_SERIES, TIMES_AT,
  TOUCHED, VALUES_AT, WIDE, WINDOW_HINT, headerOf, timesOf, valuesOf
} from './layout';

/**
 * Readings whose lines of memory are fetched together: one fetch takes longer than all the work on a reading, but many
 * are under way at once when nothing between them waits. There is no prefetch instruction; a plain load does.
 */
const GROUP: u32 = 256;
/** So few series are in the cache anyway. */
const NEAR_SERIES: u32 = 2048;
const LINE: usize = 64;
/** A device that sends only bad readings is not kept for ever for the sake of a neighbour that counts. */
const ANCHORS_LOOKED_AT_MAX: u32 = 64;
const U32_MAX: f64 = 4294967295;

/** Added to an outcome: the series changed. */
const CHANGED: u32 = 256;

/**
 * Takes the readings [from, to) of the columns in the shared area, in their order.
 *
 * @returns the first reading that was not taken: `to`, or one for TypeScript
 */
export function ingest(area: usize, from: u32, to: u32): u32 {
  const horizon = load<f64>(area, HORIZON);
  const seriesCount = load<u32>(area, SERIES_COUNT);
  const isFar = seriesCount > NEAR_SERIES;
  const snapshotSeries = load<u32>(area, SNAPSHOT_SERIES);
  const epoch = load<u32>(area, SNAPSHOT_EPOCH);
  // Now stays where it is when it follows the wall clock.
  const isEventClock = load<u32>(area, IS_EVENT_CLOCK) != 0;
  const dirtyAt = <usize>load<u32>(area, DIRTY_AT);
  let dirtyCount = load<u32>(area, DIRTY_COUNT);
  let now = load<f64>(area, NOW);
  store<u32>(area, 0, BETWEEN_COUNT);
  let index = from;
  for (; index < to; index++) {
    if (isFar && (index & (GROUP - 1)) == 0) touch(area, index, min(to, index + GROUP), seriesCount);
    const id = load<u32>(area + ((<usize>index) << 2), SERIES_AT);
    const time = load<f64>(area + ((<usize>index) << 3), TIMES_AT);
    // -0 and 0 are one value.
    const value = load<f64>(area + ((<usize>index) << 3), VALUES_AT) + 0.0;
    if (id >= seriesCount || time < now - horizon) break;
    const header = headerOf(id);
    const flags = load<u32>(header, FLAGS);
    const sinceBase = time - load<f64>(header, BASE);
    const offset = <u32>sinceBase;
    // Not a whole number of 32 bits: the block needs another form.
    if (<f64>offset != sinceBase || (flags & WIDE) != 0) break;
    if (id < snapshotSeries && load<u32>(header, EPOCH) != epoch) break;
    let count = load<u32>(header, COUNT);
    if (count >= load<u32>(header, CAPACITY)) {
      if (!dropOld(area, header, flags, time)) break;
      count = load<u32>(header, COUNT);
    }
    let outcome: u32;
    if (time > load<f64>(header, NEWEST)) {
      store<f64>(valuesOf(header) + ((<usize>count) << 3), value);
      store<u32>(timesOf(header) + ((<usize>count) << 2), offset);
      store<u32>(header, count + 1, COUNT);
      store<f64>(header, time, NEWEST);
      if (load<f64>(header, DIRTY_FROM) == Infinity) store<f64>(header, time, DIRTY_FROM);
      outcome = CHANGED | <u32>(value != value);
    } else {
      outcome = insertOld(area, header, id, time, offset, value, count);
    }
    store<u8>(area + <usize>index, outcome, OUTCOMES_AT);
    if (outcome >= CHANGED) {
      if ((flags & DIRTY) == 0) {
        store<u32>(header, flags | DIRTY, FLAGS);
        store<u32>(dirtyAt + ((<usize>dirtyCount) << 2), id);
        dirtyCount++;
      }
      if (isEventClock && time > now) now = time;
    }
  }
  store<f64>(area, now, NOW);
  store<u32>(area, dirtyCount, DIRTY_COUNT);
  return index;
}

/** Reads what the next readings will need: headers first, then the ends of the blocks, which the headers tell. */
function touch(area: usize, from: u32, to: u32, seriesCount: u32): void {
  let seen: u32 = 0;
  for (let index = from; index < to; index++) {
    const id = load<u32>(area + ((<usize>index) << 2), SERIES_AT);
    if (id < seriesCount) seen ^= load<u32>(headerOf(id), COUNT);
  }
  for (let index = from; index < to; index++) {
    const id = load<u32>(area + ((<usize>index) << 2), SERIES_AT);
    if (id >= seriesCount) continue;
    const header = headerOf(id);
    const count = load<u32>(header, COUNT);
    if (count < load<u32>(header, CAPACITY)) {
      seen ^= load<u32>(valuesOf(header) + ((<usize>count) << 3)) ^ load<u32>(timesOf(header) + ((<usize>count) << 2));
    } else {
      // A full block will be moved, and has no place behind its end.
      const end = timesOf(header) + ((<usize>count) << 2);
      for (let line = valuesOf(header); line < end; line += LINE) seen ^= load<u32>(line);
    }
  }
  store<u32>(area, seen, TOUCHED);
}

/** First reading at or after the offset; what comes late is seldom far from the newest, where it is looked for first. */
function lowerBound(times: usize, count: u32, offset: u32): u32 {
  let high = count;
  let step: u32 = 1;
  while (step <= high && load<u32>(times + ((<usize>(high - step)) << 2)) >= offset) {
    high -= step;
    step <<= 1;
  }
  let low = step <= high ? high - step + 1 : 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(times + ((<usize>middle) << 2)) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A reading that is not the newest of its series. */
function insertOld(
  area: usize, header: usize, id: u32, time: f64, offset: u32, value: f64, count: u32
): u32 {
  const values = valuesOf(header);
  const times = timesOf(header);
  const index = lowerBound(times, count, offset);
  const valueAt = values + ((<usize>index) << 3);
  const timeAt = times + ((<usize>index) << 2);
  if (load<u32>(timeAt) == offset) {
    // The newest is at or after this one, so that there is a reading here.
    const kept = load<f64>(valueAt);
    if (value != value || kept == value) return DUPLICATE;
    if (kept == kept) return CONFLICT;
    store<f64>(valueAt, value);
    noteBetween(area, header, id | REPLACED, time);
    return CHANGED | COUNTED;
  }
  const behind = <usize>(count - index);
  memory.copy(valueAt + 8, valueAt, behind << 3);
  memory.copy(timeAt + 4, timeAt, behind << 2);
  store<f64>(valueAt, value);
  store<u32>(timeAt, offset);
  store<u32>(header, count + 1, COUNT);
  noteBetween(area, header, id, time);
  return CHANGED | <u32>(value != value);
}

/** Among those appended since the last tick it is fresh as they are; else TypeScript is told. */
function noteBetween(area: usize, header: usize, what: u32, time: f64): void {
  if (time >= load<f64>(header, DIRTY_FROM)) return;
  const row = <usize>load<u32>(area, BETWEEN_COUNT);
  store<f64>(area + (row << 3), time, BETWEEN_TIMES_AT);
  store<u32>(area + (row << 2), what, BETWEEN_SERIES_AT);
  store<u32>(area, <u32>row + 1, BETWEEN_COUNT);
}

/**
 * A full block drops what is not kept any more, and the rest moves to the front.
 *
 * @returns false when that would give too little room, or another form is due
 */
function dropOld(area: usize, header: usize, flags: u32, time: f64): bool {
  const count = load<u32>(header, COUNT);
  const capacity = load<u32>(header, CAPACITY);
  const dropped = firstVisible(area, header, flags, count);
  const left = count - dropped;
  if (left + max<u32>(1, capacity >>> 5) > capacity) return false;
  const values = valuesOf(header);
  const times = timesOf(header);
  const base = load<f64>(header, BASE);
  const oldest = left > 0 ? min<f64>(time, base + <f64>load<u32>(times + ((<usize>dropped) << 2))) : time;
  if (max<f64>(time, load<f64>(header, NEWEST)) - oldest > U32_MAX - 1) return false;
  memory.copy(values, values + ((<usize>dropped) << 3), (<usize>left) << 3);
  memory.copy(times, times + ((<usize>dropped) << 2), (<usize>left) << 2);
  store<u32>(header, left, COUNT);
  const hint = load<u32>(header, WINDOW_HINT);
  store<u32>(header, hint - min(hint, dropped), WINDOW_HINT);
  return true;
}

/** As `firstVisible` of ../reading-arena.ts. */
function firstVisible(area: usize, header: usize, flags: u32, count: u32): u32 {
  const values = valuesOf(header);
  const times = timesOf(header);
  const base = load<f64>(header, BASE);
  const keptFrom = load<f64>(area, SETTLED) - load<f64>(header, KEEP);
  let index: u32 = 0;
  let high = count;
  while (index < high) {
    const middle = (index + high) >>> 1;
    if (base + <f64>load<u32>(times + ((<usize>middle) << 2)) < keptFrom) index = middle + 1;
    else high = middle;
  }
  const oldest = index - min(index, ANCHORS_LOOKED_AT_MAX);
  let left = (flags & CAREFUL) != 0 ? load<u32>(area, NEIGHBOURS) : 1;
  while (left > 0 && index > oldest) {
    index--;
    const value = load<f64>(values + ((<usize>index) << 3));
    if (value == value) left--;
  }
  return index;
}
