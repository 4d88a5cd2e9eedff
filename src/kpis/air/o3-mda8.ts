import { HOUR_MS } from '../../base/index.ts';
import { mda8Eu } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hourlyValues, mainSeries } from '../hours.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';

/** Maximum daily 8-hour mean of ozone: 8-hour windows that end in the local day (2008/50/EC annex VII). */
export const airO3Mda8: KpiDefinition = {
  id: 'air-o3-mda8',
  code: '',
  title: 'O3, highest 8-hour mean of the day',
  domain: 'air',
  unit: 'ug/m3',
  unitLabel: '\u00b5g/m\u00b3',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  bands: [
    { name: 'WHO guideline met', upTo: 100, color: '#2e9e6b' },
    { name: 'EU target value met', upTo: 120, color: '#e3c440' },
    { name: 'above EU target value', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  scopes: ['device', 'zone', 'city'],
  method: 'highest of the 8-hour means of valid hours that end in the local day; a window needs 6 of 8 hours',
  completeness: 'at least 75 % of the windows of the day (18 of 24)',
  source: 'Directive 2008/50/EC, annexes VII.A.2 and XI',
  quantities: ['o3'],
  spatial: MEAN_OF_STATIONS,
  reachHours: 7,
  device: (device, window) => {
    const fromMs = window.startMs - 7 * HOUR_MS;
    const series = mainSeries(device, 'o3', { startMs: fromMs, endMs: window.endMs });
    if (series === undefined || device.facts.role !== 'ambient') return null;
    if (series.hours(fromMs, window.endMs).length === 0) return null;
    const before = hourlyValues(series, window.calendar, fromMs, window.startMs);
    const day = hourlyValues(series, window.calendar, window.startMs, window.endMs);
    const result = mda8Eu(before, day);
    return {
      value: result.mda8,
      validCount: result.validWindows,
      expectedCount: result.expectedWindows,
      valid: result.valid,
      note: '',
    };
  },
};
