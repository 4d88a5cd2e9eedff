import { assert, type Calendar, calendarOf, DAY_MS, MINUTE_MS, QUARTER_MS } from '../base/index.ts';
import { type Pane, QUANTITIES, qualityCounts, type Reading, type Series } from '../model/index.ts';
import type { PaneRow } from '../store/index.ts';
import { mergePanes } from './merge-panes.ts';
import { type PaneRule, paneOfReadings } from './pane-of-readings.ts';
import { BACKFLOW_TOLERANCE, NEIGHBOURS_CHANGED, neighbourhood } from './register-readings.ts';
import { SeriesReadings, type SeriesReadingsState } from './series-readings.ts';

export interface WindowSettings {
  /** `wall`: now is what `passTime` was told last. `event`: now is the newest accepted event time. */
  readonly clock: 'wall' | 'event';
  /** How long after its end a window waits for late readings, ms. */
  readonly latenessMs: number;
  /** Readings older than this, from now, are filed instead of counted, ms; at least `latenessMs`. */
  readonly horizonMs: number;
  /** Register neighbours further apart leave the time between them open, ms. */
  readonly counterGapMsMax: number;
  readonly seriesMax: number;
  readonly silentAfterIntervals: number;
  readonly silentAfterMsMin: number;
  /** The city's zone: hours and days of the stored panes follow it. */
  readonly timeZone: string;
  /** Largest believable increase of a register an hour, in its quantity's unit. */
  registerRateMaxPerHour(series: Series): number;
}

/** What became of a reading; each is counted under this name. */
export type ReadingOutcome = 'counted' | 'invalid' | 'duplicate' | 'conflict' | 'lateFiled' | 'series_limit';

/** An hour of a series whose aggregate changed since the last tick. */
export interface ChangedHour {
  readonly series: number;
  readonly hourStartMs: number;
}

export interface WindowTick {
  readonly newSeries: readonly Series[];
  /** Panes to be stored, absolute. */
  readonly panes: readonly PaneRow[];
  readonly changedHours: readonly ChangedHour[];
}

/** What another room may look at of a series. */
export interface SeriesView {
  readonly series: Series;
  /** Newest accepted event time, ms UTC. */
  readonly newestMs: number;
  /** Hour panes with anything in them whose start lies in [fromMs, toMs), oldest first. */
  hours(fromMs: number, toMs: number): Pane[];
  /** Quarter-hour panes, computed from the readings of the horizon. */
  quarters(fromMs: number, toMs: number): Pane[];
  /** Newest kept reading in [fromMs, toMs), bad ones included; -Infinity when there is none. */
  heardMs(fromMs: number, toMs: number): number;
}

/** Plain data for snapshots. */
export interface WindowEngineState {
  readonly nowMs: number;
  readonly leapMs: number;
  readonly series: readonly {
    readonly series: Series;
    readonly newestMs: number;
    readonly readings: SeriesReadingsState;
    readonly hours: readonly Pane[];
    readonly dirtyHours: readonly number[];
    readonly dirtyQuarters: readonly number[];
    readonly openHours: readonly number[];
  }[];
}

/**
 * A reception time this far ahead of the one before may be a clock set wrong: were it believed, all that honest sensors
 * send would be late. It is believed once time has gone on from there for a while, as it does after a long stop.
 */
const LEAP_MS = 60 * MINUTE_MS;
const LEAP_CONFIRMED_MS = MINUTE_MS;

/** Hour panes are kept this much longer than the horizon: windows above them reach back. */
const HOURS_KEPT_BEYOND_HORIZON_MS = 9 * DAY_MS;

class SeriesState implements SeriesView {
  readonly series: Series;
  readonly rule: PaneRule;
  readings = new SeriesReadings();
  newestMs = Number.NEGATIVE_INFINITY;
  /** By hour start. */
  readonly hourPanes = new Map<number, Pane>();
  readonly dirtyHours = new Set<number>();
  /** Quarter-hours that got a reading since the last tick; registers recompute all of a dirty hour. */
  readonly dirtyQuarters = new Set<number>();
  /** Hours stored as provisional. */
  readonly openHours = new Set<number>();
  readonly #calendar: Calendar;

  constructor(series: Series, settings: WindowSettings, calendar: Calendar) {
    this.series = series;
    this.#calendar = calendar;
    this.rule = {
      kind: series.kind,
      expectEveryMs: series.expectEveryMs,
      counterGapMsMax: settings.counterGapMsMax,
      register: {
        rateMaxPerHour: settings.registerRateMaxPerHour(series),
        backflowTolerance: BACKFLOW_TOLERANCE,
      },
    };
  }

