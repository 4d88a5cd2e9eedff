import type { KpiHour, KpiSeries, KpiSource } from '../kpis/index.ts';
import type { Pane } from '../model/index.ts';
import { hourIsValid, mergePanes, paneValue, type SeriesView, type WindowEngine } from '../windows/index.ts';

/** Shows the window engine to the KPIs. */
export function kpiSource(windows: WindowEngine): KpiSource {
  const views: KpiSeries[] = [];
  return {
    calendar: windows.calendar,
    nowMs: () => windows.nowMs,
    horizonStartMs: () => windows.horizonStartMs,
    seriesCount: () => windows.seriesCount,
    series: (id) => {
      views[id] ??= kpiSeries(windows, windows.view(id));
      return views[id];
    },
    watermarkMs: (id) => windows.watermarkMs(id),
  };
}

function kpiSeries(windows: WindowEngine, view: SeriesView): KpiSeries {
  const { series } = view;
  const hourOf = (pane: Pane): KpiHour => ({
    startMs: pane.startMs,
    endMs: pane.endMs,
    value: paneValue(series.kind, pane),
    valid: hourIsValid(series.kind, pane),
    pane,
  });
  return {
    series,
    silentAfterMs: windows.silentAfterMs(series),
    newestMs: () => view.newestMs,
    heardMs: (fromMs, toMs) => view.heardMs(fromMs, toMs),
    hours: (fromMs, toMs) => view.hours(fromMs, toMs).map(hourOf),
    quarters: (fromMs, toMs) => view.quarters(fromMs, toMs).map(hourOf),
    pooled: (hours) => {
      const first = hours[0];
      const last = hours.at(-1);
      if (first === undefined || last === undefined) return null;
      const panes = hours.map((hour) => hour.pane);
      return paneValue(series.kind, mergePanes(panes, first.startMs, last.endMs, series.expectEveryMs));
    },
  };
}
