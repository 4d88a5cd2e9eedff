import { DAY_MS, exactSum, HOUR_MS } from '../base/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow, Part, SpatialRule } from './definition.ts';
import { hoursOf, threeQuarters, wholeSeries } from './hours.ts';
import { NO_PART, RATIO } from './spatial-rules.ts';

/** Volume that a device measured in a window, with the hours that are valid; null when it measures no water. */
interface Volume {
  readonly volumeM3: number;
  readonly coveredMs: number;
  readonly validCount: number;
}

/** Bulk meters see all that a district takes; where a zone has any, its customers' meters are not added to them. */
const BULK_BEFORE_CUSTOMERS: SpatialRule = {
  ...RATIO,
  text: 'zone: bulk meters if there are any, otherwise customers\u2019 meters, per people served; city: volumes and people of its zones',
  zone: (parts, zone) => {
    const bulk = parts.filter(({ facts }) => facts.role === 'bulk');
    const used = bulk.length > 0 ? bulk : parts;
    const people = exactSum(used.map(({ part }) => part.denominator ?? 0));
    if (people > 0) return RATIO.zone(used, zone);
    const total = RATIO.zone(used, zone);
    if (total.numerator === undefined || zone.population === 0) return { ...NO_PART, expectedCount: used.length };
    return {
      ...total,
      value: total.numerator / zone.population,
      valid: 2 * total.validCount >= total.expectedCount && total.validCount > 0,
      denominator: zone.population,
    };
  },
};

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
  completeness: 'at least 75 % of the hours of the day are valid',
  source: 'U4SSC EN: EN: WS: 2C, as a daily value',
  quantities: ['water_volume', 'water_delta', 'water_flow'],
  spatial: BULK_BEFORE_CUSTOMERS,
  reachHours: 0,
  device: (device, window): Part | null => {
    if (device.facts.role !== 'bulk' && device.facts.role !== 'customer') return null;
    const volume = volumeOf(device, window);
    if (volume === null) return null;
    const expectedCount = hoursOf(window);
    const days = volume.coveredMs / DAY_MS;
    const litresPerDay = days > 0 ? (volume.volumeM3 * 1000) / days : null;
    const people = device.facts.peopleServed;
    return {
      value: litresPerDay,
      validCount: volume.validCount,
      expectedCount,
      valid: litresPerDay !== null && volume.validCount >= threeQuarters(expectedCount),
      note: '',
      numerator: litresPerDay ?? 0,
      denominator: people,
    };
  },
};

function volumeOf(device: KpiDevice, window: KpiWindow): Volume | null {
  for (const quantity of ['water_volume', 'water_delta', 'water_flow']) {
    const hours = wholeSeries(device, quantity).flatMap((series) => series.hours(window.startMs, window.endMs));
    if (hours.length === 0) continue;
    const valid = hours.filter((hour) => hour.valid && hour.value !== null);
    const perHour = valid.map((hour) =>
      quantity === 'water_flow' ? ((hour.value ?? 0) * (hour.endMs - hour.startMs)) / HOUR_MS : (hour.value ?? 0),
    );
    const coveredMs = valid.reduce((sum, hour) => sum + hour.endMs - hour.startMs, 0);
    return { volumeM3: exactSum(perHour), coveredMs, validCount: valid.length };
  }
  return null;
}
