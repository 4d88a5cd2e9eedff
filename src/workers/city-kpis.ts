import { type CityConfig, completeOwnKpi, type OwnKpiConfig, parseExpression } from '../config/index.ts';
import { KPI_DEFINITIONS, type KpiDefinition, ownKpi } from '../kpis/index.ts';

/** Every KPI that is computed in the city: those of the product, and the own ones that are switched on. */
export function cityKpis({ kpis }: Pick<CityConfig, 'kpis'>): readonly KpiDefinition[] {
  return [...KPI_DEFINITIONS, ...kpis.filter(({ enabled }) => enabled).flatMap(ownDefinitions)];
}

/** The definitions of an own KPI, switched on or not: itself and, where it asks for them, those of its years. */
export function ownDefinitions(own: OwnKpiConfig): readonly KpiDefinition[] {
  return ownKpi(completeOwnKpi(own), parseExpression(own.expression));
}
