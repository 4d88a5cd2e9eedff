import { type Calendar, DAY_MS, HOUR_MS, standardCalendar } from '../base/index.ts';
import type { KpiDefinition } from './definition.ts';

/** Inclusive start and exclusive end of a KPI's window, ms UTC. */
export interface Bounds {
  readonly startMs: number;
  readonly endMs: number;
}

type Windowed = Pick<KpiDefinition, 'window' | 'reachHours' | 'aheadHours'> &
  Partial<Pick<KpiDefinition, 'wholeHours' | 'live' | 'looksAt'>>;

const ROLLING_MS: Partial<Record<KpiDefinition['window'], number>> = {
  'rolling-8h': 8 * HOUR_MS,
  'rolling-24h': DAY_MS,
};

/** Windows of the KPI that depend on an hour, oldest first. */
export function touchedWindows(kpi: Windowed, calendar: Calendar, hourStartMs: number): Bounds[] {
  const days = daysOf(kpi, calendar);
  const bounds: Bounds[] = [];
  if (days !== undefined) {
    const lastMs = hourStartMs + kpi.reachHours * HOUR_MS;
    for (let atMs = hourStartMs - (kpi.aheadHours ?? 0) * HOUR_MS; atMs <= lastMs; ) {
      const day = dayOf(days, atMs);
      bounds.push(day);
      atMs = day.endMs;
    }
    return bounds;
  }
  let startMs = hourStartMs;
  for (let step = 0; step <= kpi.reachHours; step++) {
    bounds.push(windowOfHour(kpi, calendar, startMs));
    startMs = calendar.hourEnd(startMs);
  }
  return bounds;
}

/** The window whose last (or only) hour, or whose day, holds the instant. */
export function windowAt(kpi: Windowed, calendar: Calendar, atMs: number): Bounds {
  const days = daysOf(kpi, calendar);
  return days === undefined ? windowOfHour(kpi, calendar, calendar.hourStart(atMs)) : dayOf(days, atMs);
}

/** Whether a running hour has to end before it enters. */
export function isOfWholeHours({ wholeHours, window, live, looksAt }: Windowed): boolean {
  return wholeHours ?? (window !== 'hour' && live !== true && looksAt?.length !== 0);
}

/** A window is looked at once its last hour, or its day, has begun; one that is made of whole hours when that has ended. */
export function hasBegun(kpi: Windowed, bounds: Bounds, nowMs: number): boolean {
  if (isOfWholeHours(kpi) && !kpi.window.startsWith('day')) return bounds.endMs <= nowMs;
  return ROLLING_MS[kpi.window] === undefined ? bounds.startMs <= nowMs : bounds.endMs - HOUR_MS <= nowMs;
}

/** What the watermark has to pass before a window is final: its end, and the hours behind it that it looks at. */
export function neededUntilMs(kpi: Windowed, bounds: Bounds): number {
  return bounds.endMs + (kpi.aheadHours ?? 0) * HOUR_MS;
}

function windowOfHour(kpi: Windowed, calendar: Calendar, hourStartMs: number): Bounds {
  const endMs = calendar.hourEnd(hourStartMs);
  const lengthMs = ROLLING_MS[kpi.window];
  return { startMs: lengthMs === undefined ? hourStartMs : endMs - lengthMs, endMs };
}

/** The calendar of a KPI of days; undefined for the windows of hours. */
function daysOf({ window }: Windowed, calendar: Calendar): Calendar | undefined {
  if (window === 'day') return calendar;
  return window === 'day-standard' ? standardCalendar(calendar) : undefined;
}

function dayOf(calendar: Calendar, atMs: number): Bounds {
  return { startMs: calendar.dayStart(atMs), endMs: calendar.dayEnd(atMs) };
}
