// Rolling windows of gauges, as ../rolling.ts defines them, to the bit.
import {
  BASE, COUNT, FLAGS, FROM, GAUGE, NEWEST, ROW_COUNT, ROW_MAX_AT, ROW_MEAN_AT, ROW_MIN_AT, ROW_P95_AT,
  ROW_READINGS_AT, ROW_SERIES_AT, SCRATCH, SCRATCH_AT, TO, TOP, TOUCHED, WIDE, WINDOW_HINT, headerOf, timesOf, valuesOf
} from './layout';

/** Series whose windows are fetched together before they are folded; see GROUP in ./ingest.as. */
const GROUP: u32 = 32;
const LINE: usize = 64;
/** So many of the greatest are kept while folding; the 95th percentile of up to 61 readings lies between them. */
const TOP_COUNT: u32 = 4;
/** Steps from the last window's start to this one's before it is searched for. */
const STEPS_MAX: u32 = 8;
const PERCENTILE: f64 = 0.95;

/** Sum by lanes and least of the window that was folded last; TOP in the shared area has the greatest. */
let even: f64 = 0;
let odd: f64 = 0;
let least: f64 = 0;

/**
 * Writes a row for each gauge of the series [from, to) with a counting reading in the window.
 *
 * @returns the first series that was not looked at: `to`, or one for TypeScript
 */
export function rolling(area: usize, from: u32, to: u32): u32 {
  const fromMs = load<f64>(area, FROM);
  const toMs = load<f64>(area, TO);
  let row: usize = 0;
  let id = from;
  let touched = from;
  for (; id < to; id++) {
    if (id == touched) {
      touched = min(to, id + GROUP);
      touch(area, id, touched);
    }
    const header = headerOf(id);
    const flags = load<u32>(header, FLAGS);
    if ((flags & GAUGE) == 0) continue;
    if ((flags & WIDE) != 0) break;
    const count = load<u32>(header, COUNT);
    const low = windowStart(header, count, fromMs);
    let n = windowEnd(header, low, count, toMs) - low;
    if (n == 0) continue;
    let values = valuesOf(header) + ((<usize>low) << 3);
    fold(area, values, n);
    if (even + odd != even + odd) {
      if (n > SCRATCH) break;
      n = pickCounting(values, n, area + SCRATCH_AT);
      if (n == 0) continue;
      values = area + SCRATCH_AT;
      fold(area, values, n);
    }
    const at = PERCENTILE * <f64>(n - 1);
    const below = <u32>at;
    if (n - below > TOP_COUNT) {
      if (n > SCRATCH) break;
      select(area, values, n, below);
    }
    writeRow(area, row, id, n, at - <f64>below, n - below);
    row++;
  }
  store<u32>(area, <u32>row, ROW_COUNT);
  return id;
}

// @ts-ignore
@inline
function writeRow(area: usize, row: usize, id: u32, n: u32, fraction: f64, rank: u32): void {
  store<u32>(area + (row << 2), id, ROW_SERIES_AT);
  store<u32>(area + (row << 2), n, ROW_READINGS_AT);
  store<f64>(area + (row << 3), (even + odd) / <f64>n, ROW_MEAN_AT);
  store<f64>(area + (row << 3), least, ROW_MIN_AT);
  store<f64>(area + (row << 3), load<f64>(area, TOP), ROW_MAX_AT);
  // Rank 1 is the greatest; `select` leaves the two that are asked for at the ranks 3 and 4.
  const place = <usize>min(rank, TOP_COUNT) - 1;
  const lower = load<f64>(area + (place << 3), TOP);
  const upper = load<f64>(area + ((place - <usize>(place > 0)) << 3), TOP);
  store<f64>(area + (row << 3), lower + (upper - lower) * fraction, ROW_P95_AT);
}

