import type { OutageRecord, OutageStep } from '../../model/index.ts';
import {
  customerMinutes,
  isMajorEventDay,
  type MajorEventThreshold,
  majorEventThreshold,
} from '../arithmetic/index.ts';
import type { KpiDefinition } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageCommon, STEP_WORDS, SUSTAINED_WORDS } from './outage-kpi.ts';
import { outagePart } from './outage-part.ts';
import { type OutageIndex, outageRule } from './outage-rule.ts';
import { perCustomerServed, sustainedOf } from './step-sums.ts';

/** SAIDI without the days of storms and other major events (IEEE 1366, 2.5 beta). U4SSC indicators keep them. */
export function outageSaidiWithoutMajorDays(window: Exclude<OutageWindow, 'day'>): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageCommon(window),
    id: `outage-saidi-no-med-${suffix}`,
    code: '',
    title: `Outage duration without major event days (SAIDI), ${title}`,
    unit: 'min',
    unitLabel: 'min per customer',
    direction: 'lower',
    decimals: 1,
    method: `sum of customers · minutes of all ${SUSTAINED_WORDS} ${words}, without days whose SAIDI exceeds T_MED, / customers served; T_MED = exp(α + 2.5 β) with mean α and sample standard deviation β of ln(SAIDI) of the days with interruptions in up to five years before the window, of what is known of them; ${STEP_WORDS}`,
    completeness: 'as SAIDI, and at least two days with interruptions before the window',
    source: 'IEEE Std 1366-2012, major event days by 2.5 beta',
    spatial: outageRule(withoutMajorDays),
    device: (device, at) => outagePart(device, at, true),
  };
}

/** Which days of a window are major event days, and by which threshold. */
export interface MajorEventDays {
  /** Null where too little is known of the time before the window; then there are no such days either. */
  readonly threshold: MajorEventThreshold | null;
  /** Starts of local days, ms UTC. */
  readonly daysMs: ReadonlySet<number>;
}

/** Tells major event days, all days divided by the same customers. */
export function majorEventDays({ steps, before }: OutageRecord, customersServed: number): MajorEventDays {
  const threshold = majorEventThreshold([...dailySaidi(before, customersServed).values()]);
  if (threshold === null) return { threshold, daysMs: new Set() };
  const days = [...dailySaidi(steps, customersServed)].filter(([, minutes]) => isMajorEventDay(minutes, threshold));
  return { threshold, daysMs: new Set(days.map(([dayMs]) => dayMs)) };
}

const withoutMajorDays: OutageIndex = (record, served) => {
  const { threshold, daysMs } = majorEventDays(record, served);
  const ordinary = sustainedOf(record.steps).filter(({ dayMs }) => !daysMs.has(dayMs));
  const said = perCustomerServed(customerMinutes(ordinary), served);
  if (said.value === null) return said;
  if (threshold === null) return { ...said, valid: false, note: 'too little is known of the years before for T_MED' };
  return { ...said, note: `T_MED ${threshold.tMed.toFixed(2)} min, ${daysMs.size} major event days` };
};

function dailySaidi(steps: readonly OutageStep[], served: number): ReadonlyMap<number, number> {
  const byDay = Map.groupBy(sustainedOf(steps), ({ dayMs }) => dayMs);
  return new Map([...byDay].map(([dayMs, of]) => [dayMs, served > 0 ? customerMinutes(of) / served : 0]));
}
