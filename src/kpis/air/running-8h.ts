import { whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { partOf } from '../hours.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { airHours, isMeasured, meanOf } from './air-hours.ts';
import { POLLUTANTS } from './pollutants.ts';
import { whoBands } from './who-bands.ts';

const HOURS = 8;
const HOURS_MIN = 6;

/** Running mean of the last eight hours, end-stamped at full hours (KPI.md 6.3). */
export function airRunning8h(pollutant: 'o3' | 'co'): KpiDefinition {
  const { name, unit, unitLabel } = POLLUTANTS[pollutant];
  return {
    id: `air-${pollutant}-8h`,
    code: '',
    title: `${name}, 8-hour mean`,
    domain: 'air',
    unit,
    unitLabel,
    window: 'rolling-8h',
    direction: 'lower',
    decimals: 1,
    bands: whoBands(whoLevel(pollutant, '8-hour')),
    scopes: ['device', 'zone', 'city'],
    method: 'mean of the valid hourly means of the last 8 hours; bands: WHO 2021 guideline and interim targets',
    completeness: 'at least 6 of 8 valid hours',
    source: 'Directive 2008/50/EC, annexes VII.A.2 and XI; WHO global air quality guidelines 2021',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: HOURS - 1,
    device: (device, window) => {
      if (device.facts.role !== 'ambient') return null;
      const hours = airHours(device, pollutant, window, window.startMs, window.endMs);
      if (!isMeasured(hours)) return null;
      const { value, validHours } = meanOf(hours, HOURS_MIN);
      return partOf(value, validHours, HOURS, HOURS_MIN);
    },
  };
}
