import { type Calendar, DAY_MS, HOUR_MS } from '../base/index.ts';
import { DayLedger, type DayLedgerState } from './day-ledger.ts';
import type { Part } from './definition.ts';
import type { Bounds } from './kpi-windows.ts';

/*
 * Windows of many days (KPI.md 1.4): the last 365 local days, stamped at the end of each day, and calendar months and
 * years, which are provisional until they end and say what the ended days of them came to ("to date"). They are folded
 * from what KPIs of a day said, and change when a day ends or when an ended one changes.
 */

/** Windows that are folded from days. */
export const LONG_WINDOWS = ['month', 'year', 'rolling-365d'] as const;
export type LongWindow = (typeof LONG_WINDOWS)[number];

export const ROLLING_DAYS = 365;

/**
 * A correction of an old day makes revisions of the rolling windows of this many days, and of all months and years that
 * it lies in. Rolling windows that ended longer ago stay as they were said: newer ones have taken their place.
 */
export const ROLLING_REVISED_MS = 31 * DAY_MS;

/** Days are kept for the longest window that can be corrected: the year that began before the oldest late reading. */
const DAYS_KEPT_MS = 400 * DAY_MS;

export function isLongWindow(window: string): window is LongWindow {
  return (LONG_WINDOWS as readonly string[]).includes(window);
}

/**
 * Windows that hold a local day, oldest first; none while the day runs.
 *
 * @param todayMs start of the local day that runs, ms UTC
 */
export function longWindowsOf(window: LongWindow, calendar: Calendar, dayMs: number, todayMs: number): Bounds[] {
  const endMs = calendar.dayEnd(dayMs);
  if (endMs > todayMs) return [];
  if (window === 'month') return [{ startMs: calendar.monthStart(dayMs), endMs: calendar.monthEnd(dayMs) }];
  if (window === 'year') return [{ startMs: calendar.yearStart(dayMs), endMs: calendar.yearEnd(dayMs) }];
  const lastMs = Math.min(todayMs, dayMs + ROLLING_DAYS * DAY_MS);
  const bounds: Bounds[] = [];
  for (let atMs = Math.max(endMs, calendar.dayStart(todayMs - ROLLING_REVISED_MS)); atMs <= lastMs; ) {
    const rolling = rollingUpTo(calendar, atMs);
    if (rolling.startMs <= dayMs) bounds.push(rolling);
    atMs = calendar.dayEnd(atMs);
  }
  return bounds;
}

/** Windows that say something else because a day has ended: the one that ends with it, or the one that it lies in. */
export function longWindowsEndedWith(window: LongWindow, calendar: Calendar, dayMs: number): Bounds[] {
  if (window === 'rolling-365d') return [rollingUpTo(calendar, calendar.dayEnd(dayMs))];
  return longWindowsOf(window, calendar, dayMs, Number.POSITIVE_INFINITY);
}

/** The 365 local days up to the start of one. */
export function rollingUpTo(calendar: Calendar, endMs: number): Bounds {
  // Midnight as long ago, give or take the hour of daylight saving.
  return { startMs: calendar.dayStart(endMs - ROLLING_DAYS * DAY_MS + 6 * HOUR_MS), endMs };
}

/** The local midnight some years before another. */
export function yearsEarlier(calendar: Calendar, midnightMs: number, years: number): number {
  const date = Temporal.Instant.fromEpochMilliseconds(midnightMs).toZonedDateTimeISO('UTC').subtract({ years });
  return calendar.dayStart(date.epochMilliseconds + 6 * HOUR_MS);
}

/** How much of a window of days has passed. */
export interface ElapsedDays {
  readonly days: number;
  /** Hours of these days: of 23 to 25 each. */
  readonly hours: number;
  /** Days of the whole window. */
  readonly daysOfWindow: number;
}

/** @param nowMs in the day that runs */
export function elapsedDays(calendar: Calendar, { startMs, endMs }: Bounds, nowMs: number): ElapsedDays {
  const upToMs = Math.min(endMs, calendar.dayStart(nowMs));
  return {
    days: daysBetween(startMs, upToMs),
    hours: Math.max(0, upToMs - startMs) / HOUR_MS,
    daysOfWindow: daysBetween(startMs, endMs),
  };
}

/** Local days between two local midnights: DST moves them by an hour or two. */
function daysBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / DAY_MS));
}

export type DayLevel = 'device' | 'zone';

/** A day of a subject that says something else than before. */
export interface ChangedDay {
  readonly kpi: string;
  readonly subject: string;
  readonly dayMs: number;
}

/** The ledger of days with what of it changed since it was asked last. */
export class DayBook {
  readonly ledger = new DayLedger();
  /** Levels that windows of days are folded from, by KPI of the day. */
  readonly #levels: ReadonlyMap<string, ReadonlySet<DayLevel>>;
  /** Years before their windows that folds look at, by KPI of the day. */
  readonly #yearsBefore = new Map<string, number>();
  #changed: ChangedDay[] = [];

  /** @param kept KPIs of a day, the level that is kept of each, and for how many years more than the windows have */
  constructor(kept: Iterable<readonly [kpi: string, level: DayLevel, yearsBefore?: number | undefined]>) {
    const levels = new Map<string, Set<DayLevel>>();
    for (const [kpi, level, years = 0] of kept) {
      levels.set(kpi, (levels.get(kpi) ?? new Set<DayLevel>()).add(level));
      this.#yearsBefore.set(kpi, Math.max(years, this.#yearsBefore.get(kpi) ?? 0));
    }
    this.#levels = levels;
  }

  /** Keeps what a day said, where windows are folded from it. */
  note(kpi: string, level: DayLevel, subject: string, dayMs: number, part: Part | null, deviceCount = 0): void {
    if (this.#levels.get(kpi)?.has(level) !== true) return;
    if (this.ledger.put(kpi, subject, dayMs, part, deviceCount)) this.#changed.push({ kpi, subject, dayMs });
  }

  takeChanged(): readonly ChangedDay[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  /** Once a day of event time. */
  forget(calendar: Calendar, nowMs: number, horizonMs: number): void {
    const fromMs = calendar.yearStart(nowMs - Math.max(DAYS_KEPT_MS, horizonMs));
    this.ledger.forgetBefore((kpi) => yearsEarlier(calendar, fromMs, this.#yearsBefore.get(kpi) ?? 0));
  }

  state(): DayLedgerState {
    return this.ledger.state();
  }
}
