import type { Calendar } from '../base/index.ts';

/** How much of the queue is taken at once. */
export interface LateBound {
  /** Late readings, which are at least as many as the hours to rebuild. */
  readonly readingsMax: number;
  /** Local days of the city. */
  readonly daysMax: number;
}

/** Late-filed readings of one series whose panes are to be rebuilt. */
export interface LateReadings {
  readonly series: number;
  /** Ascending, each once. */
  readonly timesMs: Float64Array;
}

/** Plain data, for snapshots. */
export type LateHoursState = readonly (readonly [day: number, series: number, timesMs: readonly number[]])[];

/**
 * Late-filed readings that wait for their panes to be rebuilt, by local day, oldest first. Bounded: what finds no place
 * is in the store all the same, and counted as not rebuilt.
 */
export class LateHours {
  readonly #days = new Map<number, Map<number, Set<number>>>();
  readonly #calendar: Calendar;
  readonly #countMax: number;
  #count = 0;

  constructor(calendar: Calendar, countMax: number) {
    this.#calendar = calendar;
    this.#countMax = countMax;
  }

  /** Readings that wait. */
  get count(): number {
    return this.#count;
  }

  /** @returns false when there is no place */
  add(series: number, timeMs: number): boolean {
    const dayMs = this.#calendar.dayStart(timeMs);
    const times = this.#days.get(dayMs)?.get(series);
    if (times?.has(timeMs) === true) return true;
    if (this.#count >= this.#countMax) return false;
    this.#count++;
    if (times !== undefined) times.add(timeMs);
    else this.#day(dayMs).set(series, new Set([timeMs]));
    return true;
  }

  /** Takes the oldest days out; of the last one as many series as the bound allows, at least one. */
  take(bound: LateBound): LateReadings[] {
    const taken = new Map<number, number[]>();
    let left = bound.readingsMax;
    const days = [...this.#days.keys()].sort((a, b) => a - b).slice(0, bound.daysMax);
    for (const dayMs of days) {
      const day = this.#day(dayMs);
      for (const series of [...day.keys()].sort((a, b) => a - b)) {
        if (left <= 0) break;
        const times = day.get(series)!;
        left -= times.size;
        this.#count -= times.size;
        taken.set(series, [...(taken.get(series) ?? []), ...times]);
        day.delete(series);
      }
      if (day.size === 0) this.#days.delete(dayMs);
    }
    return [...taken].map(([series, times]) => ({ series, timesMs: Float64Array.from(times).sort() }));
  }

  state(): LateHoursState {
    return [...this.#days].flatMap(([dayMs, day]) =>
      [...day].map(([series, times]) => [dayMs, series, [...times]] as const),
    );
  }

  restore(state: LateHoursState): void {
    for (const [, series, times] of state) for (const timeMs of times) this.add(series, timeMs);
  }

  #day(dayMs: number): Map<number, Set<number>> {
    let day = this.#days.get(dayMs);
    if (day === undefined) {
      day = new Map();
      this.#days.set(dayMs, day);
    }
    return day;
  }
}
