import { MINUTE_MS } from '../../src/base/index.ts';

/** Event time of minute 0. */
export const STREAM_START_MS = 1_768_435_200_000;

const STAGGER_MINUTES = 120;
const HELD_MINUTES = 64;
const TWO_TO_32 = 4_294_967_296;

/** Readings of one minute in the order of their arrival. */
export class StreamColumns {
  count = 0;
  series = new Uint32Array(64);
  timeMs = new Float64Array(64);
  value = new Float64Array(64);

  push(series: number, timeMs: number, value: number): void {
    if (this.count === this.series.length) this.#grow();
    this.series[this.count] = series;
    this.timeMs[this.count] = timeMs;
    this.value[this.count++] = value;
  }

  #grow(): void {
    const length = this.count + (this.count >>> 1);
    const { series, timeMs, value } = this;
    this.series = new Uint32Array(length);
    this.series.set(series);
    this.timeMs = new Float64Array(length);
    this.timeMs.set(timeMs);
    this.value = new Float64Array(length);
    this.value.set(value);
  }
}

/**
 * The readings that an engine is measured with: each series once a minute in random order and with jitter, 1 % held
 * back by up to an hour, 1 % delivered twice. Draw for draw the stream that `bench/reference/engine.c` describes.
 */
export class EngineStream {
  readonly #seriesCount: number;
  /** Of 1,000 readings, those that do not count, and those that come again with another value. */
  readonly #odd: number;
  readonly #held = Array.from({ length: HELD_MINUTES }, () => new StreamColumns());
  readonly #plain = new StreamColumns();
  #order = new Uint32Array(0);
  #state: number;

  constructor(seriesCount: number, seed: number, odd = 0) {
    this.#seriesCount = seriesCount;
    this.#state = seed | 0;
    this.#odd = odd;
  }

  /** Minutes have to be asked for in order, from 0 on. */
  fillMinute(minute: number, batch: StreamColumns): void {
    const plain = this.#plain;
    plain.count = 0;
    for (let series = 0; series < this.#seriesCount; series++) {
      const startMinute = Math.floor(((Math.imul(series, 0x9e3779b1) >>> 0) * STAGGER_MINUTES) / TWO_TO_32);
      if (startMinute <= minute) this.#report(minute, series);
    }
    const held = this.#held[minute % HELD_MINUTES]!;
    for (let at = 0; at < held.count; at++) plain.push(held.series[at]!, held.timeMs[at]!, held.value[at]!);
    held.count = 0;
    const order = this.#shuffled(plain.count);
    batch.count = 0;
    for (let at = 0; at < plain.count; at++) {
      const from = order[at]!;
      batch.push(plain.series[from]!, plain.timeMs[from]!, plain.value[from]!);
    }
  }

  #report(minute: number, series: number): void {
    const timeMs = STREAM_START_MS + minute * MINUTE_MS + this.#below(MINUTE_MS);
    let value = (2_000 + (series % 997) + this.#below(4_000)) / 100;
    const fate = this.#below(1_000);
    const odd = this.#odd > 0 ? this.#below(1_000) : 500;
    if (odd < this.#odd) value = Number.NaN;
    if (fate < 10) {
      this.#held[(minute + 1 + this.#below(60)) % HELD_MINUTES]!.push(series, timeMs, value);
      return;
    }
    this.#plain.push(series, timeMs, value);
    const later = this.#held[(minute + 1) % HELD_MINUTES]!;
    if (fate < 20) later.push(series, timeMs, value);
    if (this.#odd > 0 && odd >= 1_000 - this.#odd) later.push(series, timeMs, value + 1);
  }

  #shuffled(count: number): Uint32Array {
    if (this.#order.length < count) this.#order = new Uint32Array(count + (count >>> 3));
    const order = this.#order;
    for (let at = 0; at < count; at++) order[at] = at;
    for (let at = count - 1; at >= 1; at--) {
      const other = this.#below(at + 1);
      const swap = order[at]!;
      order[at] = order[other]!;
      order[other] = swap;
    }
    return order;
  }

  /** A whole number of [0, n); mulberry32. */
  #below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) * n) / TWO_TO_32);
  }
}
