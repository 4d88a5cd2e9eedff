import type { KpiDefinition } from '../definition.ts';
import {
  OF_THE_DAY,
  OUTAGE_DAY,
  OUTAGE_WINDOWS,
  type OutageWindow,
  outageLong,
  STEPS,
  SUSTAINED,
} from './outage-kpi.ts';
import { type OutageIndex, outageRule, perCustomerServed } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

const saifiOf: OutageIndex = ({ sustained }, served) => perCustomerServed(sustained, served);

/** System average interruption frequency (IEEE 1366). */
const SAIFI = {
  unit: '1',
  unitLabel: 'interruptions per customer',
  direction: 'lower',
  decimals: 3,
  source: 'IEEE Std 1366-2012, SAIFI; U4SSC EC: I: ES: 1C',
  facts: ['electricityCustomers'],
  spatial: outageRule(saifiOf),
} as const satisfies Partial<KpiDefinition>;

const methodOf = (which: string): string =>
  `sum of the customers of all ${SUSTAINED} ${which} / customers served; ${STEPS}`;

/** SAIFI of a local day. */
export const outageSaifiDay: KpiDefinition = {
  ...OUTAGE_DAY,
  ...SAIFI,
  id: 'outage-saifi-day',
  code: '',
  title: 'Outage frequency (SAIFI), day',
  method: methodOf(OF_THE_DAY),
};

/** SAIFI of a year, U4SSC "Electricity System Outage Frequency". */
export function outageSaifi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageLong(window, outageSaidiDay),
    ...SAIFI,
    id: `outage-saifi-${suffix}`,
    code: 'EC: I: ES: 1C',
    title: `Electricity system outage frequency (SAIFI), ${title}`,
    method: methodOf(words),
  };
}
