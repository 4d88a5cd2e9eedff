import { EAQI_2024, EAQI_POLLUTANTS, eaqiOverall } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, expectedHour } from '../hours.ts';
import { WORST } from '../spatial-rules.ts';
import { bandsOf } from './index-part.ts';
import { POLLUTANTS } from './pollutants.ts';

/** European Air Quality Index 2024/25: the class of the worst pollutant of the hour, nothing filled in. */
export const airEaqi: KpiDefinition = {
  id: 'air-eaqi',
  code: '',
  title: 'European Air Quality Index',
  domain: 'air',
  unit: '1',
  unitLabel: 'class',
  window: 'hour',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(EAQI_2024.classes),
  scopes: ['device', 'zone', 'city'],
  method: `class of the worst pollutant of the hour, from at least one valid hourly mean; ${EAQI_2024.version}`,
  completeness: 'at least one pollutant with a valid hour',
  source: EAQI_2024.source,
  quantities: EAQI_POLLUTANTS,
  spatial: WORST,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const hours = EAQI_POLLUTANTS.flatMap((pollutant) => {
      const hour = expectedHour(device, pollutant, window);
      return hour === undefined ? [] : [{ pollutant, hour }];
    });
    if (hours.length === 0) return null;
    const measured = hours.flatMap(({ pollutant, hour }) => (hour === null ? [] : [{ pollutant, hour }]));
    const validHours = measured.filter(({ hour }) => hour.valid);
    const used = validHours.length > 0 ? validHours : measured;
    const overall = eaqiOverall(
      EAQI_2024,
      Object.fromEntries(used.map(({ pollutant, hour }) => [pollutant, hour.value])),
    );
    return {
      value: overall?.level ?? null,
      validCount: validHours.length,
      expectedCount: hours.length,
      valid: overall !== null && validHours.length > 0,
      note: overall === null ? '' : POLLUTANTS[overall.driver].name,
    };
  },
};
