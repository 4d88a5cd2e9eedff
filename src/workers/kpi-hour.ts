import type { HourMade, KpiHour } from '../kpis/index.ts';
import type { Pane, Series } from '../model/index.ts';
import { hourIsValid, mergePanes, paneValue } from '../windows/index.ts';

/** A pane of a series, of memory or of the store, as KPIs look at it. */
export function kpiHour({ kind }: Pick<Series, 'kind'>, pane: Pane): KpiHour {
  const { startMs, endMs } = pane;
  return { startMs, endMs, value: paneValue(kind, pane), valid: hourIsValid(kind, pane), made: hourMade(pane), pane };
}

/** What a pane is made of. */
export function hourMade(pane: Pane): HourMade {
  const { startMs, endMs, count, invalidCount, coveredSlots, expectedSlots, increaseCoveredMs } = pane;
  return {
    isRead: count > 0,
    isHeard: count > 0 || invalidCount > 0,
    isFull: count > 0 && coveredSlots >= expectedSlots,
    isCrossed: increaseCoveredMs >= endMs - startMs,
    coveredSlots,
    expectedSlots,
  };
}

/** The value of several hours of a series taken together, oldest first; null when nothing counts. */
export function pooledValue({ kind, expectEveryMs }: Series, hours: readonly KpiHour[]): number | null {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return null;
  const panes = hours.map(({ pane }) => pane);
  return paneValue(kind, mergePanes(panes, first.startMs, last.endMs, expectEveryMs));
}
