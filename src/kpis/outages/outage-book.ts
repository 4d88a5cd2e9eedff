import { assert, DAY_MS } from '../../base/index.ts';
import type { Interruption } from '../../model/index.ts';
import { interruptionsOf } from './interruptions.ts';

/** Bounds of the book. */
export interface OutageBookLimits {
  /** Changes older than this are forgotten, ms. */
  readonly ageMsMax: number;
  /** Changes of all series together. */
  readonly changesMax: number;
}

/** What became of changes, for metrics. */
export interface OutageBookStats {
  /** In the book. */
  readonly changes: number;
  /** Older than the book reaches back when they came. */
  readonly tooOld: number;
  /** That found the book full: in no interruption. */
  readonly noPlace: number;
  /** Repetitions of a state that were given up for room. */
  readonly repeatsLeft: number;
}

/** Plain data for snapshots; the changes of a series stand together, those of `series[0]` first. */
export interface OutageBookState {
  readonly fromMs: number;
  readonly roomMadeFromMs: number;
  readonly series: Int32Array;
  readonly counts: Int32Array;
  readonly timesMs: Float64Array;
  readonly customersOut: Float64Array;
  readonly stats: OutageBookStats;
}

/** Where an interruption of a series began that is new, ended, or is none any more. */
export interface ChangedInterruption {
  readonly series: number;
  readonly beginMs: number;
}

interface Page {
  readonly timesMs: number[];
  readonly customersOut: number[];
  /** Made when asked for. */
  interruptions: readonly Interruption[] | undefined;
  /** What it said at the end of the last tick; only while the page has changed since. */
  said: readonly Interruption[] | undefined;
}

/** A state that was repeated within this time before the newest day is kept even where the book is full. */
const REPEATS_KEPT_MS = 3 * DAY_MS;

/**
 * How many customers were without supply, and when: the changes of every series that tells of outages, for years. Of one
 * series and instant the first that came stands; otherwise the order in which changes come makes no difference, as long
 * as they find room. Pure: whoever feeds it says what time it is.
 *
 * A change from before the book's beginning is kept only as what held there. Where the book is full, repetitions of a
 * state are given up that lie between others of the same state; a late change between two of these then lasts longer
 * than it did, and is counted as `repeatsLeft`. Where that is not enough, new changes are refused and counted.
 */
export class OutageBook {
  readonly #limits: OutageBookLimits;
  readonly #pages = new Map<number, Page>();
  readonly #touched = new Set<number>();
  readonly #running = new Set<number>();
  #fromMs = Number.NEGATIVE_INFINITY;
  #roomMadeFromMs = Number.NaN;
  #changes = 0;
  #tooOld = 0;
  #noPlace = 0;
  #repeatsLeft = 0;

  constructor(limits: OutageBookLimits) {
    assert(limits.changesMax > 0, 'an outage book without room');
    this.#limits = limits;
  }

  /**
   * Takes a change.
   *
   * @param customersOut customers without supply from `timeMs` on, 0 or more
   */
  put(series: number, timeMs: number, customersOut: number): 'taken' | 'repeated' | 'tooOld' | 'noPlace' {
    const page = this.#pages.get(series) ?? emptyPage();
    const index = firstAtOrAfter(page.timesMs, timeMs);
    if (page.timesMs[index] === timeMs) return 'repeated';
    // The newest state from before the beginning is what holds there.
    if (timeMs < this.#fromMs && index < page.timesMs.length && page.timesMs[index]! < this.#fromMs) {
      this.#tooOld++;
      return 'tooOld';
    }
    if (this.#changes >= this.#limits.changesMax && !this.#makeRoom()) {
      this.#noPlace++;
      return 'noPlace';
    }
    this.#pages.set(series, page);
    this.#touch(series, page);
    // Where room was made, the place may be another one.
    const place = firstAtOrAfter(page.timesMs, timeMs);
    page.timesMs.splice(place, 0, timeMs);
    page.customersOut.splice(place, 0, customersOut);
    this.#changes++;
    this.#cut(page);
    return 'taken';
  }

  /** Takes a change out, if there is one at that time. */
  withdraw(series: number, timeMs: number): void {
    const page = this.#pages.get(series);
    const index = page === undefined ? -1 : page.timesMs.indexOf(timeMs);
    if (page === undefined || index < 0) return;
    this.#touch(series, page);
    page.timesMs.splice(index, 1);
    page.customersOut.splice(index, 1);
    this.#changes--;
  }

  /** Interruptions of a series that began in [fromMs, toMs), oldest first; undefined where it had told nothing yet. */
  interruptions(series: number, fromMs: number, toMs: number): readonly Interruption[] | undefined {
    const page = this.#pages.get(series);
    if (page === undefined || !(page.timesMs[0]! < toMs)) return undefined;
    const all = said(page);
    return all.slice(firstBeginning(all, fromMs), firstBeginning(all, toMs));
  }

