import type { FactsInForce } from '../../model/index.ts';
import { leakageFromMnf } from '../arithmetic/index.ts';
import type {
  Amounts,
  CombinedPart,
  KpiDefinition,
  Part,
  SpatialRule,
  WeightedPart,
  ZoneFacts,
} from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { areaPeopleOf, isKnownWhole, isPartOf, ownOrBelow, servesChildren, sumsOf } from '../meter-rule.ts';
import { COINCIDENT_MINIMUM, NO_PART } from '../spatial-rules.ts';
import { nightFlowPart } from './night-flow.ts';

const KEYS = ['nightFlow', 'properties', 'districtMeters', 'districtValid', 'districtPeople'];
const NOT_KNOWN = { value: null, valid: false, note: 'properties unknown' } as const;

/**
 * The night flow of a zone is that of its bulk meters together; a city's leakage is the sum of that of its districts, as
 * they need not have their lowest hour at the same time.
 */
export const DISTRICTS: SpatialRule = {
  text: 'zone: from the lowest hour of the sum of its bulk meters; city: sum of its zones, its own bulk meters instead of the zones\u2019 when they supply the people of these too; valid only when no bulk meter is missing',
  zone: (parts, zone) => {
    const lowest = COINCIDENT_MINIMUM.zone(parts, zone);
    let properties = 0;
    let people = 0;
    // Those of some meters would be taken for those of all.
    const areNamed = parts.every(({ facts }) => facts.properties > 0);
    for (const { facts } of parts) {
      if (areNamed) properties += facts.properties;
      people += facts.peopleServed;
    }
    const counts = {
      ...{ properties, districtPeople: people, districtMeters: parts.length },
      districtValid: lowest.valid ? parts.length : lowest.validCount,
    };
    if (lowest.value === null) return ofAmounts(counts, lowest.valid, lowest.used);
    const amounts = { ...counts, nightFlow: lowest.value };
    const { value: leakage } = leakageOf(amounts, lowest.valid, zone.fact);
    return ofAmounts(leakage === null ? amounts : { ...amounts, leakage }, lowest.valid, lowest.used);
  },
  parent: (parts) => summed(ownOrBelow(parts, servesChildren)),
  whole: (part, zone) => (part.amounts === undefined ? part : publishedLeakage(part, part.amounts, zone)),
};

/** @param days that the amounts are added up over */
export function publishedLeakage(part: Part, amounts: Amounts, zone: ZoneFacts, days = 1): Part {
  const { leakage } = amounts;
  if (leakage !== undefined) return { ...part, value: leakage, note: '', numerator: leakage, denominator: 1 };
  return { ...part, ...(isPartOf(amounts, zone) ? NOT_KNOWN : leakageOf(amounts, part.valid, zone.fact, days)) };
}

/** Leakage of districts, estimated from their minimum night flow (KPI.md 4.4). */
export const waterLeakage: KpiDefinition = {
  id: 'water-leakage',
  code: '',
  title: 'Leakage estimate from the night flow',
  domain: 'water',
  unit: 'm3',
  unitLabel: 'm\u00b3/day',
  window: 'day',
  direction: 'lower',
  decimals: 0,
  bands: [],
  scopes: ['zone', 'city'],
  method:
    '(minimum night flow \u2212 properties \u00b7 legitimate night use) \u00b7 hour-day factor; 1.7 l per property and hour and a factor of 24 where the city says nothing else; properties from the bulk meters when all of the zone name them, or else the connections of the zone; negative when people use more at night',
  completeness: 'valid hours for at least 75 % of the night, of every bulk meter',
  source: 'UKWIR 99/WM/08/21; IWA water loss practice',
  quantities: ['water_flow', 'water_volume'],
  facts: ['waterConnections', 'legitimateNightUseLPerPropertyHour', 'hourDayFactor'],
  spatial: DISTRICTS,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const part = nightFlowPart(device, window);
    if (part === null || part.value === null) return part;
    const { properties } = device.facts;
    // The connections are those of the zone and not of one meter; its night is as valid without them.
    if (properties <= 0) return { ...part, ...NOT_KNOWN, valid: part.valid };
    return { ...part, ...leakageOf({ nightFlow: part.value, properties }, part.valid, window.cityFacts) };
  },
};

/**
 * Each district by its own properties and facts: those of zones without bulk meters stay out (KPI.md 6.5). Where a
 * district does not know them its leakage is missing, unless the whole knows them and all of it has bulk meters.
 */
function summed(parts: readonly WeightedPart[]): CombinedPart {
  const heard = parts.filter(({ part }) => part.amounts?.nightFlow !== undefined);
  const used = heard.map(({ part }) => part);
  const isWhole = used.length === parts.length && used.every((part) => part.valid);
  const sums = sumsOf(
    parts.map(({ part }) => part),
    KEYS,
  );
  const { properties: _some, ...flows } = sums;
  const areNamed = used.every(({ amounts }) => (amounts?.properties ?? 0) > 0);
  const isKnown = used.every(({ amounts }) => amounts?.leakage !== undefined) && heard.every(knowsItself);
  const amounts = {
    ...(areNamed ? sums : { ...flows, properties: 0 }),
    ...(isKnown ? sumsOf(used, ['leakage']) : {}),
    areaPeople: areaPeopleOf(heard),
  };
  return ofAmounts(amounts, isWhole, used);
}

/** Properties named by meters are theirs; connections are those of the zone. */
function knowsItself(one: WeightedPart, _at: number, all: readonly WeightedPart[]): boolean {
  return (one.part.amounts?.properties ?? 0) > 0 || isKnownWhole(one, all);
}

/** Before the facts of the zone are known the value is the night flow: zones add up their amounts. */
function ofAmounts(amounts: Amounts, isWhole: boolean, used: readonly Part[]): CombinedPart {
  const { nightFlow = null, districtMeters = 0, districtValid = 0 } = amounts;
  const counts = { validCount: districtValid, expectedCount: districtMeters };
  return { ...NO_PART, ...counts, value: nightFlow, valid: isWhole && nightFlow !== null, amounts, used };
}

/**
 * Null when nobody says how many properties there are: all of the night flow would look like leakage.
 *
 * @param days that night flow and properties are added up over
 */
function leakageOf({ nightFlow, properties = 0 }: Amounts, isWhole: boolean, fact: FactsInForce, days = 1) {
  const propertyCount = properties > 0 ? properties : (fact('waterConnections')?.value ?? 0) * days;
  const litresPerPropertyHour = fact('legitimateNightUseLPerPropertyHour')?.value;
  const hourDayFactor = fact('hourDayFactor')?.value;
  const isKnown = litresPerPropertyHour !== undefined && hourDayFactor !== undefined && propertyCount > 0;
  if (nightFlow === undefined || !isKnown) {
    return { ...NOT_KNOWN, note: nightFlow === undefined ? '' : NOT_KNOWN.note };
  }
  const value = leakageFromMnf(nightFlow, { propertyCount, litresPerPropertyHour, hourDayFactor });
  return { value, valid: isWhole, note: '', numerator: value, denominator: 1 };
}
