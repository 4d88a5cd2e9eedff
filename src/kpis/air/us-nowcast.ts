import { HOUR_MS } from '../../base/index.ts';
import { NOWCAST_HOURS, nowCastPm, ozoneSurrogate, US_AQI_2024, usAqiO3 } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { WORST } from '../spatial-rules.ts';
import { type AirHour, airHours, isMeasured, ppbOf, valuesOf } from './air-hours.ts';
import { bandsOf, type IndexItem, worstPart } from './index-part.ts';

const QUANTITIES = ['o3', 'pm2_5', 'pm10'] as const;

/** The US AQI of the NowCast: what the last twelve hours say of now. The EPA advises against it for single sensors. */
export const airUsNowCast: KpiDefinition = {
  id: 'air-us-aqi-nowcast',
  code: '',
  title: 'US Air Quality Index (NowCast, sensor)',
  domain: 'air',
  unit: '1',
  unitLabel: 'AQI',
  window: 'hour',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(US_AQI_2024.classes),
  scopes: ['device', 'zone', 'city'],
  method: `NowCast, sensor: PM2.5 and PM10 from 12 hours with weight w = max(0.5, min/max); O3 by surrogate (0.85 O3 + 4.5 ppb, not the regression), from the mass held at 20 Cel; ${US_AQI_2024.version}`,
  completeness: 'particles: two of the last three hours; O3: one of the last three hours',
  source: 'US EPA, EPA-454/B-24-002, pages 16 and 17; USEPA/O3-Nowcast (2019)',
  quantities: QUANTITIES,
  spatial: WORST,
  reachHours: NOWCAST_HOURS - 1,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const items = QUANTITIES.flatMap((quantity) => {
      const hours = airHours(device, quantity, window, window.endMs - NOWCAST_HOURS * HOUR_MS, window.endMs);
      return isMeasured(hours) ? [itemOf(quantity, hours)] : [];
    });
    return worstPart(items);
  },
};

function itemOf(quantity: (typeof QUANTITIES)[number], hours: readonly AirHour[]): IndexItem {
  const newestFirst = valuesOf(hours).reverse();
  if (quantity === 'o3') {
    const { ppb } = ozoneSurrogate(newestFirst.map((value) => (value === null ? null : ppbOf('o3', value))));
    const index = ppb === null ? null : usAqiO3(ppb / 1000, null);
    return { name: 'O3 (surrogate)', index, valid: index !== null };
  }
  const index = nowCastPm(quantity === 'pm2_5' ? 'pm25' : 'pm10', newestFirst)?.aqi ?? null;
  return { name: quantity === 'pm2_5' ? 'PM2.5' : 'PM10', index, valid: index !== null };
}
