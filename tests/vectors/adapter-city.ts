import {
  benchmarkPoints,
  benchmarkScore,
  meanOfValid,
  populationWeightedMean,
  smartMeterShare,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

export const CITY: Adapters = {
  'spatial.populationWeightedMean': (v: { zones: { pop: number; v: number | null }[] }) =>
    populationWeightedMean(v.zones.map((zone) => ({ population: zone.pop, value: zone.v }))).value,
  'u4ssc.points': (v: { percentOfTarget: number }) => benchmarkPoints(v.percentOfTarget),
  'u4ssc.categoryScore': (v: { points: number[] }) => benchmarkScore(v.points),
  'u4ssc.annualMean': (v: { dailyMeans: Hourly }) => meanOfValid(v.dailyMeans),
  'u4ssc.smartElectricityMeters': (v: { smart: number; total: number }) => smartMeterShare(v.smart, v.total),
};
