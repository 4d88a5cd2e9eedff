import { type Calendar, calendarOf, DAY_MS, HOUR_MS, localDay, OperatingError } from '../../base/index.ts';
import type { KpiValue, KpiWindowKind } from '../../model/index.ts';

export type PeriodKind = 'day' | 'month' | 'year';

/** A local day, month or year of the city. */
export interface ReportPeriod {
  readonly kind: PeriodKind;
  /** As it was asked for: `2026-03-01`, `2026-03` or `2026`. */
  readonly text: string;
  readonly timeZone: string;
  /** Inclusive start and exclusive end, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** How many local hours, days and months begin in it. */
  readonly hours: number;
  readonly days: number;
  readonly months: number;
}

export const PERIOD_ALLOWED = 'write a day (2026-03-01), a month (2026-03) or a year (2026) from 1970 to 2999';

const PERIOD = /^((?:19[7-9]|2\d\d)\d)(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?$/;

/**
 * The period that a text names, in a time zone.
 *
 * @throws OperatingError `period_invalid`
 */
export function reportPeriod(text: string, timeZone: string): ReportPeriod {
  const parts = PERIOD.exec(text);
  if (parts === null) throw periodInvalid(text, PERIOD_ALLOWED);
  const [, year, month, day] = parts;
  const calendar = calendarOf(timeZone);
  if (day !== undefined) return { ...common('day'), ...bounds(calendar, dayBounds(text, timeZone)) };
  if (month !== undefined) {
    const middleMs = Date.UTC(Number(year), Number(month) - 1, 15);
    const [startMs, endMs] = [calendar.monthStart(middleMs), calendar.monthEnd(middleMs)];
    return { ...common('month'), ...bounds(calendar, { startMs, endMs }) };
  }
  const middleMs = Date.UTC(Number(year), 6, 1);
  const [startMs, endMs] = [calendar.yearStart(middleMs), calendar.yearEnd(middleMs)];
  return { ...common('year'), ...bounds(calendar, { startMs, endMs }) };

  function common(kind: PeriodKind) {
    return { kind, text, timeZone, months: kind === 'year' ? 12 : kind === 'month' ? 1 : 0 };
  }
}

function dayBounds(text: string, timeZone: string): { startMs: number; endMs: number } {
  try {
    return localDay(timeZone, text);
  } catch (cause) {
    throw periodInvalid(text, (cause as Error).message, cause);
  }
}

function periodInvalid(text: string, why: string, cause?: unknown): OperatingError {
  return new OperatingError('period_invalid', `cannot report on the period ${JSON.stringify(text)}: ${why}`, { cause });
}

/** Hours are counted from local midnight: on a day of 23.5 hours the last one is half as long. */
function bounds(calendar: Calendar, { startMs, endMs }: { startMs: number; endMs: number }) {
  let hours = 0;
  let days = 0;
  for (let atMs = startMs; atMs < endMs; atMs = calendar.dayEnd(atMs)) {
    hours += Math.ceil((calendar.dayEnd(atMs) - atMs) / HOUR_MS);
    days++;
  }
  return { startMs, endMs, hours, days };
}

/** How far apart windows of a kind begin, or end where they roll; undefined for what no KPI has. */
const STEPS: Readonly<Partial<Record<KpiWindowKind, 'hour' | 'day' | 'month' | 'year'>>> = {
  hour: 'hour',
  'rolling-1h': 'hour',
  'rolling-8h': 'hour',
  'rolling-24h': 'hour',
  day: 'day',
  'day-standard': 'day',
  daytime: 'day',
  evening: 'day',
  night: 'day',
  'rolling-7d': 'day',
  'rolling-365d': 'day',
  month: 'month',
  year: 'year',
};

/** Windows of a kind that a period has; null where that is not known. */
export function windowsIn(period: ReportPeriod, window: KpiWindowKind): number | null {
  switch (STEPS[window]) {
    case 'hour':
      return period.hours;
    case 'day':
      return period.days;
    case 'month':
      return period.months;
    case 'year':
      return period.kind === 'year' ? 1 : 0;
    default:
      return null;
  }
}

/** Whether a KPI of such windows has one value for the period as a whole. The day of standard time stands for the day. */
export function isOwnWindow({ kind }: ReportPeriod, window: KpiWindowKind): boolean {
  return window === kind || (kind === 'day' && window === 'day-standard');
}

/** Windows that are longer than the period and do not roll say nothing of it. */
export function isLongerThan({ kind }: ReportPeriod, window: KpiWindowKind): boolean {
  if (kind === 'year') return false;
  return window === 'year' || (kind === 'day' && (window === 'month' || window === 'week'));
}

/** Whether each window has a row; the hours of a year would be too many. */
export function isTabled({ kind }: ReportPeriod, window: KpiWindowKind): boolean {
  const step = STEPS[window];
  return kind !== 'year' || (step !== undefined && step !== 'hour');
}

/**
 * Whether a window is one of the period: a rolling one that ends in it, any other that has its middle in it. The day of
 * standard time begins and ends an hour beside the local one in summer.
 */
export function isIn(period: ReportPeriod, { window, startMs, endMs }: Window): boolean {
  if (window.startsWith('rolling-')) return endMs > period.startMs && endMs <= period.endMs;
  const middleMs = (startMs + endMs) / 2;
  return middleMs >= period.startMs && middleMs < period.endMs;
}

type Window = Pick<KpiValue, 'window' | 'startMs' | 'endMs'>;

/** A range of starts, ms UTC. */
export interface Starts {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Starts that are asked for at once: some 800 windows, however long the period is. */
const ASKED_HOURS_MS = 32 * DAY_MS;
const ASKED_DAYS_MS = 800 * DAY_MS;

/** Ranges in which all windows of the period start, one after the other; others start there, too. */
export function startsIn({ startMs, endMs }: ReportPeriod, window: KpiWindowKind): Starts[] {
  const step = STEPS[window];
  const stepMs = step === undefined || step === 'hour' ? ASKED_HOURS_MS : ASKED_DAYS_MS;
  const starts: Starts[] = [];
  for (let fromMs = startMs - rollingMs(window) - DAY_MS; fromMs < endMs; fromMs += stepMs)
    starts.push({ fromMs, toMs: Math.min(fromMs + stepMs, endMs) });
  return starts;
}

function rollingMs(window: KpiWindowKind): number {
  const [, length = '0', unit = 'h'] = /^rolling-(\d+)([hd])$/.exec(window) ?? [];
  return Number(length) * (unit === 'd' ? DAY_MS : HOUR_MS);
}
