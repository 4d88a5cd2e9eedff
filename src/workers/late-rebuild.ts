import { DAY_MS, MINUTE_MS } from '../base/index.ts';
import { PANE_LEVELS } from '../model/index.ts';
import type { ReadingColumns, ReadingSpan, StoreHistory } from '../store/index.ts';
import { NEIGHBOURS_KEPT, type WindowEngine } from '../windows/index.ts';
import { LateSeries } from './late-series.ts';

/** What is needed of the window engine. */
export type LateWindows = Pick<
  WindowEngine,
  'calendar' | 'nowMs' | 'lateCount' | 'lateLeftCount' | 'takeLate' | 'dropLate' | 'rebuild' | 'view'
>;

/**
 * Late readings taken from the queue in one step. Few, because a step takes whole series, and one late reading of each of
 * many series costs a day of readings of each.
 */
const READINGS_PER_STEP = 500;

/** A day at a time: the KPIs of it look at three days of hours of all their devices. */
const DAYS_PER_STEP = 1;

/** Readings that one question to the store is expected to bring, at 25 bytes each. */
const ROWS_PER_QUESTION = 250_000;

/** Readings that a tick is expected to read back: about a second of work, once a minute. The rest waits for the next. */
const ROWS_PER_TICK = 1_000_000;

/** The store keeps readings for so long (`store.readingsAge`); those around an hour this close to it may be gone already. */
const AGE_MARGIN_MS = 2 * DAY_MS;

/** The instant from which hours can be rebuilt, ms UTC. @param readingsAgeMs age up to which readings are kept */
export function rebuiltFromMs(nowMs: number, readingsAgeMs: number): number {
  return nowMs - readingsAgeMs + AGE_MARGIN_MS;
}

/** The tick that runs. */
export interface RunningTick {
  /** Sequence of the newest record before it. */
  readonly upToSequence: number;
  /** Its readings. */
  readonly fresh: ReadingColumns;
  /** The store has it already: the journal is replayed. */
  readonly isStored: boolean;
}

/** For snapshots: when late readings were looked at last. */
export interface LateRebuildState {
  readonly nowMinute: number;
  readonly markMinute: number;
  readonly rebuiltReadings: number;
  readonly repeatedReadings: number;
  readonly tooOldReadings: number;
}

/** What became of late-filed readings, for metrics. */
export interface LateStats {
  /** Still in the queue. */
  readonly waiting: number;
  /** Whose panes were rebuilt. */
  readonly rebuilt: number;
  /** That a stored reading had said already. */
  readonly repeated: number;
  /** Older than what the store keeps whole: filed, in no pane. */
  readonly tooOld: number;
  /** That found the queue full: filed, in no pane. */
  readonly noPlace: number;
}

/**
 * Rebuilds the hours of late-filed readings from the store, once a minute and at a time mark, so that it happens at the
 * same records of the journal in every run. What it reads back is a function of the journal too: rows up to the last
 * batch, and the readings of the tick itself, which the store does not have yet; rows that a later batch added before a
 * restart are left out by their sequence.
 */
export class LateRebuild {
  readonly #windows: LateWindows;
  /** Age up to which the store keeps readings, ms; Infinity when it keeps all. */
  readonly #readingsAgeMs: number;
  readonly #counterGapMsMax: number;
  #nowMinute = Number.NEGATIVE_INFINITY;
  #markMinute = Number.NEGATIVE_INFINITY;
  #isDue = false;
  #rebuilt = 0;
  #repeated = 0;
  #tooOld = 0;

  /** @param counterGapMsMax the longest gap that a register's increase is spread over, ms */
  constructor(windows: LateWindows, readingsAgeMs: number, counterGapMsMax: number) {
    this.#windows = windows;
    this.#counterGapMsMax = counterGapMsMax;
    this.#readingsAgeMs = readingsAgeMs;
  }

