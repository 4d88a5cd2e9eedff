import { OperatingError } from '../base/index.ts';
import { type CityConfig, type OwnKpiConfig, readOwnKpi } from '../config/index.ts';
import { KPI_DEFINITIONS, type KpiDefinition, whyNotTried } from '../kpis/index.ts';
import type { TimeRange } from '../store/index.ts';
import { ownDefinitions } from './city-kpis.ts';

/** A KPI to be tried on stored history; windows that end in (fromMs, toMs]. Plain data. */
export interface TrialOrder extends TimeRange {
  /** Id of a KPI of the product, of the city, or of `own`. */
  readonly kpi: string;
  /** A definition that the city does not have, or not like this. */
  readonly own?: OwnKpiConfig;
  /** Zone ids, the city's id, or `device:<id>`. */
  readonly scopes: readonly string[];
}

/** What is asked for: a known KPI, or the definition of one, as it stands in `kpis` of city.yaml. */
export interface TrialAsked extends TimeRange {
  /** With a definition: one of the ids that it makes; the first when absent. */
  readonly kpi?: string;
  readonly definition?: unknown;
  /** The city when empty, or all zones where the KPI is one of zones. */
  readonly scopes: readonly string[];
}

/** Scopes of one order. */
const SCOPES_MAX = 1_000;

/**
 * Checks what is asked for.
 *
 * @throws OperatingError `kpi_invalid`, `kpi_unknown`, `kpi_not_tried`, `scope_unknown`
 */
export function trialOrder(city: CityConfig, { kpi: id, definition, scopes, fromMs, toMs }: TrialAsked): TrialOrder {
  const own = definition === undefined ? undefined : readOwnKpi(definition);
  if (id === undefined && own === undefined)
    throw new OperatingError('kpi_unknown', 'cannot try a KPI without its id or its definition');
  const part = { kpi: id ?? own!.id, ...(own === undefined ? {} : { own }) };
  return { ...part, scopes: trialScopes(city, trialDefinition(city, part), scopes), fromMs, toMs };
}

/** The definition that is tried. @throws OperatingError `kpi_unknown`, `kpi_not_tried` */
export function trialDefinition(city: CityConfig, { kpi: id, own }: Pick<TrialOrder, 'kpi' | 'own'>): KpiDefinition {
  const ofCity = city.kpis.flatMap(ownDefinitions);
  const known = own === undefined ? [...ofCity, ...KPI_DEFINITIONS] : ownDefinitions(own);
  const kpi = known.find((one) => one.id === id);
  if (kpi === undefined) {
    const ids = known.filter((one) => own !== undefined || isNear(one.id, id)).map((one) => one.id);
    const near = ids.length > 0 ? ids.join(', ') : 'those of GET /api/v1/kpis, and kpis of city.yaml';
    throw new OperatingError('kpi_unknown', `cannot try "${id}": there is no such KPI; known are ${near}`);
  }
  const why = whyNotTried(kpi);
  if (why !== undefined) throw new OperatingError('kpi_not_tried', `cannot try ${id} on stored history: ${why}`);
  return kpi;
}

/** Ids begin with their field. */
function isNear(id: string, asked: string): boolean {
  return id.split('-')[0] === asked.split('-')[0];
}

/**
 * The scopes that a KPI is computed for: those that are asked for, or else the city, or else its zones.
 *
 * @throws OperatingError `scope_unknown` with what is allowed
 */
export function trialScopes(city: CityConfig, kpi: KpiDefinition, asked: readonly string[]): readonly string[] {
  const scopes = asked.length > 0 ? [...new Set(asked)] : usualScopes(city, kpi);
  for (const scope of scopes) checkScope(city, kpi, scope);
  if (scopes.length === 0)
    throw refused(`cannot try ${kpi.id}: it is one of devices alone; name some with --zone device:<id>`);
  if (scopes.length > SCOPES_MAX)
    throw refused(`cannot try ${kpi.id} for ${scopes.length} zones; at most ${SCOPES_MAX} are allowed`);
  return scopes;
}

function usualScopes({ city, zones }: CityConfig, { scopes }: KpiDefinition): readonly string[] {
  if (scopes.includes('city')) return [city.id];
  return scopes.includes('zone') ? zones.map(({ id }) => id) : [];
}

/** @throws OperatingError `scope_unknown` when the KPI is not computed for the scope */
export function checkScope({ city, zones }: CityConfig, { id, scopes }: KpiDefinition, scope: string): void {
  const kind = scope.startsWith('device:') ? 'device' : scope === city.id ? 'city' : 'zone';
  const known = [city.id, ...zones.map((one) => one.id)];
  if (kind !== 'device' && !known.includes(scope))
    throw refused(`cannot look at ${id} of the zone "${scope}": it is not known; known are ${known.join(', ')}`);
  if (!scopes.includes(kind))
    throw refused(`cannot look at ${id} of "${scope}": its scopes are ${scopes.join(', ')}, and that is a ${kind}`);
}

function refused(message: string): OperatingError {
  return new OperatingError('scope_unknown', message);
}
