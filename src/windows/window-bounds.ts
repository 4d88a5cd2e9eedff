import { type Calendar, DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from '../base/index.ts';
import type { WindowKind } from '../model/index.ts';

export interface WindowBounds {
  /** Inclusive, ms UTC. */
  readonly startMs: number;
  /** Exclusive, ms UTC. */
  readonly endMs: number;
}

const ROLLING_MS: Partial<Record<WindowKind, number>> = {
  'rolling-1h': HOUR_MS,
  'rolling-8h': 8 * HOUR_MS,
  'rolling-24h': DAY_MS,
  'rolling-7d': 7 * DAY_MS,
  'rolling-365d': 365 * DAY_MS,
};

/** Length of a rolling window, ms; undefined for the others. Rolling windows are end-stamped at full hours (KPI.md 6.3). */
export function rollingLengthMs(window: WindowKind): number | undefined {
  return ROLLING_MS[window];
}

/** Windows of a kind whose end lies in (fromMs, toMs], oldest first. */
export function* windowsEndingIn(
  window: WindowKind,
  calendar: Calendar,
  fromMs: number,
  toMs: number,
): Generator<WindowBounds> {
  const lengthMs = rollingLengthMs(window);
  const step = lengthMs === undefined ? window : 'hour';
  let startMs = boundsAt(step, calendar, fromMs).startMs;
  for (;;) {
    const { endMs } = boundsAt(step, calendar, startMs);
    if (endMs > toMs) return;
    if (endMs > fromMs) yield lengthMs === undefined ? { startMs, endMs } : { startMs: endMs - lengthMs, endMs };
    startMs = endMs;
  }
}

/** The tumbling or calendar window that holds the instant. Not for rolling windows: many of them hold it. */
export function boundsAt(window: WindowKind, calendar: Calendar, atMs: number): WindowBounds {
  switch (window) {
    case 'minute':
      return fixed(atMs, MINUTE_MS);
    case 'quarter':
      return fixed(atMs, QUARTER_MS);
    case 'day':
      return { startMs: calendar.dayStart(atMs), endMs: calendar.dayEnd(atMs) };
    case 'month':
      return { startMs: calendar.monthStart(atMs), endMs: calendar.monthEnd(atMs) };
    case 'year':
      return { startMs: calendar.yearStart(atMs), endMs: calendar.yearEnd(atMs) };
    default:
      return { startMs: calendar.hourStart(atMs), endMs: calendar.hourEnd(atMs) };
  }
}

function fixed(atMs: number, lengthMs: number): WindowBounds {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}