  hours(fromMs: number, toMs: number): Pane[] {
    const panes: Pane[] = [];
    for (let atMs = this.#calendar.hourStart(fromMs); atMs < toMs; atMs = this.#calendar.hourEnd(atMs)) {
      const pane = atMs < fromMs ? undefined : this.hourPanes.get(atMs);
      if (pane !== undefined) panes.push(pane);
    }
    return panes;
  }

  heardMs(fromMs: number, toMs: number): number {
    const heardMs = this.newestMs < toMs ? this.newestMs : this.readings.newestBefore(toMs);
    return heardMs >= fromMs ? heardMs : Number.NEGATIVE_INFINITY;
  }

  quarters(fromMs: number, toMs: number): Pane[] {
    const panes: Pane[] = [];
    for (let atMs = Math.ceil(fromMs / QUARTER_MS) * QUARTER_MS; atMs < toMs; atMs += QUARTER_MS) {
      const pane = paneOfReadings(this.readings, atMs, atMs + QUARTER_MS, this.rule);
      if (pane !== undefined) panes.push({ ...pane, revision: 0, final: false });
    }
    return panes;
  }
}

/**
 * Event-time windows of every series: each reading counts once, in its own pane; panes are recomputed from the kept
 * readings whenever something in them changed, so the order of arrival cannot be seen in a result. Bounded by
 * `seriesMax` and the horizon.
 */
export class WindowEngine {
  readonly #settings: WindowSettings;
  readonly #calendar: Calendar;
  readonly #states: SeriesState[] = [];
  readonly #byKey = new Map<string, SeriesState>();
  #newSeries: Series[] = [];
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Reception time that leaped ahead and is not believed yet; 0 when there is none. */
  #leapMs = 0;
  #forgottenDay = Number.NEGATIVE_INFINITY;

  constructor(settings: WindowSettings) {
    assert(settings.latenessMs <= settings.horizonMs, 'lateness is longer than the horizon');
    this.#settings = settings;
    this.#calendar = calendarOf(settings.timeZone);
  }

  get calendar(): Calendar {
    return this.#calendar;
  }

  /** Event-time now, ms UTC: what horizon, lateness and silence are measured from. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Readings older than this are filed: nothing before it changes any more, ms UTC. */
  get horizonStartMs(): number {
    return this.#nowMs - this.#settings.horizonMs;
  }

