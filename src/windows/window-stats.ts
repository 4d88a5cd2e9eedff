import type { QuantityKind } from '../model/index.ts';
import {
  type NeighbourReading,
  standardDeviation,
  type TimeWeightedMean,
  timeWeightedMean,
} from './functions/index.ts';
import { lowerBound } from './sorted-search.ts';
import { type CellNeed, STAT_METHODS, StatCell, type StatMethod } from './stat-cell.ts';
import type { WindowBounds } from './window-bounds.ts';

/** Readings of a window up to which its percentiles are exact: a day of one a second, two months of one a minute. */
export const EXACT_READINGS_MAX = 100_000;

/** A statistic of a window, with how it was come by. */
export interface StatValue {
  readonly value: number | null;
  readonly method: StatMethod;
}

/** Statistics of one window by name, and how many readings they are made of. */
export interface WindowStats {
  readonly readings: number;
  readonly stats: Readonly<Record<string, StatValue>>;
}

/** A window, with the number of readings that are expected to count in it: decides what is kept for it. */
export interface StatsWindow extends WindowBounds {
  readonly count: number;
}

export interface StatsRequest {
  readonly kind: QuantityKind;
  /** Names that `statRefusal` has nothing against. */
  readonly stats: readonly string[];
  /** By time, both starts and ends ascending. */
  readonly windows: readonly StatsWindow[];
  /** Time-weighted means: readings further apart say nothing about the time between them, ms. */
  readonly gapMsMax: number;
  /** Windows with more readings get their percentiles from counters. */
  readonly exactReadingsMax: number;
}

const PERCENTILE = /^p(\d[1-9]|[1-9]0)$/;
const EXCEEDANCE = /^l(\d[1-9]|[1-9]0)$/;

/** Why a statistic cannot be had of a kind of quantity; empty when it can. Completes "cannot use stats <name>: ...". */
export function statRefusal(stat: string, kind: QuantityKind): string {
  const isAmount = kind === 'gauge' || kind === 'delta';
  if (EXCEEDANCE.test(stat) || stat === 'lmax') {
    return kind === 'level' ? '' : `levels exceeded are of sound; of a ${kind} ask for p90 and max`;
  }
  if (PERCENTILE.test(stat)) return kind === 'level' || isAmount ? '' : `percentiles of a ${kind} mean nothing`;
  if (stat === 'sd') return isAmount ? '' : `the standard deviation of a ${kind} means nothing`;
  if (stat === 'twa') return kind === 'gauge' || kind === 'state' ? '' : `a ${kind} has no time-weighted mean`;
  return 'known: p01 to p99, l01 to l99, lmax, sd, twa';
}

/**
 * Statistics of windows from readings that pass by once. Readings are folded into cells (the stretches between
 * neighbouring bounds of windows), cells merge into each window as soon as a reading lies beyond its end, and cells that
 * no later window needs are dropped. Held at any time: the cells of one window, with the values themselves only where
 * the window has at most `exactReadingsMax` of them.
 */
export class StatsFold {
  readonly #request: StatsRequest;
  readonly #percents: readonly number[];
  readonly #weighting: TimeWeightedMean;
  readonly #bounds: Float64Array;
  readonly #needs: readonly CellNeed[];
  readonly #cells = new Map<number, StatCell>();
  readonly #done: WindowStats[] = [];
  /** Cells below are dropped; what came last before the ones kept. */
  #keptFrom = 0;
  #beforeKept: NeighbourReading | undefined;

  constructor(request: StatsRequest) {
    this.#request = request;
    this.#percents = [...new Set(request.stats.flatMap((stat) => percentOf(stat) ?? []))];
    this.#weighting = timeWeightedMean(request.kind === 'state' ? 'locf' : 'linear', request.gapMsMax);
    const bounds = request.windows.flatMap(({ startMs, endMs }) => [startMs, endMs]);
    this.#bounds = Float64Array.from(new Set(bounds)).sort();
    this.#needs = this.#cellNeeds();
  }

  /** Cells that are held now. */
  get cellsHeld(): number {
    return this.#cells.size;
  }

