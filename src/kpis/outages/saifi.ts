import type { KpiDefinition } from '../definition.ts';
import { type OutageIndexInfo, type OutageWindow, outageOfDay, outageOfYear, STEPS, SUSTAINED } from './outage-kpi.ts';
import { outageRule, perCustomerServed } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

/** System average interruption frequency (IEEE 1366). */
const SAIFI: OutageIndexInfo = {
  id: 'outage-saifi',
  title: 'Outage frequency (SAIFI)',
  unit: '1',
  unitLabel: 'interruptions per customer',
  direction: 'lower',
  decimals: 3,
  method: (which) => `sum of the customers of all ${SUSTAINED} ${which} / customers served; ${STEPS}`,
  source: 'IEEE Std 1366-2012, SAIFI; U4SSC EC: I: ES: 1C',
  facts: ['electricityCustomers'],
  spatial: outageRule(({ sustained }, served) => perCustomerServed(sustained, served)),
};

/** SAIFI of a local day. */
export const outageSaifiDay: KpiDefinition = outageOfDay(SAIFI);

/** SAIFI of a year, U4SSC "Electricity System Outage Frequency". */
export function outageSaifi(window: OutageWindow): KpiDefinition {
  const named = { code: 'EC: I: ES: 1C', title: 'Electricity system outage frequency (SAIFI)' };
  return outageOfYear(window, outageSaidiDay, SAIFI, named);
}
