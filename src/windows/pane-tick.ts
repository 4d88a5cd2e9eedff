import { type Calendar, HOUR_MS, QUARTER_MS } from '../base/index.ts';
import { PANE_SAID, type Pane, type PaneColumnsBuilder, type PaneLevel } from '../model/index.ts';
import { levelStatsOf } from './level-rows.ts';
import { isEmptyPane, paneValue } from './merge-panes.ts';
import { emptyPane, type MutablePane, paneOfReadings } from './pane-of-readings.ts';
import type { PaneRecords } from './pane-records.ts';
import type { PaneRule } from './pane-rule.ts';
import { IDLE, type ReadingArena, type ReadingCursor } from './reading-arena.ts';
import { type FreshReadings, onlyInserted, readingsBefore } from './reading-views.ts';
import { increaseReach, neighbourReach } from './register-increase.ts';
import type { Revisions } from './revisions.ts';
import type { SeriesTable } from './series-table.ts';
import type { SortedReadings } from './sorted-readings.ts';
import type { ChangedHour, WindowEvent } from './window-settings.ts';

/** Hours without a reading are told of for so long; then the series is given up until it comes again. */
const EMPTY_MS_MAX = 48 * HOUR_MS;

/** What the panes of a tick are made from. */
export interface PaneSources {
  readonly arena: ReadingArena;
  readonly table: SeriesTable;
  readonly calendar: Calendar;
  readonly hours: PaneRecords;
  readonly quarters: PaneRecords;
  readonly revisions: Revisions;
  /** Records are kept of hours and of quarters from here on, ms UTC. */
  readonly hoursFromMs: number;
  readonly quartersFromMs: number;
}

/** The panes of a series as they were told last. */
export interface ToldPanes {
  pane(level: PaneLevel, startMs: number): Pane | undefined;
}

/** Hours of a series that were rebuilt in this tick, and what was said of them. */
class Rebuilt {
  readonly hours = new Set<number>();
  readonly #told = { hour: new Map<number, Pane>(), quarter: new Map<number, Pane>() };

  add(level: PaneLevel, pane: Pane): void {
    this.#told[level].set(pane.startMs, pane);
  }

  /** What this tick said, or else what was said before it. */
  over(before: ToldPanes): ToldPanes {
    return { pane: (level, startMs) => this.#told[level].get(startMs) ?? before.pane(level, startMs) };
  }
}

/** What is to be rebuilt of a series. */
interface Rebuild {
  /** Times of the late-filed readings. */
  readonly insertedMs: ReadonlySet<number>;
  /** Of these the times at which something else was said before, or nothing is any more. */
  readonly correctedMs: ReadonlySet<number>;
  readonly told: ToldPanes;
  /** The store has what comes of this already: only what memory remembers of it is made again. */
  readonly isStored: boolean;
  /** Hours that readings far from them changed. */
  readonly farHours: readonly number[];
  /** Hours from here on are whole in memory and are folded there. */
  readonly keptFromMs: number;
}

/** Times that a series' hours are held against, ms UTC. */
interface UpTo {
  /** Hours that end up to here are closed. */
  readonly watermarkMs: number;
  /** Hours from here on are whole in memory. */
  readonly keptFromMs: number;
}

/** What was told of a series that is rebuilt. */
interface Told {
  readonly told: ToldPanes;
  readonly rebuilt: Rebuilt;
  readonly isStored: boolean;
}

/** One series at hand, with what is new in it. */
class Subject {
  readonly id: number;
  readonly rule: PaneRule;
  readonly readings: SortedReadings;
  readonly fresh: FreshReadings | undefined;
  readonly rebuild: Told | undefined;
  #before: SortedReadings | undefined;

  constructor(
    id: number,
    rule: PaneRule,
    readings: SortedReadings,
    since: { readonly fresh?: FreshReadings; readonly rebuild?: Told },
  ) {
    this.id = id;
    this.rule = rule;
    this.readings = readings;
    this.fresh = since.fresh;
    this.rebuild = since.rebuild;
  }

  /**
   * The pane as it was told last: of what is whole in memory folded from the readings of the last tick, of what is
   * rebuilt the one that the store has. There the readings alone do not say it, because others may wait to be rebuilt.
   */
  was(level: PaneLevel, startMs: number, endMs: number): Pane | undefined {
    if (this.rebuild !== undefined) {
      const pane = this.rebuild.told.pane(level, startMs);
      return pane === undefined || isEmptyPane(pane) ? undefined : pane;
    }
    if (this.fresh === undefined) return undefined;
    return paneOfReadings(this.readingsBefore(this.fresh), startMs, endMs, this.rule);
  }

