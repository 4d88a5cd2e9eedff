import { ECONOMY } from './economy.ts';
import { ENVIRONMENT } from './environment.ts';
import { type U4sscKpi, u4sscKpi } from './kpi.ts';
import { SOCIETY } from './society.ts';

/**
 * The 91 KPIs of U4SSC (ITU-T Y.4903), by dimension and code: codes, names and units as printed by the collection
 * methodology of 2017 and the verification manual of 2022, definitions in own words.
 */
export const U4SSC_KPIS: readonly U4sscKpi[] = [
  ...ECONOMY.map((line) => u4sscKpi('Economy', line)),
  ...ENVIRONMENT.map((line) => u4sscKpi('Environment', line)),
  ...SOCIETY.map((line) => u4sscKpi('Society and Culture', line)),
];
