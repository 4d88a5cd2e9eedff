/** Windows that KPI values and aggregates are offered in. */
export const WINDOW_KINDS = [
  'minute',
  'quarter',
  'hour',
  'day',
  'month',
  'year',
  'rolling-1h',
  'rolling-8h',
  'rolling-24h',
  'rolling-7d',
  'rolling-365d',
] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** One KPI value of one zone (or device) and window, with what it is worth. */
export interface KpiValue {
  /** Id of the KPI definition, such as `air-pm2-5-hour`. */
  readonly kpi: string;
  /** Zone id, the city's id, or `device:<id>`. */
  readonly zone: string;
  readonly window: WindowKind;
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
  /** 0 until a final value changed; then counts the changes. */
  readonly revision: number;
  /** False while the window is open (provisional). */
  readonly final: boolean;
  /** Event time up to which the inputs are believed complete, ms UTC. */
  readonly watermarkMs: number;
  /** Method and table version, such as `EAQI 2024/25`. */
  readonly method: string;
  /** One short word on what decided the value (the worst pollutant, the peak's time), or empty. */
  readonly note: string;
}
