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
  /** Of these the starts of hours that wait as such. */
  readonly hoursMs: ReadonlySet<number>;
}

/** Plain data, for snapshots. */
export interface LateHoursState {
  readonly readings: readonly (readonly [series: number, timesMs: readonly number[]])[];
  readonly hours: readonly (readonly [series: number, hourStartMs: number])[];
}

/**
 * What waits at the time of a late-filed reading, or at the start of an hour that readings far from it changed, or of both
 * at once.
 */
export type WaitsFor = 'reading' | 'hour' | 'both';

/**
 * Late-filed readings that wait for their panes to be rebuilt, by local day, oldest first. Bounded: what finds no place
 * is in the store all the same, and counted as not rebuilt.
 */
export class LateHours {
  readonly #days = new Map<number, Map<number, Set<number>>>();
  readonly #calendar: Calendar;
  readonly #countMax: number;
  /** Hours that readings far from them changed, by series and start. */
  readonly #farHours = new Map<number, Map<number, 'hour' | 'both'>>();
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
    const hours = this.#farHours.get(series);
    if (hours?.has(timeMs) === true) hours.set(timeMs, 'both');
    return this.#queue(series, timeMs);
  }

  /**
   * An hour that is not whole in memory any more changed by readings far from it: it waits under the time of its start.
   *
   * @returns false when there is no place
   */
  addHour(series: number, hourStartMs: number): boolean {
    const isReading = this.#days.get(this.#calendar.dayStart(hourStartMs))?.get(series)?.has(hourStartMs) === true;
    if (!this.#queue(series, hourStartMs)) return false;
    let hours = this.#farHours.get(series);
    if (hours === undefined) {
      hours = new Map();
      this.#farHours.set(series, hours);
    }
    if (!hours.has(hourStartMs)) hours.set(hourStartMs, isReading ? 'both' : 'hour');
    return true;
  }

  /** What waited at a time that was taken out; asked once. */
  takeHour(series: number, timeMs: number): WaitsFor {
    const hours = this.#farHours.get(series);
    const far = hours?.get(timeMs);
    hours?.delete(timeMs);
    if (hours?.size === 0) this.#farHours.delete(series);
    return far ?? 'reading';
  }

  #queue(series: number, timeMs: number): boolean {
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
    return [...taken].map(([series, times]) => {
      const hours = this.#farHours.get(series);
      const hoursMs = new Set(hours === undefined ? [] : times.filter((timeMs) => hours.has(timeMs)));
      return { series, timesMs: Float64Array.from(times).sort(), hoursMs };
    });
  }

  state(): LateHoursState {
    const isHourOnly = (series: number, timeMs: number): boolean => this.#farHours.get(series)?.get(timeMs) === 'hour';
    return {
      readings: [...this.#days.values()].flatMap((day) =>
        [...day].map(([series, times]) => [series, [...times].filter((at) => !isHourOnly(series, at))] as const),
      ),
      hours: [...this.#farHours].flatMap(([series, hours]) => [...hours.keys()].map((at) => [series, at] as const)),
    };
  }

  restore({ readings, hours }: LateHoursState): void {
    for (const [series, times] of readings) for (const timeMs of times) this.add(series, timeMs);
    for (const [series, startMs] of hours) this.addHour(series, startMs);
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
