import { customerInterruptions } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, STEP_WORDS, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { perCustomerServed, sustainedOf } from './step-sums.ts';

/** System average interruption frequency; over 12 months U4SSC EC: I: ES: 1C (IEEE 1366). */
export function outageSaifi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    id: `outage-saifi-${suffix}`,
    code: window === 'day' ? '' : 'EC: I: ES: 1C',
    title: window === 'day' ? 'Outage frequency (SAIFI), day' : `Electricity system outage frequency (SAIFI), ${title}`,
    unit: '1',
    unitLabel: 'interruptions per customer',
    direction: 'lower',
    decimals: 3,
    method: `sum of the customers of all ${SUSTAINED_WORDS} ${words} / customers served; ${STEP_WORDS}`,
    source: 'IEEE Std 1366-2012, SAIFI; U4SSC EC: I: ES: 1C',
    spatial: outageRule(saifiOf),
    device: (device, at) => outagePart(device, at),
  };
}

const saifiOf: OutageIndex = ({ steps }, served) =>
  perCustomerServed(customerInterruptions(sustainedOf(steps)), served);
