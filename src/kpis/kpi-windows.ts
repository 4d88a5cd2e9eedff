import { type Calendar, DAY_MS, HOUR_MS } from '../base/index.ts';
import type { KpiDefinition } from './definition.ts';

/** Inclusive start and exclusive end of a KPI's window, ms UTC. */
export interface Bounds {
  readonly startMs: number;
  readonly endMs: number;
}

type Windowed = Pick<KpiDefinition, 'window' | 'reachHours'>;

/** Windows of the KPI that depend on an hour, oldest first. */
export function touchedWindows(kpi: Windowed, calendar: Calendar, hourStartMs: number): Bounds[] {
  if (kpi.window === 'day') {
    const first = dayOf(calendar, hourStartMs);
    const last = dayOf(calendar, hourStartMs + kpi.reachHours * HOUR_MS);
    return first.startMs === last.startMs ? [first] : [first, last];
  }
  const bounds: Bounds[] = [];
  let startMs = hourStartMs;
  for (let step = 0; step <= kpi.reachHours; step++) {
    bounds.push(windowOfHour(kpi, calendar, startMs));
    startMs = calendar.hourEnd(startMs);
  }
  return bounds;
}

/** The window whose last (or only) hour, or whose day, holds the instant. */
export function windowAt(kpi: Windowed, calendar: Calendar, atMs: number): Bounds {
  return kpi.window === 'day' ? dayOf(calendar, atMs) : windowOfHour(kpi, calendar, calendar.hourStart(atMs));
}

/** A window is looked at once its last hour, or its day, has begun. */
export function hasBegun(kpi: Windowed, bounds: Bounds, nowMs: number): boolean {
  return kpi.window === 'rolling-24h' ? bounds.endMs - HOUR_MS <= nowMs : bounds.startMs <= nowMs;
}

function windowOfHour(kpi: Windowed, calendar: Calendar, hourStartMs: number): Bounds {
  const endMs = calendar.hourEnd(hourStartMs);
  return { startMs: kpi.window === 'rolling-24h' ? endMs - DAY_MS : hourStartMs, endMs };
}

function dayOf(calendar: Calendar, atMs: number): Bounds {
  return { startMs: calendar.dayStart(atMs), endMs: calendar.dayEnd(atMs) };
}
