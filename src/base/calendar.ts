import { DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from './duration.ts';

/**
 * Where local days, months and years begin. All instants are ms UTC. Local days have 23 to 25 hours, may start at
 * 01:00, and offsets are multiples of 15 minutes (KPI.md 6.1).
 */
export interface Calendar {
  /** As it was asked for. */
  readonly timeZone: string;
  /** Start of the local day that holds the instant. */
  dayStart(atMs: number): number;
  /** Start of the next local day. */
  dayEnd(atMs: number): number;
  /** Start of the local Monday (ISO 8601 week) that the instant's week begins with, and of the next one. */
  weekStart(atMs: number): number;
  weekEnd(atMs: number): number;
  /**
   * The instant at which the clock of the instant's local day shows a full hour, 0 to 23. Where it shows it twice, the
   * first; where it skips it, the instant after the skip.
   */
  clockTime(atMs: number, hour: number): number;
  /**
   * Start of the hour, counted from the start of the local day. On days that a half-hour shift makes 23.5 or 24.5 hours
   * long the last hour is half as long.
   */
  hourStart(atMs: number): number;
  hourEnd(atMs: number): number;
  monthStart(atMs: number): number;
  monthEnd(atMs: number): number;
  yearStart(atMs: number): number;
  yearEnd(atMs: number): number;
  /** Local hour of the clock (0 to 23) and ISO date of the instant. */
  clockHour(atMs: number): number;
  isoDate(atMs: number): string;
}

const DAYS_CACHED_MAX = 20_000;
const STANDARD = 'standard:';

/**
 * The calendar of a zone.
 *
 * @param timeZone an IANA zone, `UTC`, a fixed offset such as `+01:00`, or `standard:<IANA zone>` for the zone's
 *   standard time all the year (US AQI days, AOT40)
 * @throws RangeError for an unknown zone
 */
export function calendarOf(timeZone: string): Calendar {
  let calendar = calendars.get(timeZone);
  if (calendar === undefined) {
    calendar = new ZoneCalendar(timeZone);
    if (calendars.size < 1_000) calendars.set(timeZone, calendar);
  }
  return calendar;
}

const calendars = new Map<string, Calendar>();

/** The calendar's zone in standard time all the year: days of 24 hours (40 CFR 50). */
export function standardCalendar({ timeZone }: Calendar): Calendar {
  return calendarOf(timeZone.startsWith(STANDARD) ? timeZone : `${STANDARD}${timeZone}`);
}

class ZoneCalendar implements Calendar {
  readonly timeZone: string;
  /** Temporal's name of the zone: an IANA id or a fixed offset. */
  readonly #zone: string;
  /** UTC day number -> starts of local days that lie in it (none, one, seldom two). */
  readonly #starts = new Map<number, readonly number[]>();
  /** Start of the day and hour of the clock -> instant; fewer than 24 ms hold all hours of a day apart. */
  readonly #clockTimes = new Map<number, number>();
  /** Quarter of an hour since 1970 -> hour of the clock. */
  readonly #clockHours = new Map<number, number>();
  /** The day found last, and the one before that. */
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = Number.NEGATIVE_INFINITY;
  #otherStartMs = Number.POSITIVE_INFINITY;
  #otherEndMs = Number.NEGATIVE_INFINITY;

  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#zone = timeZone.startsWith(STANDARD) ? standardOffset(timeZone.slice(STANDARD.length)) : timeZone;
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(this.#zone);
  }

  dayStart(atMs: number): number {
    this.#findDay(atMs);
    return this.#startMs;
  }

  dayEnd(atMs: number): number {
    this.#findDay(atMs);
    return this.#endMs;
  }

  /** Neighbouring questions are the rule: the two days found last, such as today and yesterday, answer most of them. */
  #findDay(atMs: number): void {
    if (atMs >= this.#startMs && atMs < this.#endMs) return;
    const isOther = atMs >= this.#otherStartMs && atMs < this.#otherEndMs;
    const startMs = isOther ? this.#otherStartMs : this.#startOfDay(atMs);
    const endMs = isOther ? this.#otherEndMs : this.#endOfDay(atMs);
    this.#otherStartMs = this.#startMs;
    this.#otherEndMs = this.#endMs;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  #startOfDay(atMs: number): number {
    const utcDay = Math.floor(atMs / DAY_MS);
    for (let day = utcDay; day >= utcDay - 2; day--) {
      const found = this.#startsIn(day).findLast((startMs) => startMs <= atMs);
      if (found !== undefined) return found;
    }
    return this.#zoned(atMs).startOfDay().epochMilliseconds;
  }

  #endOfDay(atMs: number): number {
    const utcDay = Math.floor(atMs / DAY_MS);
    for (let day = utcDay; day <= utcDay + 2; day++) {
      const found = this.#startsIn(day).find((startMs) => startMs > atMs);
      if (found !== undefined) return found;
    }
    return this.#zoned(atMs).startOfDay().add({ days: 1 }).startOfDay().epochMilliseconds;
  }

  hourStart(atMs: number): number {
    this.#findDay(atMs);
    return this.#startMs + Math.floor((atMs - this.#startMs) / HOUR_MS) * HOUR_MS;
  }

  hourEnd(atMs: number): number {
    return Math.min(this.hourStart(atMs) + HOUR_MS, this.#endMs);
  }

  weekStart(atMs: number): number {
    const day = this.#zoned(atMs);
    return day.subtract({ days: day.dayOfWeek - 1 }).startOfDay().epochMilliseconds;
  }

  weekEnd(atMs: number): number {
    const day = this.#zoned(atMs);
    return day.add({ days: 8 - day.dayOfWeek }).startOfDay().epochMilliseconds;
  }

  clockTime(atMs: number, hour: number): number {
    const key = this.dayStart(atMs) + hour;
    let clockMs = this.#clockTimes.get(key);
    if (clockMs === undefined) {
      clockMs = this.#zoned(atMs).withPlainTime({ hour }).epochMilliseconds;
      if (this.#clockTimes.size >= DAYS_CACHED_MAX) this.#clockTimes.clear();
      this.#clockTimes.set(key, clockMs);
    }
    return clockMs;
  }

  monthStart(atMs: number): number {
    return this.#zoned(atMs).with({ day: 1 }).startOfDay().epochMilliseconds;
  }

  monthEnd(atMs: number): number {
    return this.#zoned(atMs).with({ day: 1 }).add({ months: 1 }).startOfDay().epochMilliseconds;
  }

  yearStart(atMs: number): number {
    return this.#zoned(atMs).with({ month: 1, day: 1 }).startOfDay().epochMilliseconds;
  }

  yearEnd(atMs: number): number {
    return this.#zoned(atMs).with({ month: 1, day: 1 }).add({ years: 1 }).startOfDay().epochMilliseconds;
  }

  clockHour(atMs: number): number {
    // Clocks change, and zones differ, by multiples of a quarter of an hour.
    const quarter = Math.floor(atMs / QUARTER_MS);
    let hour = this.#clockHours.get(quarter);
    if (hour === undefined) {
      ({ hour } = this.#zoned(atMs));
      if (this.#clockHours.size >= DAYS_CACHED_MAX) this.#clockHours.clear();
      this.#clockHours.set(quarter, hour);
    }
    return hour;
  }

  isoDate(atMs: number): string {
    return this.#zoned(atMs).toPlainDate().toString();
  }

  #zoned(atMs: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(this.#zone);
  }

  #startsIn(utcDay: number): readonly number[] {
    let starts = this.#starts.get(utcDay);
    if (starts === undefined) {
      starts = this.#computeStarts(utcDay * DAY_MS);
      if (this.#starts.size >= DAYS_CACHED_MAX) this.#starts.clear();
      this.#starts.set(utcDay, starts);
    }
    return starts;
  }

  #computeStarts(utcDayMs: number): readonly number[] {
    const starts: number[] = [];
    let day = this.#zoned(utcDayMs).startOfDay();
    while (day.epochMilliseconds < utcDayMs + DAY_MS) {
      if (day.epochMilliseconds >= utcDayMs) starts.push(day.epochMilliseconds);
      day = day.add({ days: 1 }).startOfDay();
    }
    return starts;
  }
}

/** Standard time is the smaller of the two offsets of a year; zones without summer time have one. */
function standardOffset(zone: string): string {
  const offsetsMs = [1, 7].map((month) => {
    const date = Temporal.ZonedDateTime.from({ timeZone: zone, year: 2024, month, day: 1 });
    return date.offsetNanoseconds / 1e6;
  });
  const offsetMs = Math.min(...offsetsMs);
  const minutes = Math.abs(offsetMs) / MINUTE_MS;
  const digits = (value: number) => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}:${digits(minutes % 60)}`;
}

/** One day of a calendar, as instants. */
export interface DaySpan {
  /** Inclusive start and exclusive end, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** Real length: 23, 24 or 25, and 23.5 or 24.5 where the clock moves by half an hour. */
  readonly hours: number;
}

/**
 * A date of a calendar. It begins at the first instant that bears the date, which is 01:00 where midnight was skipped.
 * US AQI days: `standard:<IANA zone>` (40 CFR 50); AOT40: `+01:00` (2008/50/EC annex VII).
 *
 * @param timeZone as for `calendarOf`
 * @param date `YYYY-MM-DD`
 * @throws RangeError for an unknown zone or a date that does not exist
 */
export function localDay(timeZone: string, date: string): DaySpan {
  const noon = Temporal.PlainDate.from(date, { overflow: 'reject' }).toZonedDateTime({
    timeZone: 'UTC',
    plainTime: '12:00',
  });
  const calendar = calendarOf(timeZone);
  // Noon UTC of the date lies in the date itself or, far east and west, in a neighbour.
  const near = [-1, 0, 1].map((days) => calendar.dayStart(noon.epochMilliseconds + days * DAY_MS));
  const startMs = near.find((atMs) => calendar.isoDate(atMs) === date);
  if (startMs === undefined) throw new RangeError(`${date} does not exist in ${timeZone}`);
  const endMs = calendar.dayEnd(startMs);
  return { startMs, endMs, hours: (endMs - startMs) / HOUR_MS };
}
