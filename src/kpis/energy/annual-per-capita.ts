import type { KpiDefinition } from '../definition.ts';
import { overDays, rateOfDays } from '../long-kpi.ts';
import { COMPLETE_DAYS, overMeterDays } from '../long-meters.ts';
import { publicBuildingEnergy, thermalPerCapita } from './heat-and-buildings.ts';
import { electricityPerCapita } from './per-capita.ts';

const MEAN = 'mean of the days, energy and what it is divided by each on its own';

/** Electricity consumption per head and year (U4SSC EN: E: E: 2C). */
export const electricityAnnualPerCapita: readonly KpiDefinition[] = overDays({
  id: 'electricity-per-capita',
  title: 'Electricity consumption per capita',
  method:
    '(import + generation \u2212 export) per person served as 365 such days, of each valid local day; mean of the days, weighted by their length, energy and people each on its own',
  completeness: 'at least 90 % of the days that have ended are valid',
  source: 'U4SSC EN: E: E: 2C',
  of: electricityPerCapita,
  level: 'zone',
  fold: rateOfDays,
});

/** Thermal energy of homes per head and year (U4SSC EN: E: E: 3C). */
export const thermalAnnualPerCapita: readonly KpiDefinition[] = overMeterDays({
  id: 'thermal-per-capita',
  title: 'Residential thermal energy per capita',
  method: `${thermalPerCapita.method}; ${MEAN}`,
  completeness: COMPLETE_DAYS,
  source: 'U4SSC EN: E: E: 3C',
  of: thermalPerCapita,
  scale: 'mean',
});

/** Energy of public buildings per floor area and year (U4SSC EN: E: E: 4A). */
export const publicBuildingAnnualEnergy: readonly KpiDefinition[] = overMeterDays({
  id: 'public-building-energy',
  title: 'Public building energy',
  method: `${publicBuildingEnergy.method}; ${MEAN}`,
  completeness: COMPLETE_DAYS,
  source: 'U4SSC EN: E: E: 4A',
  of: publicBuildingEnergy,
  scale: 'mean',
});
