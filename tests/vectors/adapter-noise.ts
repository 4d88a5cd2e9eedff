import {
  energyMean,
  energySum,
  exceedanceLevel,
  exposureShare,
  lden,
  ldn,
  leq,
  noiseDayFromHourly,
  type PeriodLevels,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

export const NOISE: Adapters = {
  'noise.leq': (v: { levels: number[]; durations?: number[] }) => leq(v.levels, v.durations),
  'noise.energySum': (v: { levels: number[] }) => energySum(v.levels),
  'noise.energyMean': (v: { levels: number[] }) => energyMean(v.levels),
  'noise.lden': (v: PeriodLevels) => lden(v),
  'noise.ldn': (v: { lday: number; lnight: number }) => ldn(v),
  'noise.exceedance': (v: { levels: number[]; n: number }) => exceedanceLevel(v.levels, v.n),
  'noise.fromHourly': (v: { hourlyLaeqLocal00to23: Hourly }) => noiseDayFromHourly(v.hourlyLaeqLocal00to23),
  'noise.exposureShare': (v: { zones: { pop: number; lden: number | null }[]; threshold: number }) => {
    const zones = v.zones.map((zone) => ({ population: zone.pop, lden: zone.lden }));
    return exposureShare(zones, v.threshold).percent;
  },
};
