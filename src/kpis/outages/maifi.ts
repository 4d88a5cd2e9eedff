import type { KpiDefinition } from '../definition.ts';
import { type OutageIndexInfo, type OutageWindow, outageOfDay, outageOfYear } from './outage-kpi.ts';
import { outageRule, perCustomerServed } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

/** Momentary average interruption frequency (IEEE 1366). */
const MAIFI: OutageIndexInfo = {
  id: 'outage-maifi',
  title: 'Momentary interruptions (MAIFI)',
  unit: '1',
  unitLabel: 'interruptions per customer',
  direction: 'lower',
  decimals: 3,
  method: (which) =>
    `sum of the customers of all momentary interruptions (not longer than outages.sustainedOver, 5 minutes) ${which} / customers served`,
  source: 'IEEE Std 1366-2012, MAIFI',
  facts: ['electricityCustomers'],
  spatial: outageRule(({ momentary }, served) => perCustomerServed(momentary, served)),
};

/** MAIFI of a local day. */
export const outageMaifiDay: KpiDefinition = outageOfDay(MAIFI);

/** MAIFI of a year. */
export function outageMaifi(window: OutageWindow): KpiDefinition {
  return outageOfYear(window, outageSaidiDay, MAIFI);
}
