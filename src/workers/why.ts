import { type KpiDefinition, type KpiEngine, type KpiQuestion, windowHolding, windowReach } from '../kpis/index.ts';
import type { StoredKpis, StoreHistory } from '../store/index.ts';
import type { WhyAnswer } from '../views/index.ts';
import type { WindowEngine } from '../windows/index.ts';
import type { OldHours } from './old-hours.ts';
import { readOldHours } from './read-old-hours.ts';

/** Revisions of one window that are told. */
const REVISIONS_MAX = 1_000;

/** Answers how a value came about, from the engine's state between two ticks and from the store. */
export class Why {
  readonly #windows: Pick<WindowEngine, 'calendar' | 'nowMs' | 'hoursKeptFromMs'>;
  readonly #kpis: KpiEngine;
  readonly #definitions: readonly KpiDefinition[];
  /** What was read back for the question at hand. */
  oldHours: OldHours | undefined;

  constructor(
    windows: Pick<WindowEngine, 'calendar' | 'nowMs' | 'hoursKeptFromMs'>,
    kpis: KpiEngine,
    definitions: readonly KpiDefinition[],
  ) {
    this.#windows = windows;
    this.#kpis = kpis;
    this.#definitions = definitions;
  }

  /**
   * @param history the store, which has committed the batches of all ticks so far
   * @returns undefined when there is no such KPI
   */
  async answer(question: KpiQuestion, history: StoreHistory & StoredKpis): Promise<WhyAnswer | undefined> {
    const { calendar, nowMs, hoursKeptFromMs } = this.#windows;
    const kpi = this.#definitions.find(({ id }) => id === question.kpi);
    if (kpi === undefined || !Number.isFinite(nowMs)) return undefined;
    const bounds = windowHolding(kpi, calendar, question.atMs ?? nowMs, nowMs);
    const reach = windowReach(kpi, bounds);
    const isOld = kpi.days === undefined && reach.fromMs < hoursKeptFromMs;
    const oldHours = isOld ? await readOldHours(history, [reach], hoursKeptFromMs) : undefined;
    const { startMs } = bounds;
    const said = await history.kpis({
      ...{ kpi: kpi.id, zone: question.scope, window: kpi.window, fromMs: startMs, toMs: startMs + 1 },
      ...{ allRevisions: true, limit: REVISIONS_MAX },
    });
    this.oldHours = oldHours;
    try {
      const explanation = this.#kpis.explain(question);
      return explanation === undefined ? undefined : { explanation, revisions: said };
    } finally {
      this.oldHours = undefined;
    }
  }
}
