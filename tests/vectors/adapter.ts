/*
 * The one place where the names of the vectors (`fn`, and the words of their inputs and results) meet the functions of
 * the product. An `fn` that is absent here is reported as not covered.
 */
import { type DaySpan, localDay } from '../../src/base/index.ts';
import {
  annualComplete90,
  annualCompleteChina,
  aot40,
  dayComplete,
  EAQI_2024,
  type EaqiPollutant,
  eaqiLevel2017,
  eaqiLevel2024,
  eaqiOverall,
  energyMean,
  energyPerCapita,
  energySum,
  exceedanceLevel,
  exposureShare,
  ghgFromEnergy,
  hourComplete,
  hoursOfYear,
  lden,
  ldn,
  leakageFromMnf,
  leq,
  loadFactor,
  mda8Eu,
  mda8Us,
  mean8h,
  meanOfValid,
  minimumNightFlow,
  netFromObis,
  noiseDayFromHourly,
  nrwPercent,
  type ParameterLimits,
  type PeriodLevels,
  peakDemand,
  percentileRankEpa,
  populationWeightedMean,
  powerFactor,
  ppbToUgm3,
  publicBuildingIntensity,
  qualityCompliance,
  renewableShare,
  requiredHours75,
  roundHalfUp,
  selfConsumption,
  smartMeterShare,
  U4SSC_UGM3_PER_PPB,
  unavoidableLossesLitresPerDay,
  valid8hAtStart,
  waterLosses,
  waterPerCapitaPerDay,
} from '../../src/kpis/arithmetic/index.ts';
import { interpolateAt, pulsesToM3, registerDelta } from '../../src/model/index.ts';

type Hourly = (number | null)[];
type Adapter = (inputs: never) => unknown;

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

const instantMs = (text: string) => Temporal.Instant.from(text).epochMilliseconds;
const utcText = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z');
const utcSpan = ({ startMs, endMs, hours }: DaySpan) => ({ startUtc: utcText(startMs), endUtc: utcText(endMs), hours });

const air: Record<string, Adapter> = {
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

const completeness: Record<string, Adapter> = {
  'window.mean8h': (v: { hourly: Hourly; minValid: number }) => mean8h(v.hourly, v.minValid),
  'window.valid8hAtStart': (v: { nHoursSinceStart: number[] }) => v.nHoursSinceStart.map(valid8hAtStart),
  'window.mda8Eu': (v: { previousDayHoursEnding18to24: Hourly; dayHoursEnding01to24: Hourly }) => {
    const { mda8, validWindows } = mda8Eu(v.previousDayHoursEnding18to24, v.dayHoursEnding01to24);
    return { mda8, validWindows };
  },
  'window.mda8Us': (v: { hourlyPpmFromMidnightLST_31h: Hourly }) => {
    const { mda8, validWindows } = mda8Us(v.hourlyPpmFromMidnightLST_31h);
    return { mda8ppm: mda8, windows: validWindows };
  },
  'completeness.daily24hEu': (v: { validHours: number }) => dayComplete(v.validHours, 'eu'),
  'completeness.daily24hChina': (v: { validHours: number }) => dayComplete(v.validHours, 'china'),
  'completeness.daily24hIndia': (v: { validHours: number }) => dayComplete(v.validHours, 'india'),
  'completeness.hourly': (v: { validMinutes: number }) => hourComplete(v.validMinutes),
  'completeness.annual90': (v: { year: number; validHours: number }) =>
    annualComplete90(v.validHours, hoursOfYear(v.year)),
  'completeness.annualChinaDays': (v: { validDays: number }) => annualCompleteChina(v.validDays),
  aot40: (v: { hourly08to20Cet: Hourly; possibleHours: number }) => {
    const { measured, estimate } = aot40(v.hourly08to20Cet, v.possibleHours);
    return { measured, estimate };
  },
  'stats.percentileRankEpa': (v: { sortedValues: string | number[]; p: number }) =>
    percentileRankEpa(valuesOf(v.sortedValues), v.p),
  'round.halfUp': (v: { x: number; digits: number }) => roundHalfUp(v.x, v.digits),
};

const noise: Record<string, Adapter> = {
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

const time: Record<string, Adapter> = {
  'time.localDay': (v: { tz: string; date: string }) => utcSpan(localDay(v.tz, v.date)),
  'time.usStandardDay': (v: { tz: string; date: string }) => utcSpan(localDay(`standard:${v.tz}`, v.date)),
  'time.cetDay': (v: { date: string }) => {
    const { startUtc, endUtc } = utcSpan(localDay('+01:00', v.date));
    return { startUtc, endUtc };
  },
  'time.requiredHours75': (v: { dayHours: number }) => requiredHours75(v.dayHours),
};

const water: Record<string, Adapter> = {
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

const energy: Record<string, Adapter> = {
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

const city: Record<string, Adapter> = {
  'spatial.populationWeightedMean': (v: { zones: { pop: number; v: number | null }[] }) =>
    populationWeightedMean(v.zones.map((zone) => ({ population: zone.pop, value: zone.v }))).value,
  'u4ssc.annualMean': (v: { dailyMeans: Hourly }) => meanOfValid(v.dailyMeans),
  'u4ssc.smartElectricityMeters': (v: { smart: number; total: number }) => smartMeterShare(v.smart, v.total),
};

/** Product function by the vectors' name. */
export const ADAPTERS: ReadonlyMap<string, (inputs: unknown) => unknown> = new Map(
  Object.entries({ ...air, ...completeness, ...noise, ...time, ...water, ...energy, ...city }).map(
    ([name, adapter]) => [name, adapter as (inputs: unknown) => unknown],
  ),
);

/**
 * Parts of a result that the product does not compute although it computes the rest: the US AQI lies outside of it.
 * They are reported beside the names that are not covered.
 */
export const PARTS_NOT_COVERED: ReadonlyMap<string, readonly string[]> = new Map([['window.mda8Us', ['aqi']]]);

function valuesOf(values: string | number[]): number[] {
  if (typeof values !== 'string') return values;
  const [first, last] = values.split('..').map(Number);
  return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
}
