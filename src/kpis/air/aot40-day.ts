import { DAY_MS, HOUR_MS } from '../../base/index.ts';
import { aot40 } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { airHours, isMeasured, validValue, valuesOf } from './air-hours.ts';

const FROM_HOUR = 8;
const TO_HOUR = 20;

/** AOT40 of one day, not scaled: what that of a season is summed from. */
export const airAot40Day: KpiDefinition = {
  id: 'air-o3-aot40-day',
  code: '',
  title: 'O3, AOT40 of the day',
  domain: 'air',
  unit: 'ug/m3.h',
  unitLabel: '\u00b5g/m\u00b3\u00b7h',
  window: 'day',
  direction: 'lower',
  decimals: 0,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method:
    'sum of what exceeds 80 ug/m3 (40 ppb) in the valid hours from 08 to 20 Central European Time that begin in the local day; not scaled to missing hours',
  completeness: 'at least 90 % of these hours',
  source: 'Directive 2008/50/EC, annex VII',
  quantities: ['o3'],
  spatial: MEAN_OF_STATIONS,
  reachHours: 0,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const hours = airHours(device, 'o3', window, window.startMs, window.endMs);
    const light = hours.filter((_, index) => isLight(window.startMs + index * HOUR_MS));
    if (!isMeasured(light)) return null;
    const validCount = light.filter((hour) => validValue(hour) !== null).length;
    const { measured, valid } = aot40(valuesOf(light), light.length);
    return { value: validCount === 0 ? null : measured, validCount, expectedCount: light.length, valid, note: '' };
  },
};

/** Whether an hour begins between 08 and 20 Central European Time, which is UTC+1 all the year here. */
function isLight(startMs: number): boolean {
  const hour = ((startMs + HOUR_MS) % DAY_MS) / HOUR_MS;
  return hour >= FROM_HOUR && hour < TO_HOUR;
}
