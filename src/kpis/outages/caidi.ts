import { caidi } from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { type OutageIndexInfo, type OutageWindow, outageOfDay, outageOfYear, STEPS, SUSTAINED } from './outage-kpi.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

const caidiOf: OutageIndex = ({ minutes, sustained }) => {
  const value = caidi(minutes, sustained);
  const note = value === null ? 'no sustained interruption' : '';
  return { value, numerator: minutes, denominator: sustained, note };
};

/** Customer average interruption duration (IEEE 1366). */
const CAIDI: OutageIndexInfo = {
  id: 'outage-caidi',
  title: 'Outage time (CAIDI)',
  unit: 'min',
  unitLabel: 'min per interruption',
  direction: 'lower',
  decimals: 1,
  method: (which) =>
    `sum of customers · minutes of all ${SUSTAINED} ${which} / sum of their customers; no value without one; ${STEPS}`,
  source: 'IEEE Std 1366-2012, CAIDI; U4SSC EC: I: ES: 2C',
  spatial: outageRule(caidiOf),
};

/** CAIDI of a local day. */
export const outageCaidiDay: KpiDefinition = outageOfDay(CAIDI);

/** CAIDI of a year, U4SSC "Electricity System Outage Time". */
export function outageCaidi(window: OutageWindow): KpiDefinition {
  const named = { code: 'EC: I: ES: 2C', title: 'Electricity system outage time (CAIDI)' };
  return outageOfYear(window, outageSaidiDay, CAIDI, named);
}
