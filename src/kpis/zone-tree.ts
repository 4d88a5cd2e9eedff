import type { ZoneFacts } from './definition.ts';

/** A part of the city as its configuration says. */
export interface ZoneSpec {
  readonly id: string;
  readonly parent?: string | undefined;
  readonly population: number;
}

/** The city and its zones. */
export interface ZoneNode extends ZoneFacts {
  readonly parent: ZoneNode | undefined;
  readonly children: readonly ZoneNode[];
  /** People that live in the zone but in none of its children: the weight of the zone's own devices. */
  readonly ownPopulation: number;
}

/**
 * Builds the tree below the city.
 *
 * @param population of the city; the sum of its zones when absent
 * @returns nodes by id, the city's included
 */
export function zoneTree(
  cityId: string,
  population: number | undefined,
  zones: readonly ZoneSpec[],
): ReadonlyMap<string, ZoneNode> {
  const byParent = Map.groupBy(zones, (zone) => zone.parent ?? cityId);
  const nodes = new Map<string, ZoneNode>();
  const build = (id: string, people: number | undefined, parent: ZoneNode | undefined): ZoneNode => {
    const children: ZoneNode[] = [];
    const below = (byParent.get(id) ?? []).reduce((sum, zone) => sum + zone.population, 0);
    const total = people ?? below;
    const node: ZoneNode = { id, population: total, parent, children, ownPopulation: Math.max(0, total - below) };
    nodes.set(id, node);
    for (const zone of byParent.get(id) ?? []) children.push(build(zone.id, zone.population, node));
    return node;
  };
  build(cityId, population, undefined);
  return nodes;
}

/** The zone and all that it lies in, up to the city. */
export function* ancestors(node: ZoneNode): Generator<ZoneNode> {
  for (let at: ZoneNode | undefined = node; at !== undefined; at = at.parent) yield at;
}
