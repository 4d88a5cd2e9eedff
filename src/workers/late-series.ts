import { type Calendar, DAY_MS } from '../base/index.ts';
import {
  type Pane,
  type PaneColumns,
  type PaneLevel,
  paneAt,
  paneLevelAt,
  qualityCounts,
  type Series,
} from '../model/index.ts';
import { type ReadingColumns, type ReadingHistory, type ReadingSpan, ReadingStatus } from '../store/index.ts';
import { type StoredSeries, sortedReadings } from '../windows/index.ts';

/** One reading of an identity. */
interface Entry {
  readonly timeMs: number;
  /** NaN when it does not count. */
  readonly value: number;
  /** As `ReadingHistory.late`. */
  readonly late: number;
}

/** Late-filed readings of one series, and the readings around them. */
export class LateSeries {
  readonly series: Series;
  /** Ascending, each once. */
  readonly timesMs: Float64Array;
  readonly isRegister: boolean;
  /** Readings that a day or more of the series is expected to hold. */
  readonly rowsExpected: number;
  /** Whole hours of which all readings are asked for, ms UTC. */
  fromMs: number;
  toMs: number;
  readonly #dayFromMs: number;
  readonly #dayToMs: number;
  readonly #hoursMs: ReadonlySet<number>;
  readonly #calendar: Calendar;
  #entries: readonly Entry[] = [];
  #panes = noPanes();

  /** @param hoursMs of the times the starts of hours that wait as such */
  constructor(series: Series, timesMs: Float64Array, hoursMs: ReadonlySet<number>, calendar: Calendar) {
    this.series = series;
    this.timesMs = timesMs;
    this.#hoursMs = hoursMs;
    this.isRegister = series.kind === 'counter';
    this.#calendar = calendar;
    this.#dayFromMs = calendar.dayStart(timesMs[0]!);
    this.#dayToMs = calendar.dayEnd(timesMs.at(-1)!);
    this.fromMs = this.#dayFromMs;
    this.toMs = this.#dayToMs;
    this.rowsExpected = Math.ceil((this.#dayToMs - this.#dayFromMs) / Math.min(DAY_MS, series.expectEveryMs));
  }

  /** The local days of the late readings. */
  daySpan(neighbours: number): ReadingSpan {
    return { series: this.series.id, fromMs: this.#dayFromMs, toMs: this.#dayToMs, neighbours };
  }

  /** What `reachNeighbours` widened the days to. */
  span(neighbours: number): ReadingSpan {
    return { series: this.series.id, fromMs: this.fromMs, toMs: this.toMs, neighbours };
  }

  /**
   * Widens the span to the hours of the neighbours that were read: the increase of a register may change as far as
   * there, and an hour is made of all its readings. Where readings were decoded again, also by the longest gap that an
   * increase was spread over: both its ends may be gone.
   */
  reachNeighbours(neighbours: number, gapMsMax: number): void {
    const counting = this.#entries.filter(({ value }) => !Number.isNaN(value));
    const before = counting.filter(({ timeMs }) => timeMs < this.#dayFromMs).slice(-neighbours);
    const behind = counting.filter(({ timeMs }) => timeMs >= this.#dayToMs).slice(0, neighbours);
    const [first] = before;
    const last = behind.at(-1);
    if (first !== undefined) this.fromMs = this.#calendar.hourStart(first.timeMs);
    if (last !== undefined) this.toMs = this.#calendar.hourEnd(last.timeMs);
    if (this.#correctedMs().size === 0) return;
    this.fromMs = Math.min(this.fromMs, this.#calendar.hourStart(this.#dayFromMs - gapMsMax));
    this.toMs = Math.max(this.toMs, this.#calendar.hourEnd(this.#dayToMs + gapMsMax));
  }

  /** Of the late readings those that are not as they came: decoded again, or gone since. */
  #correctedMs(): Set<number> {
    const asItCame = new Set(this.#entries.filter(({ late }) => late < 2).map(({ timeMs }) => timeMs));
    return new Set(this.timesMs.filter((timeMs) => !asItCame.has(timeMs)));
  }

  /**
   * The times that say something new: not those at which a reading was counted when it came. The start of an hour that
   * waits as such stays in any case: a later reading changed an hour of a register that the engine does not keep, or it
   * is to be made again.
   */
  timesToRebuild(): Float64Array {
    const counted = new Set(this.#entries.filter(({ late }) => late === 0).map(({ timeMs }) => timeMs));
    return this.timesMs.filter((timeMs) => !counted.has(timeMs) || this.#hoursMs.has(timeMs));
  }

  /** The readings around and the panes of their hours; they are given away. */
  takeStored(): Pick<StoredSeries, 'readings' | 'told' | 'correctedMs'> {
    const [entries, panes] = [this.#entries, this.#panes];
    const correctedMs = this.#correctedMs();
    this.#entries = [];
    this.#panes = noPanes();
    const readings = sortedReadings(
      Float64Array.from(entries, ({ timeMs }) => timeMs),
      Float64Array.from(entries, ({ value }) => value),
    );
    return { readings, told: { pane: (level, startMs) => panes[level].get(startMs) }, correctedMs };
  }

  /** Gives each series its part of the panes that were read back. A series with late readings of two days is there twice. */
  static distributePanes(group: readonly LateSeries[], found: PaneColumns): void {
    const bySeries = Map.groupBy(group, (late) => late.series.id);
    for (let row = 0; row < found.rows; row++) {
      const pane = paneAt(found, row);
      const level = paneLevelAt(found, row);
      for (const late of bySeries.get(found.series[row]!) ?? []) late.#panes[level].set(pane.startMs, pane);
    }
  }

  /** Gives each series its part of what was read back, joined by the readings of the tick that runs. */
  static distribute(group: readonly LateSeries[], found: ReadingHistory, fresh: ReadingColumns): void {
    const bySeries = new Map(group.map((late) => [late.series.id, new Map<number, Entry>()]));
    for (let row = 0; row < found.count; row++) {
      const timeMs = found.timeMs[row]!;
      const entry = { timeMs, value: found.value[row]!, late: found.late[row]! };
      bySeries.get(found.series[row]!)?.set(timeMs, entry);
    }
    for (let row = 0; row < fresh.count; row++) {
      const entries = bySeries.get(fresh.series[row]!);
      if (entries !== undefined) offer(entries, freshEntry(fresh, row));
    }
    for (const late of group) {
      late.#entries = [...bySeries.get(late.series.id)!.values()].sort((a, b) => a.timeMs - b.timeMs);
    }
  }
}

function noPanes(): Record<PaneLevel, Map<number, Pane>> {
  return { hour: new Map(), quarter: new Map() };
}

function freshEntry(fresh: ReadingColumns, row: number): Entry {
  const counts = fresh.status[row] !== ReadingStatus.invalid && qualityCounts(fresh.quality[row]!);
  return {
    timeMs: fresh.timeMs[row]!,
    value: counts ? fresh.value[row]! : Number.NaN,
    late: fresh.status[row] === ReadingStatus.lateFiled ? 1 : 0,
  };
}

/** Of one identity a reading that counts stands, otherwise the one that came first. */
function offer(entries: Map<number, Entry>, entry: Entry): void {
  const known = entries.get(entry.timeMs);
  if (known === undefined || (Number.isNaN(known.value) && !Number.isNaN(entry.value)))
    entries.set(entry.timeMs, entry);
}
