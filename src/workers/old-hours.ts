import {
  type Pane,
  type PaneColumns,
  PaneColumnsBuilder,
  type PaneLevel,
  paneAt,
  paneLevelAt,
} from '../model/index.ts';
import type { HeardHours } from '../store/index.ts';
import { isEmptyPane } from '../windows/index.ts';

/** Rows of one series among columns that stand by series: [from, to). */
interface Rows {
  readonly from: number;
  readonly to: number;
}

/** Stored panes of one level and some quantities, and those that were rebuilt since. */
class OldPanes {
  readonly #columns: PaneColumns;
  readonly #rows: ReadonlyMap<number, Rows>;
  /** Made once each: KPIs ask for the same hours window after window. */
  readonly #made: (Pane | undefined)[] = [];
  /** By series and start; an empty pane stands for one that is not there any more. */
  readonly #rebuilt = new Map<number, Map<number, Pane>>();

  constructor(columns: PaneColumns) {
    this.#columns = columns;
    this.#rows = rowsBySeries(columns.series);
  }

  put(series: number, pane: Pane): void {
    const panes = this.#rebuilt.get(series);
    if (panes === undefined) this.#rebuilt.set(series, new Map([[pane.startMs, pane]]));
    else panes.set(pane.startMs, pane);
  }

  /** By start; those with nothing in them left out. */
  within(series: number, fromMs: number, toMs: number): Pane[] {
    const rebuilt = this.#rebuilt.get(series);
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
  readonly panes: readonly PaneColumns[];
  readonly heard: HeardHours | undefined;
  /** By `revisionKey`. */
  readonly revisions: ReadonlyMap<string, number>;
}

/** The hours that are older than the engine's memory, for the tick in which late readings change some of them. */
export class OldHours {
  /** Before it the hours are these, from it on the engine's, ms UTC. */
  readonly keptFromMs: number;
  /** Which of the columns a series is in: each is of other quantities. */
  readonly #ofSeries: Record<PaneLevel, Map<number, OldPanes>> = { hour: new Map(), quarter: new Map() };
  readonly #heard: HeardHours | undefined;
  readonly #heardRows: ReadonlyMap<number, Rows>;
  readonly #rebuiltHeard = new Map<number, number[]>();
  readonly #revisions: ReadonlyMap<string, number>;

  constructor({ keptFromMs, panes, heard, revisions }: OldHoursSources) {
    this.keptFromMs = keptFromMs;
    this.#heard = heard;
    this.#heardRows = heard === undefined ? new Map() : rowsBySeries(heard.series);
    this.#revisions = revisions;
    for (const columns of panes) this.#add(columns);
  }

  /** Panes that the tick made take the place of the stored ones. */
  put(columns: PaneColumns): void {
    for (let row = 0; row < columns.rows; row++) {
      if (columns.startMs[row]! >= this.keptFromMs) continue;
      const series = columns.series[row]!;
      const level = paneLevelAt(columns, row);
      const pane = paneAt(columns, row);
      this.#panesOf(series, level).put(series, pane);
      if (level === 'hour') this.#hear(series, pane);
    }
  }

  hours(series: number, fromMs: number, toMs: number): Pane[] {
    return this.#ofSeries.hour.get(series)?.within(series, fromMs, toMs) ?? [];
  }

  quarters(series: number, fromMs: number, toMs: number): Pane[] {
    return this.#ofSeries.quarter.get(series)?.within(series, fromMs, toMs) ?? [];
  }

  /** Newest time in [fromMs, toMs) at which the series was heard; -Infinity when there is none. */
  heardMs(series: number, fromMs: number, toMs: number): number {
    let newestMs = Number.NEGATIVE_INFINITY;
    const { from, to } = this.#heardRows.get(series) ?? { from: 0, to: 0 };
    const before = this.#heard === undefined ? from : firstAt(this.#heard.timeMs, from, to, toMs);
    if (before > from) newestMs = this.#heard!.timeMs[before - 1]!;
    for (const timeMs of this.#rebuiltHeard.get(series) ?? []) {
      if (timeMs < toMs && timeMs > newestMs) newestMs = timeMs;
    }
    return newestMs >= fromMs ? newestMs : Number.NEGATIVE_INFINITY;
  }

  revision(kpi: string, zone: string, startMs: number): number {
    return this.#revisions.get(revisionKey(kpi, zone, startMs)) ?? 0;
  }

  #add(columns: PaneColumns): void {
    if (columns.rows === 0) return;
    const panes = new OldPanes(columns);
    const level = paneLevelAt(columns, 0);
    for (const series of rowsBySeries(columns.series).keys()) this.#ofSeries[level].set(series, panes);
  }

  #panesOf(series: number, level: PaneLevel): OldPanes {
    let panes = this.#ofSeries[level].get(series);
    if (panes === undefined) {
      panes = new OldPanes(NO_PANES);
      this.#ofSeries[level].set(series, panes);
    }
    return panes;
  }

  #hear(series: number, { count, invalidCount, startMs, lastMs }: Pane): void {
    if (count === 0 && invalidCount === 0) return;
    const times = this.#rebuiltHeard.get(series);
    const timeMs = count > 0 ? lastMs : startMs;
    if (times === undefined) this.#rebuiltHeard.set(series, [timeMs]);
    else times.push(timeMs);
  }
}

const NO_PANES = new PaneColumnsBuilder().finish();

/** Under which a window's stored revision is found. */
export function revisionKey(kpi: string, zone: string, startMs: number): string {
  return `${kpi}\n${zone}\n${startMs}`;
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
