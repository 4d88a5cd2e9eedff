import { caidi, customerInterruptions, customerMinutes } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, STEP_WORDS, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { sustainedOf } from './step-sums.ts';

/** Customer average interruption duration; over 12 months U4SSC EC: I: ES: 2C, "Outage Time" (IEEE 1366). */
export function outageCaidi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    id: `outage-caidi-${suffix}`,
    code: window === 'day' ? '' : 'EC: I: ES: 2C',
    title: window === 'day' ? 'Outage time (CAIDI), day' : `Electricity system outage time (CAIDI), ${title}`,
    unit: 'min',
    unitLabel: 'min per interruption',
    direction: 'lower',
    decimals: 1,
    method: `sum of customers · minutes of all ${SUSTAINED_WORDS} ${words} / sum of their customers; no value without interruption; ${STEP_WORDS}`,
    source: 'IEEE Std 1366-2012, CAIDI; U4SSC EC: I: ES: 2C',
    spatial: outageRule(caidiOf),
    device: (device, at) => outagePart(device, at),
  };
}

const caidiOf: OutageIndex = ({ steps }) => {
  const sustained = sustainedOf(steps);
  const numerator = customerMinutes(sustained);
  const denominator = customerInterruptions(sustained);
  const value = caidi(numerator, denominator);
  return { value, numerator, denominator, note: value === null ? 'no sustained interruption' : '' };
};
