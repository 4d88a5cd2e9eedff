import { DAY_MS, exactSum } from '../../base/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters, wholeHours, wholeSeries } from '../hours.ts';
import { RATIO } from '../spatial-rules.ts';

const DAYS_A_YEAR = 365;

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
  quantities: ['energy_import', 'energy_export', 'energy_generation'],
  spatial: RATIO,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    if (device.facts.role !== 'customer' || device.facts.peopleServed <= 0) return null;
    const importSeries = wholeSeries(device, 'energy_import', window);
    if (importSeries.length === 0) return null;
    const others = [
      { sign: 1, series: wholeSeries(device, 'energy_generation', window) },
      { sign: -1, series: wholeSeries(device, 'energy_export', window) },
    ]
      .filter(({ series }) => series.length > 0)
      .map(({ sign, series }) => ({ sign, hours: wholeHours(series, window) }));
    const amounts: number[] = [];
    let coveredMs = 0;
    let validCount = 0;
    for (const hour of wholeHours(importSeries, window).values()) {
      const beside = others.map(({ sign, hours }) => ({ sign, hour: hours.get(hour.startMs) }));
      if (beside.some((other) => other.hour === undefined)) continue;
      validCount++;
      coveredMs += hour.endMs - hour.startMs;
      amounts.push(hour.value, ...beside.map((other) => other.sign * (other.hour?.value ?? Number.NaN)));
    }
    const expectedCount = hoursOf(window);
    const days = coveredMs / DAY_MS;
    const kWhPerYear = days > 0 ? (exactSum(amounts) / days) * DAYS_A_YEAR : null;
    const people = device.facts.peopleServed;
    return {
      value: kWhPerYear === null ? null : kWhPerYear / people,
      validCount,
      expectedCount,
      valid: kWhPerYear !== null && validCount >= threeQuarters(expectedCount),
      note: '',
      numerator: kWhPerYear ?? 0,
      denominator: people,
    };
  },
};
