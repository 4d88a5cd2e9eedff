import type { CityFactId, FactsInForce } from '../../model/index.ts';
import { infrastructureLeakageIndex, type SupplyNetwork, waterBalance } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { type MeterRule, meterPart, meterRule, type Said } from '../meter-rule.ts';
import { volumePart, WATER } from './water-day.ts';

const BALANCE_TEXT =
  'zone: its bulk meters against its customers\u2019 meters; zones without bulk meters leave the balance; city: sum of its ' +
  'zones, its own bulk meters instead of the zones\u2019 when they supply the people of these too; valid with all bulk ' +
  'meters and 90 % of the customers\u2019 meters; missing meters are not filled in';

const BALANCE = { text: BALANCE_TEXT, districtKeys: ['input'], keys: ['billed'], needsDistrict: true } as const;

const COMMON = {
  code: '',
  domain: 'water',
  window: 'day',
  bands: [],
  scopes: ['zone', 'city'],
  completeness:
    'of a meter valid hours for at least 75 % of the day; all bulk meters and at least 90 % of the customers\u2019 meters',
  quantities: WATER,
  reachHours: EXPECTED_AFTER_HOURS,
} as const satisfies Partial<KpiDefinition>;

const WHOLE_DAY = 'from the valid hours of the local day, taken for the whole day';

/** Volume that the bulk meters put into a zone (system input of the IWA balance). */
const INFLOW: MeterRule = {
  text: 'zone: sum of its bulk meters; city: sum of its zones, its own bulk meters instead of the zones\u2019 when they supply the people of these too; valid only when none is missing',
  districtKeys: ['input'],
  keys: [],
  needsDistrict: true,
  value: ({ input }) => volumeOf(input),
};

/** Volume that customers' meters counted. */
const CONSUMPTION: MeterRule = {
  text: 'sum of the customers\u2019 meters, valid with 90 % of them; missing meters are not filled in',
  districtKeys: [],
  keys: ['billed'],
  value: ({ billed }) => volumeOf(billed),
};

type Line = Pick<KpiDefinition, 'id' | 'title' | 'unit' | 'unitLabel' | 'decimals' | 'method' | 'source'> & {
  readonly code?: string;
  readonly facts?: readonly CityFactId[];
  readonly rule: MeterRule;
};

const NRW_METHOD =
  'system input (bulk meters) \u2212 billed consumption (customers\u2019 meters, and what the city says is billed without a meter); negative when more is billed than put in';
const LOSS_METHOD =
  'non-revenue water \u2212 unbilled authorised consumption that the city says; without it the note says so';

const LOSS_FACTS = ['billedUnmeteredM3PerDay', 'unbilledAuthorisedM3PerDay'] as const;

const LINES: readonly Line[] = [
  {
    ...{ id: 'water-inflow', title: 'District inflow', unit: 'm3', unitLabel: 'm\u00b3/day', decimals: 0 },
    method: 'volume of the bulk meters',
    source: 'IWA water balance: system input volume',
    rule: INFLOW,
  },
  {
    ...{ id: 'water-consumption', title: 'Metered consumption', unit: 'm3', unitLabel: 'm\u00b3/day', decimals: 0 },
    method: 'volume of the customers\u2019 meters',
    source: 'IWA water balance: billed metered consumption',
    rule: CONSUMPTION,
  },
  {
    ...{ id: 'water-nrw', title: 'Non-revenue water', unit: '%', unitLabel: '% of system input', decimals: 1 },
    method: `${NRW_METHOD}, as percent of the input`,
    source: 'IWA water balance',
    facts: ['billedUnmeteredM3PerDay'],
    rule: { ...BALANCE, value: (amounts, fact) => percentOf(amounts, fact, 'nonRevenueM3') },
  },
  {
    ...{ id: 'water-nrw-volume', title: 'Non-revenue water', unit: 'm3', unitLabel: 'm\u00b3/day', decimals: 0 },
    method: NRW_METHOD,
    source: 'IWA water balance',
    facts: ['billedUnmeteredM3PerDay'],
    rule: { ...BALANCE, value: (amounts, fact) => volumeOf(balanceOf(amounts, fact)?.nonRevenueM3) },
  },
  {
    ...{ id: 'water-losses', title: 'Water supply loss', unit: '%', unitLabel: '% of system input', decimals: 1 },
    code: 'EC: I: WS: 3C',
    method: `${LOSS_METHOD}, as percent of the system input`,
    source: 'U4SSC EC: I: WS: 3C, as a daily value; IWA water balance',
    facts: LOSS_FACTS,
    rule: { ...BALANCE, value: (amounts, fact) => percentOf(amounts, fact, 'lossesM3') },
  },
  {
    ...{
      id: 'water-losses-per-connection',
      title: 'Water losses per connection',
      unit: 'L',
      unitLabel: 'l/day per connection',
      decimals: 0,
    },
    method: `${LOSS_METHOD}, per service connection that the city says`,
    source: 'IWA performance indicators for water supply services',
    facts: [...LOSS_FACTS, 'waterConnections'],
    rule: { ...BALANCE, value: perConnection },
  },
  {
    ...{ id: 'water-ili', title: 'Infrastructure leakage index (one day)', unit: '1', unitLabel: '', decimals: 2 },
    method:
      'water losses, taken for real ones (an upper bound: apparent losses are not known), over the unavoidable (18 Lm + 0.8 Nc + 25 Lp) \u00b7 P litres a day of the network that the city says; one day: an indicator, the index is annual',
    source: 'IWA Water Loss Task Force 1999; ILI = CARL / UARL',
    facts: [...LOSS_FACTS, 'waterMainsKm', 'waterConnections', 'privatePipesKm', 'averagePressureM'],
    rule: { ...BALANCE, value: leakageIndex },
  },
];

