import { DAY_MS } from '../base/index.ts';
import type { RevisionReason } from '../model/index.ts';
import type { KpiDefinition } from './definition.ts';
import { type Bounds, neededUntilMs } from './kpi-windows.ts';
import { isLongWindow } from './long-windows.ts';

/** How often a window was corrected, and why the last time. */
export interface Revision {
  readonly count: number;
  readonly reason: RevisionReason | undefined;
}

/** What revisions depend on. */
export interface RevisionSource {
  nowMs(): number;
  horizonStartMs(): number;
  /** Newest stored revision of a window that is older than what the engine remembers; 0 when it was never corrected. */
  storedRevision(kpi: string, zone: string, startMs: number): number;
}

/**
 * Windows reach back a day and hold one; two more for days of 25 hours and late ticks. Revisions of older windows, which
 * late-filed readings change, are those of the store.
 */
const KEPT_BEYOND_HORIZON_MS = 4 * DAY_MS;

/** Windows of a year and of the year before it. */
export const LONG_REVISIONS_KEPT_MS = 800 * DAY_MS;

const NOT_REVISED: Revision = { count: 0, reason: undefined };

/** How often each window was corrected, for as long as the engine can correct it from memory. */
export class KpiRevisions {
  readonly #source: RevisionSource;
  /** Revisions above 0, by KPI, and by scope and window: most KPIs have none, and are asked for every value. */
  readonly #known = new Map<string, Map<string, Revision>>();

  constructor(source: RevisionSource) {
    this.#source = source;
  }

  /** How often the window was corrected, this time included, and why the last time. */
  of(kpi: KpiDefinition, scope: string, bounds: Bounds, isCorrected: boolean): Revision {
    const { startMs } = bounds;
    const isOld = startMs < this.keptFromMs(kpi);
    const stored = isOld ? this.#source.storedRevision(kpi.id, scope, startMs) : undefined;
    const before = stored === undefined ? this.#knownOf(kpi.id, scope, startMs) : { count: stored, reason: undefined };
    if (!isCorrected) return before;
    // Hours from before the horizon are not kept: they were read back from the store.
    const isRebuilt = neededUntilMs(kpi, bounds) <= this.#source.horizonStartMs();
    const revision: Revision = { count: before.count + 1, reason: isRebuilt ? 'rebuilt' : 'late' };
    this.learn(kpi, scope, startMs, revision);
    return revision;
  }

  /** Takes what the store says of a window, or what was just made of it; an older revision than the known one is nothing. */
  learn(kpi: KpiDefinition, scope: string, startMs: number, revision: Revision): void {
    if (startMs < this.keptFromMs(kpi) || revision.count <= this.#knownOf(kpi.id, scope, startMs).count) return;
    this.#put(kpi.id, windowKey(scope, startMs), revision);
  }

  /** As if the window had never been corrected. */
  drop(kpi: string, scope: string, startMs: number): void {
    this.#known.get(kpi)?.delete(windowKey(scope, startMs));
  }

  /** Once a day of event time: of windows that nothing can change any more. */
  forget(kpis: Iterable<KpiDefinition>): void {
    const keptFromMs = new Map(Array.from(kpis, (kpi) => [kpi.id, this.keptFromMs(kpi)]));
    for (const [kpi, windows] of this.#known) {
      const fromMs = keptFromMs.get(kpi) ?? Number.POSITIVE_INFINITY;
      for (const key of windows.keys()) {
        if (Number(key.slice(key.lastIndexOf('\n') + 1)) < fromMs) windows.delete(key);
      }
      if (windows.size === 0) this.#known.delete(kpi);
    }
  }

  state(): (readonly [key: string, revision: number, reason: RevisionReason | undefined])[] {
    return [...this.#known].flatMap(([kpi, windows]) =>
      [...windows].map(([key, { count, reason }]) => [`${kpi}\n${key}`, count, reason] as const),
    );
  }

  restore(state: ReturnType<KpiRevisions['state']>): void {
    for (const [key, count, reason] of state) {
      const kpi = key.slice(0, key.indexOf('\n'));
      this.#put(kpi, key.slice(kpi.length + 1), { count, reason });
    }
  }

  #knownOf(kpi: string, scope: string, startMs: number): Revision {
    return this.#known.get(kpi)?.get(windowKey(scope, startMs)) ?? NOT_REVISED;
  }

  #put(kpi: string, key: string, revision: Revision): void {
    this.#known.getOrInsertComputed(kpi, () => new Map<string, Revision>()).set(key, revision);
  }

  /** Revisions of older windows are those of the store. The same all day of event time, so that a restart remembers as much. */
  keptFromMs(kpi: KpiDefinition): number {
    const nowMs = this.#source.nowMs();
    const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    if (isCorrectedForLong(kpi)) return dayMs - LONG_REVISIONS_KEPT_MS;
    return dayMs - (nowMs - this.#source.horizonStartMs()) - KEPT_BEYOND_HORIZON_MS;
  }
}

/**
 * Windows of many days, and those of outages: both are made of what is remembered for years and not of hours, so that
 * they change long after these are forgotten.
 */
function isCorrectedForLong({ window, looksAt }: KpiDefinition): boolean {
  return isLongWindow(window) || looksAt?.length === 0;
}

/** Under which the revision of a window of a scope is found. */
export function revisionKey(kpi: string, scope: string, startMs: number): string {
  return `${kpi}\n${windowKey(scope, startMs)}`;
}

function windowKey(scope: string, startMs: number): string {
  return `${scope}\n${startMs}`;
}
