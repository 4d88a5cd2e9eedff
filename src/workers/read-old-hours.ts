import type { KpiReach } from '../kpis/index.ts';
import type { StoreHistory } from '../store/index.ts';
import { OldHours, revisionKey } from './old-hours.ts';

/**
 * Reads what KPIs look at and the engine does not keep.
 *
 * @param old what they look at; at least one reach, and each begins before what is kept
 * @param keptFromMs from here on hours are in the engine's memory, ms UTC
 */
export async function readOldHours(
  history: StoreHistory,
  old: readonly KpiReach[],
  keptFromMs: number,
): Promise<OldHours> {
  const panes: Awaited<ReturnType<StoreHistory['panesOf']>>[] = [];
  for (const level of ['hour', 'quarter'] as const) {
    const looking = old.filter(({ looksAt }) => looksAt.includes(level === 'hour' ? 'hours' : 'quarters'));
    const ranges = rangesByQuantity(looking, keptFromMs);
    for (const [range, quantities] of ranges) panes.push(await history.panesOf({ ...range, quantities, level }));
  }
  const listening = old.filter(({ looksAt }) => looksAt.includes('heard'));
  const heard = listening.length === 0 ? undefined : await history.heardHours(spanOf(listening, keptFromMs));
  const revisions = await history.kpiRevisions([...new Set(old.map(({ kpi }) => kpi))], {
    fromMs: Math.min(...old.map(({ firstWindowMs }) => firstWindowMs)),
    toMs: Math.max(...old.map(({ lastWindowMs }) => lastWindowMs)) + 1,
  });
  return new OldHours({
    keptFromMs,
    panes,
    heard,
    revisions: new Map(revisions.map((row) => [revisionKey(row.kpi, row.zone, row.startMs), row.revision])),
  });
}

type Range = Pick<KpiReach, 'fromMs' | 'toMs'>;

function spanOf(reaches: readonly Range[], keptFromMs: number): Range {
  return {
    fromMs: Math.min(...reaches.map(({ fromMs }) => fromMs)),
    toMs: Math.min(keptFromMs, Math.max(...reaches.map(({ toMs }) => toMs))),
  };
}

/** What each quantity is asked for, those with the same range together; each quantity once. */
function rangesByQuantity(reaches: readonly KpiReach[], keptFromMs: number): [Range, string[]][] {
  const quantities = new Set(reaches.flatMap((reach) => reach.quantities));
  const groups = new Map<string, [Range, string[]]>();
  for (const quantity of quantities) {
    const range = spanOf(
      reaches.filter((reach) => reach.quantities.includes(quantity)),
      keptFromMs,
    );
    const key = `${range.fromMs} ${range.toMs}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [range, [quantity]]);
    else group[1].push(quantity);
  }
  return [...groups.values()];
}
