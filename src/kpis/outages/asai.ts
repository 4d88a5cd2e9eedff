import { asai, customerMinutes } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, STEP_WORDS, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { sustainedOf } from './step-sums.ts';

/**
 * Average service availability (IEEE 1366). Not of single days: minutes belong to the day on which an interruption began,
 * and one that lasts for days would leave less than nothing of it.
 */
export function outageAsai(window: Exclude<OutageWindow, 'day'>): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    id: `outage-asai-${suffix}`,
    code: '',
    title: `Service availability (ASAI), ${title}`,
    unit: '1',
    unitLabel: '',
    direction: 'higher',
    decimals: 6,
    method: `1 − sum of customers · minutes of all ${SUSTAINED_WORDS} ${words} / (customers served · minutes of the window so far); ${STEP_WORDS}`,
    source: 'IEEE Std 1366-2012, ASAI',
    spatial: outageRule(asaiOf),
    device: (device, at) => outagePart(device, at),
  };
}

const asaiOf: OutageIndex = ({ steps, periodHours }, served) => {
  const sustained = sustainedOf(steps);
  const value = asai(sustained, served, periodHours);
  return {
    value,
    numerator: customerMinutes(sustained),
    denominator: served * periodHours * 60,
    note: served > 0 ? '' : 'customers served are not known',
  };
};