/** Reads one word of each line that the windows lie in. */
function touch(area: usize, from: u32, to: u32): void {
  let seen: u32 = 0;
  for (let id = from; id < to; id++) {
    const header = headerOf(id);
    const count = <usize>load<u32>(header, COUNT);
    const hint = <usize>min(load<u32>(header, WINDOW_HINT), <u32>count);
    seen ^= load<u32>(timesOf(header) + ((hint - <usize>(hint > 0)) << 2));
    const values = valuesOf(header);
    const end = values + (count << 3);
    for (let line = (values + (hint << 3)) & ~(LINE - 1); line < end; line += LINE) seen ^= load<u32>(line);
  }
  store<u32>(area, seen, TOUCHED);
}

/** Offset from the base as a number that compares with those of a block; none is less than a time before the base. */
// @ts-ignore
@inline
function offsetOf(header: usize, timeMs: f64): u64 {
  return <u64>Math.ceil(timeMs - load<f64>(header, BASE));
}

// @ts-ignore
@inline
function offsetAt(times: usize, index: u32): u64 {
  return <u64>load<u32>(times + ((<usize>index) << 2));
}

/** First reading at or after the time; looked for where the last window of the series began. */
// @ts-ignore
@inline
function windowStart(header: usize, count: u32, timeMs: f64): u32 {
  const times = timesOf(header);
  const offset = offsetOf(header, timeMs);
  const hint = load<u32>(header, WINDOW_HINT);
  let low = min(hint, count);
  if (low > 0 && offsetAt(times, low - 1) >= offset) {
    low = search(times, 0, low, offset);
  } else {
    const last = min(count, low + STEPS_MAX);
    while (low < last && offsetAt(times, low) < offset) low++;
    if (low == last) low = search(times, low, count, offset);
  }
  if (low != hint) store<u32>(header, low, WINDOW_HINT);
  return low;
}

/** First reading at or after the time: seldom more than the last few are. */
// @ts-ignore
@inline
function windowEnd(header: usize, low: u32, count: u32, timeMs: f64): u32 {
  if (load<f64>(header, NEWEST) < timeMs) return count;
  return search(timesOf(header), low, count, offsetOf(header, timeMs));
}

function search(times: usize, from: u32, to: u32, offset: u64): u32 {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsetAt(times, middle) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

// pmin and pmax are one instruction of the machine each; min and max of WebAssembly are several with branches.
// @ts-ignore
@inline
function lesser(a: v128, b: v128): v128 {
  return f64x2.pmin(a, b);
}

// @ts-ignore
@inline
function greater(a: v128, b: v128): v128 {
  return f64x2.pmax(a, b);
}

/**
 * Sum, least and the four greatest, two lanes wide, without a branch on a value. Eight values are sorted into four
 * falling pairs of lanes, then merged with the four greatest so far: the greater of one list forwards and the other
 * backwards are the four greatest, in bitonic order, which four exchanges sort (Batcher 1968).
 */
// @ts-ignore
@inline
function fold(area: usize, values: usize, n: u32): void {
  const none = f64x2.splat(-Infinity);
  let sum = f64x2.splat(0);
  let min2 = f64x2.splat(Infinity);
  let t0 = none;
  let t1 = none;
  let t2 = none;
  let t3 = none;
  let at = values;
  for (const end = values + ((<usize>(n & ~7)) << 3); at < end; at += 64) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    sum = f64x2.add(f64x2.add(f64x2.add(f64x2.add(sum, a), b), c), d);
    const ab = greater(a, b);
    const ba = lesser(a, b);
    const cd = greater(c, d);
    const dc = lesser(c, d);
    const s0 = greater(ab, cd);
    const m1 = lesser(ab, cd);
    const m2 = greater(ba, dc);
    const s3 = lesser(ba, dc);
    const s1 = greater(m1, m2);
    const s2 = lesser(m1, m2);
    min2 = lesser(min2, s3);
    const w = greater(t0, s3);
    const x = greater(t1, s2);
    const y = greater(t2, s1);
    const z = greater(t3, s0);
    const wy = greater(w, y);
    const yw = lesser(w, y);
    const xz = greater(x, z);
    const zx = lesser(x, z);
    t0 = greater(wy, xz);
    t1 = lesser(wy, xz);
    t2 = greater(yw, zx);
    t3 = lesser(yw, zx);
  }
  for (const end = values + ((<usize>n) << 3); at < end; at += 16) {
    // The lane of a last single value stays as it is: nothing is added, nothing is greater or less.
    const isPair = at + 8 < end;
    const pair = isPair ? v128.load(at) : v128.load64_zero(at);
    sum = f64x2.add(sum, pair);
    const high = isPair ? pair : f64x2.replace_lane(pair, 1, -Infinity);
    min2 = lesser(min2, isPair ? pair : f64x2.replace_lane(pair, 1, Infinity));
    const r0 = lesser(t0, high);
    t0 = greater(t0, high);
    const r1 = lesser(t1, r0);
    t1 = greater(t1, r0);
    const r2 = lesser(t2, r1);
    t2 = greater(t2, r1);
    t3 = greater(t3, r2);
  }
  even = f64x2.extract_lane(sum, 0);
  odd = f64x2.extract_lane(sum, 1);
  least = f64x2.extract_lane(lesser(min2, swapped(min2)), 0);
  storeTop(area, t0, t1, t2, t3);
}

