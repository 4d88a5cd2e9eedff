import { DAY_MS } from '../../base/index.ts';
import type { FactsInForce } from '../../model/index.ts';
import { energyPerCapita, publicBuildingIntensity } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition, KpiDevice, KpiWindow, Part } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters } from '../hours.ts';
import { DAYS_A_YEAR } from '../long-meters.ts';
import { type MeterRule, meterPart, meterRule } from '../meter-rule.ts';
import { CARRIERS, carrierDay, electricityDay } from './energy-day.ts';

const GJ_PER_KWH = 0.0036;

const COMMON = {
  domain: 'energy',
  window: 'day',
  direction: 'lower',
  bands: [],
  scopes: ['zone', 'city'],
  completeness: 'valid hours for at least 75 % of the day; of a zone 90 % of the meters',
  reachHours: EXPECTED_AFTER_HOURS,
} as const satisfies Partial<KpiDefinition>;

const HOMES: MeterRule = {
  text: 'energy and people served of all valid meters are summed; valid with 90 % of the meters',
  districtKeys: [],
  keys: ['energy', 'people'],
  value: ({ energy, people = 0 }) => {
    if (energy === undefined) return { value: null };
    const numerator = energy * GJ_PER_KWH;
    return { value: energyPerCapita(numerator, people), numerator, denominator: people };
  },
};

/** Thermal energy per head of the metered homes, annualised from the local day (U4SSC EN: E: E: 3C). */
export const thermalPerCapita: KpiDefinition = {
  ...COMMON,
  id: 'thermal-per-capita',
  code: 'EN: E: E: 3C',
  title: 'Residential thermal energy per capita (annualised)',
  unit: 'GJ',
  unitLabel: 'GJ/year per head',
  decimals: 2,
  method:
    'heat registers, and gas registers where the city says the energy content of gas, of supplies that are residential or of no known use; the valid hours of the local day as 365 such days, per person served; 1 kWh = 0.0036 GJ',
  source: 'U4SSC EN: E: E: 3C, annualised from a day',
  quantities: ['heat_energy', 'gas_volume'],
  facts: ['gasKwhPerM3'],
  spatial: meterRule(HOMES),
  device: (device, window) => {
    const { role, use, peopleServed } = device.facts;
    if (role !== 'customer' || peopleServed <= 0 || (use !== 'residential' && use !== '')) return null;
    const day = thermalDay(device, window, window.cityFacts);
    return day === undefined ? null : meterPart(HOMES, yearPart(day, { people: peopleServed }, window), window);
  },
};

const BUILDINGS: MeterRule = {
  text: 'energy and floor areas of all valid meters of public buildings are summed; where no meter names its floor area, that of the zone\u2019s public buildings is taken; valid with 90 % of the meters',
  districtKeys: [],
  keys: ['energy', 'areaM2'],
  value: ({ energy, areaM2 = 0 }, fact) => {
    if (energy === undefined) return { value: null };
    const denominator = areaM2 > 0 ? areaM2 : (fact('publicBuildingFloorAreaM2')?.value ?? 0);
    return { value: publicBuildingIntensity(energy, denominator), numerator: energy, denominator };
  },
};

/** Energy of public buildings per floor area, annualised from the local day (U4SSC EN: E: E: 4A). */
export const publicBuildingEnergy: KpiDefinition = {
  ...COMMON,
  id: 'public-building-energy',
  code: 'EN: E: E: 4A',
  title: 'Public building energy (annualised)',
  unit: 'kW.h/m2',
  unitLabel: 'ekWh/m\u00b2 per year',
  decimals: 1,
  method:
    'electricity (import + generation \u2212 export), heat, and gas where the city says its energy content, of devices with use: public; the valid hours of the local day as 365 such days, per m\u00b2 of floor area',
  source: 'U4SSC EN: E: E: 4A, annualised from a day',
  quantities: CARRIERS,
  facts: ['publicBuildingFloorAreaM2', 'gasKwhPerM3'],
  spatial: meterRule(BUILDINGS),
  device: (device, window) => {
    const { role, use, floorAreaM2 } = device.facts;
    if (use !== 'public' || (role !== 'customer' && role !== 'generation')) return null;
    const days = [electricDay(device, window), thermalDay(device, window, window.cityFacts)];
    const known = days.filter((day) => day !== undefined);
    if (known.length === 0) return null;
    const day = {
      kWhPerDay: known.some(({ kWhPerDay }) => kWhPerDay === null)
        ? null
        : known.reduce((sum, one) => sum + (one.kWhPerDay ?? 0), 0),
      validCount: Math.min(...known.map(({ validCount }) => validCount)),
    };
    return meterPart(BUILDINGS, yearPart(day, floorAreaM2 > 0 ? { areaM2: floorAreaM2 } : {}, window), window);
  },
};

interface EnergyRate {
  /** Null without a valid hour. */
  readonly kWhPerDay: number | null;
  readonly validCount: number;
}

function electricDay(device: KpiDevice, window: KpiWindow): EnergyRate | undefined {
  const day = electricityDay(device, window);
  if (day === undefined) return undefined;
  const { importKWh = 0, exportKWh = 0, generationKWh = 0, coveredMs, validCount } = day;
  const kWh = importKWh + generationKWh - exportKWh;
  return { kWhPerDay: coveredMs > 0 ? (kWh * DAY_MS) / coveredMs : null, validCount };
}

/** Heat and gas together; gas without a known energy content says nothing. */
function thermalDay(device: KpiDevice, window: KpiWindow, fact: FactsInForce): EnergyRate | undefined {
  const kWhPerM3 = fact('gasKwhPerM3')?.value;
  const heat = carrierDay(device, 'heat_energy', window);
  const gas = kWhPerM3 === undefined ? undefined : carrierDay(device, 'gas_volume', window);
  const rates = [
    { day: heat, factor: 1 },
    { day: gas, factor: kWhPerM3 ?? 0 },
  ].flatMap(({ day, factor }) => (day === undefined ? [] : [{ ...day, factor }]));
  if (rates.length === 0) return undefined;
  const isWhole = rates.every(({ coveredMs }) => coveredMs > 0);
  return {
    kWhPerDay: isWhole
      ? rates.reduce((sum, { amount, coveredMs, factor }) => sum + (amount * factor * DAY_MS) / coveredMs, 0)
      : null,
    validCount: Math.min(...rates.map(({ validCount }) => validCount)),
  };
}

/** What a meter says: annualised energy in kWh, and amounts of its own that it is to be divided by. */
function yearPart({ kWhPerDay, validCount }: EnergyRate, divisor: Amounts, window: KpiWindow): Part {
  const expectedCount = hoursOf(window);
  const amounts = kWhPerDay === null ? {} : { energy: kWhPerDay * DAYS_A_YEAR, ...divisor };
  const valid = kWhPerDay !== null && validCount >= threeQuarters(expectedCount);
  return { value: null, validCount, expectedCount, valid, note: '', amounts };
}
