import { exactSum } from '../../base/index.ts';
import type { CombinedPart, KpiDefinition, Part, SpatialRule, WeightedPart, ZoneFacts } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters } from '../hours.ts';
import { RATIO, SUM } from '../spatial-rules.ts';
import { litresPerDay, WATER, waterDay } from './water-day.ts';

type ZoneParts = Parameters<SpatialRule['zone']>[0];

/**
 * Volumes over people, each litre and each head once. Bulk meters see all that a district takes: where a zone has any,
 * its customers' meters are not added to them. The people of several parts must be distinct to be summed.
 */
const BULK_BEFORE_CUSTOMERS: SpatialRule = {
  text:
    'zone: its bulk meters if it has any, otherwise its customers\u2019 meters, per people served; bulk meters without ' +
    'people served are left out beside others with them, and counted per inhabitant where none has any; city: volumes ' +
    'and people of its zones are summed; its own bulk meters are added only when the people they serve live outside of ' +
    'its zones, otherwise the larger group of people counts',
  zone: (parts, zone) => {
    const bulk = parts.filter(({ facts }) => facts.role === 'bulk');
    if (bulk.length === 0) return RATIO.zone(parts, zone);
    const withPeople = bulk.filter(({ facts }) => facts.peopleServed > 0);
    return { ...(withPeople.length > 0 ? RATIO.zone(withPeople, zone) : perInhabitant(bulk, zone)), bulk: true };
  },
  parent: (parts) => RATIO.parent(distinct(parts)),
};

/** Bulk meters that together supply the people of a zone: a sum, too small as soon as one of them is missing. */
function perInhabitant(bulk: ZoneParts, zone: ZoneFacts): CombinedPart {
  const { population } = zone;
  const total = SUM.zone(bulk, zone);
  if (total.value === null || population <= 0) return { ...total, value: null, valid: false, used: [] };
  return { ...total, value: total.value / population, numerator: total.value, denominator: population };
}

/**
 * Parts whose people are distinct. A zone's own bulk meters that serve more people than live outside of its children
 * serve the children's too: then those count who speak for more people, the own ones or the children.
 */
function distinct(parts: readonly WeightedPart[]): readonly WeightedPart[] {
  const own = parts.find((one) => one.own === true && one.part.bulk === true);
  const people = own?.part.denominator ?? 0;
  if (own === undefined || people <= own.population) return parts;
  const below = parts.filter((one) => one !== own);
  const peopleBelow = exactSum(below.map(({ part }) => part.denominator ?? 0));
  return peopleBelow === 0 || (own.part.valid && people >= peopleBelow) ? [own] : below;
}

/** Water consumption per head and day of the local day, from flows or registers (IBNET; KPI.md 4.1). */
export const waterPerCapita: KpiDefinition = {
  id: 'water-per-capita',
  code: 'EN: EN: WS: 2C',
  title: 'Water consumption per capita',
  domain: 'water',
  unit: 'L',
  unitLabel: 'l/day per head',
  window: 'day',
  direction: 'lower',
  decimals: 0,
  bands: [],
  scopes: ['zone', 'city'],
  method: 'volume of the valid hours of the local day, as litres per 24 hours and person served',
  completeness: 'valid hours for at least 75 % of the day, in all outputs of the meter',
  source: 'U4SSC EN: EN: WS: 2C, as a daily value',
  quantities: WATER,
  spatial: BULK_BEFORE_CUSTOMERS,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window): Part | null => {
    const { role, peopleServed } = device.facts;
    // A customer's meter says nothing of people unless it is known whom it serves.
    if (role !== 'bulk' && (role !== 'customer' || peopleServed <= 0)) return null;
    const day = waterDay(device, window);
    if (day === undefined) return null;
    const expectedCount = hoursOf(window);
    const litres = litresPerDay(day);
    return {
      value: litres,
      validCount: day.validCount,
      expectedCount,
      valid: litres !== null && day.validCount >= threeQuarters(expectedCount),
      note: day.note,
      numerator: litres ?? 0,
      denominator: peopleServed,
    };
  },
};