  /** The readings of the last tick. */
  readingsBefore(fresh: FreshReadings): SortedReadings {
    this.#before ??= readingsBefore(this.readings, fresh);
    return this.#before;
  }

  /** What was said of a pane can have become nothing. */
  get canBecomeEmpty(): boolean {
    return this.rule.kind === 'counter' || this.rebuild !== undefined || (this.fresh?.removedMs.size ?? 0) > 0;
  }
}

/** Collects the panes, changed hours and events of one tick. */
export class PaneTick {
  readonly panes: PaneColumnsBuilder;
  readonly changedHours: ChangedHour[] = [];
  readonly events: WindowEvent[] = [];
  readonly #sources: PaneSources;
  /** Hours of each series that were rebuilt in this tick. */
  readonly #rebuilt = new Map<number, Rebuilt>();

  /** @param panes empty; filled by this tick */
  constructor(sources: PaneSources, panes: PaneColumnsBuilder) {
    this.#sources = sources;
    this.panes = panes;
  }

  /**
   * A series that got readings: panes of the hours that changed, then of those that the watermark passed.
   *
   * @param readings the series' kept readings
   * @returns hours that changed and are not whole in memory any more: they are to be rebuilt from the store
   */
  update(id: number, readings: ReadingCursor, fresh: FreshReadings, { watermarkMs, keptFromMs }: UpTo): number[] {
    const subject = this.#subject(id, readings, { fresh });
    const { calendar } = this.#sources;
    const changed = this.#changedHours(subject, fresh);
    const far = changed.filter((hour) => hour < keptFromMs);
    changed.splice(0, far.length);
    const openFromMs = this.#open(subject, changed, watermarkMs);
    for (const hour of changed) {
      if (hour < openFromMs) this.#revise(subject, hour);
      else if (calendar.hourEnd(hour) > watermarkMs) this.#tell(subject, hour, false);
      this.changedHours.push({ series: id, hourStartMs: hour });
    }
    this.#close(subject, watermarkMs);
    const rebuilt = this.#rebuilt.get(id);
    return far.filter((hour) => rebuilt?.hours.has(hour) !== true && this.#isChanged(subject, hour));
  }

  /**
   * Where the open hours begin. An hour that is not whole in memory is never opened; one that was closed stays closed.
   *
   * @param changed hours that are whole in memory, ascending
   */
  #open({ id, fresh }: Subject, changed: readonly number[], watermarkMs: number): number {
    const { table, calendar, arena } = this.#sources;
    let openFromMs = table.openFromMs[id]!;
    const { appendedFromMs } = fresh!;
    const appended = changed.find((hour) => calendar.hourEnd(hour) > appendedFromMs);
    const isFirst = openFromMs === Number.POSITIVE_INFINITY;
    if (appended !== undefined && (isFirst || (arena.flags(id) & IDLE) !== 0)) {
      arena.setFlag(id, IDLE, false);
      openFromMs = isFirst ? appended : Math.max(openFromMs, appended);
    }
    // Older readings of a series that has just begun: their hours were never closed.
    for (const hour of changed) {
      if (hour < openFromMs && calendar.hourEnd(hour) > watermarkMs) openFromMs = hour;
    }
    table.openFromMs[id] = openFromMs;
    return openFromMs;
  }

  /** A series without new readings whose watermark moves on because it is silent. */
  pass(id: number, readings: ReadingCursor, watermarkMs: number): void {
    this.#close(this.#subject(id, readings, {}), watermarkMs);
  }

  /** Hours of late-filed readings, from what was read back from the store. */
  rebuild(id: number, readings: SortedReadings, what: Rebuild): void {
    const { insertedMs, correctedMs, told, isStored, farHours, keptFromMs } = what;
    const rebuilt = this.#rebuilt.get(id) ?? new Rebuilt();
    this.#rebuilt.set(id, rebuilt);
    const subject = this.#subject(id, readings, { rebuild: { told: rebuilt.over(told), rebuilt, isStored } });
    const inserted = insertedMs.size === 0 ? [] : this.#changedHours(subject, onlyInserted(insertedMs));
    const hours = new Set([...farHours, ...inserted]);
    for (const timeMs of correctedMs) this.#addCorrected(subject, timeMs, told, hours);
    for (const hour of [...hours].sort((a, b) => a - b)) {
      // Hours that are whole in memory are folded there.
      if (hour >= keptFromMs) continue;
      rebuilt.hours.add(hour);
      this.#revise(subject, hour);
      const endMs = this.#sources.calendar.hourEnd(hour);
      const heardMs = newestIn(readings, { startMs: hour, endMs });
      this.changedHours.push({ series: id, hourStartMs: hour, rebuilt: { endMs, heardMs } });
    }
  }

