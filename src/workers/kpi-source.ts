import { HOUR_MS } from '../base/index.ts';
import type { KpiHour, KpiSeries, KpiSource } from '../kpis/index.ts';
import type { Pane } from '../model/index.ts';
import { hourIsValid, mergePanes, paneValue, type SeriesView, SLOW_MS, type WindowEngine } from '../windows/index.ts';
import type { OldHours } from './old-hours.ts';
import type { OutageTracker } from './outage-tracker.ts';

/**
 * Shows the window engine to the KPIs.
 *
 * @param oldHours what was read back from the store for the tick that runs; undefined when memory holds all that is looked at
 * @param outages what every series told of outages
 */
export function kpiSource(
  windows: WindowEngine,
  oldHours: () => OldHours | undefined,
  outages: OutageTracker,
): KpiSource {
  const views: KpiSeries[] = [];
  return {
    calendar: windows.calendar,
    nowMs: () => windows.nowMs,
    horizonStartMs: () => windows.horizonStartMs,
    seriesCount: () => windows.seriesCount,
    series: (id) => {
      views[id] ??= kpiSeries(windows, windows.view(id), oldHours, outages);
      return views[id];
    },
    watermarkMs: (id) => windows.watermarkMs(id),
    customersCounted: (zone) => outages.customersIn(zone),
    levelsKeptFromMs: () => windows.hoursKeptFromMs,
    storedRevision: (kpi, zone, startMs) => oldHours()?.revision(kpi, zone, startMs) ?? 0,
  };
}

function kpiSeries(
  windows: WindowEngine,
  view: SeriesView,
  oldHours: () => OldHours | undefined,
  outages: OutageTracker,
): KpiSeries {
  const { series } = view;
  const hourOf = (pane: Pane): KpiHour => ({
    startMs: pane.startMs,
    endMs: pane.endMs,
    value: paneValue(series.kind, pane),
    valid: hourIsValid(series.kind, pane),
    pane,
  });
  const folded = {
    hour: (fromMs: number, toMs: number): KpiHour[] => view.hours(fromMs, toMs).map(hourOf),
    quarter: (fromMs: number, toMs: number): KpiHour[] => view.quarters(fromMs, toMs).map(hourOf),
  };
  /** What was read back from the store, the rest from memory. */
  const joined = (level: 'hour' | 'quarter', fromMs: number, toMs: number): KpiHour[] => {
    const memory = folded[level];
    return oldHours()?.intervals(level, series, { fromMs, toMs }, memory, hourOf) ?? memory(fromMs, toMs);
  };
  return {
    series,
    silentAfterMs: windows.silentAfterMs(series),
    // Readings of slow series are kept until their hours are closed (`SeriesTable.keepMs`), fast ones leave records behind.
    keptLongerMs: () => {
      if (series.expectEveryMs < SLOW_MS) return 0;
      return Math.max(0, windows.silentAfterMs(series) + HOUR_MS - (windows.nowMs - windows.horizonStartMs));
    },
    newestMs: () => view.newestMs,
    heardMs: (fromMs, toMs) => {
      const old = oldHours()?.heardMs(series.id, fromMs, toMs) ?? Number.NEGATIVE_INFINITY;
      return Math.max(old, view.heardMs(fromMs, toMs));
    },
    hours: (fromMs, toMs) => joined('hour', fromMs, toMs),
    quarters: (fromMs, toMs) => joined('quarter', fromMs, toMs),
    pooled: (hours) => {
      const first = hours[0];
      const last = hours.at(-1);
      if (first === undefined || last === undefined) return null;
      const panes = hours.map((hour) => hour.pane);
      return paneValue(series.kind, mergePanes(panes, first.startMs, last.endMs, series.expectEveryMs));
    },
    levels: (startMs) => view.levels(startMs),
    interruptions: (fromMs, toMs) => outages.interruptions(series.id, fromMs, toMs),
  };
}
