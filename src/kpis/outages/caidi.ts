import { caidi } from '../arithmetic/index.ts';
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
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { outageSaidiDay } from './saidi.ts';

const caidiOf: OutageIndex = ({ minutes, sustained }) => {
  const value = caidi(minutes, sustained);
  const note = value === null ? 'no sustained interruption' : '';
  return { value, numerator: minutes, denominator: sustained, note };
};

/** Customer average interruption duration (IEEE 1366). */
const CAIDI = {
  unit: 'min',
  unitLabel: 'min per interruption',
  direction: 'lower',
  decimals: 1,
  source: 'IEEE Std 1366-2012, CAIDI; U4SSC EC: I: ES: 2C',
  spatial: outageRule(caidiOf),
} as const satisfies Partial<KpiDefinition>;

const methodOf = (which: string): string =>
  `sum of customers · minutes of all ${SUSTAINED} ${which} / sum of their customers; no value without one; ${STEPS}`;

/** CAIDI of a local day. */
export const outageCaidiDay: KpiDefinition = {
  ...OUTAGE_DAY,
  ...CAIDI,
  id: 'outage-caidi-day',
  code: '',
  title: 'Outage time (CAIDI), day',
  method: methodOf(OF_THE_DAY),
};

/** CAIDI of a year, U4SSC "Electricity System Outage Time". */
export function outageCaidi(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageLong(window, outageSaidiDay),
    ...CAIDI,
    id: `outage-caidi-${suffix}`,
    code: 'EC: I: ES: 2C',
    title: `Electricity system outage time (CAIDI), ${title}`,
    method: methodOf(words),
  };
}
