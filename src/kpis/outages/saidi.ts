import { customerMinutes } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, STEP_WORDS, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { perCustomerServed, sustainedOf } from './step-sums.ts';

/**
 * System average interruption duration. It is no U4SSC indicator: "Outage Time" is CAIDI. Of the day it is also said of
 * single meters, as their minutes without supply.
 */
export function outageSaidi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    ...(window === 'day' ? { scopes: ['device', 'zone', 'city'] } : {}),
    id: `outage-saidi-${suffix}`,
    code: '',
    title: `Outage duration (SAIDI), ${title}`,
    unit: 'min',
    unitLabel: 'min per customer',
    direction: 'lower',
    decimals: 1,
    method: `sum of customers · minutes of all ${SUSTAINED_WORDS} ${words} / customers served; ${STEP_WORDS}`,
    source: 'IEEE Std 1366-2012, SAIDI',
    spatial: outageRule(saidiOf),
    device: (device, at) => {
      const part = outagePart(device, at);
      if (part?.outages === undefined || window !== 'day') return part;
      // Behind a device of unknown customers nothing can be shared out.
      const { value } = saidiOf(part.outages, device.facts.customers);
      return { ...part, value, valid: value !== null };
    },
  };
}

const saidiOf: OutageIndex = ({ steps }, served) => perCustomerServed(customerMinutes(sustainedOf(steps)), served);
