// In: what a city's configuration says of a KPI of its own. Out: its definitions, like those of the product. Pure.
export { evaluateFormula } from './evaluate-formula.ts';
export { type OwnInput, type OwnKpi, ownKpi } from './own-kpi.ts';