  /** Takes a reading that counts, in strictly ascending order of event time. Those outside of all windows are neighbours. */
  add(timeMs: number, value: number): void {
    this.#finishUntil(timeMs, { timeMs, value });
    if (this.#done.length === this.#request.windows.length) return;
    const index = lowerBound(this.#bounds, timeMs + 1) - 1;
    if (index < this.#keptFrom) {
      this.#beforeKept = { timeMs, value };
      return;
    }
    let cell = this.#cells.get(index);
    if (cell === undefined) {
      cell = this.#newCell(this.#needs[index]!);
      this.#cells.set(index, cell);
    }
    cell.add(timeMs, value);
  }

  /** After the last reading: the statistics of every window, in the order of the windows. */
  finish(): readonly WindowStats[] {
    this.#finishUntil(Number.POSITIVE_INFINITY, undefined);
    return this.#done;
  }

  #finishUntil(timeMs: number, after: NeighbourReading | undefined): void {
    const { windows } = this.#request;
    while (this.#done.length < windows.length) {
      const window = windows[this.#done.length]!;
      if (window.endMs > timeMs) return;
      this.#done.push(this.#statsOf(window, after));
      this.#dropBefore(windows[this.#done.length]?.startMs ?? Number.POSITIVE_INFINITY);
    }
  }

  #dropBefore(startMs: number): void {
    const index = lowerBound(this.#bounds, startMs);
    for (; this.#keptFrom < index; this.#keptFrom++) {
      this.#beforeKept = this.#cells.get(this.#keptFrom)?.last ?? this.#beforeKept;
      this.#cells.delete(this.#keptFrom);
    }
  }

  #statsOf(window: StatsWindow, after: NeighbourReading | undefined): WindowStats {
    const from = lowerBound(this.#bounds, window.startMs);
    const to = lowerBound(this.#bounds, window.endMs);
    const whole = this.#newCell(this.#needOf(window));
    for (let index = from; index < to; index++) {
      const cell = this.#cells.get(index);
      if (cell !== undefined) whole.merge(cell);
    }
    const percentiles = whole.percentiles(this.#percents);
    const surroundings = { ...window, before: this.#lastBefore(from), after };
    const statOf = (stat: string): StatValue => {
      if (stat === 'sd') return { value: standardDeviation.result(whole.moments), method: STAT_METHODS.deviation };
      if (stat === 'lmax') return { value: whole.count === 0 ? null : whole.max, method: STAT_METHODS.exact };
      if (stat === 'twa') return { value: whole.timeWeighted(surroundings), method: whole.weightingMethod };
      const index = this.#percents.indexOf(percentOf(stat) ?? Number.NaN);
      return { value: percentiles.values[index] ?? null, method: percentiles.method };
    };
    const stats = Object.fromEntries(this.#request.stats.map((stat) => [stat, statOf(stat)]));
    return { readings: whole.count, stats };
  }

  /** The last reading before a cell. */
  #lastBefore(cell: number): NeighbourReading | undefined {
    for (let index = cell - 1; index >= this.#keptFrom; index--) {
      const last = this.#cells.get(index)?.last;
      if (last !== undefined) return last;
    }
    return this.#beforeKept;
  }

  #newCell(need: CellNeed): StatCell {
    return new StatCell(this.#request.kind, need, this.#weighting);
  }

  #needOf({ count }: StatsWindow): CellNeed {
    if (this.#percents.length === 0) return { values: false, counters: false };
    const isSmall = count <= this.#request.exactReadingsMax;
    return { values: isSmall, counters: !isSmall };
  }

  /** A cell keeps values for the small windows that it is part of, and counters for the large ones. */
  #cellNeeds(): CellNeed[] {
    const needs = Array.from(this.#bounds, (): CellNeed => ({ values: false, counters: false }));
    for (const window of this.#request.windows) {
      const added = this.#needOf(window);
      const to = lowerBound(this.#bounds, window.endMs);
      for (let index = lowerBound(this.#bounds, window.startMs); index < to; index++) {
        const { values, counters } = needs[index]!;
        needs[index] = { values: values || added.values, counters: counters || added.counters };
      }
    }
    return needs;
  }
}

/** The percentile behind a name: L_N is exceeded N % of the time, hence the (100-N)th. */
function percentOf(stat: string): number | undefined {
  if (PERCENTILE.test(stat)) return Number(stat.slice(1));
  return EXCEEDANCE.test(stat) ? 100 - Number(stat.slice(1)) : undefined;
}
