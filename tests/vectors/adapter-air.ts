import {
  CHINA_AQI_2012,
  CHINA_AQI_2026,
  type ChinaItem,
  chinaAqi,
  chinaIaqi,
  chinaIaqi2026,
  daqiIndex,
  EAQI_2024,
  type EaqiPollutant,
  eaqiLevel2017,
  eaqiLevel2024,
  eaqiOverall,
  meanOfValid,
  type NaqiItem,
  naqiOverall,
  naqiSubIndex,
  nowCastPm,
  ozoneSurrogate,
  ppbToUgm3,
  U4SSC_UGM3_PER_PPB,
  type UsAqiConcentrations,
  type UsAqiItem,
  usAqiOverall,
  usAqiSo2,
  usAqiSubIndex,
} from '../../src/kpis/arithmetic/index.ts';
import { barkjohn2021, fireSmokeMap } from '../../src/profiles/pm-correction.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

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

const usAqi: Adapters = {
  'usAqi.subIndex': (v: { pollutant: UsAqiItem; concentration: number }) => usAqiSubIndex(v.pollutant, v.concentration),
  'usAqi.overall': (v: UsAqiConcentrations) => usAqiOverall(v),
  'usAqi.so2': (v: { so2_1h_ppb: number | null; so2_24h_ppb: number | null }) => usAqiSo2(v.so2_1h_ppb, v.so2_24h_ppb),
  'usAqi.fromHourly': (v: { pollutant: UsAqiItem; hourly: Hourly }) => {
    const mean = meanOfValid(v.hourly);
    return mean === null ? null : usAqiSubIndex(v.pollutant, mean);
  },
};

const nowCast: Adapters = {
  'nowcast.pm': (v: { pollutant: 'pm25' | 'pm10'; hourlyMostRecentFirst: Hourly }) =>
    nowCastPm(v.pollutant, v.hourlyMostRecentFirst),
  'nowcast.o3Surrogate': (v: { hourlyPpb?: number | null; lastThreePpbMostRecentFirst?: Hourly }) => {
    const { ppb, methodId } = ozoneSurrogate(v.lastThreePpbMostRecentFirst ?? [v.hourlyPpb ?? null]);
    return v.lastThreePpbMostRecentFirst === undefined ? { ppb } : { ppb, methodId };
  },
};

const otherIndexes: Adapters = {
  'daqi.index': (v: { pollutant: string; ugm3: number }) => daqiIndex(quantityId(v.pollutant), v.ugm3),
  'india.subIndex': (v: { pollutant: NaqiItem; ugm3?: number; value?: number }) =>
    naqiSubIndex(v.pollutant, (v.ugm3 ?? v.value)!)?.value ?? null,
  'india.overall': (v: Record<string, number | string>) => naqiOverall(known(v))?.value ?? null,
  'cn2026.iaqi': (v: { item: ChinaItem; value: number }) => chinaIaqi2026(v.item, v.value),
  'cn2012.iaqi': (v: { item: ChinaItem; value: number }) => chinaIaqi(CHINA_AQI_2012, v.item, v.value),
  'cn2026.publish': (v: { iaqi: Record<string, number>; missing: string[] }) => {
    const { aqi, primary } = chinaAqi(CHINA_AQI_2026, v.iaqi);
    return aqi === null ? { aqi: 'NA' } : { aqi, primary };
  },
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
  'units.ppbToUgm3': (v: { gas: string; ppb: number; tempC: number; pressureKPa?: number }) =>
    ppbToUgm3(v.gas, v.ppb, v.tempC, v.pressureKPa),
  'u4ssc.ppbToUgm3': (v: { gas: 'no2' | 'so2' | 'o3'; ppb: number }) => v.ppb * U4SSC_UGM3_PER_PPB[v.gas],
  ...usAqi,
  ...nowCast,
  ...otherIndexes,
  'purpleair.fireSmokeMap': (v: { pm25: number; rh: number }) => fireSmokeMap({ ugm3: v.pm25, humidity: v.rh }),
  'purpleair.barkjohn2021': (v: { pm25cf1: number; rh: number }) => barkjohn2021({ ugm3: v.pm25cf1, humidity: v.rh }),
};

/** Pollutants that are there as words of the vectors: `missing` stands for null. */
function known(values: Record<string, number | string>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? value : null]),
  );
}
