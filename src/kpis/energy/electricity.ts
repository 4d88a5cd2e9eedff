import { selfConsumption } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { type MeterRule, meterPart, meterRule } from '../meter-rule.ts';
import { ELECTRICITY, electricityPart } from './energy-day.ts';

const WHERE =
  'zone: its grid meters where it has any, otherwise its customers\u2019 meters, with what its generators\u2019 meters generate; ' +
  'city: sum of its zones, its own grid meters instead of the zones\u2019 when nobody lives outside of these; ' +
  'valid with all grid meters and 90 % of the others; missing meters are not filled in';

const SITE = { districtKeys: ['import', 'export'], keys: ['generation'] } as const;

type Line = Pick<KpiDefinition, 'id' | 'code' | 'title' | 'unit' | 'unitLabel' | 'direction' | 'method' | 'source'> &
  Pick<MeterRule, 'value'>;

/** What a site, or a zone, consumes, and how much of that it generates. */
const siteOf = ({ import: taken = 0, export: fedIn = 0, generation = 0 }: Amounts) =>
  selfConsumption(generation, fedIn, taken);

const amountOf = (kWh: number | undefined) =>
  kWh === undefined ? { value: null } : { value: kWh, numerator: kWh, denominator: 1 };

const percentOf = (part: number, whole: number) =>
  whole > 0
    ? { value: (100 * part) / whole, numerator: 100 * part, denominator: whole }
    : { value: null, numerator: 100 * part, denominator: whole };

const DAY_SUM = { code: '', unit: 'kW.h', unitLabel: 'kWh/day' } as const;
const SHARE = { code: '', unit: '%', unitLabel: '%' } as const;

const LINES: readonly Line[] = [
  {
    ...{ ...DAY_SUM, id: 'energy-import', title: 'Electricity taken from the grid', direction: 'lower' },
    method: 'increase of import registers (OBIS 1.8.0), or the sum of interval energy where a meter has no register',
    source: 'IEC 62056-61 (OBIS 1.8.0)',
    value: (amounts) => amountOf(amounts.import),
  },
  {
    ...{ ...DAY_SUM, id: 'energy-export', title: 'Electricity fed into the grid', direction: 'none' },
    method: 'increase of export registers (OBIS 2.8.0)',
    source: 'IEC 62056-61 (OBIS 2.8.0)',
    value: (amounts) => amountOf(amounts.export),
  },
  {
    ...{ ...DAY_SUM, id: 'energy-generation', title: 'Electricity generated', direction: 'higher' },
    method: 'increase of generation registers, and of whatever meters with the role generation count',
    source: 'metering of local generation',
    value: (amounts) => amountOf(amounts.generation),
  },
  {
    ...{ ...DAY_SUM, id: 'energy-net', title: 'Net electricity from the grid', direction: 'lower' },
    method: 'import \u2212 export; negative when more is fed in than taken',
    source: 'IEC 62056-61 (OBIS 1.8.0 and 2.8.0)',
    value: (amounts) => amountOf(amounts.import === undefined ? undefined : amounts.import - (amounts.export ?? 0)),
  },
  {
    ...{ ...DAY_SUM, id: 'energy-consumption', title: 'Electricity consumption', direction: 'lower' },
    method: 'import + generation \u2212 export',
    source: 'supports U4SSC EN: E: E: 2C',
    value: (amounts) => amountOf(amounts.import === undefined ? undefined : siteOf(amounts).siteConsumptionKWh),
  },
  {
    ...{ ...SHARE, id: 'energy-self-consumption', title: 'Self-consumption of local generation', direction: 'higher' },
    method: '(generation \u2212 export) / generation, as percent',
    source: 'definition of self-consumption of prosumers',
    value: (amounts) =>
      amounts.generation === undefined ? { value: null } : percentOf(generatedForOwnUse(amounts), amounts.generation),
  },
  {
    ...{ ...SHARE, id: 'energy-self-sufficiency', title: 'Self-sufficiency with electricity', direction: 'higher' },
    method: '(generation \u2212 export) / (import + generation \u2212 export), as percent',
    source: 'definition of self-sufficiency of prosumers',
    value: (amounts) =>
      amounts.import === undefined
        ? { value: null }
        : percentOf(generatedForOwnUse(amounts), siteOf(amounts).siteConsumptionKWh),
  },
];

/** Own use of local generation, kWh. Without any generation nothing is used of it, whatever a meter says that it feeds in. */
export function generatedForOwnUse(amounts: Amounts): number {
  return amounts.generation === undefined ? 0 : siteOf(amounts).selfConsumedKWh;
}

/** What the electricity of a local day amounts to, and how much of it is home-made (KPI.md 5). */
export const electricityDays: readonly KpiDefinition[] = LINES.map(({ value, method, ...line }): KpiDefinition => {
  const rule: MeterRule = { ...SITE, text: WHERE, value };
  return {
    ...line,
    method: `${method}; from the valid hours of the local day, taken for the whole day`,
    domain: 'energy',
    window: 'day',
    decimals: 1,
    bands: [],
    scopes: ['zone', 'city'],
    completeness:
      'of a meter valid hours for at least 75 % of the day; of a zone all grid meters and 90 % of the others',
    quantities: ELECTRICITY,
    spatial: meterRule(rule),
    reachHours: EXPECTED_AFTER_HOURS,
    device: (device, window) => meterPart(rule, electricityPart(device, window), window),
  };
});