  /**
   * What was there before is not known here: an increase may have changed as far as neighbours are looked at. Where both
   * readings that it lay between were corrected, only the hours told between them are left of it.
   */
  #addCorrected({ readings, rule }: Subject, timeMs: number, told: ToldPanes, hours: Set<number>): void {
    const { calendar } = this.#sources;
    const ownHour = calendar.hourStart(timeMs);
    hours.add(ownHour);
    if (rule.kind !== 'counter') return;
    const { fromMs, toMs } = neighbourReach(readings, timeMs);
    for (let atMs = calendar.hourStart(fromMs); atMs <= toMs; atMs = calendar.hourEnd(atMs)) hours.add(atMs);
    const isBetween = (hour: number): boolean => told.pane('hour', hour)?.count === 0;
    for (let at = calendar.hourEnd(ownHour); isBetween(at); at = calendar.hourEnd(at)) hours.add(at);
    for (let at = calendar.hourStart(ownHour - 1); isBetween(at); at = calendar.hourStart(at - 1)) hours.add(at);
  }

  #subject(
    id: number,
    readings: SortedReadings,
    since: { readonly fresh?: FreshReadings; readonly rebuild?: Told },
  ): Subject {
    return new Subject(id, this.#sources.table.rules[id]!, readings, since);
  }

  /** Starts of the hours that fresh readings change, ascending; for registers also those that increases reach across. */
  #changedHours(subject: Subject, fresh: FreshReadings): number[] {
    const { readings, rule } = subject;
    const { calendar } = this.#sources;
    const isRegister = rule.kind === 'counter';
    if (!isRegister && fresh.insertedMs.size + fresh.replacedMs.size + fresh.removedMs.size === 0) {
      // By far the most: one or a few readings of the hour that runs.
      const hour = calendar.hourStart(fresh.appendedFromMs);
      if (readings.timeMsAt(readings.count - 1) < calendar.hourEnd(hour)) return [hour];
    }
    const hours = new Set<number>();
    const touch = (timeMs: number, among = readings): void => {
      hours.add(calendar.hourStart(timeMs));
      if (!isRegister) return;
      for (const { fromMs, toMs } of increaseReach(among, timeMs, rule)) {
        for (let atMs = calendar.hourStart(fromMs); atMs <= toMs; atMs = calendar.hourEnd(atMs)) hours.add(atMs);
      }
    };
    for (const timeMs of fresh.insertedMs) touch(timeMs);
    for (const timeMs of fresh.replacedMs.keys()) touch(timeMs);
    // What a reading reached that is another one now, or is gone.
    for (const timeMs of [...fresh.replacedMs.keys(), ...fresh.removedMs.keys()]) {
      touch(timeMs, subject.readingsBefore(fresh));
    }
    if (fresh.appendedFromMs < Number.POSITIVE_INFINITY) {
      for (let index = readings.lowerBound(fresh.appendedFromMs); index < readings.count; ) {
        const timeMs = readings.timeMsAt(index);
        touch(timeMs);
        index = isRegister ? index + 1 : Math.max(index + 1, readings.lowerBound(calendar.hourEnd(timeMs)));
      }
    }
    return hours.size < 2 ? [...hours] : [...hours].sort((a, b) => a - b);
  }

  /** Closes the hours that the watermark passed, oldest first. */
  #close(subject: Subject, watermarkMs: number): void {
    const { arena, table, calendar } = this.#sources;
    const { id, readings } = subject;
    if ((arena.flags(id) & IDLE) !== 0) return;
    let hour = table.openFromMs[id]!;
    while (hour < Number.POSITIVE_INFINITY) {
      const endMs = calendar.hourEnd(hour);
      if (endMs > watermarkMs) break;
      if (this.#tell(subject, hour, true) || this.#isEmptySince(subject, hour)) {
        hour = endMs;
        continue;
      }
      const next = readings.lowerBound(endMs);
      if (next === readings.count) {
        arena.setFlag(id, IDLE, true);
        break;
      }
      hour = calendar.hourStart(readings.timeMsAt(next));
    }
    table.openFromMs[id] = hour;
  }

  /** Tells of an empty hour. @returns false when the series has been empty for so long that it is given up */
  #isEmptySince({ id, rule, readings }: Subject, hour: number): boolean {
    const last = readings.lowerBound(hour) - 1;
    if (last < 0 || hour > readings.timeMsAt(last) + EMPTY_MS_MAX) return false;
    if (rule.expectEveryMs <= HOUR_MS) this.events.push({ kind: 'empty', series: id, atMs: hour });
    return true;
  }

  #isChanged(subject: Subject, startMs: number): boolean {
    const { readings, rule } = subject;
    const endMs = this.#sources.calendar.hourEnd(startMs);
    const isOther = (level: PaneLevel, fromMs: number, toMs: number): boolean =>
      !isSame(subject.was(level, fromMs, toMs), paneOfReadings(readings, fromMs, toMs, rule));
    if (isOther('hour', startMs, endMs)) return true;
    // As `#retellQuarters` tells of them.
    for (let atMs = startMs; rule.kind === 'counter' && atMs < endMs; atMs += QUARTER_MS) {
      if (isOther('quarter', atMs, Math.min(endMs, atMs + QUARTER_MS))) return true;
    }
    return false;
  }

  /** @returns false when the hour holds nothing, and held nothing before */
  #tell(subject: Subject, startMs: number, final: boolean): boolean {
    const endMs = this.#sources.calendar.hourEnd(startMs);
    const pane = this.#paneOrTombstone(subject, 'hour', startMs, endMs);
    if (pane === undefined) return false;
    const revision = this.#sources.revisions.get(subject.id, startMs);
    this.#add(subject, 'hour', pane, revision, final);
    const isRegister = subject.rule.kind === 'counter';
    for (let atMs = startMs; atMs < endMs; atMs += QUARTER_MS) {
      if (!final && !isRegister && !isFresh(subject, atMs)) continue;
      const quarter = this.#paneOrTombstone(subject, 'quarter', atMs, Math.min(endMs, atMs + QUARTER_MS));
      if (quarter !== undefined) this.#add(subject, 'quarter', quarter, revision, final);
    }
    return true;
  }

  /** A closed hour: the next revision when it is not what it was, nothing otherwise. */
  #revise(subject: Subject, startMs: number): void {
    const { calendar, revisions } = this.#sources;
    const { id, rule, rebuild } = subject;
    const endMs = calendar.hourEnd(startMs);
    const after = paneOfReadings(subject.readings, startMs, endMs, rule);
    const before = subject.was('hour', startMs, endMs);
    if (rebuild?.isStored === true) {
      revisions.raise(id, startMs, rebuild.told.pane('hour', startMs)?.revision ?? 0);
      this.#forgetRecords(subject, startMs, endMs);
      this.#tell(subject, startMs, true);
      return;
    }
    if (isSame(before, after)) {
      this.#retellQuarters(subject, startMs, endMs);
      if (after !== undefined) this.#rememberHour(subject, after);
      return;
    }
    // What comes from the store is told as a correction in any case: the hour was passed long ago.
    if (before !== undefined || rebuild !== undefined) {
      const reason = rebuild === undefined ? 'late' : 'rebuilt';
      const revision = revisions.next(id, startMs);
      const [was, is] = [before, after].map((pane) => (pane === undefined ? null : paneValue(rule.kind, pane)));
      this.events.push({ kind: 'revised', series: id, atMs: startMs, reason, revision, before: was!, after: is! });
    }
    this.#tell(subject, startMs, true);
  }

  /** What the store was told is not there any more is not told again: memory may remember it from before that. */
  #forgetRecords({ id, rule }: Subject, startMs: number, endMs: number): void {
    const { table, hours, quarters, hoursFromMs, quartersFromMs } = this.#sources;
    const record = table.recordOf[id]!;
    if (record < 0) return;
    if (startMs >= hoursFromMs) hours.set(record, rule.kind, startMs, undefined, Number.NaN);
    const quarterRecord = table.quarterRecordOf[id]!;
    if (quarterRecord < 0) return;
    for (let atMs = Math.max(startMs, quartersFromMs); atMs < endMs; atMs += QUARTER_MS) {
      quarters.set(quarterRecord, rule.kind, atMs, undefined, Number.NaN);
    }
  }

  /**
   * Of a closed register's hour that is what it was, an increase can have moved from one quarter to another; of one that
   * is made again from the store, any quarter can be another one than it should be.
   */
  #retellQuarters(subject: Subject, startMs: number, endMs: number): void {
    const { id, rule, rebuild } = subject;
    if (rule.kind !== 'counter' && rebuild === undefined) return;
    const revision = this.#sources.revisions.get(id, startMs);
    for (let atMs = startMs; atMs < endMs; atMs += QUARTER_MS) {
      const toMs = Math.min(endMs, atMs + QUARTER_MS);
      const pane = this.#paneOrTombstone(subject, 'quarter', atMs, toMs);
      if (pane === undefined || isSame(subject.was('quarter', atMs, toMs), pane)) continue;
      this.#add(subject, 'quarter', pane, revision, true);
    }
  }

  /** A pane that is not there any more (a glitch that was found out took an interpolated one away) is said to be empty. */
  #paneOrTombstone(subject: Subject, level: PaneLevel, startMs: number, endMs: number): MutablePane | undefined {
    const { readings, rule } = subject;
    const pane = paneOfReadings(readings, startMs, endMs, rule);
    if (pane !== undefined || !subject.canBecomeEmpty) return pane;
    return subject.was(level, startMs, endMs) === undefined ? undefined : emptyPane(startMs, endMs, rule.expectEveryMs);
  }

  #add(subject: Subject, level: PaneLevel, pane: MutablePane, revision: number, final: boolean): void {
    const { id, rule, rebuild } = subject;
    const { table, quarters, quartersFromMs } = this.#sources;
    pane.revision = revision;
    pane.final = final;
    this.panes.add(id, level, pane);
    rebuild?.rebuilt.add(level, pane);
    if (level === 'hour') {
      this.#rememberHour(subject, pane);
      return;
    }
    const record = table.quarterRecordOf[id]!;
    if (record < 0 || pane.startMs < quartersFromMs) return;
    quarters.set(record, rule.kind, pane.startMs, isEmptyPane(pane) ? undefined : pane, Number.NaN);
  }

  /** What memory keeps of an hour beside its readings; when it was heard is no part of what a pane says. */
  #rememberHour({ id, readings, rule }: Subject, pane: Pane): void {
    const { table, hours, hoursFromMs } = this.#sources;
    const record = table.recordOf[id]!;
    const { startMs, endMs, final } = pane;
    if (record < 0 || startMs < hoursFromMs) return;
    const isEmpty = isEmptyPane(pane);
    hours.set(record, rule.kind, startMs, isEmpty ? undefined : pane, newestIn(readings, pane));
    if (!isEmpty && table.remembersExtremes(id)) hours.setExtremes(record, startMs, pane);
    // Of an hour that is open the readings are all in memory, and whoever asks folds them.
    if (rule.kind === 'level' && final && !isEmpty) {
      hours.setLevels(record, startMs, levelStatsOf(readings, startMs, endMs));
    }
  }
}

