import { type EaqiPollutant, meanOfValid, whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, mainSeries, partOf, threeQuarters, validValues } from '../hours.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { idPart, POLLUTANTS } from './pollutants.ts';
import { whoBands } from './who-bands.ts';

/** Rolling mean of the valid hourly means of the last 24 hours, end-stamped at full hours (KPI.md 6.3). */
export function airDayMean(pollutant: EaqiPollutant): KpiDefinition {
  const { name, unit, unitLabel } = POLLUTANTS[pollutant];
  return {
    id: `air-${idPart(pollutant)}-24h`,
    code: '',
    title: `${name}, 24-hour mean`,
    domain: 'air',
    unit,
    unitLabel,
    window: 'rolling-24h',
    direction: 'lower',
    decimals: 1,
    bands: whoBands(whoLevel(pollutant, 'day')),
    scopes: ['device', 'zone', 'city'],
    method: 'mean of the valid hourly means of the last 24 hours; bands: WHO 2021 guideline and interim targets',
    completeness: 'at least 18 of 24 valid hours',
    source: 'Directive 2008/50/EC, annexes I and VII; WHO global air quality guidelines 2021',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: 23,
    device: (device, window) => {
      const series = mainSeries(device, pollutant, window);
      const hours = series?.hours(window.startMs, window.endMs) ?? [];
      if (device.facts.role !== 'ambient' || hours.length === 0) return null;
      const values = validValues(hours);
      const expected = hoursOf(window);
      return partOf(meanOfValid(values), values.length, expected, threeQuarters(expected));
    },
  };
}
