import type { KpiDefinition } from '../definition.ts';
import { overDays, rateOfDays } from '../long-kpi.ts';
import { waterPerCapita } from './per-capita.ts';

/** Water consumption per head and day of a year (U4SSC EN: EN: WS: 2C; KPI.md 4.1). */
export const waterAnnualPerCapita: readonly KpiDefinition[] = overDays({
  id: 'water-per-capita',
  title: 'Water consumption per capita',
  method:
    'litres per 24 hours of the valid local days, each weighted by its length, over the people served on them; zones are added up by their mean day',
  completeness: 'at least 90 % of the days that have ended are valid',
  source: 'U4SSC EN: EN: WS: 2C',
  of: waterPerCapita,
  level: 'zone',
  fold: rateOfDays,
});
