import type { Calendar } from '../base/index.ts';
import { type KpiValue, type RevisedValue, type RevisionReason, saysTheSame } from '../model/index.ts';
import type { KpiDefinition } from './definition.ts';
import type { KpiEvaluation } from './kpi-evaluation.ts';
import type { KpiRevisions } from './kpi-revisions.ts';
import { type Bounds, neededUntilMs, windowAt } from './kpi-windows.ts';
import { isLongWindow, ROLLING_REVISED_MS, rollingUpTo } from './long-windows.ts';

/*
 * What is looked at again when facts of the city, or what else values depend on beside the readings, are others than
 * when they were published: windows of hours and days that memory holds and that have ended, the month and the year that
 * run, and the last 31 rolling years. What ended before that was said under what held then, and stays.
 */

/** What the engine holds. */
interface Held {
  readonly calendar: Calendar;
  readonly nowMs: number;
  /** Hours, and their levels, are known from here on, ms UTC. */
  readonly keptFromMs: number;
}

/** Windows of a KPI that are looked at again, oldest first. */
export function windowsAgain(kpi: KpiDefinition, held: Held): Bounds[] {
  const { calendar, nowMs } = held;
  if (!Number.isFinite(nowMs)) return [];
  if (isLongWindow(kpi.window)) return longWindowsAgain(kpi.window, calendar, nowMs);
  // What depends on now is looked at every minute, and says of the past what held then.
  if (kpi.live === true) return [];
  const { keptFromMs } = held;
  const fromMs = kpi.looksAt?.includes('levels') === true ? keptFromMs : Number.NEGATIVE_INFINITY;
  const windows = new Map<number, Bounds>();
  for (let atMs = calendar.hourStart(keptFromMs); atMs <= nowMs; atMs = calendar.hourEnd(atMs)) {
    const bounds = windowAt(kpi, calendar, atMs);
    if (bounds.endMs > keptFromMs && bounds.endMs <= nowMs && bounds.startMs >= fromMs) {
      windows.set(bounds.startMs, bounds);
    }
  }
  return [...windows.values()];
}

function longWindowsAgain(window: string, calendar: Calendar, nowMs: number): Bounds[] {
  if (window === 'month') return [{ startMs: calendar.monthStart(nowMs), endMs: calendar.monthEnd(nowMs) }];
  if (window === 'year') return [{ startMs: calendar.yearStart(nowMs), endMs: calendar.yearEnd(nowMs) }];
  const todayMs = calendar.dayStart(nowMs);
  const windows: Bounds[] = [];
  for (let atMs = calendar.dayStart(todayMs - ROLLING_REVISED_MS); atMs <= todayMs; atMs = calendar.dayEnd(atMs)) {
    windows.push(rollingUpTo(calendar, atMs));
  }
  return windows;
}

/**
 * A value that is not what was published, as a revision of that; undefined where it is the same, or nothing.
 *
 * @param published the newest revision of the window; undefined when nothing was published of the scope
 */
export function valueAgain(
  evaluation: KpiEvaluation,
  revisions: KpiRevisions,
  { bounds, scope, published, reason }: Again,
): RevisedValue | undefined {
  const { kpi } = evaluation.members;
  if (published === undefined) {
    // Of a scope that the configuration did not have before; what is not final is said when more comes.
    if (!evaluation.hasPart(bounds, scope) || evaluation.isProvisional(bounds, scope)) return undefined;
    if (evaluation.watermarkMs(scope) < neededUntilMs(kpi, bounds)) return undefined;
    return evaluation.value(bounds, scope, 0, true);
  }
  const { revision, final } = published;
  if (saysTheSame(evaluation.value(bounds, scope, revision, final), published)) return undefined;
  revisions.learn(kpi, scope, bounds.startMs, { count: revision + 1, reason });
  return { ...evaluation.value(bounds, scope, revision + 1, final, reason), before: published.value };
}

/** One look. */
interface Again {
  readonly bounds: Bounds;
  readonly scope: string;
  readonly published: KpiValue | undefined;
  readonly reason: RevisionReason;
}
