import { createHash } from 'node:crypto';
import type { CityConfig, OwnKpiConfig } from '../config/index.ts';
import type { RevisionReason } from '../model/index.ts';

/*
 * What KPI values depend on beside the readings, in short: a digest of the facts of city and zones, and one of the rest.
 * It stands in the store with the values, so that another configuration is noticed at the next start.
 */

/** The basis that a configuration gives values. */
export function kpiBasis(config: CityConfig): string {
  const { city, zones, devices, noise, water, outages, kpis } = config;
  const facts = [city, ...zones].map((area) => {
    return [area.id, area.population, 'areaKm2' in area ? area.areaKm2 : null, area.facts];
  });
  const { sustainedOver, strict } = outages;
  const rest = [
    [city.id, city.timeZone, zones.map(({ id, parent }) => [id, parent])],
    [devices.map((line) => ({ ...line, name: '' })), noise, water, { sustainedOver, strict }, ownBasis(kpis)],
  ];
  return `facts ${digest(facts)}, config ${digest(rest)}`;
}

/** Own KPIs that are computed, without what only pages show of them; bands stay, because a value says its band. */
function ownBasis(kpis: readonly OwnKpiConfig[]): unknown[] {
  return kpis
    .filter(({ enabled }) => enabled)
    .map(
      ({ title: _title, unitLabel: _label, decimals: _decimals, direction: _direction, target: _target, ...own }) => {
        return { ...own, bands: own.bands.map(({ upTo }) => upTo ?? null) };
      },
    );
}

/** Why values of one basis are looked at again under another; undefined when nothing was changed. */
export function changeOfBasis(before: string, now: string): RevisionReason | undefined {
  if (before === now) return undefined;
  const [factsBefore, restBefore] = before.split(', ');
  const [factsNow, restNow] = now.split(', ');
  return restBefore === restNow && factsBefore !== factsNow ? 'facts' : 'config';
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
