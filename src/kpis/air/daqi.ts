import { HOUR_MS } from '../../base/index.ts';
import { DAQI_2013, DAQI_POLLUTANTS, type DaqiPollutant, daqiIndex } from '../arithmetic/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow } from '../definition.ts';
import { mainSeries } from '../hours.ts';
import { WORST } from '../spatial-rules.ts';
import { airHours, type Concentration, lastDay, meanOf } from './air-hours.ts';
import { bandsOf, type IndexItem, worstPart } from './index-part.ts';
import { POLLUTANTS } from './pollutants.ts';

/** Hours that a running mean needs, by its length: three quarters. */
const NEEDED = { 1: 1, 8: 6, 24: 18 } as const;
const QUARTERS_MIN = 3;

/** The UK Daily Air Quality Index as it stands at the end of an hour. */
export const airDaqi: KpiDefinition = {
  id: 'air-daqi',
  code: '',
  title: 'UK Daily Air Quality Index',
  domain: 'air',
  unit: '1',
  unitLabel: 'index',
  window: 'hour',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(DAQI_2013.classes),
  scopes: ['device', 'zone', 'city'],
  method: `highest index of running means that end with the hour: O3 8 hours, NO2 1 hour, SO2 the highest quarter-hour of the hour, PM2.5 and PM10 24 hours; rounded to whole ug/m3, half up; ${DAQI_2013.version}`,
  completeness:
    'one pollutant with 3 of 4 quarter-hours (SO2), a valid hour (NO2), 6 of 8 (O3) or 18 of 24 hours (particles)',
  source: DAQI_2013.source,
  quantities: DAQI_POLLUTANTS,
  spatial: WORST,
  reachHours: 23,
  looksAt: ['hours', 'quarters'],
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const items: IndexItem[] = [];
    for (const pollutant of DAQI_POLLUTANTS) {
      if (!lastDay(device, pollutant, window).isMeasured) continue;
      const { value, valid } = concentrationOf(device, pollutant, window);
      const index = value === null ? null : daqiIndex(pollutant, value);
      items.push({ name: POLLUTANTS[pollutant].name, index, valid });
    }
    return worstPart(items);
  },
};

function concentrationOf(device: KpiDevice, pollutant: DaqiPollutant, window: KpiWindow): Concentration {
  if (pollutant === 'so2') return highestQuarter(device, window);
  const lengthHours = (DAQI_2013.averagingMinutes[pollutant] / 60) as keyof typeof NEEDED;
  if (lengthHours === 24) {
    const mean = lastDay(device, pollutant, window).mean();
    return { ...mean, valid: mean.validHours >= NEEDED[lengthHours] };
  }
  const hours = airHours(device, pollutant, window, window.endMs - lengthHours * HOUR_MS, window.endMs);
  return meanOf(hours, NEEDED[lengthHours]);
}

function highestQuarter(device: KpiDevice, window: KpiWindow): Concentration {
  const quarters = mainSeries(device, 'so2', window)?.quarters(window.startMs, window.endMs) ?? [];
  const values = quarters.flatMap(({ value, valid }) => (valid && value !== null ? [value] : []));
  const value = values.length === 0 ? null : values.reduce((most, one) => Math.max(most, one));
  return { value, validHours: values.length, valid: values.length >= QUARTERS_MIN };
}
