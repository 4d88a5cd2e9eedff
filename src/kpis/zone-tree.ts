import {
  CITY_FACTS,
  type CityFact,
  type CityFactId,
  type FactHistories,
  factAt,
  NO_FACTS,
  worstQuality,
} from '../model/index.ts';
import type { ZoneFacts } from './definition.ts';

/** A part of the city as its configuration says. */
export interface ZoneSpec {
  readonly id: string;
  readonly parent?: string | undefined;
  /** People where `facts` holds none. */
  readonly population?: number;
  /** What the zone was told, its people by date included. */
  readonly facts?: FactHistories;
}

/** What a zone knows of itself when a window starts. */
export interface ZoneState extends ZoneFacts {
  /** People that live in the zone but in none of its children: the weight of the zone's own devices. */
  readonly ownPopulation: number;
}

/** The city and its zones. */
export interface ZoneNode {
  readonly id: string;
  readonly parent: ZoneNode | undefined;
  readonly children: readonly ZoneNode[];
  /** What is in force at an instant, ms UTC. */
  at(atMs: number): ZoneState;
}

/**
 * Builds the tree below the city.
 *
 * @param population of the city where `facts` holds none; the sum of its zones when absent
 * @param facts what the city was told
 * @returns nodes by id, the city's included
 */
export function zoneTree(
  cityId: string,
  population: number | undefined,
  zones: readonly ZoneSpec[],
  facts: FactHistories = new Map(),
): ReadonlyMap<string, ZoneNode> {
  const byParent = Map.groupBy(zones, (zone) => zone.parent ?? cityId);
  const nodes = new Map<string, ZoneNode>();
  const build = (id: string, parent: Zone | undefined, histories: FactHistories): Zone => {
    const node = new Zone(id, parent, histories);
    nodes.set(id, node);
    for (const zone of byParent.get(id) ?? []) {
      node.children.push(build(zone.id, node, told(zone.population, zone.facts)));
    }
    return node;
  };
  build(cityId, undefined, told(population, facts));
  return nodes;
}

/** The zone and all that it lies in, up to the city. */
export function* ancestors(node: ZoneNode): Generator<ZoneNode> {
  for (let at: ZoneNode | undefined = node; at !== undefined; at = at.parent) yield at;
}

/** The zone and all that lies in it. */
export function* zonesIn(node: ZoneNode): Generator<ZoneNode> {
  yield node;
  for (const child of node.children) yield* zonesIn(child);
}

function told(population: number | undefined, facts: FactHistories | undefined): FactHistories {
  const histories = new Map(facts);
  if (population === undefined || histories.has('population')) return histories;
  const fact: CityFact = { value: population, fromMs: Number.NEGATIVE_INFINITY, source: '', quality: worstQuality([]) };
  return histories.set('population', [fact]);
}

class Zone implements ZoneNode {
  readonly id: string;
  readonly parent: Zone | undefined;
  readonly children: Zone[] = [];
  readonly #told: FactHistories;
  /** Instants at which a fact of the zone, of one in it or of one around it changes, ascending. */
  #changesMs: readonly number[] | undefined;
  readonly #states = new Map<number, ZoneState>();

  constructor(id: string, parent: Zone | undefined, histories: FactHistories) {
    this.id = id;
    this.parent = parent;
    this.#told = histories;
  }

  at(atMs: number): ZoneState {
    this.#changesMs ??= [...new Set([...this.#changesBelow(), ...this.#changesAbove()])].sort((a, b) => a - b);
    const changesMs = this.#changesMs;
    const since = changesMs.length === 0 ? -1 : changesMs.findLastIndex((fromMs) => fromMs <= atMs);
    let state = this.#states.get(since);
    if (state === undefined) {
      state = this.#stateAt(atMs);
      this.#states.set(since, state);
    }
    return state;
  }

  #stateAt(atMs: number): ZoneState {
    const facts = new Map([...CITY_FACTS.keys()].map((id) => [id, this.#fact(id, atMs)]));
    // The people of a zone that nobody counted are those of its parts, however few of these are known.
    const below = this.children.reduce((sum, child) => sum + child.at(atMs).population, 0);
    const population = facts.get('population')?.value ?? below;
    return { id: this.id, population, ownPopulation: Math.max(0, population - below), fact: (id) => facts.get(id) };
  }

  /** What the zone was told; else an amount from its parts, a rate from what it lies in. */
  #fact(id: CityFactId, atMs: number): CityFact | undefined {
    const own = factAt(this.#told.get(id), atMs);
    if (own !== undefined) return own;
    if (CITY_FACTS.get(id)?.kind === 'amount') return this.#sum(id, atMs);
    return this.parent === undefined ? NO_FACTS(id) : this.parent.#fact(id, atMs);
  }

  #sum(id: CityFactId, atMs: number): CityFact | undefined {
    const parts = this.children.map((child) => child.#fact(id, atMs));
    const known = parts.filter((part) => part !== undefined);
    if (known.length === 0 || known.length < parts.length) return undefined;
    return {
      value: known.reduce((sum, { value }) => sum + value, 0),
      fromMs: Math.max(...known.map(({ fromMs }) => fromMs)),
      source: [...new Set(known.map(({ source }) => source).filter((source) => source !== ''))].join('; '),
      quality: worstQuality(known.map(({ quality }) => quality)),
    };
  }

  *#changesHere(): Generator<number> {
    for (const history of this.#told.values()) {
      for (const { fromMs } of history) if (Number.isFinite(fromMs)) yield fromMs;
    }
  }

  *#changesBelow(): Generator<number> {
    yield* this.#changesHere();
    for (const child of this.children) yield* child.#changesBelow();
  }

  *#changesAbove(): Generator<number> {
    for (let zone = this.parent; zone !== undefined; zone = zone.parent) yield* zone.#changesHere();
  }
}
