import { assert, type Calendar, calendarOf, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import { PaneColumnsBuilder, qualityCounts, type Reading, type Series } from '../model/index.ts';
import { BetweenReadings } from './between-readings.ts';
import { EngineSnapshot, takePiece } from './engine-snapshot.ts';
import { EventTime } from './event-time.ts';
import { type IngestHost, type IngestState, WindowKernel } from './kernel/index.ts';
import { type LateBound, LateHours, type LateReadings } from './late-hours.ts';
import { memoryFor, WasmMemory } from './linear-memory.ts';
import { PaneRecords } from './pane-records.ts';
import { PaneTick } from './pane-tick.ts';
import { CAREFUL, GAUGE, IDLE, INSERTED, ReadingArena, SILENT } from './reading-arena.ts';
import { Revisions } from './revisions.ts';
import { type RollingColumns, RollingWindows } from './rolling.ts';
import { keepMsOf, type SeriesKey, SeriesTable, type Timing, timingOf } from './series-table.ts';
import { SeriesViews } from './series-views.ts';
import type { SortedReadings } from './sorted-readings.ts';
import { hoursKeptFromMs, rememberedFromMs, Wholeness } from './wholeness.ts';
import {
  type Correction,
  READING_OUTCOMES,
  type ReadingBatch,
  type ReadingOutcome,
  type SeriesView,
  type StoredSeries,
  type WindowEvent,
  type WindowSettings,
  type WindowTick,
} from './window-settings.ts';
import {
  finiteOrNull,
  orMinusInfinity,
  type SavedName,
  type SnapshotMeta,
  WINDOW_SNAPSHOT_VERSION,
} from './window-snapshot.ts';

const LATE_MAX = 1_000_000;

const COUNTED = READING_OUTCOMES.indexOf('counted');
const INVALID = READING_OUTCOMES.indexOf('invalid');
const DUPLICATE = READING_OUTCOMES.indexOf('duplicate');
const CONFLICT = READING_OUTCOMES.indexOf('conflict');
const LATE_FILED = READING_OUTCOMES.indexOf('lateFiled');

const NO_TIMES: ReadonlySet<number> = new Set();

/**
 * Event-time windows of every series: each reading counts once, in event-time order, whatever order it came in. The
 * readings of the horizon are kept; panes and windows are folded from them. Bounded by `seriesMax`, the horizon,
 * `memoryBytesMax` and `lateMax`.
 */
export class WindowEngine {
  readonly calendar: Calendar;
  readonly #settings: WindowSettings;
  readonly #time: EventTime;
  readonly #table: SeriesTable;
  readonly #arena: ReadingArena;
  readonly #hours = new PaneRecords(false);
  readonly #quarters = new PaneRecords(true);
  readonly #revisions = new Revisions();
  /** Kept from tick to tick: it has grown to what a tick needs. */
  readonly #panes = new PaneColumnsBuilder();
  readonly #late: LateHours;
  readonly #rolling: RollingWindows;
  readonly #kernel: WindowKernel | undefined;
  readonly #kernelHost: IngestHost;
  readonly #between: BetweenReadings;
  readonly #views: SeriesViews;
  #rebuilt: PaneTick | undefined;
  #events: WindowEvent[] = [];
  /** Late-filed readings whose panes will not be rebuilt, because too many waited. */
  #lateLeft = 0;
  #snapshot: EngineSnapshot | undefined;
  #epoch = 0;
  /** Series that there were when the snapshot began. */
  #epochSeries = 0;
  #minute = Number.NEGATIVE_INFINITY;
  /**
   * Event-time now at the end of the last tick. What is kept is measured from it: all that this tick takes, and all
   * that its windows look back on, is still there when it ends, however far time moves within it.
   */
  #settledMs = Number.NEGATIVE_INFINITY;
  readonly #whole = new Wholeness();
  /** By which what is being restored was kept. */
  #savedTiming: Timing | undefined;

  constructor(settings: WindowSettings) {
    assert(settings.latenessMs <= settings.horizonMs, 'lateness is longer than the horizon');
    this.#settings = settings;
    this.calendar = calendarOf(settings.timeZone);
    this.#time = new EventTime(settings.clock);
    this.#table = new SeriesTable(settings);
    const memory = memoryFor(settings);
    this.#arena = new ReadingArena(memory, settings.seriesMax);
    this.#between = new BetweenReadings(this.#arena);
    const hasKernel = memory instanceof WasmMemory && settings.kernel !== 'off';
    this.#kernel = hasKernel ? new WindowKernel(this.#arena, memory) : undefined;
    this.#kernelHost = {
      time: this.#time,
      put: (id, timeMs, value) => this.#put(id, timeMs, value),
      noteBetween: (id, timeMs, isReplaced) => this.#between.note(id, timeMs, isReplaced),
    };
    this.#late = new LateHours(this.calendar, settings.lateMax ?? LATE_MAX);
    this.#views = new SeriesViews({
      arena: this.#arena,
      table: this.#table,
      calendar: this.calendar,
      hours: this.#hours,
      quarters: this.#quarters,
      newestMs: (id) => this.newestMs(id),
    });
    this.#rolling = new RollingWindows(this.#arena, this.#table, this.#kernel);
  }

  /** Event-time now, ms UTC: what horizon, lateness and silence are measured from. */
  get nowMs(): number {
    return this.#time.nowMs;
  }

  /** Readings older than this are filed, ms UTC. */
  get horizonStartMs(): number {
    return this.nowMs - this.#settings.horizonMs;
  }

  /** `view().hours` of every series can say all from here on, ms UTC; before it the store has to be asked. */
  get hoursKeptFromMs(): number {
    return Math.max(hoursKeptFromMs(this.#settledMs, this.#settings), this.#whole.from.hoursFromMs);
  }

  get seriesCount(): number {
    return this.#table.list.length;
  }

  /** Late-filed readings whose panes wait to be rebuilt. */
  get lateCount(): number {
    return this.#late.count;
  }

  /** Late-filed readings that found the queue full: they are in the store, and in no pane. */
  get lateLeftCount(): number {
    return this.#lateLeft;
  }

  /** Bytes of readings, and of the records of panes; names of series not included. */
  get bytes(): { readonly readings: number; readonly records: number } {
    return { readings: this.#arena.bytes, records: this.#hours.bytes + this.#quarters.bytes };
  }

  /** Tells the reception time of the next message or mark; moves now on in `wall` mode, never back. */
  passTime(receivedAtMs: number): void {
    this.#time.received(receivedAtMs);
    this.#whole.received(receivedAtMs);
  }

  /** The dense number of a series, which is made when it is not there yet; -1 when there are too many. */
  intern(key: SeriesKey): number {
    const known = this.#table.find(key.device, key.quantity, key.channel);
    if (known !== undefined) {
      this.#table.heard(known);
      return known;
    }
    if (this.seriesCount >= this.#settings.seriesMax) return -1;
    return this.#addSeries(key).id;
  }

  /** Puts one reading where it belongs. The series is interned on its first reading. */
  accept(reading: Reading): { readonly outcome: ReadingOutcome; readonly series: number } {
    const series = this.intern(reading);
    if (series < 0) return { outcome: 'series_limit', series };
    const value = qualityCounts(reading.quality) ? reading.value : Number.NaN;
    return { outcome: READING_OUTCOMES[this.#put(series, Math.floor(reading.timeMs), value)]!, series };
  }

  /** Puts readings where they belong, in the order of the columns, and says what became of each. */
  acceptColumns(batch: ReadingBatch): void {
    this.#views.forget();
    // The kernel knows one horizon.
    if (this.#kernel !== undefined && this.#whole.isComplete) {
      this.#kernel.ingest(batch, this.#ingestState(), this.#kernelHost);
      return;
    }
    const { count, series, timeMs, value, outcome } = batch;
    for (let index = 0; index < count; index++) {
      outcome[index] = this.#put(series[index]!, timeMs[index]!, value[index]!);
    }
  }

  /**
   * The window [endMs - lengthMs, endMs) of every gauge with a counting reading in it; it must lie within the horizon.
   *
   * @param out written from the start; must have room for every series
   * @returns how many rows were written
   */
  rolling(endMs: number, lengthMs: number, out: RollingColumns): number {
    return this.#rolling.evaluate(endMs, lengthMs, out);
  }

  /** Panes that changed or became final since the last tick, and what else is to be told. */
  tick(): WindowTick {
    this.#views.forget();
    const tick = this.#rebuilt ?? this.#paneTick();
    this.#rebuilt = undefined;
    for (const id of this.#arena.takeDirty()) {
      this.#snapshot?.keepSafe(id);
      const farHours = tick.update(id, this.#arena.readings(id), this.#between.freshOf(id), {
        watermarkMs: this.watermarkMs(id),
        keptFromMs: this.#keptFromMs(id),
      });
      for (const hour of farHours) this.#fileHour(id, hour);
      this.#arena.markClean(id);
    }
    this.#between.clear();
    this.#passMinute(tick);
    // Whoever looks behind a tick sees all that was kept while it ran.
    this.#views.keptSinceMs = this.#settledMs;
    this.#settledMs = this.nowMs;
    const newSeries = this.#table.takeNew();
    const events = [...this.#events, ...tick.events];
    this.#events = [];
    return { newSeries, panes: tick.panes.finish(), changedHours: tick.changedHours, events };
  }

  /**
   * A reading that was decoded again takes the place of what its identity said. Where memory looks at it the next tick
   * tells of it; hours that are not whole in memory wait to be rebuilt from the store, as those of late readings do.
   */
  correct({ series, timeMs, value, before }: Correction): void {
    const keptFromMs = this.#keptFromMs(series);
    const isFar = this.calendar.hourStart(timeMs) < keptFromMs;
    if (isFar) this.#file(series, timeMs);
    const isKept = timeMs >= this.#arena.neighboursFromMs(series, keptFromMs);
    if (value === undefined) this.#remove(series, timeMs, before);
    // Older ones may be there still, and tell that a silent series was heard.
    else if (!isKept) this.#arena.replace(series, timeMs, value + 0);
    // A neighbour that was not there comes with its hour, when that is rebuilt: before, nothing tells that it was heard.
    else if (!this.#replace(series, timeMs, value + 0, before, !isFar)) this.#file(series, timeMs);
    else if (before === undefined) this.#time.accepted(timeMs);
  }

  #remove(id: number, timeMs: number, before: number | undefined): void {
    this.#snapshot?.keepSafe(id);
    this.#views.forget();
    if (this.#table.lateHeardMs.get(id) === timeMs) this.#table.lateHeardMs.delete(id);
    if (!this.#arena.remove(id, timeMs)) return;
    this.#arena.markDirty(id);
    this.#between.noteRemoved(id, timeMs, before ?? Number.NaN);
  }

  /** @returns false when there is no room */
  #replace(id: number, timeMs: number, value: number, before: number | undefined, mayInsert: boolean): boolean {
    this.#snapshot?.keepSafe(id);
    this.#views.forget();
    if (!this.#arena.replace(id, timeMs, value)) {
      return !mayInsert || this.#keep(id, timeMs, value) !== INSERTED.noRoom;
    }
    this.#arena.markDirty(id);
    this.#between.note(id, timeMs, true, before);
    return true;
  }

  /**
   * An hour whose panes are to be made again from the stored readings; it waits with the late-filed readings. Nothing
   * happens where all its readings are in memory: its panes follow from them.
   */
  makeHourAgain(series: number, hourStartMs: number): void {
    if (series >= this.#table.list.length || hourStartMs >= this.#keptFromMs(series)) return;
    this.#fileHour(series, hourStartMs);
  }

  /** What was taken and is not rebuilt: it is too old. */
  dropLate(series: number, timesMs: Iterable<number>): void {
    for (const timeMs of timesMs) this.#late.takeHour(series, timeMs);
  }

  /** Takes late-filed readings, oldest days first, whose panes are to be rebuilt before the next tick. */
  takeLate(bound: LateBound): LateReadings[] {
    return this.#late.take(bound);
  }

  /**
   * Rebuilds the panes that late-filed readings fall into; they come out of the next tick.
   *
   * @param timesMs of the late-filed readings, from `takeLate`; where there is none, the hour at that time is rebuilt
   */
  rebuild(series: number, timesMs: Float64Array, stored: StoredSeries): void {
    const { readings, told, isStored, correctedMs = NO_TIMES } = stored;
    const keptFromMs = this.#keptFromMs(series);
    const fromMs = this.#arena.neighboursFromMs(series, keptFromMs);
    const insertedMs = new Set<number>();
    const farHours: number[] = [];
    const corrected = new Set(correctedMs);
    let isKept = true;
    for (const timeMs of timesMs) {
      const waits = this.#late.takeHour(series, timeMs);
      if (waits !== 'reading') farHours.push(timeMs);
      if (waits === 'hour') {
        corrected.delete(timeMs);
        continue;
      }
      insertedMs.add(timeMs);
      const index = readings.lowerBound(timeMs);
      if (index === readings.count || readings.timeMsAt(index) !== timeMs) continue;
      if (timeMs < fromMs) {
        // Older than all that is kept: nothing in memory looks at it, but it was heard.
        this.#table.lateHeardMs.set(series, Math.max(timeMs, this.#table.lateHeardMs.get(series) ?? timeMs));
        continue;
      }
      isKept &&= this.#keep(series, timeMs, readings.valueAt(index) + 0) !== INSERTED.noRoom;
    }
    if (this.#whole.joined(series) || corrected.size > 0)
      isKept &&= this.#keepNeighbours(series, readings, fromMs, keptFromMs);
    this.#rebuilt ??= this.#paneTick();
    this.#rebuilt.rebuild(series, readings, {
      insertedMs,
      correctedMs: corrected,
      told,
      isStored,
      farHours,
      keptFromMs: isKept ? keptFromMs : Number.POSITIVE_INFINITY,
    });
  }

  /** Where a register's reading was taken out, older ones become neighbours. @returns false when there is no room */
  #keepNeighbours(series: number, readings: SortedReadings, fromMs: number, toMs: number): boolean {
    let isKept = true;
    for (let index = readings.lowerBound(fromMs); index < readings.count && readings.timeMsAt(index) < toMs; index++) {
      isKept &&= this.#keep(series, readings.timeMsAt(index), readings.valueAt(index) + 0) !== INSERTED.noRoom;
    }
    return isKept;
  }

  /**
   * Event time up to which a series is believed complete: its newest reading minus lateness; a silent series is
   * released after its own time-out.
   */
  watermarkMs(series: number): number {
    const silentSinceMs = this.nowMs - this.#table.silentAfterMs[series]!;
    return Math.max(this.newestMs(series), silentSinceMs) - this.#settings.latenessMs;
  }

  /** Newest event time of a series, with readings that came too late to be kept, ms UTC; -Infinity before its first one. */
  newestMs(series: number): number {
    const keptMs = this.#arena.newestMs(series);
    const { lateHeardMs } = this.#table;
    return lateHeardMs.size === 0 ? keptMs : Math.max(keptMs, lateHeardMs.get(series) ?? keptMs);
  }

  /** How long after its newest reading a series counts as silent, ms. */
  silentAfterMs(series: Series): number {
    return this.#table.silentAfter(series);
  }

  /**
   * Begins a snapshot of the state as it is now; right after `tick` only. The pieces that it gives may be written while
   * the engine works on. One at a time: a new one takes the place of one that is not finished.
   */
  beginSnapshot(): EngineSnapshot {
    this.#epoch++;
    this.#epochSeries = this.seriesCount;
    this.#snapshot = new EngineSnapshot(
      { arena: this.#arena, table: this.#table, hours: this.#hours, quarters: this.#quarters },
      this.#epoch,
      this.#meta(),
    );
    return this.#snapshot;
  }

  /** The snapshot is written or given up: nothing has to be kept safe for it any more. */
  endSnapshot(): void {
    this.#snapshot = undefined;
  }

  /**
   * Takes one piece of a snapshot into an engine that has seen nothing else, in the order in which they were given.
   *
   * @param expectEveryMs what the configuration now says of a device's interval; 0 keeps what the series had
   */
  restorePiece(piece: Uint8Array, expectEveryMs: (device: string) => number = () => 0): void {
    takePiece(piece, {
      meta: (meta) => this.#restoreMeta(meta),
      name: (name) => this.#restoreSeries(name, expectEveryMs(name.device) || name.expectEveryMs),
      readings: (saved) => {
        this.#arena.restore(saved);
        this.#table.openFromMs[saved.id] = saved.openFromMs;
      },
      record: ({ level, column, startMs, bytes }) => {
        (level === 0 ? this.#hours : this.#quarters).restore(startMs, column, bytes);
      },
    });
  }

  /**
   * Gives numbers that the store has to series that are not there yet, and tells those that the store lacks with the next
   * tick; in an engine that was restored or has seen nothing.
   *
   * @param stored all series of the store, by number
   * @param expectEveryMs what the configuration now says of a device's interval; 0 keeps what the series had
   * @returns a number that is another series there
   */
  adopt(stored: readonly Series[], expectEveryMs: (device: string) => number = () => 0): number | undefined {
    const other = this.#table.firstOther(stored);
    if (other !== undefined) return other;
    for (const series of stored.slice(this.seriesCount)) {
      this.#addSeries({ ...series, expectEveryMs: expectEveryMs(series.device) || series.expectEveryMs });
    }
    this.#table.tellBehind(stored.length, (id) => this.newestMs(id) !== Number.NEGATIVE_INFINITY);
    return undefined;
  }

  /**
   * The journal begins behind readings that the store has. Those that come with the first messages are filed, and their
   * hours rebuilt from the store, until all that comes is newer. Nothing by the clock of events: it does not say what is
   * newer.
   *
   * @param aheadMsMax how far ahead of its reception a reading may be
   * @param stored all series of the store, by number
   */
  beginBehind(aheadMsMax: number, stored: readonly Series[]): void {
    this.#whole.begin(this.#settings.clock === 'wall' ? aheadMsMax : undefined, stored);
    // What was open in a snapshot from before has gone on in the store.
    this.#table.openFromMs.fill(Number.POSITIVE_INFINITY);
  }

  view(series: number): SeriesView {
    return this.#views.of(series);
  }

  #meta(): SnapshotMeta {
    const [nowMs, leapMs] = this.#time.state();
    return {
      version: WINDOW_SNAPSHOT_VERSION,
      time: [finiteOrNull(nowMs), leapMs],
      settledMs: finiteOrNull(this.#settledMs),
      timing: timingOf(this.#settings),
      ...(this.#whole.isComplete ? {} : { whole: this.#whole.state()! }),
      minute: finiteOrNull(this.#minute),
      seriesCount: this.seriesCount,
      late: this.#late.state(),
      lateLeft: this.#lateLeft,
      lateHeard: [...this.#table.lateHeardMs],
      revisions: this.#revisions.state(),
    };
  }

  #restoreMeta(meta: SnapshotMeta): void {
    assert(this.seriesCount === 0, 'only an empty engine can be restored');
    this.#time.restore([orMinusInfinity(meta.time[0]), meta.time[1]]);
    this.#settledMs = orMinusInfinity(meta.settledMs);
    this.#savedTiming = meta.timing;
    if (meta.whole !== undefined) this.#whole.restore(meta.whole);
    if (this.#settings.horizonMs > meta.timing.horizonMs) this.#whole.keptBy(meta.timing, this.#settledMs);
    this.#minute = orMinusInfinity(meta.minute);
    this.#late.restore(meta.late);
    this.#lateLeft = meta.lateLeft;
    for (const [series, heardMs] of meta.lateHeard) this.#table.lateHeardMs.set(series, heardMs);
    this.#revisions.restore(meta.revisions);
  }

  #restoreSeries(name: SavedName, expectEveryMs: number): void {
    const timing = this.#savedTiming!;
    const { id } = this.#addSeries({ ...name, expectEveryMs }, name.hasRecords);
    this.#table.takeNew();
    if (this.#arena.keepMs(id) > keepMsOf(name, name.hasRecords, timing)) this.#whole.keptBy(timing, this.#settledMs);
  }

  #addSeries(key: SeriesKey, hasRecords?: boolean): Series {
    const series = this.#table.add(key, hasRecords);
    const flags = (series.kind === 'counter' ? CAREFUL : 0) | (series.kind === 'gauge' ? GAUGE : 0);
    this.#arena.addSeries(this.#table.keepMs(series), series.expectEveryMs, flags);
    return series;
  }

  #ingestState(): IngestState {
    return {
      horizonMs: this.#settings.horizonMs,
      settledMs: this.#settledMs,
      isEventClock: this.#settings.clock === 'event',
      epoch: this.#epoch,
      epochSeries: this.#snapshot === undefined ? 0 : this.#epochSeries,
    };
  }

  /** @returns index in `READING_OUTCOMES` */
  #put(id: number, timeMs: number, rawValue: number): number {
    if (timeMs < this.horizonStartMs || this.#whole.isAlone(id)) return this.#file(id, timeMs);
    if (timeMs < this.#whole.from.readingsFromMs) return this.#fileApart(id, timeMs);
    // -0 and 0 are one value.
    const value = rawValue + 0;
    switch (this.#keep(id, timeMs, value)) {
      case INSERTED.duplicate:
        return DUPLICATE;
      case INSERTED.conflict:
        return CONFLICT;
      case INSERTED.noRoom:
        return this.#file(id, timeMs);
      default:
        this.#time.accepted(timeMs);
        return Number.isNaN(value) ? INVALID : COUNTED;
    }
  }

  #keep(id: number, timeMs: number, value: number): number {
    this.#snapshot?.keepSafe(id);
    this.#views.forget();
    const isNewest = timeMs > this.#arena.newestMs(id);
    const insertion = this.#arena.insert(id, timeMs, value, this.#settledMs);
    if (insertion !== INSERTED.added && insertion !== INSERTED.replaced) return insertion;
    this.#arena.markDirty(id);
    if (!isNewest) this.#between.note(id, timeMs, insertion === INSERTED.replaced);
    return insertion;
  }

  /** What is not whole: of registers neighbours matter, of others the hour alone, however many readings it gets. */
  #fileApart(id: number, timeMs: number): number {
    if (this.#table.list[id]!.kind === 'counter') return this.#file(id, timeMs);
    this.#fileHour(id, this.calendar.hourStart(timeMs));
    return LATE_FILED;
  }

  #file(id: number, timeMs: number): number {
    if (!this.#late.add(id, timeMs)) this.#lateLeft++;
    return LATE_FILED;
  }

  /** An hour that fresh readings changed and that is not whole in memory. */
  #fileHour(id: number, hourStartMs: number): void {
    if (!this.#late.addHour(id, hourStartMs)) this.#lateLeft++;
  }

  #paneTick(): PaneTick {
    return new PaneTick(
      {
        arena: this.#arena,
        table: this.#table,
        calendar: this.calendar,
        hours: this.#hours,
        quarters: this.#quarters,
        revisions: this.#revisions,
        ...rememberedFromMs(this.#settledMs, this.#settings),
      },
      this.#panes,
    );
  }

  /** Readings from here on are all in memory, ms UTC. */
  #keptFromMs(id: number): number {
    return Math.max(this.#settledMs - this.#arena.keepMs(id), this.#whole.from.panesFromMs);
  }

  /** Once a minute of event time: series that went silent, came back, or whose hours close without a reading. */
  #passMinute(tick: PaneTick): void {
    const minute = Math.floor(this.nowMs / MINUTE_MS);
    if (minute === this.#minute || !Number.isFinite(minute)) return;
    const hourPassed = Math.floor(minute / 60) !== Math.floor(this.#minute / 60);
    this.#minute = minute;
    for (let id = 0; id < this.seriesCount; id++) this.#passSeries(id, tick);
    if (!hourPassed) return;
    const { hoursFromMs, quartersFromMs } = rememberedFromMs(this.#settledMs, this.#settings);
    this.#hours.forgetBefore(hoursFromMs);
    this.#quarters.forgetBefore(quartersFromMs);
    this.#revisions.forgetBefore(this.nowMs);
    if (this.#whole.isComplete) return;
    const keepMsMax = this.#table.list.reduce((most, { id }) => Math.max(most, this.#arena.keepMs(id)), 0);
    this.#whole.pass(
      this.horizonStartMs,
      this.#settledMs - keepMsMax,
      hoursKeptFromMs(this.#settledMs, this.#settings),
    );
  }

  #passSeries(id: number, tick: PaneTick): void {
    const newestMs = this.newestMs(id);
    const isSilent = this.nowMs - newestMs > this.#table.silentAfterMs[id]!;
    const wasSilent = (this.#arena.flags(id) & SILENT) !== 0;
    const openFromMs = this.#table.openFromMs[id]!;
    // The shortest hour of a calendar is half as long.
    const isIdle = (this.#arena.flags(id) & IDLE) !== 0;
    const closes = isSilent && !isIdle && openFromMs + HOUR_MS / 2 <= this.watermarkMs(id);
    if (isSilent === wasSilent && !closes) return;
    this.#snapshot?.keepSafe(id);
    if (isSilent !== wasSilent && newestMs !== Number.NEGATIVE_INFINITY) {
      this.#arena.setFlag(id, SILENT, isSilent);
      this.#events.push({ kind: isSilent ? 'silent' : 'heard', series: id, atMs: newestMs });
    }
    if (closes) tick.pass(id, this.#arena.readings(id), this.watermarkMs(id));
  }
}
