import { exactSum } from '../../base/index.ts';
import { isMajorEventDay, type MajorEventThreshold, majorEventThreshold } from '../arithmetic/index.ts';
import type { DayRecord } from '../day-ledger.ts';
import type { DailyMinutes, FoldSpan, KpiDefinition, Part } from '../definition.ts';
import { OUTAGE_WINDOWS, type OutageWindow, outageLong, STEPS, SUSTAINED } from './outage-kpi.ts';
import { foldOutages } from './outage-part.ts';
import { type OutageIndex, outageRule, perCustomerServed } from './outage-rule.ts';
import { outagesOf } from './outage-totals.ts';
import { outageSaidiDay } from './saidi.ts';

/** SAIDI of a year without the days of storms and other major events (IEEE 1366). U4SSC indicators keep them. */
export function outageSaidiWithoutMajorDays(window: OutageWindow): KpiDefinition {
  const { suffix, title, words } = OUTAGE_WINDOWS[window];
  const common = outageLong(window, outageSaidiDay);
  return {
    ...common,
    id: `outage-saidi-no-med-${suffix}`,
    code: '',
    title: `Outage duration without major event days (SAIDI), ${title}`,
    unit: 'min',
    unitLabel: 'min per customer',
    direction: 'lower',
    decimals: 1,
    method: `sum of customers · minutes of all ${SUSTAINED} ${words}, without days whose SAIDI exceeds T_MED, / customers served; T_MED = exp(α + 2.5 β) with mean α and sample standard deviation β of ln(SAIDI) of the days with interruptions in the five years before the window, of what is known of them; ${STEPS}`,
    completeness: `${common.completeness}; two days with interruptions before the window`,
    source: 'IEEE Std 1366-2012, major event days by 2.5 beta',
    days: { ...common.days, yearsBefore: 5, fold: foldWithDays },
    facts: ['electricityCustomers'],
    spatial: outageRule(withoutMajorDays),
  };
}

/** Major event days of a window, and the threshold that tells them. */
export interface MajorEventDays {
  /** Null where too little is known of the time before the window; then there are no such days either. */
  readonly threshold: MajorEventThreshold | null;
  /** Starts of local days, ms UTC. */
  readonly daysMs: ReadonlySet<number>;
}

/** Tells major event days; all days are divided by the same customers, whose number then makes no difference. */
export function majorEventDays(days: readonly DailyMinutes[], customersServed: number): MajorEventDays {
  const saidiOf = (isBefore: boolean): (readonly [dayMs: number, minutes: number])[] =>
    [
      ...Map.groupBy(
        days.filter((day) => day.isBefore === isBefore),
        ({ dayMs }) => dayMs,
      ),
    ].map(([dayMs, places]) => [dayMs, exactSum(places.map(({ minutes }) => minutes)) / customersServed] as const);
  const threshold = majorEventThreshold(saidiOf(true).map(([, minutes]) => minutes));
  if (threshold === null) return { threshold, daysMs: new Set() };
  const major = saidiOf(false).filter(([, minutes]) => isMajorEventDay(minutes, threshold));
  return { threshold, daysMs: new Set(major.map(([dayMs]) => dayMs)) };
}

/** Days of a zone, and which minutes each had: only the whole city, or the whole zone, has major event days. */
function foldWithDays(days: readonly DayRecord[], span: FoldSpan): Part {
  const minutesOf = (some: readonly DayRecord[], isBefore: boolean): DailyMinutes[] =>
    some
      .map(({ startMs, amounts }) => ({ dayMs: startMs, minutes: outagesOf(amounts).minutes, isBefore }))
      .filter(({ minutes }) => minutes > 0);
  return {
    ...foldOutages(days, span),
    dailyMinutes: [...minutesOf(span.before ?? [], true), ...minutesOf(days, false)],
  };
}

const withoutMajorDays: OutageIndex = (_totals, served, { dailyMinutes = [] }) => {
  if (served <= 0) return perCustomerServed(0, served);
  const { threshold, daysMs } = majorEventDays(dailyMinutes, served);
  const ordinary = dailyMinutes.filter(({ dayMs, isBefore }) => !isBefore && !daysMs.has(dayMs));
  const said = perCustomerServed(exactSum(ordinary.map(({ minutes }) => minutes)), served);
  if (threshold === null) return { ...said, valid: false, note: 'too little is known of the years before for T_MED' };
  return { ...said, note: `T_MED ${threshold.tMed.toFixed(2)} min, ${daysMs.size} major event days` };
};
