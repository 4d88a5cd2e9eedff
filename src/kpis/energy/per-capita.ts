import { DAY_MS, exactSum } from '../../base/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters } from '../hours.ts';
import { DAYS_A_YEAR } from '../long-meters.ts';
import { RATIO } from '../spatial-rules.ts';
import { ELECTRICITY, electricityDay } from './energy-day.ts';

/**
 * Electricity consumption per head of the metered supplies, annualised from the local day. With generation of its own
 * a site consumes import + generation - export (KPI.md 5).
 */
export const electricityPerCapita: KpiDefinition = {
  id: 'electricity-per-capita',
  code: 'EN: E: E: 2C',
  title: 'Electricity consumption per capita (annualised)',
  domain: 'energy',
  unit: 'kW.h',
  unitLabel: 'kWh/year per head',
  window: 'day',
  direction: 'lower',
  decimals: 0,
  bands: [],
  scopes: ['zone', 'city'],
  method:
    '(import + generation \u2212 export) of the valid hours of the local day, as 365 such days, per person served',
  completeness: 'valid hours for at least 75 % of the day',
  source: 'U4SSC EN: E: E: 2C, annualised from a day',
  quantities: ELECTRICITY,
  spatial: RATIO,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const people = device.facts.peopleServed;
    if (device.facts.role !== 'customer' || people <= 0) return null;
    const day = electricityDay(device, window);
    if (day?.importKWh === undefined) return null;
    const { importKWh, exportKWh = 0, generationKWh = 0, coveredMs, validCount, note } = day;
    const expectedCount = hoursOf(window);
    const days = coveredMs / DAY_MS;
    const kWhPerYear = days > 0 ? (exactSum([importKWh, generationKWh, -exportKWh]) / days) * DAYS_A_YEAR : null;
    return {
      value: kWhPerYear === null ? null : kWhPerYear / people,
      validCount,
      expectedCount,
      valid: kWhPerYear !== null && validCount >= threeQuarters(expectedCount),
      note,
      numerator: kWhPerYear ?? 0,
      denominator: people,
    };
  },
};
