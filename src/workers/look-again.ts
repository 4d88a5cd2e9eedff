import { DAY_MS } from '../base/index.ts';
import { type KpiDefinition, type KpiEngine, windowReach } from '../kpis/index.ts';
import type { RevisedValue, RevisionReason } from '../model/index.ts';
import type { StoredKpis, StoreHistory } from '../store/index.ts';
import type { WindowEngine } from '../windows/index.ts';
import { changeOfBasis } from './kpi-basis.ts';
import type { OldHours } from './old-hours.ts';
import { readOldHours } from './read-old-hours.ts';

/** Values of one KPI that are read at once: a day of hours of a city of meters, and more. */
const PUBLISHED_MAX = 10_000_000;

/** Revisions are kept so long in memory, and a year before that its windows begin. */
const REVISIONS_REACH_MS = 1200 * DAY_MS;

/**
 * Looks again, once after a start, at what was published under another configuration. What comes out depends on what the
 * store has, on the journal and on the configuration alone; with the same configuration nothing does.
 */
export class LookAgain {
  readonly #windows: Pick<WindowEngine, 'nowMs' | 'hoursKeptFromMs'>;
  readonly #kpis: KpiEngine;
  readonly #definitions: readonly KpiDefinition[];
  /** What was read back for the look at hand. */
  oldHours: OldHours | undefined;

  constructor(
    windows: Pick<WindowEngine, 'nowMs' | 'hoursKeptFromMs'>,
    kpis: KpiEngine,
    definitions: readonly KpiDefinition[],
  ) {
    this.#windows = windows;
    this.#kpis = kpis;
    this.#definitions = definitions;
  }

  /**
   * Brings the engine in line with the store.
   *
   * @param published basis of the store's values; undefined when it does not say
   * @param basis of the configuration that holds now
   * @param history the store, which has committed the batches of all ticks so far
   * @returns values to be stored, KPI by KPI
   */
  async *run(
    published: string | undefined,
    basis: string,
    history: StoreHistory & StoredKpis,
  ): AsyncGenerator<RevisedValue[]> {
    const { nowMs } = this.#windows;
    if (!Number.isFinite(nowMs)) return;
    const range = { fromMs: nowMs - REVISIONS_REACH_MS, toMs: nowMs + DAY_MS };
    const ids = this.#definitions.map(({ id }) => id);
    this.#kpis.learnRevisions(await history.kpiRevisions(ids, range));
    const reason = published === undefined ? undefined : changeOfBasis(published, basis);
    if (reason !== undefined) yield* this.#look(reason, history);
  }

  async *#look(reason: RevisionReason, history: StoreHistory & StoredKpis): AsyncGenerator<RevisedValue[]> {
    const { hoursKeptFromMs } = this.#windows;
    const ofHours = this.#definitions.filter(({ days }) => days === undefined);
    const reaches = ofHours
      .flatMap((kpi) => this.#kpis.windowsAgain(kpi).map((bounds) => windowReach(kpi, bounds)))
      .filter(({ fromMs }) => fromMs < hoursKeptFromMs);
    this.oldHours = reaches.length === 0 ? undefined : await readOldHours(history, reaches, hoursKeptFromMs);
    try {
      for (const kpi of [...ofHours, ...this.#definitions.filter(({ days }) => days !== undefined)]) {
        const values = this.#kpis.lookAgain(kpi, await this.#published(kpi, history), reason);
        if (values.length > 0) yield values;
      }
      this.#kpis.endLookAgain();
    } finally {
      this.oldHours = undefined;
    }
  }

  async #published(kpi: KpiDefinition, history: StoredKpis) {
    const starts = this.#kpis.windowsAgain(kpi).map(({ startMs }) => startMs);
    if (starts.length === 0) return [];
    const range = { fromMs: Math.min(...starts), toMs: Math.max(...starts) + 1 };
    return history.kpis({ kpi: kpi.id, window: kpi.window, ...range, limit: PUBLISHED_MAX });
  }
}
