import { type Calendar, DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from '../base/index.ts';
import { type AggregateWindow, WINDOW_KINDS, type WindowKind } from '../model/index.ts';

export interface WindowBounds {
  /** Inclusive, ms UTC. */
  readonly startMs: number;
  /** Exclusive, ms UTC. */
  readonly endMs: number;
}

/** Local hours of the clock, 0 to 23, at which the periods of a day begin; they follow each other round the clock. */
export interface DayPeriods {
  readonly dayStartHour: number;
  readonly eveningStartHour: number;
  readonly nightStartHour: number;
}

/** Directive 2002/49/EC annex I: day from 07, evening from 19, night from 23, local time. */
export const DAY_PERIODS: DayPeriods = { dayStartHour: 7, eveningStartHour: 19, nightStartHour: 23 };

/** Which windows: the kind, and what the kind leaves open. */
export interface WindowShape {
  readonly window: AggregateWindow;
  /** Rolling windows: distance between two ends, ms; a multiple of 15 min. An hour when absent. */
  readonly hopMs?: number;
  /** `daytime`, `evening`, `night`: their hours. `DAY_PERIODS` when absent. */
  readonly periods?: DayPeriods;
}

const ROLLING = /^rolling-([1-9]\d{0,5})([mhd])$/;
const ROLLING_UNIT_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
/** Ten years: beyond, a window says nothing that its years would not say. */
const ROLLING_MS_MAX = 3_660 * DAY_MS;
const CLOCK = /^clock-(\d\d)-(\d\d)$/;

/** The window that a text names; undefined when it names none. */
export function parseWindow(text: string): AggregateWindow | undefined {
  if ((WINDOW_KINDS as readonly string[]).includes(text)) return text as WindowKind;
  const window = text as AggregateWindow;
  const lengthMs = rollingLengthMs(window);
  if (lengthMs !== undefined) return lengthMs % QUARTER_MS === 0 && lengthMs <= ROLLING_MS_MAX ? window : undefined;
  return clockHours({ window }) === undefined ? undefined : window;
}

/** Length of a rolling window, ms; undefined for the others. Rolling windows are end-stamped (KPI.md 6.3). */
export function rollingLengthMs(window: AggregateWindow): number | undefined {
  const [, digits, unit = ''] = ROLLING.exec(window) ?? [];
  return digits === undefined ? undefined : Number(digits) * ROLLING_UNIT_MS[unit]!;
}

/**
 * Windows of a shape whose end lies in (fromMs, toMs], oldest first.
 *
 * Rolling windows end every `hopMs`: from local midnight where the hop divides a day (midnight itself always ends one,
 * on days of 23 or 25 hours too), at every n-th local midnight where it is n days, otherwise at multiples of the hop
 * since 1970 UTC. A part of the day that the clock skips altogether gives no window.
 */
export function* windowsEndingIn(
  shape: WindowShape,
  calendar: Calendar,
  fromMs: number,
  toMs: number,
): Generator<WindowBounds> {
  const lengthMs = rollingLengthMs(shape.window);
  const hours = clockHours(shape);
  if (lengthMs !== undefined) {
    for (const endMs of hopEnds(shape.hopMs ?? HOUR_MS, calendar, fromMs, toMs)) {
      yield { startMs: endMs - lengthMs, endMs };
    }
  } else if (hours !== undefined) yield* clockWindows(hours, calendar, fromMs, toMs);
  else {
    for (let bounds = boundsAt(shape.window, calendar, fromMs); bounds.endMs <= toMs; ) {
      if (bounds.endMs > fromMs) yield bounds;
      bounds = boundsAt(shape.window, calendar, bounds.endMs);
    }
  }
}

/** The tumbling window that holds the instant. Not for rolling windows and parts of a day: many or none hold it. */
export function boundsAt(window: AggregateWindow, calendar: Calendar, atMs: number): WindowBounds {
  switch (window) {
    case 'minute':
      return fixed(atMs, MINUTE_MS);
    case 'quarter':
      return fixed(atMs, QUARTER_MS);
    case 'day':
      return { startMs: calendar.dayStart(atMs), endMs: calendar.dayEnd(atMs) };
    case 'week':
      return { startMs: calendar.weekStart(atMs), endMs: calendar.weekEnd(atMs) };
    case 'month':
      return { startMs: calendar.monthStart(atMs), endMs: calendar.monthEnd(atMs) };
    case 'year':
      return { startMs: calendar.yearStart(atMs), endMs: calendar.yearEnd(atMs) };
    default:
      return { startMs: calendar.hourStart(atMs), endMs: calendar.hourEnd(atMs) };
  }
}

const STEP_MS: Partial<Record<AggregateWindow, number>> = {
  minute: MINUTE_MS,
  quarter: QUARTER_MS,
  hour: HOUR_MS,
  week: 7 * DAY_MS - 2 * HOUR_MS,
  month: 28 * DAY_MS - 2 * HOUR_MS,
  year: 365 * DAY_MS - 2 * HOUR_MS,
};

/** The least distance between the ends of two windows, ms: for bounds on how many there are. */
export function windowStepMs({ window, hopMs }: WindowShape): number {
  if (rollingLengthMs(window) !== undefined) return hopMs ?? HOUR_MS;
  return STEP_MS[window] ?? DAY_MS - 2 * HOUR_MS;
}

/** The usual length of a window, ms; local days and longer have an hour more or less where the clock changes. */
export function windowLengthMs(shape: WindowShape): number {
  const { window } = shape;
  const hours = clockHours(shape);
  if (hours !== undefined) return ((hours.toHour - hours.fromHour + 24) % 24 || 24) * HOUR_MS;
  const days: Partial<Record<AggregateWindow, number>> = { day: 1, week: 7, month: 31, year: 366 };
  return rollingLengthMs(window) ?? (days[window] === undefined ? windowStepMs(shape) : days[window] * DAY_MS);
}

interface ClockHours {
  readonly fromHour: number;
  /** Up to 24; not above `fromHour`: on the next day. */
  readonly toHour: number;
}

function clockHours({ window, periods = DAY_PERIODS }: WindowShape): ClockHours | undefined {
  const { dayStartHour, eveningStartHour, nightStartHour } = periods;
  switch (window) {
    case 'daytime':
      return { fromHour: dayStartHour, toHour: eveningStartHour };
    case 'evening':
      return { fromHour: eveningStartHour, toHour: nightStartHour };
    case 'night':
      return { fromHour: nightStartHour, toHour: dayStartHour };
  }
  const [, from, to] = CLOCK.exec(window) ?? [];
  const [fromHour, toHour] = [Number(from), Number(to)];
  return fromHour <= 23 && toHour <= 24 && (toHour - fromHour) % 24 !== 0 ? { fromHour, toHour } : undefined;
}

function* clockWindows(
  { fromHour, toHour }: ClockHours,
  calendar: Calendar,
  fromMs: number,
  toMs: number,
): Generator<WindowBounds> {
  // A window that ends on the day of `fromMs` may have begun the day before.
  let dayMs = calendar.dayStart(calendar.dayStart(fromMs) - 1);
  for (;;) {
    const nextDayMs = calendar.dayEnd(dayMs);
    const startMs = calendar.clockTime(dayMs, fromHour);
    if (startMs >= toMs) return;
    const endMs = toHour === 24 ? nextDayMs : calendar.clockTime(toHour > fromHour ? dayMs : nextDayMs, toHour);
    if (endMs > toMs) return;
    if (endMs > fromMs && endMs > startMs) yield { startMs, endMs };
    dayMs = nextDayMs;
  }
}

function* hopEnds(hopMs: number, calendar: Calendar, fromMs: number, toMs: number): Generator<number> {
  if (DAY_MS % hopMs !== 0 && hopMs % DAY_MS !== 0) {
    for (let endMs = (Math.floor(fromMs / hopMs) + 1) * hopMs; endMs <= toMs; endMs += hopMs) yield endMs;
    return;
  }
  for (let dayMs = calendar.dayStart(fromMs); dayMs <= toMs; ) {
    const nextDayMs = calendar.dayEnd(dayMs);
    if (hopMs < DAY_MS) {
      const skipped = Math.max(0, Math.floor((fromMs - dayMs) / hopMs) + 1);
      for (let endMs = dayMs + skipped * hopMs; endMs < nextDayMs && endMs <= toMs; endMs += hopMs) yield endMs;
    } else if (dayMs > fromMs && dayNumber(calendar.isoDate(dayMs)) % (hopMs / DAY_MS) === 0) yield dayMs;
    dayMs = nextDayMs;
  }
}

/** Days since 1970-01-01 of a date. */
function dayNumber(isoDate: string): number {
  return Temporal.PlainDate.from(isoDate).toZonedDateTime('UTC').epochMilliseconds / DAY_MS;
}

function fixed(atMs: number, lengthMs: number): WindowBounds {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}
