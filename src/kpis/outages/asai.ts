import { asai } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { type OutageIndexInfo, type OutageWindow, outageOfYear, STEPS, SUSTAINED } from './outage-kpi.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

const asaiOf: OutageIndex = ({ minutes, hours }, served) => ({
  value: asai(minutes, served, hours),
  numerator: minutes,
  denominator: served * hours * 60,
  note: served > 0 ? '' : 'customers served are not known',
});

const ASAI: OutageIndexInfo = {
  id: 'outage-asai',
  title: 'Service availability (ASAI)',
  unit: '1',
  unitLabel: '',
  direction: 'higher',
  decimals: 6,
  method: (which) =>
    `1 − sum of customers · minutes of all ${SUSTAINED} ${which} / (customers served · minutes of these days); ${STEPS}`,
  source: 'IEEE Std 1366-2012, ASAI',
  facts: ['electricityCustomers'],
  spatial: outageRule(asaiOf),
};

/**
 * Average service availability of a year (IEEE 1366). Not of single days: minutes belong to the day on which an
 * interruption began, and one that lasts for days would leave less than nothing of it.
 */
export function outageAsai(window: OutageWindow): KpiDefinition {
  return outageOfYear(window, outageSaidiDay, ASAI);
}
