import { HOUR_MS } from '../base/index.ts';
import { minimumNightFlow } from './arithmetic/index.ts';
import type { KpiDefinition, KpiWindow } from './definition.ts';
import { hourlyValues, partOf, threeQuarters, wholeSeries } from './hours.ts';
import { SUM } from './spatial-rules.ts';

/** Minimum night flow of bulk meters: the lowest hourly mean between the night hours of the city (KPI.md 4.4). */
export const waterMnf: KpiDefinition = {
  id: 'water-mnf',
  code: '',
  title: 'Minimum night flow',
  domain: 'water',
  unit: 'm3/h',
  unitLabel: 'm\u00b3/h',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method: 'lowest hourly mean flow of the night hours of the local day (02 to 05 by default)',
  completeness: 'at least 75 % of the night hours are valid',
  source: 'IWA water loss practice; KPI of district metered areas',
  quantities: ['water_flow', 'water_volume'],
  spatial: SUM,
  reachHours: 0,
  device: (device, window) => {
    if (device.facts.role !== 'bulk') return null;
    const series = wholeSeries(device, 'water_flow')[0] ?? wholeSeries(device, 'water_volume')[0];
    if (series === undefined) return null;
    const { fromMs, toMs } = nightOf(window);
    if (series.hours(window.startMs, window.endMs).length === 0) return null;
    const hourly = hourlyValues(series, window.calendar, fromMs, toMs);
    const validCount = hourly.filter((value) => value !== null).length;
    return partOf(minimumNightFlow(hourly), validCount, hourly.length, threeQuarters(hourly.length));
  },
};

/** The night hours of a local day; shorter or longer by an hour on days of a clock change. */
function nightOf(window: KpiWindow): { readonly fromMs: number; readonly toMs: number } {
  const { nightFromHour, nightToHour } = window.settings.water;
  let fromMs = window.endMs;
  let toMs = window.startMs;
  for (let atMs = window.startMs; atMs < window.endMs; atMs = window.calendar.hourEnd(atMs)) {
    const hour = window.calendar.clockHour(atMs);
    if (hour < nightFromHour || hour >= nightToHour) continue;
    fromMs = Math.min(fromMs, atMs);
    toMs = Math.max(toMs, atMs + HOUR_MS);
  }
  return { fromMs, toMs };
}
