import type { KpiDefinition } from './definition.ts';
import { hoursOf } from './hours.ts';
import { RATIO } from './spatial-rules.ts';

/** Share of the expected readings of smart meters that arrived in the last 24 hours, of meters that reported at all. */
export const meterAvailability: KpiDefinition = {
  id: 'meter-availability',
  code: '',
  title: 'Smart meter availability',
  domain: 'network',
  unit: '%',
  unitLabel: '%',
  window: 'rolling-24h',
  direction: 'higher',
  decimals: 1,
  bands: [
    { name: 'poor', upTo: 90, color: '#d6503f' },
    { name: 'fair', upTo: 98, color: '#e3c440' },
    { name: 'good', upTo: Number.POSITIVE_INFINITY, color: '#2e9e6b' },
  ],
  scopes: ['zone', 'city'],
  method: 'hours of the last 24 in which a meter delivered, of all hours, over all meters that reported in them',
  completeness: 'at least one meter reported in the last 24 hours',
  source: 'supports U4SSC EC: ICT: WS: 1C and EC: ICT: ES: 1C',
  quantities: ['water_volume', 'water_flow', 'energy_import', 'heat_energy', 'gas_volume'],
  spatial: RATIO,
  reachHours: 23,
  live: true,
  device: (device, window) => {
    if (device.facts.role === 'ambient' || device.facts.role === 'ignore') return null;
    const starts = new Set<number>();
    for (const series of device.series) {
      for (const hour of series.hours(window.startMs, window.endMs)) {
        if (hour.pane.count > 0) starts.add(hour.startMs);
      }
    }
    if (starts.size === 0) return null;
    // An open window is asked only for the hours that have begun.
    const askedMs = Math.min(window.endMs, window.calendar.hourEnd(window.nowMs));
    const expected = hoursOf({ startMs: window.startMs, endMs: askedMs });
    const value = expected === 0 ? null : (100 * Math.min(starts.size, expected)) / expected;
    return {
      value,
      validCount: starts.size,
      expectedCount: expected,
      valid: true,
      note: '',
      numerator: 100 * Math.min(starts.size, expected),
      denominator: expected,
    };
  },
};
