import { HOUR_MS } from '../../base/index.ts';
import { mda8Eu } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import type { KpiBand } from '../kpi.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { airHours, isMeasured, valuesOf } from './air-hours.ts';
import { POLLUTANTS } from './pollutants.ts';

const BANDS: Readonly<Record<'o3' | 'co', readonly KpiBand[]>> = {
  o3: [
    { name: 'WHO guideline met', upTo: 100, color: '#2e9e6b' },
    { name: 'EU target value met', upTo: 120, color: '#e3c440' },
    { name: 'above EU target value', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
  co: [
    { name: 'WHO guideline and EU limit value met', upTo: 10, color: '#2e9e6b' },
    { name: 'above EU limit value', upTo: Number.POSITIVE_INFINITY, color: '#d6503f' },
  ],
};
/** The first window of a day begins at 17:00 of the day before. */
const HOURS_BEFORE = 7;

/** Maximum daily 8-hour mean: 8-hour windows that end in the local day (2008/50/EC annex VII). */
export function airMda8(pollutant: 'o3' | 'co'): KpiDefinition {
  const { name, unit, unitLabel } = POLLUTANTS[pollutant];
  return {
    id: `air-${pollutant}-mda8`,
    code: '',
    title: `${name}, highest 8-hour mean of the day`,
    domain: 'air',
    unit,
    unitLabel,
    window: 'day',
    direction: 'lower',
    decimals: 1,
    bands: BANDS[pollutant],
    scopes: ['device', 'zone', 'city'],
    method: 'highest of the 8-hour means of valid hours that end in the local day; a window needs 6 of 8 hours',
    completeness: 'at least 75 % of the windows of the day (18 of 24)',
    source: 'Directive 2008/50/EC, annexes VII.A.2 and XI',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: HOURS_BEFORE,
    device: (device, window) => {
      if (device.facts.role !== 'ambient') return null;
      const beforeMs = window.startMs - HOURS_BEFORE * HOUR_MS;
      const before = airHours(device, pollutant, window, beforeMs, window.startMs);
      const day = airHours(device, pollutant, window, window.startMs, window.endMs);
      if (!isMeasured(before) && !isMeasured(day)) return null;
      const { mda8, validWindows, expectedWindows, valid } = mda8Eu(valuesOf(before), valuesOf(day));
      return { value: mda8, validCount: validWindows, expectedCount: expectedWindows, valid, note: '' };
    },
  };
}
