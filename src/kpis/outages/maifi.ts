import type { KpiDefinition } from '../definition.ts';
import { OF_THE_DAY, OUTAGE_DAY, OUTAGE_WINDOWS, type OutageWindow, outageLong } from './outage-kpi.ts';
import { type OutageIndex, outageRule, perCustomerServed } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

const maifiOf: OutageIndex = ({ momentary }, served) => perCustomerServed(momentary, served);

/** Momentary average interruption frequency (IEEE 1366). */
const MAIFI = {
  code: '',
  unit: '1',
  unitLabel: 'interruptions per customer',
  direction: 'lower',
  decimals: 3,
  source: 'IEEE Std 1366-2012, MAIFI',
  facts: ['electricityCustomers'],
  spatial: outageRule(maifiOf),
} as const satisfies Partial<KpiDefinition>;

const methodOf = (which: string): string =>
  `sum of the customers of all momentary interruptions (not longer than outages.sustainedOver, 5 minutes) ${which} / customers served`;

/** MAIFI of a local day. */
export const outageMaifiDay: KpiDefinition = {
  ...OUTAGE_DAY,
  ...MAIFI,
  id: 'outage-maifi-day',
  title: 'Momentary interruptions (MAIFI), day',
  method: methodOf(OF_THE_DAY),
};

/** MAIFI of a year. */
export function outageMaifi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageLong(window, outageSaidiDay),
    ...MAIFI,
    id: `outage-maifi-${suffix}`,
    title: `Momentary interruptions (MAIFI), ${title}`,
    method: methodOf(words),
  };
}
