import { type Calendar, DAY_MS } from '../base/index.ts';
import type { KpiDefinition, KpiLook } from './definition.ts';
import { type Bounds, neededUntilMs, touchedWindows } from './kpi-windows.ts';

/** What one KPI looks at when hours of a quantity change. */
export interface KpiReach {
  readonly kpi: string;
  readonly quantities: readonly string[];
  readonly looksAt: readonly KpiLook[];
  /** Starts of the windows that are looked at again: from the first to the last, ms UTC. */
  readonly firstWindowMs: number;
  readonly lastWindowMs: number;
  /** Hours that these windows, and what is expected in them, are made of: [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Windows look back at most this far before they begin: a meter that reported then is expected in them. */
const EXPECTED_BEFORE_MS = DAY_MS;

/**
 * What KPIs look at when hours of a quantity change.
 *
 * @param firstHourMs start of the first and of the last hour that changes, ms UTC
 */
export function kpiReach(
  definitions: Iterable<KpiDefinition>,
  calendar: Calendar,
  quantity: string,
  firstHourMs: number,
  lastHourMs: number,
): KpiReach[] {
  return [...definitions]
    .filter(({ quantities }) => quantities.includes(quantity))
    .map((kpi) => {
      const first = touchedWindows(kpi, calendar, firstHourMs)[0]!;
      const last = touchedWindows(kpi, calendar, lastHourMs).at(-1)!;
      return reachOf(kpi, first, last, firstHourMs);
    });
}

/** What a KPI looks at for one window. */
export function windowReach(kpi: KpiDefinition, bounds: Bounds): KpiReach {
  return reachOf(kpi, bounds, bounds, bounds.startMs);
}

function reachOf(kpi: KpiDefinition, first: Bounds, last: Bounds, firstHourMs: number): KpiReach {
  return {
    kpi: kpi.id,
    quantities: kpi.quantities,
    looksAt: kpi.looksAt ?? ['hours'],
    firstWindowMs: first.startMs,
    lastWindowMs: last.startMs,
    fromMs: Math.min(first.startMs, firstHourMs) - EXPECTED_BEFORE_MS,
    toMs: neededUntilMs(kpi, last),
  };
}
