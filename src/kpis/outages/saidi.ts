import type { KpiDefinition } from '../definition.ts';
import { type OutageIndexInfo, type OutageWindow, outageOfDay, outageOfYear, STEPS, SUSTAINED } from './outage-kpi.ts';
import { outageRule, perCustomerServed } from './outage-rule.ts';

/** System average interruption duration. It is no U4SSC indicator: "Outage Time" is CAIDI. */
const SAIDI: OutageIndexInfo = {
  id: 'outage-saidi',
  title: 'Outage duration (SAIDI)',
  unit: 'min',
  unitLabel: 'min per customer',
  direction: 'lower',
  decimals: 1,
  method: (which) => `sum of customers · minutes of all ${SUSTAINED} ${which} / customers served; ${STEPS}`,
  source: 'IEEE Std 1366-2012, SAIDI',
  facts: ['electricityCustomers'],
  spatial: outageRule(({ minutes }, served) => perCustomerServed(minutes, served)),
};

/** SAIDI of a local day; all indices of years are folded from it. */
export const outageSaidiDay: KpiDefinition = outageOfDay(SAIDI);

/** SAIDI of a year. */
export function outageSaidi(window: OutageWindow): KpiDefinition {
  return outageOfYear(window, outageSaidiDay, SAIDI);
}
