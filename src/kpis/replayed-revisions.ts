import { revisionKey } from './kpi-revisions.ts';

/** A window of a scope. */
export interface RevisedWindow {
  readonly kpi: string;
  readonly zone: string;
  readonly startMs: number;
}

/** Where the revisions of windows are to be looked up. */
export interface RevisionsWanted {
  readonly kpis: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Plain data, for snapshots. */
export type ReplayedRevisionsState = readonly (readonly [kpi: string, zone: string, startMs: number])[];

/**
 * Windows that may have been corrected while a journal was replayed that the store has whole. What KPIs then read back of
 * old hours may be what later records of the journal made of them: a window of many days, which is corrected when a day
 * says something else, is corrected once where it was twice. Nothing of it is stored; how often a window was corrected
 * by the end of the replay, the store says.
 */
export class ReplayedRevisions {
  readonly #windows = new Map<string, RevisedWindow>();

  add(kpi: string, zone: string, startMs: number): void {
    this.#windows.set(revisionKey(kpi, zone, startMs), { kpi, zone, startMs });
  }

  has({ kpi, zone, startMs }: RevisedWindow): boolean {
    return this.#windows.has(revisionKey(kpi, zone, startMs));
  }

  /** Undefined when there are none. */
  get wanted(): RevisionsWanted | undefined {
    if (this.#windows.size === 0) return undefined;
    const kpis = new Set<string>();
    let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { kpi, startMs } of this.#windows.values()) {
      kpis.add(kpi);
      fromMs = Math.min(fromMs, startMs);
      toMs = Math.max(toMs, startMs + 1);
    }
    return { kpis: [...kpis], fromMs, toMs };
  }

  windows(): Iterable<RevisedWindow> {
    return this.#windows.values();
  }

  clear(): void {
    this.#windows.clear();
  }

  state(): ReplayedRevisionsState {
    return Array.from(this.#windows.values(), ({ kpi, zone, startMs }) => [kpi, zone, startMs] as const);
  }

  restore(state: ReplayedRevisionsState): void {
    for (const [kpi, zone, startMs] of state) this.add(kpi, zone, startMs);
  }
}
