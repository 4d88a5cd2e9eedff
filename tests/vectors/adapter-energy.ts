import { localDay } from '../../src/base/index.ts';
import {
  energyPerCapita,
  ghgFromEnergy,
  loadFactor,
  netFromObis,
  peakDemand,
  powerFactor,
  publicBuildingIntensity,
  renewableShare,
  selfConsumption,
  smartMeterShare,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters, Hourly } from './adapter-types.ts';

export const ENERGY: Adapters = {
  'energy.perCapita': (v: { kwhYear: number; population: number }) => energyPerCapita(v.kwhYear, v.population),
  'energy.renewableShare': (v: { renewableKwh: number; totalKwh: number }) =>
    renewableShare(v.renewableKwh, v.totalKwh),
  'energy.publicBuildingIntensity': (v: { ekwh: number; floorAreaM2: number }) =>
    publicBuildingIntensity(v.ekwh, v.floorAreaM2),
  'energy.ghgFromEnergy': (v: { kwh: number; kgCo2ePerKwh: number }) => ({
    tonnes: ghgFromEnergy(v.kwh, v.kgCo2ePerKwh),
  }),
  'energy.peakDemand': (v: { kwhPer15min: Hourly }) => peakDemand(v.kwhPer15min, 15),
  'energy.loadFactor': (v: { kwhPer15min: Hourly }) => loadFactor(v.kwhPer15min),
  'energy.powerFactor': (v: { kw: number; kvar: number }) => powerFactor(v.kw, v.kvar),
  'energy.netFromObis': (v: { start: Record<string, number>; end: Record<string, number> }) => {
    const exchange = netFromObis(v.start, v.end);
    return exchange && { import: exchange.importKWh, export: exchange.exportKWh, net: exchange.netKWh };
  },
  'energy.selfConsumption': (v: { pvKwh: number; exportKwh: number; importKwh: number }) => {
    const { selfConsumedKWh, siteConsumptionKWh } = selfConsumption(v.pvKwh, v.exportKwh, v.importKwh);
    return { selfConsumed: selfConsumedKWh, siteConsumption: siteConsumptionKWh };
  },
  'energy.smartMeterShare': (v: { smart: number; total: number }) => smartMeterShare(v.smart, v.total),
  'energy.expectedIntervals': (v: { tz: string; date: string; minutes: number }) =>
    (localDay(v.tz, v.date).hours * 60) / v.minutes,
};
