import { assert } from '../../base/index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Central European Time, which the EU's AOT40 keeps all the year. */
const CET_OFFSET_MS = HOUR_MS;

/** One day of a calendar, as instants. */
export interface DaySpan {
  /** Inclusive start and exclusive end, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** Real length: 23, 24 or 25, and 23.5 or 24.5 where the clock moves by half an hour. */
  readonly hours: number;
}

/**
 * The civil day of an IANA zone. It begins at the first instant that bears the date, which is 01:00 where midnight was
 * skipped by a clock change.
 *
 * @param timeZone IANA name such as `Europe/Berlin`
 * @param date `YYYY-MM-DD`
 * @throws RangeError for an unknown zone or a date that does not exist
 */
export function localDay(timeZone: string, date: string): DaySpan {
  const day = Temporal.PlainDate.from(date);
  return span(startOf(day, timeZone), startOf(day.add({ days: 1 }), timeZone));
}

/**
 * The day of a zone's standard time all the year, always 24 hours: the regulatory day of the US EPA (40 CFR 50).
 * Standard time is the smaller of the offsets of January and July, on either hemisphere.
 */
export function standardTimeDay(timeZone: string, date: string): DaySpan {
  const year = Temporal.PlainDate.from(date).year;
  const offsets = ['01-01', '07-01'].map((day) => offsetMs(`${String(year).padStart(4, '0')}-${day}`, timeZone));
  return fixedOffsetDay(Math.min(...offsets), date);
}

/** The day of Central European Time all the year, always 24 hours (2008/50/EC annex VII). */
export function cetDay(date: string): DaySpan {
  return fixedOffsetDay(CET_OFFSET_MS, date);
}

/** Intervals of a length that a civil day holds: 92, 96 or 100 quarter-hours in most zones. */
export function expectedIntervals(timeZone: string, date: string, minutes: number): number {
  assert(minutes > 0, `expectedIntervals: ${minutes} minutes`);
  const { startMs, endMs } = localDay(timeZone, date);
  return Math.round((endMs - startMs) / (minutes * MINUTE_MS));
}

function fixedOffsetDay(offset: number, date: string): DaySpan {
  const startMs = startOf(Temporal.PlainDate.from(date), 'UTC') - offset;
  return span(startMs, startMs + 24 * HOUR_MS);
}

function startOf(day: Temporal.PlainDate, timeZone: string): number {
  return day.toZonedDateTime(timeZone).epochMilliseconds;
}

function offsetMs(date: string, timeZone: string): number {
  return Temporal.PlainDate.from(date).toZonedDateTime(timeZone).offsetNanoseconds / 1e6;
}

function span(startMs: number, endMs: number): DaySpan {
  return { startMs, endMs, hours: (endMs - startMs) / HOUR_MS };
}