/** The water balance of a local day, and what it is judged by (KPI.md 4.2). */
export const waterBalanceDays: readonly KpiDefinition[] = LINES.map(
  ({ rule, method, ...line }): KpiDefinition => ({
    ...COMMON,
    direction: line.id === 'water-inflow' ? 'none' : 'lower',
    ...line,
    method: `${method}; ${WHOLE_DAY}`,
    spatial: meterRule(rule),
    device: (device, window) => {
      const { role } = device.facts;
      if ((rule === INFLOW && role !== 'bulk') || (rule === CONSUMPTION && role !== 'customer')) return null;
      const part = volumePart(device, window);
      return rule === INFLOW || rule === CONSUMPTION ? meterPart(rule, part, window) : ownVolume(part);
    },
  }),
);

/** A meter alone has no balance; what it says is its volume. */
function ownVolume(part: ReturnType<typeof volumePart>): ReturnType<typeof volumePart> {
  return part === null ? null : { ...part, value: part.amounts?.input ?? part.amounts?.billed ?? null };
}

function volumeOf(volumeM3: number | undefined): Said {
  return volumeM3 === undefined ? { value: null } : { value: volumeM3, numerator: volumeM3, denominator: 1 };
}

/** Undefined without an input; where no customer's meter is known, all of it is non-revenue water. */
function balanceOf({ input, billed = 0 }: Amounts, fact: FactsInForce) {
  if (input === undefined) return undefined;
  return waterBalance({
    inputM3: input,
    billedM3: billed + (fact('billedUnmeteredM3PerDay')?.value ?? 0),
    unbilledM3: fact('unbilledAuthorisedM3PerDay')?.value ?? 0,
  });
}

function percentOf(amounts: Amounts, fact: FactsInForce, key: 'nonRevenueM3' | 'lossesM3'): Said {
  const balance = balanceOf(amounts, fact);
  if (balance === undefined) return { value: null };
  const [numerator, denominator] = [100 * balance[key], amounts.input ?? 0];
  const value = denominator > 0 ? numerator / denominator : null;
  return { value, numerator, denominator, note: key === 'lossesM3' ? unbilledNote(fact) : '' };
}

/** Numerator: litres a day. Denominator: connections. */
function perConnection(amounts: Amounts, fact: FactsInForce): Said {
  const balance = balanceOf(amounts, fact);
  const denominator = fact('waterConnections')?.value ?? 0;
  if (balance === undefined || denominator <= 0) return { value: null };
  const numerator = 1000 * balance.lossesM3;
  return { value: numerator / denominator, numerator, denominator, note: unbilledNote(fact) };
}

/** Numerator: litres a day that are lost. Denominator: those that are unavoidable. */
function leakageIndex(amounts: Amounts, fact: FactsInForce): Said {
  const balance = balanceOf(amounts, fact);
  const network = networkOf(fact);
  if (balance === undefined || network === undefined) return { value: null };
  const numerator = 1000 * balance.lossesM3;
  const value = infrastructureLeakageIndex(numerator, network);
  const denominator = value === null || value === 0 ? 0 : numerator / value;
  return { value, numerator, denominator, note: unbilledNote(fact) };
}

/** Undefined when a number of the network is not known; private pipes may be none. */
function networkOf(fact: FactsInForce): SupplyNetwork | undefined {
  const mainsKm = fact('waterMainsKm')?.value;
  const connectionCount = fact('waterConnections')?.value;
  const pressureM = fact('averagePressureM')?.value;
  if (mainsKm === undefined || connectionCount === undefined || pressureM === undefined) return undefined;
  return { mainsKm, connectionCount, privatePipesKm: fact('privatePipesKm')?.value ?? 0, pressureM };
}

function unbilledNote(fact: FactsInForce): string {
  return fact('unbilledAuthorisedM3PerDay') === undefined ? 'without unbilled consumption' : '';
}
