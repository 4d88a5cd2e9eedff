/**
 * Windows that KPI values and aggregates are offered in. `week` is the ISO week; `daytime`, `evening` and `night` are the
 * periods of a local day between the hours of the clock that the city names (07, 19 and 23 where it names none).
 */
export const WINDOW_KINDS = [
  'minute',
  'quarter',
  'hour',
  'day',
  'daytime',
  'evening',
  'night',
  'week',
  'month',
  'year',
  'rolling-1h',
  'rolling-8h',
  'rolling-24h',
  'rolling-7d',
  'rolling-365d',
] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** Windows of KPI values; `day-standard` is the day of the zone's standard time, 24 hours all the year (US AQI). */
export const KPI_WINDOW_KINDS = [...WINDOW_KINDS, 'day-standard'] as const;
export type KpiWindowKind = (typeof KPI_WINDOW_KINDS)[number];

/** A rolling window of any length in minutes, hours or days, such as `rolling-90m`; the length is a multiple of 15 min. */
export type RollingWindow = `rolling-${number}${'m' | 'h' | 'd'}`;

/** A part of every local day between two full hours of the clock, such as `clock-02-05`; past midnight: `clock-22-06`. */
export type ClockWindow = `clock-${string}-${string}`;

/** Windows that aggregates are offered in: the named ones, and those whose text says their length or hours. */
export type AggregateWindow = WindowKind | RollingWindow | ClockWindow;

/**
 * Why a value took the place of an earlier one: `late`, readings came after it was final; `rebuilt`, they were older than
 * the engine's memory, and hours were read back for them; `facts`, a fact of the city or of a zone was changed; `config`,
 * something else of the configuration that values depend on.
 */
export const REVISION_REASONS = ['late', 'rebuilt', 'facts', 'config'] as const;
export type RevisionReason = (typeof REVISION_REASONS)[number];

/** What is published of a window, without what moves on by itself or tells how often it was said. */
const SAID = [
  'value',
  'band',
  'valid',
  'validCount',
  'expectedCount',
  'deviceCount',
  'coveredPopulation',
  'note',
] as const;

/** Whether two values of a window say the same. */
export function saysTheSame(a: KpiValue, b: KpiValue): boolean {
  return SAID.every((key) => a[key] === b[key]);
}

/** A value on its way to those who watch. */
export interface RevisedValue extends KpiValue {
  /** What the revision takes the place of, where that is known. */
  readonly before?: number | null;
}

/** One KPI value of one zone (or device) and window, with what it is worth. */
export interface KpiValue {
  /** Id of the KPI definition, such as `air-pm2-5-hour`. */
  readonly kpi: string;
  /** Zone id, the city's id, or `device:<id>`. */
  readonly zone: string;
  readonly window: KpiWindowKind;
  /** Inclusive start and exclusive end of the window, ms UTC. */
  readonly startMs: number;
  readonly endMs: number;
  /** In the definition's unit; null when nothing can be said. */
  readonly value: number | null;
  /** Class of an index (1..n), colour band of a value, or null. */
  readonly band: number | null;
  /** Valid parts (hours, sensors, quarter-hours; the definition says which) and how many were expected. */
  readonly validCount: number;
  readonly expectedCount: number;
  /** validCount / expectedCount, 0 to 1. */
  readonly coverage: number;
  /** The completeness rule of the definition is met. */
  readonly valid: boolean;
  /** Devices that contributed. */
  readonly deviceCount: number;
  /** Population of the zones that have data, where the KPI is weighted by population; otherwise 0. */
  readonly coveredPopulation: number;
  /** 0 until a final value changed, or a published one by another configuration; then counts the changes. */
  readonly revision: number;
  /** Of the newest change; absent while there was none. */
  readonly reason?: RevisionReason;
  /** False while the window is open (provisional). */
  readonly final: boolean;
  /** Event time up to which the inputs are believed complete, ms UTC. */
  readonly watermarkMs: number;
  /** Method and table version, such as `EAQI 2024/25`. */
  readonly method: string;
  /** One short word on what decided the value (the worst pollutant, the peak's time), or empty. */
  readonly note: string;
}
