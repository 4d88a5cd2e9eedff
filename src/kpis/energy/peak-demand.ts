import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { COINCIDENT_PEAK, peakOf } from '../spatial-rules.ts';
import { DEMAND_QUANTITIES, demandDay, demandPart, gridBeforeCustomers } from './demand.ts';

/**
 * Highest demand of clock-aligned 15-minute intervals of the local day, kW. A register that is read less often than
 * every 15 minutes has no 15-minute demand; its hours are used, and the note of the method says so (KPI.md 5).
 */
export const peakDemand: KpiDefinition = {
  id: 'peak-demand',
  code: '',
  title: 'Peak demand, 15 minutes',
  domain: 'energy',
  unit: 'kW',
  unitLabel: 'kW',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method:
    'highest energy of a clock-aligned 15-minute interval, as kW; registers read less often than that count with their hours; note: start of the interval',
  completeness: 'at least 75 % of the intervals of the day, measured whole',
  source: 'clock-aligned interval demand of electricity metering',
  quantities: DEMAND_QUANTITIES,
  spatial: gridBeforeCustomers(COINCIDENT_PEAK, COINCIDENT_PEAK.text),
  reachHours: EXPECTED_AFTER_HOURS,
  looksAt: ['hours', 'quarters'],
  device: (device, window) => {
    const day = demandDay(device, window);
    if (day === null) return null;
    const peak = peakOf(day.curve);
    return demandPart(day, peak?.value ?? null, peak?.note);
  },
};