  /** A time mark ends the tick: late readings are due when a minute of event time, or of the marks, has passed. */
  mark(atMs: number): void {
    const nowMinute = Math.floor(this.#windows.nowMs / MINUTE_MS);
    const markMinute = Math.floor(atMs / MINUTE_MS);
    this.#isDue ||= nowMinute !== this.#nowMinute || markMinute !== this.#markMinute;
    this.#nowMinute = nowMinute;
    this.#markMinute = markMinute;
  }

  /** True when `run` is to be called before the tick is closed. */
  get isDue(): boolean {
    return this.#isDue && this.#windows.lateCount > 0;
  }

  /**
   * Reads back what is needed and hands it to the window engine.
   *
   * @param history the store, which has committed all batches up to `upToSequence`
   */
  async run(history: StoreHistory, tick: RunningTick): Promise<void> {
    this.#isDue = false;
    const taken = this.#take();
    for (const group of inGroups(taken, ROWS_PER_QUESTION)) {
      await this.#read(group, history, tick);
      for (const late of group) this.#rebuild(late, tick.isStored);
    }
  }

  /** The tick is closed. */
  finishTick(): void {
    this.#isDue = false;
  }

  stats(): LateStats {
    return {
      waiting: this.#windows.lateCount,
      rebuilt: this.#rebuilt,
      repeated: this.#repeated,
      tooOld: this.#tooOld,
      noPlace: this.#windows.lateLeftCount,
    };
  }

  state(): LateRebuildState {
    return {
      nowMinute: this.#nowMinute,
      markMinute: this.#markMinute,
      rebuiltReadings: this.#rebuilt,
      repeatedReadings: this.#repeated,
      tooOldReadings: this.#tooOld,
    };
  }

  restore(state: LateRebuildState): void {
    this.#nowMinute = state.nowMinute;
    this.#markMinute = state.markMinute;
    this.#rebuilt = state.rebuiltReadings;
    this.#repeated = state.repeatedReadings;
    this.#tooOld = state.tooOldReadings;
  }

  /** Series of the oldest local day, as many as a tick may read back. */
  #take(): LateSeries[] {
    const { calendar, nowMs } = this.#windows;
    const wholeFromMs = rebuiltFromMs(nowMs, this.#readingsAgeMs);
    const taken: LateSeries[] = [];
    let rows = 0;
    let dayMs: number | undefined;
    while (this.#windows.lateCount > 0 && rows < ROWS_PER_TICK) {
      const step = this.#windows.takeLate({ readingsMax: READINGS_PER_STEP, daysMax: DAYS_PER_STEP });
      const stepDayMs = calendar.dayStart(step[0]?.timesMs[0] ?? Number.NaN);
      for (const { series, timesMs, hoursMs } of step) {
        const kept = timesMs.filter((timeMs) => timeMs >= wholeFromMs);
        this.#tooOld += timesMs.length - kept.length;
        this.#windows.dropLate(
          series,
          timesMs.filter((timeMs) => timeMs < wholeFromMs),
        );
        if (kept.length === 0) continue;
        const late = new LateSeries(this.#windows.view(series).series, kept, hoursMs, calendar);
        rows += late.rowsExpected;
        taken.push(late);
      }
      dayMs ??= stepDayMs;
      if (stepDayMs !== dayMs) break;
    }
    return taken;
  }

  /** Fetches the readings of the days; around registers twice, because an increase reaches hours beyond its neighbours. */
  async #read(
    group: readonly LateSeries[],
    history: StoreHistory,
    { upToSequence, fresh }: RunningTick,
  ): Promise<void> {
    const registers = group.filter((late) => late.isRegister);
    const read = async (some: readonly LateSeries[], spanOf: (late: LateSeries) => ReadingSpan): Promise<void> => {
      const found = await history.readingsAround(some.map(spanOf), upToSequence);
      LateSeries.distribute(some, found, fresh);
    };
    if (registers.length > 0) {
      await read(registers, (late) => late.daySpan(NEIGHBOURS_KEPT));
      for (const late of registers) late.reachNeighbours(NEIGHBOURS_KEPT, this.#counterGapMsMax);
    }
    await read(group, (late) => (late.isRegister ? late.span(NEIGHBOURS_KEPT) : late.daySpan(0)));
    const spans = group.map((late) => late.span(0));
    for (const level of PANE_LEVELS) LateSeries.distributePanes(group, await history.panesIn(spans, level));
  }

  #rebuild(late: LateSeries, isStored: boolean): void {
    const timesMs = late.timesToRebuild();
    this.#rebuilt += timesMs.length;
    this.#repeated += late.timesMs.length - timesMs.length;
    if (timesMs.length > 0) this.#windows.rebuild(late.series.id, timesMs, { ...late.takeStored(), isStored });
  }
}

/** Series in groups that are expected to have at most so many readings; one that has more stands alone. */
function* inGroups(taken: readonly LateSeries[], rowsMax: number): Generator<LateSeries[]> {
  let group: LateSeries[] = [];
  let rows = 0;
  for (const late of taken) {
    if (group.length > 0 && rows + late.rowsExpected > rowsMax) {
      yield group;
      group = [];
      rows = 0;
    }
    group.push(late);
    rows += late.rowsExpected;
  }
  if (group.length > 0) yield group;
}
