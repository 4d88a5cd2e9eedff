import type { EaqiPollutant } from '../arithmetic/index.ts';
import { meanOfValid, whoLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, mainSeries, partOf, threeQuarters, validValues } from '../hours.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';
import { whoBands } from './who-bands.ts';

const TITLES: Readonly<Record<EaqiPollutant, string>> = {
  pm2_5: 'PM2.5, 24-hour mean',
  pm10: 'PM10, 24-hour mean',
  no2: 'NO2, 24-hour mean',
  o3: 'O3, 24-hour mean',
  so2: 'SO2, 24-hour mean',
};

/** Rolling mean of the valid hourly means of the last 24 hours, end-stamped at full hours (KPI.md 6.3). */
export function airDayMean(pollutant: EaqiPollutant): KpiDefinition {
  return {
    id: `air-${pollutant.replace('_', '-')}-24h`,
    code: '',
    title: TITLES[pollutant],
    domain: 'air',
    unit: 'ug/m3',
    unitLabel: '\u00b5g/m\u00b3',
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
