import { HOUR_MS } from '../../base/index.ts';
import { minimumNightFlow } from '../arithmetic/index.ts';
import type { KpiDefinition, KpiDevice, KpiWindow, Part, SpatialRule } from '../definition.ts';
import { EXPECTED_AFTER_HOURS, partOf, threeQuarters, wholeHours, wholeSeries } from '../hours.ts';
import { ownOrBelow, servesChildren } from '../meter-rule.ts';
import { COINCIDENT_MINIMUM } from '../spatial-rules.ts';

/** The minimum of the sum; the city's own bulk meters instead of its zones' when they see the same water. */
const DISTRICT_MINIMUM: SpatialRule = {
  text: `${COINCIDENT_MINIMUM.text}; a zone\u2019s own bulk meters instead of those of its sub-zones when they supply the people of these too`,
  zone: (parts, zone) => {
    const districtPeople = parts.reduce((sum, { facts }) => sum + facts.peopleServed, 0);
    return { ...COINCIDENT_MINIMUM.zone(parts, zone), amounts: { districtPeople } };
  },
  parent: (parts) => COINCIDENT_MINIMUM.parent(ownOrBelow(parts, servesChildren)),
};

/**
 * Minimum night flow of bulk meters: the lowest mean flow of a clock hour of the night (KPI.md 4.4). Rolling hours would
 * find a minimum that is a little lower; meters that report hourly have none.
 */
export const waterMnf: KpiDefinition = {
  id: 'water-mnf',
  code: '',
  title: 'Minimum night flow',
  domain: 'water',
  unit: 'm3/h',
  unitLabel: 'm\u00b3/h',
  window: 'day',
  direction: 'lower',
  decimals: 1,
  bands: [],
  scopes: ['device', 'zone', 'city'],
  method: 'lowest mean flow of a clock hour (not of rolling hours) of the night of the local day, 02 to 05 by default',
  completeness: 'valid hours for at least 75 % of the night',
  source: 'IWA water loss practice; KPI of district metered areas',
  quantities: ['water_flow', 'water_volume'],
  spatial: DISTRICT_MINIMUM,
  reachHours: EXPECTED_AFTER_HOURS,
  device: nightFlowPart,
};

/** The minimum night flow of a bulk meter, with its curve of the night; null for other meters. */
export function nightFlowPart(device: KpiDevice, window: KpiWindow): Part | null {
  if (device.facts.role !== 'bulk') return null;
  const flows = ['water_flow', 'water_volume']
    .map((quantity) => hourlyFlows(device, quantity, window))
    .filter((hours) => hours !== undefined);
  if (flows.length === 0) return null;
  const night = nightHours(window);
  const curves = flows.map((hours) => new Map(night.map((startMs) => [startMs, hours.get(startMs) ?? null])));
  const curve = curves.reduce((most, other) => (validCountOf(other) > validCountOf(most) ? other : most));
  const lowest = minimumNightFlow([...curve.values()]);
  return { ...partOf(lowest, validCountOf(curve), night.length, threeQuarters(night.length)), curve };
}

/** Flow of each valid hour by its start, m3/h, outputs of the meter summed; undefined when it has no such series. */
function hourlyFlows(device: KpiDevice, quantity: string, window: KpiWindow): Map<number, number> | undefined {
  const series = wholeSeries(device, quantity, window);
  if (series.length === 0) return undefined;
  return new Map(
    Array.from(wholeHours(series, window).values(), ({ startMs, endMs, value }) => [
      startMs,
      quantity === 'water_flow' ? value : (value * HOUR_MS) / (endMs - startMs),
    ]),
  );
}

/** Starts of the night hours of a local day; one fewer or more on days of a clock change. */
function nightHours(window: KpiWindow): number[] {
  const { nightFromHour, nightToHour } = window.settings.water;
  const starts: number[] = [];
  for (let atMs = window.startMs; atMs < window.endMs; atMs = window.calendar.hourEnd(atMs)) {
    const hour = window.calendar.clockHour(atMs);
    if (hour >= nightFromHour && hour < nightToHour) starts.push(atMs);
  }
  return starts;
}

function validCountOf(curve: ReadonlyMap<number, number | null>): number {
  return [...curve.values()].filter((flow) => flow !== null).length;
}
