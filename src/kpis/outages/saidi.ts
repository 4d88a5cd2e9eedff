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

const saidiOf: OutageIndex = ({ minutes }, served) => perCustomerServed(minutes, served);

/** System average interruption duration. It is no U4SSC indicator: "Outage Time" is CAIDI. */
const SAIDI = {
  code: '',
  unit: 'min',
  unitLabel: 'min per customer',
  direction: 'lower',
  decimals: 1,
  source: 'IEEE Std 1366-2012, SAIDI',
  facts: ['electricityCustomers'],
  spatial: outageRule(saidiOf),
} as const satisfies Partial<KpiDefinition>;

const methodOf = (which: string): string =>
  `sum of customers · minutes of all ${SUSTAINED} ${which} / customers served; ${STEPS}`;

/** SAIDI of a local day. */
export const outageSaidiDay: KpiDefinition = {
  ...OUTAGE_DAY,
  ...SAIDI,
  id: 'outage-saidi-day',
  title: 'Outage duration (SAIDI), day',
  method: methodOf(OF_THE_DAY),
};

/** SAIDI of a year. */
export function outageSaidi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageLong(window, outageSaidiDay),
    ...SAIDI,
    id: `outage-saidi-${suffix}`,
    title: `Outage duration (SAIDI), ${title}`,
    method: methodOf(words),
  };
}