// @ts-ignore
@inline
function swapped(lanes: v128): v128 {
  return v128.shuffle<f64>(lanes, lanes, 1, 0);
}

/** The lists of the two lanes merged as above: lane 0 of `w` and `x` are its first half, lane 1 the second. */
// @ts-ignore
@inline
function storeTop(area: usize, t0: v128, t1: v128, t2: v128, t3: v128): void {
  const w = greater(t0, swapped(t3));
  const x = swapped(greater(t1, swapped(t2)));
  const high = greater(w, x);
  const low = lesser(w, x);
  v128.store(area, v128.shuffle<f64>(greater(high, swapped(high)), lesser(high, swapped(high)), 0, 2), TOP);
  v128.store(area, v128.shuffle<f64>(greater(low, swapped(low)), lesser(low, swapped(low)), 0, 2), TOP + 16);
}

/** Copies the values that count. */
function pickCounting(values: usize, n: u32, into: usize): u32 {
  let count: u32 = 0;
  for (let index: u32 = 0; index < n; index++) {
    const value = load<f64>(values + ((<usize>index) << 3));
    store<f64>(into + ((<usize>count) << 3), value);
    count += <u32>(value == value);
  }
  return count;
}

/** Puts the order statistics `below` and the next to the ranks 4 and 3: Hoare's selection, in a copy. */
function select(area: usize, values: usize, n: u32, below: u32): void {
  const copy = area + SCRATCH_AT;
  if (values != copy) memory.copy(copy, values, (<usize>n) << 3);
  let low: i32 = 0;
  let high = <i32>n - 1;
  while (low < high) {
    const pivot = load<f64>(copy + ((<usize>below) << 3));
    let i = low;
    let j = high;
    while (i <= j) {
      while (load<f64>(copy + ((<usize>i) << 3)) < pivot) i++;
      while (pivot < load<f64>(copy + ((<usize>j) << 3))) j--;
      if (i > j) break;
      const moved = load<f64>(copy + ((<usize>i) << 3));
      store<f64>(copy + ((<usize>i) << 3), load<f64>(copy + ((<usize>j) << 3)));
      store<f64>(copy + ((<usize>j) << 3), moved);
      i++;
      j--;
    }
    if (j < <i32>below) low = i;
    if (<i32>below < i) high = j;
  }
  let next = load<f64>(copy + ((<usize>below + 1) << 3));
  for (let index = below + 2; index < n; index++) {
    const value = load<f64>(copy + ((<usize>index) << 3));
    if (value < next) next = value;
  }
  store<f64>(area, load<f64>(copy + ((<usize>below) << 3)), TOP + 24);
  store<f64>(area, next, TOP + 16);
}
