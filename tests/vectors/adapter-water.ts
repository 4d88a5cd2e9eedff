import {
  leakageFromMnf,
  minimumNightFlow,
  nrwPercent,
  type ParameterLimits,
  qualityCompliance,
  smartMeterShare,
  unavoidableLossesLitresPerDay,
  waterLosses,
  waterPerCapitaPerDay,
} from '../../src/kpis/arithmetic/index.ts';
import { interpolateAt, pulsesToM3, registerDelta } from '../../src/model/index.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

const instantMs = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

export const WATER: Adapters = {
  'water.perCapitaPerDay': (v: { m3: number; days: number; population: number }) =>
    waterPerCapitaPerDay(v.m3, v.days, v.population),
  'water.nrwPercent': (v: { systemInput: number; billedAuthorised: number }) =>
    nrwPercent(v.systemInput, v.billedAuthorised),
  'water.waterLosses': (v: { systemInput: number; authorisedConsumption: number }) => {
    const { volumeM3, percent } = waterLosses(v.systemInput, v.authorisedConsumption);
    return { volume: volumeM3, percent };
  },
  'water.smartMeterShare': (v: { smart: number; total: number }) => smartMeterShare(v.smart, v.total),
  'water.uarl': (v: { LmKm: number; Nc: number; LpKm: number; Pm: number }) =>
    unavoidableLossesLitresPerDay({ mainsKm: v.LmKm, connectionCount: v.Nc, privatePipesKm: v.LpKm, pressureM: v.Pm }),
  'water.minimumNightFlow': (v: { hourlyMeanM3hBetween00and05: Hourly }) =>
    minimumNightFlow(v.hourlyMeanM3hBetween00and05),
  'water.leakageFromMnf': (v: {
    mnfM3h: number;
    properties: number;
    legitimateNightUseLPerPropPerH: number;
    hourDayFactor: number;
  }) =>
    leakageFromMnf(v.mnfM3h, {
      propertyCount: v.properties,
      litresPerPropertyHour: v.legitimateNightUseLPerPropPerH,
      hourDayFactor: v.hourDayFactor,
    }),
  'water.qualityCompliance': (v: { samples: Record<string, number>[]; limits: Record<string, ParameterLimits> }) =>
    qualityCompliance(v.samples, v.limits),
  'register.delta': (v: {
    prev: number;
    curr: number;
    modulus?: number;
    maxDelta?: number;
    backflowTolerance?: number;
  }) => {
    const { prev, curr, ...rule } = v;
    return registerDelta(prev, curr, rule);
  },
  'register.pulses': (v: { pulses: number; litresPerPulse: number }) => ({
    m3: pulsesToM3(v.pulses, v.litresPerPulse),
  }),
  'register.interpolateAt': (v: { readings: [string, number][]; at: string }) =>
    interpolateAt(
      v.readings.map(([at, value]) => [instantMs(at), value]),
      instantMs(v.at),
    ),
};
