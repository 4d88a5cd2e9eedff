import { HOUR_MS } from '../base/index.ts';
import type { KpiDefinition, KpiLook } from './definition.ts';
import { type Bounds, neededUntilMs } from './kpi-windows.ts';

/** What one KPI looks at for windows whose hours overlap. */
export interface KpiReach {
  readonly kpi: string;
  readonly quantities: readonly string[];
  readonly looksAt: readonly KpiLook[];
  /** Starts of the first and of the last of the windows, ms UTC. */
  readonly firstWindowMs: number;
  readonly lastWindowMs: number;
  /** Hours that these windows, and what is expected in them, are made of: [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * What a KPI looks at for some windows: one reach for all windows whose hours overlap or touch, oldest first.
 *
 * @param windows in any order
 */
export function kpiReach(kpi: KpiDefinition, windows: Iterable<Bounds>): KpiReach[] {
  const reaches: KpiReach[] = [];
  for (const window of [...windows].sort((a, b) => a.startMs - b.startMs)) {
    const reach = windowReach(kpi, window);
    const before = reaches.at(-1);
    if (before === undefined || before.toMs < reach.fromMs) reaches.push(reach);
    else {
      const toMs = Math.max(before.toMs, reach.toMs);
      reaches[reaches.length - 1] = { ...before, lastWindowMs: reach.lastWindowMs, toMs };
    }
  }
  return reaches;
}

/** What a KPI looks at for one window. */
export function windowReach(kpi: KpiDefinition, window: Bounds): KpiReach {
  return {
    kpi: kpi.id,
    quantities: kpi.quantities,
    looksAt: kpi.looksAt ?? ['hours'],
    firstWindowMs: window.startMs,
    lastWindowMs: window.startMs,
    fromMs: lookFromMs(kpi, window),
    toMs: neededUntilMs(kpi, window),
  };
}

/** The oldest hour that a window depends on, and one more for hours that a change of clocks makes longer. */
function lookFromMs({ window, reachHours }: KpiDefinition, { startMs, endMs }: Bounds): number {
  const reachMs = (reachHours + 1) * HOUR_MS;
  return window.startsWith('rolling-') ? Math.min(startMs, endMs - HOUR_MS - reachMs) : startMs - reachMs;
}
