import type { CityFactId, FactsInForce } from '../../model/index.ts';
import { type SupplyNetwork, unavoidableLossesLitresPerDay, waterBalance } from '../arithmetic/index.ts';
import type { Amounts, KpiDefinition } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { type MeterRule, meterPart, meterRule, type Said, type ZoneFactAmounts } from '../meter-rule.ts';
import { volumePart, WATER } from './water-day.ts';

const BALANCE_TEXT =
  'zone: its bulk meters against its customers\u2019 meters; zones without bulk meters leave the balance; city: sum of its ' +
  'zones, its own bulk meters instead of the zones\u2019 when they supply the people of these too; valid with all bulk ' +
  'meters and 90 % of the customers\u2019 meters; missing meters are not filled in; facts are those of the zones with bulk ' +
  'meters, or of the whole where these are all of it';

/** What a balance needs to know of a zone, each with how many zones know it. */
const ZONE_FACTS: ZoneFactAmounts = {
  keys: ['unmetered', 'unbilled', 'connections', 'unavoidable'].flatMap((name) => [name, `${name}Areas`]),
  of: (fact) => {
    const network = networkOf(fact);
    const known = {
      unmetered: fact('billedUnmeteredM3PerDay')?.value,
      unbilled: fact('unbilledAuthorisedM3PerDay')?.value,
      connections: fact('waterConnections')?.value,
      unavoidable: network === undefined ? undefined : unavoidableLossesLitresPerDay(network),
    };
    const amounts: Record<string, number> = {};
    for (const [name, value] of Object.entries(known)) {
      if (value !== undefined) Object.assign(amounts, { [name]: value, [`${name}Areas`]: 1 });
    }
    return amounts;
  },
};

const BALANCE = {
  ...{ text: BALANCE_TEXT, districtKeys: ['input'], keys: ['billed'], needsDistrict: true },
  zoneFacts: ZONE_FACTS,
} as const;

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
    rule: { ...BALANCE, value: (...known) => percentOf(known, 'nonRevenueM3') },
  },
  {
    ...{ id: 'water-nrw-volume', title: 'Non-revenue water', unit: 'm3', unitLabel: 'm\u00b3/day', decimals: 0 },
    method: NRW_METHOD,
    source: 'IWA water balance',
    facts: ['billedUnmeteredM3PerDay'],
    rule: { ...BALANCE, value: (...known) => nonRevenueOf(known) },
  },
  {
    ...{ id: 'water-losses', title: 'Water supply loss', unit: '%', unitLabel: '% of system input', decimals: 1 },
    code: 'EC: I: WS: 3C',
    method: `${LOSS_METHOD}, as percent of the system input`,
    source: 'U4SSC EC: I: WS: 3C, as a daily value; IWA water balance',
    facts: LOSS_FACTS,
    rule: { ...BALANCE, value: (...known) => percentOf(known, 'lossesM3') },
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
    rule: { ...BALANCE, value: (...known) => lossesOver(known, 'connections') },
  },
  {
    ...{ id: 'water-ili', title: 'Infrastructure leakage index (one day)', unit: '1', unitLabel: '', decimals: 2 },
    method:
      'water losses, taken for real ones (an upper bound: apparent losses are not known), over the unavoidable (18 Lm + 0.8 Nc + 25 Lp) \u00b7 P litres a day of the network that the city says; one day: an indicator, the index is annual',
    source: 'IWA Water Loss Task Force 1999; ILI = CARL / UARL',
    facts: [...LOSS_FACTS, 'waterMainsKm', 'waterConnections', 'privatePipesKm', 'averagePressureM'],
    rule: { ...BALANCE, value: (...known) => lossesOver(known, 'unavoidable') },
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

type Known = Parameters<MeterRule['value']>;

interface Balance extends ReturnType<typeof waterBalance> {
  readonly inputM3: number;
  readonly note: string;
  readonly valid: boolean;
}

/** Undefined without an input; where no customer's meter is known, all of it is non-revenue water. */
function balanceOf([amounts, fact, isPart]: Known, key: 'nonRevenueM3' | 'lossesM3'): Balance | undefined {
  const { input, billed = 0 } = amounts;
  if (input === undefined) return undefined;
  const facts = isPart ? amounts : ZONE_FACTS.of(fact);
  const { unmetered = 0, unbilled = 0, unbilledAreas = 0 } = facts;
  const needed = key === 'lossesM3' ? (['unmetered', 'unbilled'] as const) : (['unmetered'] as const);
  // What the whole is told and its parts are not may be of those that have no meters.
  const isUnknown = isPart && needed.some((name) => fact(FACT_OF[name]) !== undefined && !isKnownToAll(amounts, name));
  const without = key === 'lossesM3' && unbilledAreas === 0 ? 'without unbilled consumption' : '';
  return {
    ...waterBalance({ inputM3: input, billedM3: billed + unmetered, unbilledM3: unbilled }),
    ...{ inputM3: input, note: isUnknown ? NOT_KNOWN : without, valid: !isUnknown },
  };
}

const NOT_KNOWN = 'facts of zones unknown';
const FACT_OF = { unmetered: 'billedUnmeteredM3PerDay', unbilled: 'unbilledAuthorisedM3PerDay' } as const;

/** Whether all zones with bulk meters know it. */
function isKnownToAll(amounts: Amounts, name: string): boolean {
  return (amounts[`${name}Areas`] ?? 0) >= (amounts.areas ?? 0);
}

function nonRevenueOf(known: Known): Said {
  const balance = balanceOf(known, 'nonRevenueM3');
  if (balance === undefined) return { value: null };
  const { nonRevenueM3, note, valid } = balance;
  return { ...volumeOf(nonRevenueM3), note, valid };
}

function percentOf(known: Known, key: 'nonRevenueM3' | 'lossesM3'): Said {
  const balance = balanceOf(known, key);
  if (balance === undefined) return { value: null };
  const { inputM3, note, valid } = balance;
  const [numerator, denominator] = [100 * balance[key], inputM3];
  return { value: denominator > 0 ? numerator / denominator : null, numerator, denominator, note, valid };
}

/** Numerator: litres a day that are lost. Denominator: connections, or litres a day that are unavoidable. */
function lossesOver(known: Known, name: 'connections' | 'unavoidable'): Said {
  const [amounts, fact, isPart] = known;
  const balance = balanceOf(known, 'lossesM3');
  const facts = isPart ? amounts : ZONE_FACTS.of(fact);
  const denominator = facts[name] ?? 0;
  if (balance !== undefined && isPart && !isKnownToAll(amounts, name)) return { value: null, note: NOT_KNOWN };
  if (balance === undefined || denominator <= 0) return { value: null };
  const numerator = 1000 * balance.lossesM3;
  const { note, valid } = balance;
  return { value: numerator / denominator, numerator, denominator, note, valid };
}

/** Undefined when a number of the network is not known; private pipes may be none. */
function networkOf(fact: FactsInForce): SupplyNetwork | undefined {
  const mainsKm = fact('waterMainsKm')?.value;
  const connectionCount = fact('waterConnections')?.value;
  const pressureM = fact('averagePressureM')?.value;
  if (mainsKm === undefined || connectionCount === undefined || pressureM === undefined) return undefined;
  return { mainsKm, connectionCount, privatePipesKm: fact('privatePipesKm')?.value ?? 0, pressureM };
}
