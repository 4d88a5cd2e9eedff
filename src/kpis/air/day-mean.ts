import type { EaqiPollutant } from '../arithmetic/index.ts';
import { meanOfValid } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { hoursOf, mainSeries, partOf, threeQuarters, validValues } from '../hours.ts';
import type { KpiBand } from '../kpi.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';

const TITLES: Readonly<Record<EaqiPollutant, string>> = {
  pm2_5: 'PM2.5, 24-hour mean',
  pm10: 'PM10, 24-hour mean',
  no2: 'NO2, 24-hour mean',
  o3: 'O3, 24-hour mean',
  so2: 'SO2, 24-hour mean',
};

/** WHO 2021 24-hour guideline and interim targets, ug/m3 (KPI.md 2.7); ozone has none for 24 hours. */
const WHO_DAY: Readonly<Record<EaqiPollutant, readonly number[]>> = {
  pm2_5: [15, 25, 37.5, 50, 75],
  pm10: [45, 50, 75, 100, 150],
  no2: [25, 50, 120],
  o3: [],
  so2: [40, 50, 125],
};

const WHO_COLORS = ['#2e9e6b', '#9bbf3b', '#e3c440', '#e8923a', '#d6503f', '#8e2a5c'];

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
    bands: whoBands(WHO_DAY[pollutant]),
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

function whoBands(limits: readonly number[]): readonly KpiBand[] {
  if (limits.length === 0) return [];
  const name = (index: number): string => {
    if (index === 0) return 'WHO guideline met';
    return index === limits.length ? 'above all WHO targets' : `WHO interim target ${limits.length - index} met`;
  };
  return [...limits, Number.POSITIVE_INFINITY].map((upTo, index) => ({
    name: name(index),
    upTo,
    color: WHO_COLORS[index] ?? '#8e2a5c',
  }));
}
