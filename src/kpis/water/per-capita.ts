import { DAY_MS, exactSum, HOUR_MS } from '../../base/index.ts';
import type {
  CombinedPart,
  KpiDefinition,
  KpiDevice,
  KpiWindow,
  Part,
  SpatialRule,
  WeightedPart,
  ZoneFacts,
} from '../definition.ts';
import { EXPECTED_AFTER_HOURS, hoursOf, threeQuarters, wholeHours, wholeSeries } from '../hours.ts';
import { RATIO, SUM } from '../spatial-rules.ts';

/** Volume that a device measured in a window, with the hours that are valid. */
interface Volume {
  readonly volumeM3: number;
  readonly coveredMs: number;
  readonly validCount: number;
}

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
  quantities: ['water_volume', 'water_delta', 'water_flow'],
  spatial: BULK_BEFORE_CUSTOMERS,
  reachHours: EXPECTED_AFTER_HOURS,
  device: (device, window): Part | null => {
    const { role, peopleServed } = device.facts;
    // A customer's meter says nothing of people unless it is known whom it serves.
    if (role !== 'bulk' && (role !== 'customer' || peopleServed <= 0)) return null;
    const volume = volumeOf(device, window);
    if (volume === undefined) return null;
    const expectedCount = hoursOf(window);
    const days = volume.coveredMs / DAY_MS;
    const litresPerDay = days > 0 ? (volume.volumeM3 * 1000) / days : null;
    return {
      value: litresPerDay,
      validCount: volume.validCount,
      expectedCount,
      valid: litresPerDay !== null && volume.validCount >= threeQuarters(expectedCount),
      note: '',
      numerator: litresPerDay ?? 0,
      denominator: peopleServed,
    };
  },
};

/** By the quantity with the most valid hours; undefined when the device measures no water, or was not heard lately. */
function volumeOf(device: KpiDevice, window: KpiWindow): Volume | undefined {
  const volumes = ['water_volume', 'water_delta', 'water_flow'].flatMap((quantity) => {
    const series = wholeSeries(device, quantity, window);
    if (series.length === 0) return [];
    const hours = [...wholeHours(series, window).values()];
    const perHour = hours.map(({ startMs, endMs, value }) =>
      quantity === 'water_flow' ? (value * (endMs - startMs)) / HOUR_MS : value,
    );
    const coveredMs = hours.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return [{ volumeM3: exactSum(perHour), coveredMs, validCount: hours.length }];
  });
  return volumes.reduce<Volume | undefined>(
    (most, other) => (most === undefined || other.validCount > most.validCount ? other : most),
    undefined,
  );
}