  /** Interruptions that run and began within the book, with their series. */
  *running(): Generator<ChangedInterruption> {
    for (const series of this.#running) {
      const page = this.#pages.get(series);
      if (page === undefined) continue;
      for (const { beginMs, endMs } of said(page)) {
        if (endMs === undefined && beginMs >= this.#fromMs) yield { series, beginMs };
      }
    }
  }

  /**
   * Interruptions that changed since the last call. Once a day of event time what is too old is forgotten.
   *
   * @param nowMs event-time now, ms UTC
   */
  tick(nowMs: number): ChangedInterruption[] {
    const changed: ChangedInterruption[] = [];
    for (const series of this.#touched) {
      const page = this.#pages.get(series)!;
      for (const beginMs of differentBegins(page.said ?? [], said(page))) changed.push({ series, beginMs });
      page.said = undefined;
      this.#noteRunning(series, page);
    }
    this.#touched.clear();
    this.#forget(nowMs);
    return changed;
  }

  stats(): OutageBookStats {
    return {
      changes: this.#changes,
      tooOld: this.#tooOld,
      noPlace: this.#noPlace,
      repeatsLeft: this.#repeatsLeft,
    };
  }

  /** Right behind `tick` only. */
  state(): OutageBookState {
    assert(this.#touched.size === 0, 'an outage book is kept between ticks');
    const series = [...this.#pages.keys()].sort((a, b) => a - b);
    const pages = series.map((id) => this.#pages.get(id)!);
    return {
      fromMs: this.#fromMs,
      roomMadeFromMs: this.#roomMadeFromMs,
      series: Int32Array.from(series),
      counts: Int32Array.from(pages, ({ timesMs }) => timesMs.length),
      timesMs: Float64Array.from(pages.flatMap(({ timesMs }) => timesMs)),
      customersOut: Float64Array.from(pages.flatMap(({ customersOut }) => customersOut)),
      stats: this.stats(),
    };
  }

  restore(state: OutageBookState): void {
    assert(this.#pages.size === 0, 'only an empty outage book can be restored');
    this.#fromMs = state.fromMs;
    this.#roomMadeFromMs = state.roomMadeFromMs;
    let at = 0;
    for (const [index, series] of state.series.entries()) {
      const end = at + state.counts[index]!;
      const page = emptyPage([...state.timesMs.subarray(at, end)], [...state.customersOut.subarray(at, end)]);
      this.#pages.set(series, page);
      this.#noteRunning(series, page);
      at = end;
    }
    this.#changes = at;
    this.#tooOld = state.stats.tooOld;
    this.#noPlace = state.stats.noPlace;
    this.#repeatsLeft = state.stats.repeatsLeft;
  }

  #touch(series: number, page: Page): void {
    if (!this.#touched.has(series)) page.said = said(page);
    this.#touched.add(series);
    page.interruptions = undefined;
  }

  #noteRunning(series: number, page: Page): void {
    if ((page.customersOut.at(-1) ?? 0) > 0) this.#running.add(series);
    else this.#running.delete(series);
  }

  #forget(nowMs: number): void {
    const fromMs = Math.floor(nowMs / DAY_MS) * DAY_MS - this.#limits.ageMsMax;
    if (!(fromMs > this.#fromMs)) return;
    this.#fromMs = fromMs;
    for (const page of this.#pages.values()) if (page.timesMs[0]! < fromMs) this.#cut(page);
  }

  /** Leaves one change before the beginning: what held there. */
  #cut(page: Page): void {
    const old = firstAtOrAfter(page.timesMs, this.#fromMs) - 1;
    if (old < 1) return;
    page.timesMs.splice(0, old);
    page.customersOut.splice(0, old);
    page.interruptions = undefined;
    this.#changes -= old;
  }

  /** At most once for each day that the book begins with: it looks at every page. */
  #makeRoom(): boolean {
    if (this.#roomMadeFromMs === this.#fromMs) return false;
    this.#roomMadeFromMs = this.#fromMs;
    const beforeMs = this.#fromMs + this.#limits.ageMsMax - REPEATS_KEPT_MS;
    for (const page of this.#pages.values()) {
      const left = leaveRepeats(page, beforeMs);
      this.#changes -= left;
      this.#repeatsLeft += left;
    }
    return this.#changes < this.#limits.changesMax;
  }
}

function emptyPage(timesMs: number[] = [], customersOut: number[] = []): Page {
  return { timesMs, customersOut, interruptions: undefined, said: undefined };
}

function said(page: Page): readonly Interruption[] {
  page.interruptions ??= interruptionsOf(page);
  return page.interruptions;
}

/** Takes out the changes that say what those before and behind them say; what the page says stays the same. */
function leaveRepeats(page: Page, beforeMs: number): number {
  const { timesMs, customersOut } = page;
  const kept = timesMs
    .keys()
    .filter((at) => {
      const isRepeat = customersOut[at] === customersOut[at - 1] && customersOut[at] === customersOut[at + 1];
      return !isRepeat || timesMs[at]! >= beforeMs;
    })
    .map((at) => [timesMs[at]!, customersOut[at]!] as const)
    .toArray();
  const left = timesMs.length - kept.length;
  timesMs.splice(0, timesMs.length, ...kept.map(([timeMs]) => timeMs));
  customersOut.splice(0, customersOut.length, ...kept.map(([, customers]) => customers));
  return left;
}

/** Begins of the interruptions that only one of the two lists has; of many customers or ends at one begin, once. */
function differentBegins(before: readonly Interruption[], after: readonly Interruption[]): Set<number> {
  const keyOf = ({ beginMs, endMs, customers }: Interruption): string => `${beginMs} ${endMs} ${customers}`;
  const known = new Set(before.map(keyOf));
  const now = new Set(after.map(keyOf));
  const changed = [...before.filter((one) => !now.has(keyOf(one))), ...after.filter((one) => !known.has(keyOf(one)))];
  return new Set(changed.map(({ beginMs }) => beginMs));
}

function firstAtOrAfter(timesMs: readonly number[], timeMs: number): number {
  return firstIndex(timesMs.length, (index) => timesMs[index]! >= timeMs);
}

function firstBeginning(interruptions: readonly Interruption[], fromMs: number): number {
  return firstIndex(interruptions.length, (index) => interruptions[index]!.beginMs >= fromMs);
}

/** By halving: the test fails for all before some index and holds from there on. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
