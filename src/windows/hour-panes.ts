import { type Calendar, QUARTER_MS } from '../base/index.ts';
import type { PaneColumnsBuilder } from '../model/index.ts';
import { paneOfReadings } from './pane-of-readings.ts';
import type { PaneRule } from './pane-rule.ts';
import type { SortedReadings } from './sorted-readings.ts';

/** Whole local hours of one series, ms UTC. */
export interface HourRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Adds the panes of closed hours and of their quarters, as the engine makes them: a fold over all readings of the series
 * in them, and for a register over the neighbours on both sides. Their revision is 0: only the engine knows it.
 *
 * @param id the series' number in the columns
 */
export function addHourPanes(
  panes: PaneColumnsBuilder,
  id: number,
  readings: SortedReadings,
  rule: PaneRule,
  { fromMs, toMs }: HourRange,
  calendar: Calendar,
): void {
  for (let startMs = fromMs; startMs < toMs; ) {
    const endMs = calendar.hourEnd(startMs);
    const hour = paneOfReadings(readings, startMs, endMs, rule);
    if (hour !== undefined) {
      panes.add(id, 'hour', { ...hour, final: true });
      for (let atMs = startMs; atMs < endMs; atMs += QUARTER_MS) {
        const quarter = paneOfReadings(readings, atMs, Math.min(endMs, atMs + QUARTER_MS), rule);
        if (quarter !== undefined) panes.add(id, 'quarter', { ...quarter, final: true });
      }
    }
    startMs = endMs;
  }
}