  /** Tells the reception time of the next message or mark; moves now on in `wall` mode, never back. */
  passTime(receivedAtMs: number): void {
    if (this.#settings.clock !== 'wall' || receivedAtMs <= this.#nowMs) return;
    if (receivedAtMs - this.#nowMs > LEAP_MS && Number.isFinite(this.#nowMs)) {
      if (this.#leapMs === 0 || receivedAtMs < this.#leapMs) this.#leapMs = receivedAtMs;
      if (receivedAtMs - this.#leapMs < LEAP_CONFIRMED_MS) return;
    }
    this.#leapMs = 0;
    this.#nowMs = receivedAtMs;
  }

  /** Puts one reading where it belongs. The series is interned on its first accepted or filed reading. */
  accept(reading: Reading): { readonly outcome: ReadingOutcome; readonly series: number } {
    const state = this.#stateOf(reading);
    if (state === undefined) return { outcome: 'series_limit', series: -1 };
    const { timeMs, value, quality } = reading;
    const series = state.series.id;
    if (timeMs < this.#nowMs - this.#settings.horizonMs) return { outcome: 'lateFiled', series };
    const insertion = state.readings.insert(timeMs, value, quality);
    if (insertion !== 'added') return { outcome: insertion, series };
    if (timeMs > state.newestMs) state.newestMs = timeMs;
    if (this.#settings.clock === 'event' && timeMs > this.#nowMs) this.#nowMs = timeMs;
    const counts = qualityCounts(quality);
    this.#touch(state, timeMs, counts);
    return { outcome: counts ? 'counted' : 'invalid', series };
  }

  /** Recomputes what changed and what became final since the last tick. */
  tick(): WindowTick {
    const panes: PaneRow[] = [];
    const changedHours: ChangedHour[] = [];
    for (const state of this.#states) {
      const watermarkMs = this.watermarkMs(state.series.id);
      const days = new Set<number>();
      for (const hourStartMs of state.dirtyHours) changedHours.push({ series: state.series.id, hourStartMs });
      for (const hourStartMs of hoursToEmit(state, watermarkMs, this.#calendar)) {
        if (this.#emitHour(state, hourStartMs, watermarkMs, panes)) days.add(this.#calendar.dayStart(hourStartMs));
      }
      for (const dayStartMs of days) panes.push(this.#dayRow(state, dayStartMs));
      state.dirtyHours.clear();
      state.dirtyQuarters.clear();
    }
    this.#forget();
    const newSeries = this.#newSeries;
    this.#newSeries = [];
    return { newSeries, panes, changedHours };
  }

  /**
   * Event time up to which a series is believed complete: its newest reading minus lateness; a silent series is
   * released after its own time-out.
   */
  watermarkMs(series: number): number {
    const state = this.#states[series];
    assert(state !== undefined, `no series ${series}`);
    const silentSinceMs = this.#nowMs - this.silentAfterMs(state.series);
    return Math.max(state.newestMs, silentSinceMs) - this.#settings.latenessMs;
  }

  /** How long after its newest reading a series counts as silent, ms. */
  silentAfterMs(series: Series): number {
    return Math.max(this.#settings.silentAfterMsMin, this.#settings.silentAfterIntervals * series.expectEveryMs);
  }

  view(series: number): SeriesView {
    const state = this.#states[series];
    assert(state !== undefined, `no series ${series}`);
    return state;
  }

  get seriesCount(): number {
    return this.#states.length;
  }

  state(): WindowEngineState {
    return {
      nowMs: this.#nowMs,
      leapMs: this.#leapMs,
      series: this.#states.map((state) => ({
        series: state.series,
        newestMs: state.newestMs,
        readings: state.readings.state(),
        hours: [...state.hourPanes.values()],
        dirtyHours: [...state.dirtyHours],
        dirtyQuarters: [...state.dirtyQuarters],
        openHours: [...state.openHours],
      })),
    };
  }

  /** @param expectEveryMs what the configuration now says of a device's interval; 0 keeps what the series had */
  restore(from: WindowEngineState, expectEveryMs: (device: string) => number = () => 0): void {
    assert(this.#states.length === 0, 'only an empty engine can be restored');
    this.#nowMs = from.nowMs;
    this.#leapMs = from.leapMs;
    for (const saved of from.series) {
      const interval = expectEveryMs(saved.series.device) || saved.series.expectEveryMs;
      const state = this.#addState({ ...saved.series, expectEveryMs: interval });
      state.newestMs = saved.newestMs;
      state.readings = SeriesReadings.restore(saved.readings);
      for (const pane of saved.hours) state.hourPanes.set(pane.startMs, pane);
      for (const hour of saved.dirtyHours) state.dirtyHours.add(hour);
      for (const quarter of saved.dirtyQuarters) state.dirtyQuarters.add(quarter);
      for (const hour of saved.openHours) state.openHours.add(hour);
    }
    this.#newSeries = [];
  }

  #stateOf(reading: Reading): SeriesState | undefined {
    const key = `${reading.device}\n${reading.quantity}\n${reading.channel}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#states.length >= this.#settings.seriesMax) return undefined;
    const quantity = QUANTITIES.get(reading.quantity);
    assert(quantity !== undefined, `intake let the unknown quantity ${reading.quantity} pass`);
    return this.#addState({
      id: this.#states.length,
      device: reading.device,
      quantity: quantity.id,
      channel: reading.channel,
      unit: quantity.unit,
      kind: quantity.kind,
      domain: quantity.domain,
      expectEveryMs: reading.expectEveryMs,
    });
  }

  #addState(series: Series): SeriesState {
    const state = new SeriesState(series, this.#settings, this.#calendar);
    this.#states.push(state);
    this.#byKey.set(`${series.device}\n${series.quantity}\n${series.channel}`, state);
    this.#newSeries.push(series);
    return state;
  }

  /** Marks the hours that a new reading changes: its own, and for registers those that its neighbours' increases reach. */
  #touch(state: SeriesState, timeMs: number, counts: boolean): void {
    state.dirtyHours.add(this.#calendar.hourStart(timeMs));
    state.dirtyQuarters.add(Math.floor(timeMs / QUARTER_MS) * QUARTER_MS);
    if (state.series.kind !== 'counter' || !counts) return;
    const around = neighbourhood(state.readings, timeMs, NEIGHBOURS_CHANGED);
    const rises = around.every((reading, index) => index === 0 || reading.value >= around[index - 1]!.value);
    // Where all rise no reading is or was a glitch, and only the new one's own neighbours change.
    const changed = rises ? neighbourhood(state.readings, timeMs, 1) : around;
    const gapMs = this.#settings.counterGapMsMax;
    const firstMs = changed[0]!.timeMs;
    const lastMs = changed.at(-1)!.timeMs;
    for (const reading of changed) {
      state.dirtyHours.add(this.#calendar.hourStart(reading.timeMs));
      this.#touchBetween(state, Math.max(firstMs, reading.timeMs - gapMs), Math.min(lastMs, reading.timeMs + gapMs));
    }
  }

  #touchBetween(state: SeriesState, fromMs: number, toMs: number): void {
    for (let atMs = this.#calendar.hourStart(fromMs); atMs <= toMs; atMs = this.#calendar.hourEnd(atMs)) {
      state.dirtyHours.add(atMs);
    }
  }

  /** @returns false when the hour holds nothing, and held nothing before */
  #emitHour(state: SeriesState, startMs: number, watermarkMs: number, rows: PaneRow[]): boolean {
    const endMs = this.#calendar.hourEnd(startMs);
    const before = state.hourPanes.get(startMs);
    const fresh = paneOfReadings(state.readings, startMs, endMs, state.rule);
    if (fresh === undefined && before === undefined) return false;
    const final = endMs <= watermarkMs;
    const revision = revisionAfter(before, fresh);
    const { id: series, expectEveryMs } = state.series;
    // A glitch that is found out can take an interpolated hour away again; an empty pane says so to the store.
    const empty = (fromMs: number, toMs: number): Pane => mergePanes([], fromMs, toMs, expectEveryMs);
    const pane: Pane = { ...(fresh ?? empty(startMs, endMs)), revision, final };
    if (fresh === undefined) state.hourPanes.delete(startMs);
    else state.hourPanes.set(startMs, pane);
    if (final || fresh === undefined) state.openHours.delete(startMs);
    else state.openHours.add(startMs);
    rows.push({ series, level: 'hour', pane });
    const isCounter = state.series.kind === 'counter';
    const allQuarters = isCounter || final !== before?.final || revision !== before.revision;
    for (let atMs = startMs; atMs < endMs; atMs += QUARTER_MS) {
      if (!allQuarters && !state.dirtyQuarters.has(atMs)) continue;
      const quarter = paneOfReadings(state.readings, atMs, atMs + QUARTER_MS, state.rule);
      const vanished = quarter === undefined && before !== undefined && isCounter;
      if (quarter === undefined && !vanished) continue;
      rows.push({
        series,
        level: 'quarter',
        pane: { ...(quarter ?? empty(atMs, atMs + QUARTER_MS)), revision, final },
      });
    }
    return true;
  }

  #dayRow(state: SeriesState, dayStartMs: number): PaneRow {
    const dayEndMs = this.#calendar.dayEnd(dayStartMs);
    const hours = state.hours(dayStartMs, dayEndMs);
    return {
      series: state.series.id,
      level: 'day',
      pane: mergePanes(hours, dayStartMs, dayEndMs, state.series.expectEveryMs),
    };
  }

  /** Once a day of event time, by whole days, so that a restart forgets the same; what is forgotten lies in the store. */
  #forget(): void {
    const day = Math.floor(this.#nowMs / DAY_MS);
    if (day === this.#forgottenDay || !Number.isFinite(day)) return;
    this.#forgottenDay = day;
    const readingsFromMs = day * DAY_MS - this.#settings.horizonMs - DAY_MS;
    const hoursFromMs = day * DAY_MS - this.#settings.horizonMs - HOURS_KEPT_BEYOND_HORIZON_MS;
    for (const state of this.#states) {
      state.readings.forgetBefore(readingsFromMs);
      for (const startMs of state.hourPanes.keys()) {
        if (startMs < hoursFromMs) state.hourPanes.delete(startMs);
      }
    }
  }
}

/** Changed hours, and provisional ones that the watermark passed, oldest first. */
function hoursToEmit(state: SeriesState, watermarkMs: number, calendar: Calendar): number[] {
  if (state.dirtyHours.size === 0 && state.openHours.size === 0) return [];
  const hours = new Set(state.dirtyHours);
  for (const startMs of state.openHours) {
    if (startMs < watermarkMs && calendar.hourEnd(startMs) <= watermarkMs) hours.add(startMs);
  }
  return [...hours].sort((a, b) => a - b);
}

/** A final pane that changes afterwards gets the next revision. */
function revisionAfter(before: Pane | undefined, fresh: Omit<Pane, 'revision' | 'final'> | undefined): number {
  if (before === undefined) return 0;
  if (!before.final) return before.revision;
  const changed =
    fresh === undefined || Object.entries(fresh).some(([key, value]) => !Object.is(before[key as keyof Pane], value));
  return changed ? before.revision + 1 : before.revision;
}
