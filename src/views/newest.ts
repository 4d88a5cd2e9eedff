import type { KpiValue } from '../model/index.ts';

/** Says which KPI, zone and window a value is of; values of one key follow one another. */
export function kpiKey(value: Pick<KpiValue, 'kpi' | 'zone' | 'window'>): string {
  return `${value.zone}\n${value.kpi}\n${value.window}`;
}

/** True when `value` takes the place of `held` as the latest of its key: a later window, or news of the same one. */
export function supersedes(value: KpiValue, held: KpiValue | undefined): boolean {
  if (held === undefined || value.startMs > held.startMs) return true;
  if (value.startMs < held.startMs || value.revision < held.revision) return false;
  return value.revision > held.revision || value.watermarkMs >= held.watermarkMs;
}

/** True for values of zones and of the city, false for those of single devices. */
export function isZoneValue(value: Pick<KpiValue, 'zone'>): boolean {
  return !value.zone.startsWith('device:');
}
