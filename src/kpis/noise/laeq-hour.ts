import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, expectedHour, hourPart } from '../hours.ts';
import { ENERGETIC_MEAN } from '../spatial-rules.ts';

/** Equivalent level of the hour: the energetic mean of its readings (KPI.md 3). */
export const noiseLaeqHour: KpiDefinition = {
  id: 'noise-laeq-hour',
  code: '',
  title: 'LAeq, 1 hour',
  domain: 'noise',
  unit: 'dB[SPL]',
  unitLabel: 'dB(A)',
  window: 'hour',
  direction: 'lower',
  decimals: 1,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method: '10\u00b7log10 of the mean energy of the readings of the hour',
  completeness: 'at least 75 % of the expected readings of the hour',
  source: 'ISO 1996-1, equivalent continuous sound pressure level',
  quantities: ['laeq'],
  spatial: ENERGETIC_MEAN,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const hour = expectedHour(device, 'laeq', window);
    return device.facts.role !== 'ambient' || hour === undefined ? null : hourPart(hour);
  },
};
