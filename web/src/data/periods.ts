const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Period {
  readonly id: string;
  readonly label: string;
  readonly lengthMs: number;
}

export const PERIODS = [
  { id: '6h', label: '6 h', lengthMs: 6 * HOUR_MS },
  { id: '24h', label: '24 h', lengthMs: DAY_MS },
  { id: '7d', label: '7 days', lengthMs: 7 * DAY_MS },
  { id: '30d', label: '30 days', lengthMs: 30 * DAY_MS },
  { id: '1y', label: '1 year', lengthMs: 365 * DAY_MS },
] as const satisfies readonly Period[];

interface WindowWords {
  readonly label: string;
  readonly short: string;
  readonly lengthMs: number;
  readonly trendMs: number;
  readonly period: string;
}

const WINDOWS: Readonly<Record<string, WindowWords>> = {
  minute: { label: '1 minute', short: '1 min', lengthMs: 60_000, trendMs: HOUR_MS, period: '6h' },
  quarter: { label: '15 minutes', short: '15 min', lengthMs: 15 * 60_000, trendMs: DAY_MS, period: '24h' },
  hour: { label: '1 hour', short: '1 h', lengthMs: HOUR_MS, trendMs: 2 * DAY_MS, period: '7d' },
  day: { label: '1 day', short: 'day', lengthMs: DAY_MS, trendMs: 30 * DAY_MS, period: '30d' },
  'day-standard': {
    label: '1 day, standard time',
    short: 'day',
    lengthMs: DAY_MS,
    trendMs: 30 * DAY_MS,
    period: '30d',
  },
  month: { label: '1 month', short: 'month', lengthMs: 30 * DAY_MS, trendMs: 365 * DAY_MS, period: '1y' },
  year: { label: '1 year', short: 'year', lengthMs: 365 * DAY_MS, trendMs: 10 * 365 * DAY_MS, period: '1y' },
  'rolling-1h': { label: 'rolling hour', short: '1 h', lengthMs: HOUR_MS, trendMs: 2 * DAY_MS, period: '7d' },
  'rolling-8h': { label: 'rolling 8 hours', short: '8 h', lengthMs: 8 * HOUR_MS, trendMs: 2 * DAY_MS, period: '7d' },
  'rolling-24h': { label: 'rolling 24 hours', short: '24 h', lengthMs: DAY_MS, trendMs: 4 * DAY_MS, period: '7d' },
  'rolling-7d': { label: 'rolling 7 days', short: '7 d', lengthMs: 7 * DAY_MS, trendMs: 14 * DAY_MS, period: '30d' },
  'rolling-365d': {
    label: 'rolling 365 days',
    short: '365 d',
    lengthMs: 365 * DAY_MS,
    trendMs: 45 * DAY_MS,
    period: '30d',
  },
};

export const windowLabel = (window: string): string => WINDOWS[window]?.label ?? window;
/** Few letters, for tiles. */
export const windowShort = (window: string): string => WINDOWS[window]?.short ?? window;
export const windowLengthMs = (window: string): number => WINDOWS[window]?.lengthMs ?? HOUR_MS;
/** How far back a tile's trend reaches, ms. */
export const trendLengthMs = (window: string): number => WINDOWS[window]?.trendMs ?? 2 * DAY_MS;
/** The period that a detail view opens with. */
export const usualPeriod = (window: string): string => WINDOWS[window]?.period ?? '7d';

/** Windows that the chart of a device offers, each with the longest period that stays readable. */
export const CHART_WINDOWS = ['minute', 'quarter', 'hour', 'day'] as const;

export function periodOf(id: string): Period {
  return PERIODS.find((period) => period.id === id) ?? PERIODS[2];
}

/**
 * The range to ask for windows of a period up to the one that holds `newestMs`. Local days and hours end where the city's
 * clock says, not at multiples of their length, and a local day may have an hour more: `to` leaves room for both. What has
 * no reading gives no row, so asking for more shows no more.
 */
export function rangeUpTo(
  newestMs: number,
  window: string,
  period: string,
): { readonly from: string; readonly to: string } {
  const lengthMs = windowLengthMs(window);
  // By whole windows: a reading that comes does not load everything anew.
  const endMs = (Math.floor(newestMs / lengthMs) + 1) * lengthMs;
  return {
    from: new Date(endMs - periodOf(period).lengthMs).toISOString(),
    to: new Date(endMs + lengthMs + HOUR_MS).toISOString(),
  };
}
