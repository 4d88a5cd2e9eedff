import { DAY_MS, MINUTE_MS } from '../base/index.ts';

/** Revisions are remembered this long; a year and a month of corrections can be told apart. */
const KEPT_MS = 400 * DAY_MS;
/** And so many, at most: then the oldest count from the start again. */
const COUNT_MAX = 1_000_000;

/** Series numbers stay below this. */
const SERIES_RADIX = 2 ** 20;
/** Hours begin at least this far apart. */
const HOUR_RADIX_MS = 30 * MINUTE_MS;

/** How often each final hour of a series changed; almost all never do. */
export class Revisions {
  readonly #byHour = new Map<number, number>();

  /** 0 for an hour that has not changed. */
  get(series: number, hourStartMs: number): number {
    return this.#byHour.size === 0 ? 0 : (this.#byHour.get(keyOf(series, hourStartMs)) ?? 0);
  }

  /** Counts one more change. */
  next(series: number, hourStartMs: number): number {
    const key = keyOf(series, hourStartMs);
    const revision = (this.#byHour.get(key) ?? 0) + 1;
    this.#byHour.set(key, revision);
    if (this.#byHour.size > COUNT_MAX) for (const oldest of this.#byHour.keys()) return this.#drop(oldest, revision);
    return revision;
  }

  /** Takes over what is known elsewhere. */
  raise(series: number, hourStartMs: number, revision: number): void {
    const key = keyOf(series, hourStartMs);
    if (revision > (this.#byHour.get(key) ?? 0)) this.#byHour.set(key, revision);
  }

  forgetBefore(nowMs: number): void {
    const bound = keyOf(0, nowMs - KEPT_MS);
    for (const key of this.#byHour.keys()) if (key < bound) this.#byHour.delete(key);
  }

  state(): readonly (readonly [key: number, revision: number])[] {
    return [...this.#byHour];
  }

  restore(state: readonly (readonly [key: number, revision: number])[]): void {
    for (const [key, revision] of state) this.#byHour.set(key, revision);
  }

  #drop(key: number, revision: number): number {
    this.#byHour.delete(key);
    return revision;
  }
}

function keyOf(series: number, hourStartMs: number): number {
  return Math.floor(hourStartMs / HOUR_RADIX_MS) * SERIES_RADIX + series;
}
