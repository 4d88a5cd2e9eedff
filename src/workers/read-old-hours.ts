import { type KpiReach, revisionKey } from '../kpis/index.ts';
import type { PaneLevel } from '../model/index.ts';
import type { HeardHours, StoreHistory, TimeRange } from '../store/index.ts';
import { OldHours, type OldPanes } from './old-hours.ts';

/** A level of panes, and what of a KPI's looks asks for it. */
const LEVELS = [
  ['hour', 'hours'],
  ['quarter', 'quarters'],
] as const satisfies readonly (readonly [PaneLevel, string])[];

/**
 * Reads what KPIs look at and the engine does not keep: each hour of a quantity once, and nothing between windows that
 * lie far from each other.
 *
 * @param old what they look at; at least one reach
 * @param keptFromMs from here on hours are in the engine's memory, ms UTC
 */
export async function readOldHours(
  history: StoreHistory,
  old: readonly KpiReach[],
  keptFromMs: number,
): Promise<OldHours> {
  return new OldHours({
    keptFromMs,
    panes: await readPanes(history, old, keptFromMs),
    heard: await readHeard(history, old, keptFromMs),
    revisions: await readRevisions(history, old),
  });
}

async function readPanes(history: StoreHistory, old: readonly KpiReach[], keptFromMs: number): Promise<OldPanes[]> {
  const panes: OldPanes[] = [];
  for (const [level, look] of LEVELS) {
    const looking = old.filter(({ looksAt }) => looksAt.includes(look));
    for (const [range, quantities] of rangesByQuantity(looking, keptFromMs)) {
      const columns = await history.panesOf({ ...range, quantities, level });
      panes.push({ ...range, quantities, level, columns });
    }
  }
  return panes;
}

async function readHeard(
  history: StoreHistory,
  old: readonly KpiReach[],
  keptFromMs: number,
): Promise<(TimeRange & { readonly hours: HeardHours })[]> {
  const listening = old.filter(({ looksAt }) => looksAt.includes('heard'));
  const heard: (TimeRange & { readonly hours: HeardHours })[] = [];
  for (const range of joined(listening, keptFromMs)) {
    heard.push({ ...range, hours: await history.heardHours(range) });
  }
  return heard;
}

async function readRevisions(history: StoreHistory, old: readonly KpiReach[]): Promise<Map<string, number>> {
  const rows = await history.kpiRevisions([...new Set(old.map(({ kpi }) => kpi))], {
    fromMs: Math.min(...old.map(({ firstWindowMs }) => firstWindowMs)),
    toMs: Math.max(...old.map(({ lastWindowMs }) => lastWindowMs)) + 1,
  });
  return new Map(rows.map((row) => [revisionKey(row.kpi, row.zone, row.startMs), row.revision]));
}

/** What each quantity is asked for, those with the same range together; by time. */
function rangesByQuantity(reaches: readonly KpiReach[], keptFromMs: number): [TimeRange, string[]][] {
  const groups = new Map<string, [TimeRange, string[]]>();
  for (const quantity of new Set(reaches.flatMap((reach) => reach.quantities))) {
    const asking = reaches.filter((reach) => reach.quantities.includes(quantity));
    for (const range of joined(asking, keptFromMs)) {
      const key = `${range.fromMs} ${range.toMs}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [range, [quantity]]);
      else group[1].push(quantity);
    }
  }
  return [...groups.values()].sort(([a], [b]) => a.fromMs - b.fromMs);
}

/** The old part of some ranges: by time, and apart from each other. */
function joined(ranges: readonly TimeRange[], keptFromMs: number): TimeRange[] {
  const apart: TimeRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (range.fromMs >= keptFromMs) break;
    const toMs = Math.min(keptFromMs, range.toMs);
    const before = apart.at(-1);
    if (before === undefined || before.toMs < range.fromMs) apart.push({ fromMs: range.fromMs, toMs });
    else apart[apart.length - 1] = { fromMs: before.fromMs, toMs: Math.max(before.toMs, toMs) };
  }
  return apart;
}
