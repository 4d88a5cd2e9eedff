import type { FactsInForce } from '../../model/index.ts';
import { leakageFromMnf } from '../arithmetic/index.ts';
import type { Amounts, CombinedPart, KpiDefinition, Part, SpatialRule } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import { ownOrBelow, servesChildren, sumsOf } from '../meter-rule.ts';
import { COINCIDENT_MINIMUM, NO_PART } from '../spatial-rules.ts';
import { nightFlowPart } from './night-flow.ts';

const KEYS = ['nightFlow', 'properties', 'districtMeters', 'districtValid', 'districtPeople'];

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
    for (const { facts } of parts) {
      properties += facts.properties;
      people += facts.peopleServed;
    }
    const counts = {
      ...{ properties, districtPeople: people, districtMeters: parts.length },
      districtValid: lowest.valid ? parts.length : lowest.validCount,
    };
    const amounts = lowest.value === null ? counts : { ...counts, nightFlow: lowest.value };
    return ofAmounts(amounts, lowest.valid, lowest.used);
  },
  parent: (parts) => summed(ownOrBelow(parts, servesChildren).map(({ part }) => part)),
  whole: (part, { fact }) =>
    part.amounts === undefined ? part : { ...part, ...leakageOf(part.amounts, part.valid, fact) },
};

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
    '(minimum night flow \u2212 properties \u00b7 legitimate night use) \u00b7 hour-day factor; 1.7 l per property and hour and a factor of 24 where the city says nothing else; properties from the bulk meters, or else the connections of the zone; negative when people use more at night',
  completeness: 'valid hours for at least 75 % of the night, of every bulk meter',
  source: 'UKWIR 99/WM/08/21; IWA water loss practice',
  quantities: ['water_flow', 'water_volume'],
  facts: ['waterConnections', 'legitimateNightUseLPerPropertyHour', 'hourDayFactor'],
  spatial: DISTRICTS,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window) => {
    const part = nightFlowPart(device, window);
    if (part === null || part.value === null) return part;
    const amounts = { nightFlow: part.value, properties: device.facts.properties };
    return { ...part, ...leakageOf(amounts, part.valid, window.cityFacts) };
  },
};

function summed(parts: readonly Part[]): CombinedPart {
  const used = parts.filter(({ amounts }) => amounts?.nightFlow !== undefined);
  const isWhole = used.length === parts.length && used.every((part) => part.valid);
  return ofAmounts(sumsOf(parts, KEYS), isWhole, used);
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
export function leakageOf({ nightFlow, properties = 0 }: Amounts, isWhole: boolean, fact: FactsInForce, days = 1) {
  const propertyCount = properties > 0 ? properties : (fact('waterConnections')?.value ?? 0) * days;
  const litresPerPropertyHour = fact('legitimateNightUseLPerPropertyHour')?.value;
  const hourDayFactor = fact('hourDayFactor')?.value;
  const isKnown = litresPerPropertyHour !== undefined && hourDayFactor !== undefined && propertyCount > 0;
  if (nightFlow === undefined || !isKnown) {
    return { value: null, valid: false, note: nightFlow === undefined ? '' : 'properties unknown' };
  }
  const value = leakageFromMnf(nightFlow, { propertyCount, litresPerPropertyHour, hourDayFactor });
  return { value, valid: isWhole, note: '', numerator: value, denominator: 1 };
}
