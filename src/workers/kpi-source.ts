import { HOUR_MS } from '../base/index.ts';
import type { KpiHour, KpiSeries, KpiSource } from '../kpis/index.ts';
import type { Pane } from '../model/index.ts';
import { type SeriesView, SLOW_MS, type WindowEngine } from '../windows/index.ts';
import { IntervalCache } from './interval-cache.ts';
import { kpiHour, pooledValue } from './kpi-hour.ts';
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
  outages: Pick<OutageTracker, 'customersIn' | 'interruptions'>,
): KpiSource {
  const views: KpiSeries[] = [];
  const cache = new IntervalCache(windows.calendar);
  const look = { untilMs: Number.POSITIVE_INFINITY };
  return {
    calendar: windows.calendar,
    nowMs: () => windows.nowMs,
    horizonStartMs: () => windows.horizonStartMs,
    seriesCount: () => windows.seriesCount,
    series: (id) => {
      views[id] ??= kpiSeries({ windows, oldHours, outages, cache, look }, windows.view(id));
      return views[id];
    },
    newestMs: (id) => windows.newestMs(id),
    lookUpTo: (untilMs) => {
      look.untilMs = untilMs;
    },
    hourChanged: (id, hourStartMs) => cache.forget(id, hourStartMs),
    watermarkMs: (id) => windows.watermarkMs(id),
    customersCounted: (zone) => outages.customersIn(zone),
    levelsKeptFromMs: () => windows.hoursKeptFromMs,
    storedRevision: (kpi, zone, startMs) => oldHours()?.revision(kpi, zone, startMs) ?? 0,
  };
}

/** Spans of this length and more are asked for again and again: the days that air and noise are made of. */
const HELD_MS = 12 * HOUR_MS;

interface Sources {
  readonly windows: WindowEngine;
  readonly oldHours: () => OldHours | undefined;
  readonly outages: Pick<OutageTracker, 'interruptions'>;
  readonly cache: IntervalCache;
  /** Hours and quarters that begin from here on are not shown, ms UTC. */
  readonly look: { readonly untilMs: number };
}

function kpiSeries({ windows, oldHours, outages, cache, look }: Sources, view: SeriesView): KpiSeries {
  const { series } = view;
  const hourOf = (pane: Pane): KpiHour => kpiHour(series, pane);
  const memory = { hours: memoryOf('hours'), quarters: memoryOf('quarters') };
  function memoryOf(level: 'hours' | 'quarters') {
    const fold = (fromMs: number, toMs: number): KpiHour[] => view[level](fromMs, toMs).map(hourOf);
    return { expectEveryMs: series.expectEveryMs, fold };
  }
  /** What is whole in memory is remembered; of quarter-hours only those of registers are for as long. */
  const kept = (level: 'hours' | 'quarters', fromMs: number, toMs: number): readonly KpiHour[] => {
    const { hoursKeptFromMs } = windows;
    if (level === 'hours' && fromMs >= hoursKeptFromMs && series.kind !== 'counter' && toMs - fromMs >= HELD_MS) {
      return cache.hoursHeld(series.id, fromMs, toMs, memory.hours);
    }
    const isKept = fromMs >= hoursKeptFromMs && (level === 'hours' || series.kind === 'counter');
    return isKept ? cache.intervals(level, series.id, fromMs, toMs, memory[level]) : memory[level].fold(fromMs, toMs);
  };
  /** What was read back from the store, the rest from memory. */
  const joined = (level: 'hours' | 'quarters', fromMs: number, toMs: number): readonly KpiHour[] => {
    const old = oldHours();
    if (old === undefined) return kept(level, fromMs, toMs);
    const inMemory = (from: number, to: number): readonly KpiHour[] => kept(level, from, to);
    const paneLevel = level === 'hours' ? 'hour' : 'quarter';
    return old.intervals(paneLevel, series, { fromMs, toMs }, inMemory, hourOf);
  };
  const hasHours = (fromMs: number, toMs: number): boolean => {
    if (oldHours() !== undefined || fromMs < windows.hoursKeptFromMs) return joined('hours', fromMs, toMs).length > 0;
    return cache.hasHours(series.id, fromMs, toMs, memory.hours);
  };
  return {
    series,
    silentAfterMs: windows.silentAfterMs(series),
    // Readings of slow series are kept until their hours are closed (`SeriesTable.keepMs`), fast ones leave records behind.
    keptLongerMs: () => {
      if (series.expectEveryMs < SLOW_MS) return 0;
      return Math.max(0, windows.silentAfterMs(series) + HOUR_MS - (windows.nowMs - windows.horizonStartMs));
    },
    heardMs: (fromMs, toMs) => {
      const untilMs = Math.min(toMs, look.untilMs);
      return oldHours()?.heardMs(series.id, fromMs, untilMs, view.heardMs) ?? view.heardMs(fromMs, untilMs);
    },
    hours: (fromMs, toMs) => joined('hours', fromMs, Math.min(toMs, look.untilMs)),
    hasHours: (fromMs, toMs) => hasHours(fromMs, Math.min(toMs, look.untilMs)),
    quarters: (fromMs, toMs) => joined('quarters', fromMs, Math.min(toMs, look.untilMs)),
    pooled: (hours) => pooledValue(series, hours),
    levels: (startMs) => view.levels(startMs),
    interruptions: (fromMs, toMs) => outages.interruptions(series.id, fromMs, toMs),
  };
}
