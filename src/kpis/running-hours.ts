import type { Calendar } from '../base/index.ts';

/**
 * Series heard in hours that run. KPIs of whole hours take such an hour in when it ends: what is held of their windows is
 * forgotten then, once, and not with every reading.
 */
export class RunningHours {
  readonly #calendar: Calendar;
  /** By start of the hour, ms UTC: 1 for each series that was heard in it. */
  readonly #heard = new Map<number, Uint8Array>();

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /**
   * @param seriesCount of all that are known
   * @param nowMs event-time now; nothing is noted of an hour that has ended
   */
  hear(series: number, hourStartMs: number, seriesCount: number, nowMs: number): void {
    if (this.#calendar.hourEnd(hourStartMs) <= nowMs) return;
    let heard = this.#heard.get(hourStartMs);
    if (heard === undefined || heard.length <= series) {
      const roomier = new Uint8Array(seriesCount);
      if (heard !== undefined) roomier.set(heard);
      heard = roomier;
      this.#heard.set(hourStartMs, heard);
    }
    heard[series] = 1;
  }

  /** Hours that have ended since, with the series heard in them as they ran; once. */
  *takeEnded(nowMs: number): Generator<readonly [series: number, hourStartMs: number]> {
    for (const [hourStartMs, heard] of this.#heard) {
      if (this.#calendar.hourEnd(hourStartMs) > nowMs) continue;
      this.#heard.delete(hourStartMs);
      for (let series = 0; series < heard.length; series++) if (heard[series] === 1) yield [series, hourStartMs];
    }
  }
}
