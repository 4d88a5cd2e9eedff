import { type Calendar, QUARTER_MS } from '../base/index.ts';
import type { Pane } from '../model/index.ts';
import { levelStatsOf } from './level-rows.ts';
import { paneOfReadings } from './pane-of-readings.ts';
import type { PaneRecords } from './pane-records.ts';
import type { ReadingArena } from './reading-arena.ts';
import { LaterReadings } from './reading-views.ts';
import type { SeriesTable } from './series-table.ts';
import type { SortedReadings } from './sorted-readings.ts';
import type { SeriesView } from './window-settings.ts';

/** Folded panes held at most; about 20 MB. */
const FOLDS_MAX = 100_000;

/** What views look at. */
export interface ViewSources {
  readonly arena: ReadingArena;
  readonly table: SeriesTable;
  readonly calendar: Calendar;
  readonly hours: PaneRecords;
  readonly quarters: PaneRecords;
  /** Newest event time of a series, ms UTC. */
  newestMs(id: number): number;
}

/** What other rooms may look at of series, between ticks. */
export class SeriesViews {
  /** Event-time now from which it is measured what is still to be seen, ms UTC. */
  keptSinceMs = Number.NEGATIVE_INFINITY;
  readonly #sources: ViewSources;
  readonly #views: SeriesView[] = [];
  /** Panes folded since the last tick, by series and start; quarters by their start plus 1. */
  readonly #folds = new Map<number, Map<number, Pane | null>>();
  #foldCount = 0;

  constructor(sources: ViewSources) {
    this.#sources = sources;
  }

  of(id: number): SeriesView {
    this.#views[id] ??= this.#viewOf(id);
    return this.#views[id];
  }

  #viewOf(id: number): SeriesView {
    const series = this.#sources.table.list[id]!;
    const record = this.#sources.table.recordOf[id]!;
    const hourEnd = (startMs: number): number => this.#sources.calendar.hourEnd(startMs);
    const quarterEnd = (startMs: number): number => startMs + QUARTER_MS;
    const quarterRecord = this.#sources.table.quarterRecordOf[id]!;
    return {
      series,
      hours: (fromMs, toMs) => {
        const hour = this.#sources.calendar.hourStart(fromMs);
        const firstMs = hour < fromMs ? hourEnd(hour) : hour;
        return record < 0
          ? this.#folded(id, firstMs, toMs, hourEnd)
          : this.#remembered({ records: this.#sources.hours, record, id }, firstMs, toMs, hourEnd);
      },
      quarters: (fromMs, toMs) => {
        const firstMs = Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS;
        return quarterRecord < 0
          ? this.#folded(id, firstMs, toMs, quarterEnd)
          : this.#remembered({ records: this.#sources.quarters, record: quarterRecord, id }, firstMs, toMs, quarterEnd);
      },
      levels: (startMs) => {
        if (series.kind !== 'level') return undefined;
        // Hours that are open are not recorded yet, and whole in memory.
        const isOpen = startMs >= this.#sources.table.openFromMs[id]!;
        if (record >= 0 && !isOpen) return this.#sources.hours.levels(record, startMs);
        return levelStatsOf(this.#visible(id), startMs, hourEnd(startMs));
      },
      heardMs: (fromMs, toMs) => this.#heardMs(id, fromMs, toMs),
    };
  }

  #visible(id: number): SortedReadings {
    const readings = this.#sources.arena.readings(id);
    return new LaterReadings(readings, this.#sources.arena.firstVisible(id, readings, this.keptSinceMs));
  }

  #folded(id: number, fromMs: number, toMs: number, endOf: (startMs: number) => number): Pane[] {
    const rule = this.#sources.table.rules[id]!;
    const readings = this.#visible(id);
    const known = this.#foldsOf(id);
    const panes: Pane[] = [];
    for (let atMs = fromMs; atMs < toMs; ) {
      const endMs = endOf(atMs);
      const key = atMs + (endMs - atMs === QUARTER_MS ? 1 : 0);
      let pane = known.get(key);
      if (pane === undefined) {
        pane = paneOfReadings(readings, atMs, endMs, rule) ?? null;
        known.set(key, pane);
        this.#foldCount++;
      }
      if (pane !== null) panes.push(pane);
      atMs = endMs;
    }
    return panes;
  }

  /** What was folded of a series since the last tick: the KPIs of one tick ask for the same hours many times. */
  #foldsOf(id: number): Map<number, Pane | null> {
    if (this.#foldCount > FOLDS_MAX) this.forget();
    let known = this.#folds.get(id);
    if (known === undefined) {
      known = new Map();
      this.#folds.set(id, known);
    }
    return known;
  }

  /** Readings came, or time moved on: what was folded does not hold any more. */
  forget(): void {
    if (this.#folds.size === 0) return;
    this.#folds.clear();
    this.#foldCount = 0;
  }

  #remembered(
    { records, record, id }: { readonly records: PaneRecords; readonly record: number; readonly id: number },
    fromMs: number,
    toMs: number,
    endOf: (startMs: number) => number,
  ): Pane[] {
    const { kind, expectEveryMs } = this.#sources.table.list[id]!;
    const panes: Pane[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs = endOf(atMs)) {
      const pane = records.get(record, kind, atMs, endOf(atMs), expectEveryMs);
      if (pane !== undefined) panes.push(pane);
    }
    return panes;
  }

  #heardMs(id: number, fromMs: number, toMs: number): number {
    const newestMs = this.#sources.newestMs(id);
    if (newestMs < toMs) return newestMs >= fromMs ? newestMs : Number.NEGATIVE_INFINITY;
    const readings = this.#visible(id);
    const last = readings.lowerBound(toMs) - 1;
    const keptMs = last < 0 ? Number.NEGATIVE_INFINITY : readings.timeMsAt(last);
    const isKept = keptMs >= fromMs;
    const heardMs = isKept ? keptMs : Number.NEGATIVE_INFINITY;
    if (this.#sources.table.recordOf[id]! < 0) return heardMs;
    // Hours that were rebuilt are remembered, and their readings are not: they may be newer than those that are kept.
    const hours = this.of(id).hours(isKept ? this.#sources.calendar.hourStart(keptMs) : fromMs, toMs);
    const heard = hours.findLast(({ lastMs }) => lastMs < toMs);
    return Math.max(heardMs, heard?.lastMs ?? Number.NEGATIVE_INFINITY);
  }
}
