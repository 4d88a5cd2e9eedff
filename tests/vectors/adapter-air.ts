import {
  EAQI_2024,
  type EaqiPollutant,
  eaqiLevel2017,
  eaqiLevel2024,
  eaqiOverall,
  ppbToUgm3,
  U4SSC_UGM3_PER_PPB,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters } from './adapter-types.ts';

const POLLUTANT_IDS: Readonly<Record<string, EaqiPollutant>> = {
  pm25: 'pm2_5',
  pm10: 'pm10',
  no2: 'no2',
  o3: 'o3',
  so2: 'so2',
};

const quantityId = (name: string): EaqiPollutant => {
  const id = POLLUTANT_IDS[name];
  if (id === undefined) throw new Error(`the vectors name the unknown pollutant "${name}"`);
  return id;
};

export const AIR: Adapters = {
  'eaqi.level2024': (v: { pollutant: string; hourlyUgm3: number }) =>
    eaqiLevel2024(quantityId(v.pollutant), v.hourlyUgm3),
  'eaqi.level2017': (v: { pollutant: string; ugm3: number }) => eaqiLevel2017(quantityId(v.pollutant), v.ugm3),
  'eaqi.overall2024': (v: Record<string, number>) => {
    const values = Object.fromEntries(Object.entries(v).map(([name, ugm3]) => [quantityId(name), ugm3]));
    const overall = eaqiOverall(EAQI_2024, values);
    return overall && { level: overall.level, name: overall.name, driver: overall.driver };
  },
  'units.ppbToUgm3': (v: { gas: string; ppb: number; tempC: number }) => ppbToUgm3(v.gas, v.ppb, v.tempC),
  'u4ssc.ppbToUgm3': (v: { gas: 'no2' | 'so2' | 'o3'; ppb: number }) => v.ppb * U4SSC_UGM3_PER_PPB[v.gas],
};
