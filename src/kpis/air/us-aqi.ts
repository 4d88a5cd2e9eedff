import { HOUR_MS } from '../../base/index.ts';
import { mda8Eu, mda8Us, US_AQI_2024, usAqiO3, usAqiSo2, usAqiSubIndex } from '../arithmetic/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow } from '../definition.ts';
import { WORST } from '../spatial-rules.ts';
import {
  type AirHour,
  airHours,
  type Concentration,
  highestOf,
  isMeasured,
  meanOf,
  ppbOf,
  ppmOf,
  valuesOf,
} from './air-hours.ts';
import { bandsOf, type IndexItem, worstPart } from './index-part.ts';

/** 40 CFR 50 appendix N: 75 % of the hours of the day; likewise for the highest hour of gases. */
const HOURS_MIN = 18;
/** The last 8-hour mean of ozone that belongs to a day starts at 23:00; that of CO before the day at 17:00. */
const HOURS_BEYOND = 7;
export const US_AQI_QUANTITIES = ['o3', 'pm2_5', 'pm10', 'co', 'so2', 'no2'] as const;

/** The US AQI of a day of local standard time: that of the worst of six pollutants. */
export const airUsAqi: KpiDefinition = {
  id: 'air-us-aqi',
  code: '',
  title: 'US Air Quality Index of the day',
  domain: 'air',
  unit: '1',
  unitLabel: 'AQI',
  window: 'day-standard',
  direction: 'lower',
  decimals: 0,
  bands: bandsOf(US_AQI_2024.classes),
  scopes: ['device', 'zone', 'city'],
  method: `${US_AQI_2024.version}: PM2.5, PM10 and SO2 of 24 hours, O3 and CO of 8, O3, SO2 and NO2 of 1; truncated, interpolated, rounded half up; gases as mole fractions from the mass held at 20 Cel and 101.325 kPa`,
  completeness: 'a pollutant with 18 of 24 valid hours (CO 18 of 24, O3 13 of 17 8-hour means, each of 6 hours)',
  source: US_AQI_2024.source,
  quantities: US_AQI_QUANTITIES,
  spatial: WORST,
  reachHours: HOURS_BEYOND,
  aheadHours: HOURS_BEYOND,
  device: (device, window) => {
    if (device.facts.role !== 'ambient') return null;
    const hours = (quantity: string) => airHours(device, quantity, window, window.startMs, window.endMs);
    const items = US_AQI_QUANTITIES.flatMap((quantity) => {
      const day = hours(quantity);
      return isMeasured(day) ? [ITEMS[quantity](day, device, window)] : [];
    });
    return worstPart(items);
  },
};

type ItemOf = (day: readonly AirHour[], device: KpiDevice, window: KpiWindow) => IndexItem;

const ITEMS: Readonly<Record<(typeof US_AQI_QUANTITIES)[number], ItemOf>> = {
  pm2_5: (day) => simple('PM2.5', meanOf(day, HOURS_MIN), (value) => usAqiSubIndex('pm25_24h', value)),
  pm10: (day) => simple('PM10', meanOf(day, HOURS_MIN), (value) => usAqiSubIndex('pm10_24h', value)),
  no2: (day) => simple('NO2', highestOf(day, HOURS_MIN), (value) => usAqiSubIndex('no2_1h', ppbOf('no2', value))),
  so2: (day) => {
    const oneHour = highestOf(day, HOURS_MIN);
    const mean = meanOf(day, HOURS_MIN);
    const dayPpb = mean.valid && mean.value !== null ? ppbOf('so2', mean.value) : null;
    return simple('SO2', oneHour, (value) => usAqiSo2(ppbOf('so2', value), dayPpb));
  },
  co: (day, device, window) => {
    const before = airHours(device, 'co', window, window.startMs - HOURS_BEYOND * HOUR_MS, window.startMs);
    const { mda8, valid, validWindows } = mda8Eu(valuesOf(before), valuesOf(day));
    const highest = { value: mda8, valid, validHours: validWindows };
    return simple('CO', highest, (value) => usAqiSubIndex('co_8h', ppmOf('co', value)));
  },
  o3: (day, device, window) => {
    const after = airHours(device, 'o3', window, window.endMs, window.endMs + HOURS_BEYOND * HOUR_MS);
    const ppm = valuesOf([...day, ...after]).map((value) => (value === null ? null : ppmOf('o3', value)));
    const eightHours = mda8Us(ppm);
    const oneHour = highestOf(day, HOURS_MIN);
    const oneHourPpm = oneHour.value === null ? null : ppmOf('o3', oneHour.value);
    // Each line of the index is vouched for by its own hours: 1-hour values have none below 0.125 ppm.
    const valid = usAqiO3(eightHours.valid ? eightHours.mda8 : null, oneHour.valid ? oneHourPpm : null);
    return { name: 'O3', index: valid ?? usAqiO3(eightHours.mda8, oneHourPpm), valid: valid !== null };
  },
};

function simple(name: string, { value, valid }: Concentration, indexOf: (value: number) => number | null): IndexItem {
  return { name, index: value === null ? null : indexOf(value), valid };
}
