import type { DayRecord } from './day-ledger.ts';
import type { EvaluationContext } from './kpi-evaluation.ts';
import type { KpiMembers } from './kpi-members.ts';
import type { Bounds } from './kpi-windows.ts';
import { elapsedDays } from './long-windows.ts';
import { zonesIn } from './zone-tree.ts';

/** Subjects whose days are counted: a city of meters has too many days to look through for one answer. */
const SUBJECTS_MAX = 1_000;

/** Days of a year, and one more. */
const DAYS_MAX = 367;

/** One day of a window of many. */
export interface ExplainedDay {
  readonly startMs: number;
  /** What the day said; null where it said nothing, or where the days of several devices or zones were folded. */
  readonly value: number | null;
  /** Devices or zones that said something of the day, and of how many it was valid. */
  readonly saidCount: number;
  readonly validCount: number;
}

/** The days that a window of many days is folded from. */
export interface ExplainedDays {
  /** KPI of the day. */
  readonly of: string;
  /** Whose days are folded. */
  readonly level: 'device' | 'zone';
  /** Days of the window that have ended, and days of the whole window. */
  readonly endedCount: number;
  readonly windowCount: number;
  /** Devices or zones that said something in the window, and how many of them the list counts. */
  readonly subjectCount: number;
  readonly subjectsListed: number;
  /** Days that ended and were said, oldest first. */
  readonly list: readonly ExplainedDay[];
}

/** What was kept of the days of a window; null for one of hours. */
export function explainDays(
  { kpi, byZone }: KpiMembers,
  context: EvaluationContext,
  bounds: Bounds,
  scope: string,
): ExplainedDays | null {
  const { days, calendar, nowMs, zones } = context;
  if (kpi.days === undefined || days === undefined) return null;
  const { of, level } = kpi.days;
  const toMs = Math.min(bounds.endMs, calendar.dayStart(nowMs));
  const node = zones.get(scope);
  const inScope = node === undefined ? [] : [...zonesIn(node)];
  const candidates =
    node === undefined
      ? [scope]
      : level === 'zone'
        ? inScope.map(({ id }) => id)
        : inScope.flatMap(({ id }) => (byZone.get(id) ?? []).map(({ device }) => `device:${device}`));
  const known = new Set(days.ledger.subjects(of.id, bounds.startMs));
  const subjects = candidates.filter((subject) => known.has(subject));
  const listed = subjects.slice(0, SUBJECTS_MAX);
  const records = listed.map((subject) => days.ledger.days(of.id, subject, bounds.startMs, toMs));
  const { days: endedCount, daysOfWindow: windowCount } = elapsedDays(calendar, bounds, nowMs);
  return {
    ...{ of: of.id, level, endedCount, windowCount, subjectCount: subjects.length, subjectsListed: listed.length },
    list: byDay(records).slice(-DAYS_MAX),
  };
}

function byDay(records: readonly (readonly DayRecord[])[]): ExplainedDay[] {
  const days = Map.groupBy(records.flat(), ({ startMs }) => startMs);
  return [...days]
    .sort(([a], [b]) => a - b)
    .map(([startMs, said]) => ({
      startMs,
      value: records.length === 1 ? (said[0]?.value ?? null) : null,
      saidCount: said.length,
      validCount: said.filter(({ valid }) => valid).length,
    }));
}
