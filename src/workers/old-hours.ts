import { revisionKey } from '../kpis/index.ts';
import { type Pane, type PaneColumns, type PaneLevel, paneAt, paneLevelAt, type Series } from '../model/index.ts';
import type { HeardHours, TimeRange } from '../store/index.ts';
import type { WindowTick } from '../windows/index.ts';
import { isEmptyPane } from '../windows/index.ts';

/** Rows of one series among columns that stand by series: [from, to). */
interface Rows {
  readonly from: number;
  readonly to: number;
}

/** What was read back of some quantities: stored panes of one level whose start lies in [fromMs, toMs). */
export interface OldPanes {
  readonly level: PaneLevel;
  readonly quantities: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** By series and start. */
  readonly columns: PaneColumns;
}

/** An hour of a series, and when it was heard in it; -Infinity when it was not. */
interface HeardHour {
  readonly startMs: number;
  readonly endMs: number;
  readonly heardMs: number;
}

/** Stored panes of one question. */
class StoredPanes {
  readonly fromMs: number;
  readonly toMs: number;
  readonly #columns: PaneColumns;
  readonly #rows: ReadonlyMap<number, Rows>;
  /** Made once each: KPIs ask for the same hours window after window. */
  readonly #made: (Pane | undefined)[] = [];

  constructor({ fromMs, toMs, columns }: OldPanes) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.#columns = columns;
    this.#rows = rowsBySeries(columns.series);
  }

  /**
   * By start; those with nothing in them left out.
   *
   * @param rebuilt panes of the series that take the place of the stored ones, by start
   */
  within(series: number, fromMs: number, toMs: number, rebuilt: ReadonlyMap<number, Pane> | undefined): Pane[] {
    const panes: Pane[] = [];
    const { from, to } = this.#rows.get(series) ?? { from: 0, to: 0 };
    const { startMs } = this.#columns;
    for (let row = firstAt(startMs, from, to, fromMs); row < to && startMs[row]! < toMs; row++) {
      if (rebuilt?.has(startMs[row]!) !== true) panes.push(this.#at(row));
    }
    if (rebuilt !== undefined) {
      for (const pane of rebuilt.values()) if (pane.startMs >= fromMs && pane.startMs < toMs) panes.push(pane);
      panes.sort((a, b) => a.startMs - b.startMs);
    }
    return panes.filter((pane) => !isEmptyPane(pane));
  }

  #at(row: number): Pane {
    this.#made[row] ??= paneAt(this.#columns, row);
    return this.#made[row];
  }
}

/** What was read back from the store for the KPIs of one tick. */
export interface OldHoursSources {
  /** What is asked for from here on is in the engine's memory, ms UTC. */
  readonly keptFromMs: number;
  /** Those of one level and quantity by time, and apart from each other. */
  readonly panes: readonly OldPanes[];
  /** By time, and apart from each other. */
  readonly heard: readonly (TimeRange & { readonly hours: HeardHours })[];
  /** By `revisionKey`. */
  readonly revisions: ReadonlyMap<string, number>;
}

/**
 * The hours that are older than the engine's memory, for the tick whose KPIs look at some of them. What was not read back
 * is looked for in memory, which says of a window that begins in it also what was expected there before.
 */
