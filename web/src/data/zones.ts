import { state } from './state.ts';

export interface ZoneNode {
  readonly id: string;
  readonly name: string;
  readonly population: number | null;
  readonly areaKm2: number | null;
  readonly children: readonly ZoneNode[];
}

/** The city as the root of its zones, in the order of the configuration. */
export function zoneTree(): ZoneNode | undefined {
  const { zones } = state;
  if (zones === undefined) return undefined;
  const below = (parent: string | null): ZoneNode[] =>
    zones.zones.filter((zone) => zone.parent === parent).map((zone) => ({ ...zone, children: below(zone.id) }));
  const { id, name, population } = zones.city;
  return { id, name, population, areaKm2: null, children: below(null) };
}

/** The zone and all zones in it, parents first, each with its depth. */
export function flatZones(node: ZoneNode | undefined = zoneTree(), depth = 0): { node: ZoneNode; depth: number }[] {
  return node === undefined ? [] : [{ node, depth }, ...node.children.flatMap((child) => flatZones(child, depth + 1))];
}

export function findZone(id: string): ZoneNode | undefined {
  return flatZones().find(({ node }) => node.id === id)?.node;
}

export function zoneName(id: string): string {
  if (id.startsWith('device:')) return id.slice('device:'.length);
  return findZone(id)?.name ?? id;
}

/** Ids of a zone and of those in it; the city includes devices that no zone was given. */
export function zoneIdsIn(id: string): ReadonlySet<string> {
  const ids = flatZones(findZone(id)).map(({ node }) => node.id);
  return new Set(id === state.zones?.city.id ? [...ids, ''] : ids);
}

/** Devices, and silent ones among them, of each zone with its sub-zones; one pass over the devices. */
export function deviceCounts(): ReadonlyMap<string, { total: number; silent: number }> {
  const parents = new Map<string, string>();
  const cityId = state.zones?.city.id ?? '';
  for (const { id, parent } of state.zones?.zones ?? []) parents.set(id, parent ?? cityId);
  const counts = new Map<string, { total: number; silent: number }>();
  for (const { zone, silent } of state.devices.values()) {
    for (let at: string | undefined = zone === '' ? cityId : zone; at !== undefined; at = parents.get(at)) {
      const count = counts.get(at) ?? { total: 0, silent: 0 };
      count.total++;
      if (silent) count.silent++;
      counts.set(at, count);
    }
  }
  return counts;
}
