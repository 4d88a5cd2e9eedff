import { MINUTE_MS } from '../base/index.ts';
import { type CityConfig, factHistories } from '../config/index.ts';
import { type KpiCity, zoneTree } from '../kpis/index.ts';
import { type FactsInForce, NO_FACTS } from '../model/index.ts';

/** The city as KPIs see it: its zones with what they were told of themselves, and its devices. */
export function kpiCity(config: CityConfig, facts: KpiCity['facts']): KpiCity {
  const { noise, water, outages } = config;
  const sustained = { overMinutes: outages.sustainedOver / MINUTE_MS, strict: outages.strict };
  return { ...areasOf(config), settings: { noise, water, outages: { sustained } }, facts };
}

/** Facts of a zone in force at an instant, ms UTC; those of the city for what is no zone. */
export function factsOfZones(config: CityConfig): (zone: string, atMs: number) => FactsInForce {
  const { id, zones, cityFacts } = areasOf(config);
  const tree = zoneTree(id, undefined, zones, cityFacts);
  return (zone, atMs) => (tree.get(zone) ?? tree.get(id))?.at(atMs).fact ?? NO_FACTS;
}

function areasOf({ city, zones }: CityConfig) {
  return {
    id: city.id,
    population: undefined,
    cityFacts: factHistories(city, city.timeZone),
    zones: zones.map((zone) => ({ id: zone.id, parent: zone.parent, facts: factHistories(zone, city.timeZone) })),
  };
}
