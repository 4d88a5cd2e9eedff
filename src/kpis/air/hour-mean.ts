import { EAQI_2024, type EaqiPollutant } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, expectedHour, hourPart } from '../hours.ts';
import type { KpiBand } from '../kpi.ts';
import { MEAN_OF_STATIONS } from '../spatial-rules.ts';

const TITLES: Readonly<Record<EaqiPollutant, string>> = {
  pm2_5: 'PM2.5, hourly mean',
  pm10: 'PM10, hourly mean',
  no2: 'NO2, hourly mean',
  o3: 'O3, hourly mean',
  so2: 'SO2, hourly mean',
};

/** Hourly mean of a pollutant; an hour is valid with 75 % of its expected readings (2008/50/EC annex I: 45 minutes). */
export function airHourMean(pollutant: EaqiPollutant): KpiDefinition {
  return {
    id: `air-${pollutant.replace('_', '-')}-hour`,
    code: '',
    title: TITLES[pollutant],
    domain: 'air',
    unit: 'ug/m3',
    unitLabel: '\u00b5g/m\u00b3',
    window: 'hour',
    direction: 'lower',
    decimals: 1,
    bands: eaqiBands(pollutant),
    scopes: ['device', 'zone', 'city'],
    method: `arithmetic mean of the readings of the hour; colour bands of ${EAQI_2024.version}`,
    completeness: 'at least 75 % of the expected readings of the hour',
    source: 'Directive 2008/50/EC, annex I',
    quantities: [pollutant],
    spatial: MEAN_OF_STATIONS,
    reachHours: EXPECTED_AFTER_HOURS,
    device: (device, window) => {
      const hour = expectedHour(device, pollutant, window);
      return device.facts.role !== 'ambient' || hour === undefined ? null : hourPart(hour);
    },
  };
}

/** The classes of the European Air Quality Index as bands of one pollutant. */
export function eaqiBands(pollutant: EaqiPollutant): readonly KpiBand[] {
  return EAQI_2024.classes.map(({ name, color }, index) => ({
    name,
    color,
    upTo: EAQI_2024.pollutants[pollutant][index] ?? Number.POSITIVE_INFINITY,
  }));
}
