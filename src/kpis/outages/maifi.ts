import { customerInterruptions } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { perCustomerServed } from './step-sums.ts';

/** Momentary average interruption frequency (IEEE 1366). */
export function outageMaifi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    id: `outage-maifi-${suffix}`,
    code: '',
    title: `Momentary interruptions (MAIFI), ${title}`,
    unit: '1',
    unitLabel: 'interruptions per customer',
    direction: 'lower',
    decimals: 3,
    method: `sum of the customers of all momentary interruptions (not longer than outages.sustainedOver, 5 minutes) ${words} / customers served`,
    source: 'IEEE Std 1366-2012, MAIFI',
    spatial: outageRule(maifiOf),
    device: (device, at) => outagePart(device, at),
  };
}

const maifiOf: OutageIndex = ({ steps }, served) =>
  perCustomerServed(customerInterruptions(steps.filter(({ sustained }) => !sustained)), served);
