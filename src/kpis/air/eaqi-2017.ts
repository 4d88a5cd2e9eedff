import { EAQI_2017, EAQI_POLLUTANTS, eaqiLevel } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { WORST } from '../spatial-rules.ts';
import { lastDay, meanOf } from './air-hours.ts';
import { bandsOf, type IndexItem, worstPart } from './index-part.ts';
import { POLLUTANTS } from './pollutants.ts';

/** The European index as it was from 2017 to 2024, for comparison with older series. */
export const airEaqi2017: KpiDefinition = {
  id: 'air-eaqi-2017',
  code: '',
  title: 'European Air Quality Index (2017-2024)',
  domain: 'air',
  unit: '1',
  unitLabel: 'class',
  window: 'hour',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(EAQI_2017.classes),
  scopes: ['device', 'zone', 'city'],
  method: `class of the worst pollutant: PM2.5 and PM10 as running means of 24 hours, gases of the hour; ${EAQI_2017.version}`,
  completeness: 'valid NO2 and PM2.5 or PM10 (18 of 24 hours), and O3 where it is measured',
  source: EAQI_2017.source,
  quantities: EAQI_POLLUTANTS,
  spatial: WORST,
  reachHours: 23,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const measured = new Map<string, boolean>();
    const items: IndexItem[] = [];
    for (const pollutant of EAQI_POLLUTANTS) {
      const day = lastDay(device, pollutant, window);
      if (!day.isMeasured) continue;
      const { value, valid } = EAQI_2017.averagingHours[pollutant] === 24 ? day.mean() : meanOf(day.hours.slice(-1), 1);
      measured.set(pollutant, valid);
      const index = value === null ? null : eaqiLevel(EAQI_2017, pollutant, value);
      items.push({ name: POLLUTANTS[pollutant].name, index, valid });
    }
    const part = worstPart(items);
    if (part === null) return null;
    const is = (pollutant: string): boolean => measured.get(pollutant) === true;
    const enough = is('no2') && (is('pm2_5') || is('pm10')) && measured.get('o3') !== false;
    return { ...part, valid: part.valid && enough };
  },
};
