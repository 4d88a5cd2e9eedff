import { DAY_MS, exactSum } from '../base/index.ts';
import type { KpiDefinition, KpiDevice, KpiHour, KpiWindow } from './definition.ts';
import { hoursOf, threeQuarters, wholeSeries } from './hours.ts';
import { RATIO } from './spatial-rules.ts';

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
  completeness: 'at least 75 % of the hours of the day are valid',
  source: 'U4SSC EN: E: E: 2C, annualised from a day',
  quantities: ['energy_import', 'energy_export', 'energy_generation'],
  spatial: RATIO,
  reachHours: 0,
  device: (device, window) => {
    if (device.facts.role !== 'customer' || device.facts.peopleServed <= 0) return null;
    const imported = hoursByStart(device, window, 'energy_import');
    if (imported === undefined) return null;
    const others = [
      { sign: 1, hours: hoursByStart(device, window, 'energy_generation') },
      { sign: -1, hours: hoursByStart(device, window, 'energy_export') },
    ].filter((other) => other.hours !== undefined);
    const amounts: number[] = [];
    let coveredMs = 0;
    let validCount = 0;
    for (const [startMs, hour] of imported) {
      const beside = others.map(({ sign, hours }) => ({ sign, hour: hours?.get(startMs) }));
      if (hour === null || beside.some((other) => !other.hour)) continue;
      validCount++;
      coveredMs += hour.endMs - hour.startMs;
      amounts.push(hour.value ?? 0, ...beside.map((other) => other.sign * (other.hour?.value ?? 0)));
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

/** Valid hours by start, phases summed; an hour of which a phase is missing is null. Undefined without such a series. */
function hoursByStart(device: KpiDevice, window: KpiWindow, quantity: string): Map<number, KpiHour | null> | undefined {
  const all = wholeSeries(device, quantity).map((series) => series.hours(window.startMs, window.endMs));
  if (all.length === 0) return undefined;
  const byStart = new Map<number, KpiHour | null>();
  for (const hour of all[0] ?? []) {
    const phases = all.map((hours) => hours.find((other) => other.startMs === hour.startMs));
    const complete = phases.every((phase) => phase?.valid === true && phase.value !== null);
    byStart.set(hour.startMs, complete ? { ...hour, value: exactSum(phases.map((phase) => phase?.value ?? 0)) } : null);
  }
  return byStart;
}
