import type { FactsInForce } from '../../model/index.ts';
import { ghgFromEnergy, renewableShareOfSupplies } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { type MeterRule, meterPart, meterRule, type Said } from '../meter-rule.ts';
import { generatedForOwnUse } from './electricity.ts';
import { CARRIERS, carriersPart } from './energy-day.ts';

const WHERE =
  'electricity: a zone\u2019s grid meters where it has any, otherwise its customers\u2019; heat and gas: all meters; ' +
  'city: sum of its zones, with its own shares and factors; valid with all grid meters and 90 % of the others';

const COMMON = {
  domain: 'energy',
  window: 'day',
  bands: [],
  scopes: ['zone', 'city'],
  completeness: 'of a meter valid hours for at least 75 % of the day; of a zone all grid meters and 90 % of the others',
  quantities: CARRIERS,
  reachHours: EXPECTED_AFTER_HOURS,
} as const satisfies Partial<KpiDefinition>;

const SITE = { text: WHERE, districtKeys: ['import', 'export'], keys: ['generation', 'heat', 'gas'] } as const;

/** A carrier with its energy in kWh, and a number that a fact says of it; undefined where the fact is not known. */
interface Carrier {
  readonly name: string;
  readonly energyKWh: number;
  readonly factor: number | undefined;
}

const RENEWABLE: MeterRule = { ...SITE, value: renewableOf };
const GHG: MeterRule = { ...SITE, value: emissionsOf };

/** Renewable share of the energy that was taken or generated for own use (U4SSC EN: E: E: 1C; KPI.md 5). */
export const renewableShareDay: KpiDefinition = {
  ...COMMON,
  id: 'energy-renewable-share',
  code: 'EN: E: E: 1C',
  title: 'Renewable energy consumption',
  unit: '%',
  unitLabel: '%',
  direction: 'higher',
  decimals: 1,
  method:
    '(sum of import of each carrier \u00b7 its renewable share + own use of local generation) / (sum of import + own use), as percent; carriers without a known share are left out and named in the note; local generation is taken for renewable',
  source: 'U4SSC EN: E: E: 1C, as a daily value',
  facts: ['gridRenewableShare', 'heatRenewableShare', 'gasKwhPerM3'],
  spatial: meterRule(RENEWABLE),
  device: (device, window) => meterPart(RENEWABLE, carriersPart(device, window), window),
};

/** Greenhouse gas of the metered energy: the energy-related share of U4SSC EN: EN: AQ: 2C. */
export const energyGhgDay: KpiDefinition = {
  ...COMMON,
  id: 'energy-ghg',
  code: '',
  title: 'Greenhouse gas of metered energy',
  unit: 't',
  unitLabel: 't CO\u2082e/day',
  direction: 'lower',
  decimals: 2,
  method:
    'sum of the energy of each carrier \u00b7 its emission factor; carriers without a known factor are left out and named in the note',
  source: 'activity \u00b7 emission factor (GPC); the energy-related part of U4SSC EN: EN: AQ: 2C',
  facts: ['gridKgCo2ePerKwh', 'heatKgCo2ePerKwh', 'gasKgCo2ePerKwh', 'gasKwhPerM3'],
  spatial: meterRule(GHG),
  device: (device, window) => meterPart(GHG, carriersPart(device, window), window),
};

function renewableOf(amounts: Amounts, fact: FactsInForce): Said {
  const carriers: Carrier[] = [
    { name: 'electricity', energyKWh: amounts.import ?? 0, factor: fact('gridRenewableShare')?.value },
    { name: 'heat', energyKWh: amounts.heat ?? 0, factor: fact('heatRenewableShare')?.value },
    { name: 'gas', energyKWh: gasKWh(amounts, fact), factor: fact('gasKwhPerM3') === undefined ? undefined : 0 },
  ];
  const { known, note } = knownOf(carriers, amounts);
  if (known.length === 0) return { value: null, note };
  const ownUse = generatedForOwnUse(amounts);
  const supplies = known.map(({ energyKWh, factor }) => ({ energyKWh, renewableRatio: factor! }));
  const total = supplies.reduce((sum, { energyKWh }) => sum + energyKWh, ownUse);
  const value = renewableShareOfSupplies(supplies, ownUse);
  return { value, note, numerator: (value ?? 0) * total, denominator: total };
}

function emissionsOf(amounts: Amounts, fact: FactsInForce): Said {
  const gasFactor = fact('gasKwhPerM3') === undefined ? undefined : fact('gasKgCo2ePerKwh')?.value;
  const carriers: Carrier[] = [
    { name: 'electricity', energyKWh: amounts.import ?? 0, factor: fact('gridKgCo2ePerKwh')?.value },
    { name: 'heat', energyKWh: amounts.heat ?? 0, factor: fact('heatKgCo2ePerKwh')?.value },
    { name: 'gas', energyKWh: gasKWh(amounts, fact), factor: gasFactor },
  ];
  const { known, note } = knownOf(carriers, amounts);
  if (known.length === 0) return { value: null, note };
  const tonnes = known.reduce((sum, { energyKWh, factor }) => sum + ghgFromEnergy(energyKWh, factor!), 0);
  return { value: tonnes, note, numerator: tonnes, denominator: 1 };
}

function gasKWh({ gas = 0 }: Amounts, fact: FactsInForce): number {
  return gas * (fact('gasKwhPerM3')?.value ?? 0);
}

/** Carriers that are metered and whose fact is known; the note names those that are metered only. */
function knownOf(carriers: readonly Carrier[], amounts: Amounts): { known: readonly Carrier[]; note: string } {
  const key = { electricity: 'import', heat: 'heat', gas: 'gas' } as Readonly<Record<string, string>>;
  const metered = carriers.filter(({ name }) => amounts[key[name]!] !== undefined);
  const unknown = metered.filter(({ factor }) => factor === undefined).map(({ name }) => name);
  return {
    known: metered.filter(({ factor }) => factor !== undefined),
    note: unknown.length === 0 ? '' : `without ${unknown.join(', ')}`,
  };
}