/** True when a fresh reading lies in the quarter-hour. */
function isFresh({ readings, fresh }: Subject, startMs: number): boolean {
  if (fresh === undefined) return false;
  const endMs = startMs + QUARTER_MS;
  if (fresh.appendedFromMs >= startMs && fresh.appendedFromMs < endMs) return true;
  if (fresh.appendedFromMs < startMs && readings.timeMsAt(readings.count - 1) >= startMs) {
    const first = readings.lowerBound(startMs);
    if (first < readings.count && readings.timeMsAt(first) < endMs) return true;
  }
  for (const timeMs of fresh.insertedMs) if (timeMs >= startMs && timeMs < endMs) return true;
  for (const timeMs of fresh.replacedMs.keys()) if (timeMs >= startMs && timeMs < endMs) return true;
  for (const timeMs of fresh.removedMs.keys()) if (timeMs >= startMs && timeMs < endMs) return true;
  return false;
}

/** Time of the newest reading in a pane, bad ones included; NaN when there is none. */
function newestIn(readings: SortedReadings, { startMs, endMs }: Pick<Pane, 'startMs' | 'endMs'>): number {
  const last = readings.lowerBound(endMs) - 1;
  const timeMs = last < 0 ? Number.NaN : readings.timeMsAt(last);
  return timeMs >= startMs ? timeMs : Number.NaN;
}

/** The same numbers; how final a pane is, and how often it was corrected, is not part of them. */
function isSame(before: Pane | undefined, after: Pane | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  return PANE_SAID.every((field) => Object.is(before[field], after[field]));
}