export class OldHours {
  readonly #keptFromMs: number;
  readonly #stored: Record<PaneLevel, Map<string, StoredPanes[]>> = { hour: new Map(), quarter: new Map() };
  /** Panes that the tick made, by series and start; an empty one stands for a pane that is not there any more. */
  readonly #rebuilt: Record<PaneLevel, Map<number, Map<number, Pane>>> = { hour: new Map(), quarter: new Map() };
  readonly #heard: readonly (TimeRange & {
    readonly timeMs: Float64Array;
    readonly rows: ReadonlyMap<number, Rows>;
  })[];
  /** Hours that the tick made, and when the series was heard in them, if it was; by series and start. */
  readonly #rebuiltHeard = new Map<number, Map<number, HeardHour>>();
  readonly #revisions: ReadonlyMap<string, number>;

  constructor({ keptFromMs, panes, heard, revisions }: OldHoursSources) {
    this.#keptFromMs = keptFromMs;
    this.#heard = heard.map(({ fromMs, toMs, hours: { series, timeMs } }) => {
      return { fromMs, toMs, timeMs, rows: rowsBySeries(series) };
    });
    this.#revisions = revisions;
    for (const part of panes) {
      const stored = new StoredPanes(part);
      const ofLevel = this.#stored[part.level];
      for (const quantity of part.quantities) ofLevel.set(quantity, [...(ofLevel.get(quantity) ?? []), stored]);
    }
  }

  /** Panes that the tick made take the place of the stored ones, and so does when hours were heard. */
  put({ panes: columns, changedHours }: Pick<WindowTick, 'panes' | 'changedHours'>): void {
    for (let row = 0; row < columns.rows; row++) {
      if (columns.startMs[row]! >= this.#keptFromMs) continue;
      const series = columns.series[row]!;
      const level = paneLevelAt(columns, row);
      const pane = paneAt(columns, row);
      const panes = this.#rebuilt[level].get(series);
      if (panes === undefined) this.#rebuilt[level].set(series, new Map([[pane.startMs, pane]]));
      else panes.set(pane.startMs, pane);
      if (level === 'hour') this.#hear(series, pane.startMs, pane.endMs, heardIn(pane));
    }
    for (const { series, hourStartMs, rebuilt } of changedHours) {
      if (rebuilt === undefined || hourStartMs >= this.#keptFromMs) continue;
      const { endMs, heardMs } = rebuilt;
      this.#hear(series, hourStartMs, endMs, Number.isNaN(heardMs) ? Number.NEGATIVE_INFINITY : heardMs);
    }
  }

  /**
   * What is made of the panes of a series whose start lies in [fromMs, toMs), by start; those with nothing in them left
   * out.
   *
   * @param memory what the engine says of a range; it is asked for what was not read back
   */
  intervals<T>(
    level: PaneLevel,
    { id, quantity }: Pick<Series, 'id' | 'quantity'>,
    { fromMs, toMs }: TimeRange,
    memory: (fromMs: number, toMs: number) => readonly T[],
    make: (pane: Pane) => T,
  ): T[] {
    const found: T[] = [];
    let atMs = fromMs;
    for (const stored of this.#stored[level].get(quantity) ?? []) {
      if (stored.toMs <= atMs || stored.fromMs >= toMs) continue;
      if (stored.fromMs > atMs) found.push(...memory(atMs, stored.fromMs));
      const endMs = Math.min(toMs, stored.toMs);
      const panes = stored.within(id, Math.max(atMs, stored.fromMs), endMs, this.#rebuilt[level].get(id));
      found.push(...panes.map(make));
      atMs = endMs;
    }
    if (atMs < toMs) found.push(...memory(atMs, toMs));
    return found;
  }

  /**
   * Newest time in [fromMs, toMs) at which the series was heard; -Infinity when there is none.
   *
   * @param memory what the engine says of a range; it is asked for what was not read back, as it may remember old hours
   *   as they were before they were rebuilt
   */
  heardMs(series: number, fromMs: number, toMs: number, memory: (fromMs: number, toMs: number) => number): number {
    const rebuilt = [...(this.#rebuiltHeard.get(series)?.values() ?? [])];
    let newestMs = Number.NEGATIVE_INFINITY;
    let atMs = fromMs;
    for (const { timeMs, rows, ...read } of this.#heard) {
      if (read.fromMs < toMs && read.toMs > atMs) {
        if (read.fromMs > atMs) newestMs = Math.max(newestMs, memory(atMs, read.fromMs));
        atMs = read.toMs;
      }
      const { from, to } = rows.get(series) ?? { from: 0, to: 0 };
      let row = firstAt(timeMs, from, to, toMs) - 1;
      while (row >= from && rebuilt.some(({ startMs, endMs }) => timeMs[row]! >= startMs && timeMs[row]! < endMs))
        row--;
      if (row >= from) newestMs = Math.max(newestMs, timeMs[row]!);
    }
    if (atMs < toMs) newestMs = Math.max(newestMs, memory(atMs, toMs));
    for (const { heardMs } of rebuilt) if (heardMs < toMs && heardMs > newestMs) newestMs = heardMs;
    return newestMs >= fromMs ? newestMs : Number.NEGATIVE_INFINITY;
  }

  revision(kpi: string, zone: string, startMs: number): number {
    return this.#revisions.get(revisionKey(kpi, zone, startMs)) ?? 0;
  }

  #hear(series: number, startMs: number, endMs: number, heardMs: number): void {
    const hours = this.#rebuiltHeard.getOrInsertComputed(series, () => new Map<number, HeardHour>());
    hours.set(startMs, { startMs, endMs, heardMs });
  }
}

/** As far as a pane says: it does not know when a bad reading came. */
function heardIn({ count, invalidCount, startMs, lastMs }: Pane): number {
  if (count > 0) return lastMs;
  return invalidCount > 0 ? startMs : Number.NEGATIVE_INFINITY;
}

function rowsBySeries(series: Int32Array): Map<number, Rows> {
  const rows = new Map<number, Rows>();
  for (let from = 0; from < series.length; ) {
    let to = from + 1;
    while (to < series.length && series[to] === series[from]) to++;
    rows.set(series[from]!, { from, to });
    from = to;
  }
  return rows;
}

/** First row of [from, to) whose time is not before the instant. */
function firstAt(timesMs: Float64Array, from: number, to: number, timeMs: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
