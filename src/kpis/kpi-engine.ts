import { assert, type Calendar, DAY_MS, MINUTE_MS } from '../base/index.ts';
import type { FactHistories, KpiValue, RevisedValue, RevisionReason } from '../model/index.ts';
import type { DayLedgerState } from './day-ledger.ts';
import type { DeviceFacts, KpiDefinition, KpiSeries, KpiSettings } from './definition.ts';
import { type Explanation, explainValue, type KpiQuestion } from './explain.ts';
import { valueAgain, windowsAgain } from './kpi-again.ts';
import { type EvaluationContext, KpiEvaluation } from './kpi-evaluation.ts';
import type { KpiMember, MemberGroup } from './kpi-members.ts';
import type { KpiReach } from './kpi-reach.ts';
import { KpiRevisions, LONG_REVISIONS_KEPT_MS } from './kpi-revisions.ts';
import { addSubject, noteChange, noteOpen, type Todo, type Todos, type Tracked, todoAt } from './kpi-tracked.ts';
import { type Bounds, hasBegun, isOfWholeHours, neededUntilMs, touchedWindows, windowAt } from './kpi-windows.ts';
import { DayBook, type LongWindow, longWindowsEndedWith, longWindowsOf } from './long-windows.ts';
import { MemberBook, type NewestHour } from './member-book.ts';
import { type Look, oldLooks } from './old-looks.ts';
import { PartCache } from './part-cache.ts';
import { ReplayedRevisions, type ReplayedRevisionsState, type RevisionsWanted } from './replayed-revisions.ts';
import { RunningHours } from './running-hours.ts';
import { SharedWork } from './shared-work.ts';
import { type Touched, TouchedWindows } from './touched-windows.ts';
import { ancestors, type ZoneNode, type ZoneSpec, zoneTree } from './zone-tree.ts';

/** What KPIs look at: the window engine, through the loop that joins the rooms. */
export interface KpiSource {
  readonly calendar: Calendar;
  nowMs(): number;
  /** Nothing before this changes any more, ms UTC. */
  horizonStartMs(): number;
  seriesCount(): number;
  series(id: number): KpiSeries;
  /** Newest event time of a series, ms UTC; -Infinity before its first reading. */
  newestMs(id: number): number;
  /** From now on hours and quarters of series are those that begin before this, ms UTC. */
  lookUpTo?(untilMs: number): void;
  /** Told before an hour that changed is asked for again. */
  hourChanged?(id: number, hourStartMs: number): void;
  /** Event time up to which a series is believed complete, ms UTC. */
  watermarkMs(id: number): number;
  /** Customers behind the electricity meters heard in a zone, those of the zones in it left out; '' for the city's own. */
  customersCounted?(zone: string): number;
  /** Levels of hours are known from here on, ms UTC; of all hours when absent. */
  levelsKeptFromMs?(): number;
  /** Newest stored revision of a window that is older than what the engine remembers; 0 when it was never corrected. */
  storedRevision(kpi: string, zone: string, startMs: number): number;
}

export interface KpiCity {
  readonly id: string;
  readonly population: number | undefined;
  /** What the city was told of itself, its people by date included. */
  readonly cityFacts?: FactHistories;
  readonly zones: readonly ZoneSpec[];
  readonly settings: KpiSettings;
  facts(device: string): DeviceFacts;
}

/** Plain data for snapshots. */
export interface KpiEngineState {
  readonly nowMs: number;
  readonly knownSeries: number;
  readonly open: readonly (readonly [
    kpi: string,
    startMs: number,
    endMs: number,
    scopes: readonly string[],
    provisional: readonly string[],
  ])[];
  readonly finalMarks: readonly (readonly [
    group: string,
    marks: readonly (readonly [scope: string, watermarkMs: number])[],
  ])[];
  readonly revisions: ReturnType<KpiRevisions['state']>;
  readonly days: DayLedgerState;
  readonly replayed: ReplayedRevisionsState;
}

/** An hour of a series that says something else than before. */
interface ChangedHour {
  readonly series: number;
  readonly hourStartMs: number;
  /** Of an hour that memory does not hold: what it says of it now. */
  readonly rebuilt?: unknown;
}

/** What the tick that runs is going to look at. */
interface Plan {
  readonly nowMs: number;
  readonly minutePassed: boolean;
  readonly todo: Todos;
  /** The store has what comes of the tick already: the journal is replayed. */
  readonly isStored: boolean;
}

/**
 * Recomputes KPI values where hours changed, where time passed or where windows became final. Which windows are looked
 * at, and what they say, depends on the readings alone and not on the order in which they came.
 */
export class KpiEngine {
  readonly #tracked: readonly Tracked[];
  /** KPIs whose windows are folded from days, by KPI of the day. */
  readonly #byDay = new Map<string, Tracked[]>();
  /** KPIs that are made of hours, by quantity. */
  readonly #byQuantity = new Map<string, Tracked[]>();
  readonly #members: MemberBook;
  /** Groups with KPIs that publish values of single devices. */
  readonly #groupsOfDevices = new Set<MemberGroup>();
  readonly #days: DayBook;
  readonly #city: KpiCity;
  readonly #source: KpiSource;
  readonly #zones: ReadonlyMap<string, ZoneNode>;
  readonly #revisions: KpiRevisions;
  /** Marks of the tick that runs: within it every window is held against the marks before. */
  readonly #raisedMarks: (readonly [group: MemberGroup, scope: string, watermarkMs: number])[] = [];
  readonly #replayed = new ReplayedRevisions();
  readonly #running: RunningHours;
  #nowMs = Number.NEGATIVE_INFINITY;
  #plan: Plan | undefined;

  constructor(definitions: readonly KpiDefinition[], city: KpiCity, source: KpiSource) {
    this.#city = city;
    this.#source = source;
    this.#revisions = new KpiRevisions(source);
    this.#running = new RunningHours(source.calendar);
    this.#zones = zoneTree(city.id, city.population, city.zones, city.cityFacts);
    const places = { cityId: city.id, zones: this.#zones, facts: (device: string) => city.facts(device) };
    this.#members = new MemberBook(source, places);
    this.#tracked = definitions.map((kpi) => this.#track(kpi));
    this.#days = new DayBook(
      definitions.flatMap(({ days }) => (days === undefined ? [] : [[days.of.id, days.level, days.yearsBefore]])),
    );
    for (const tracked of this.#tracked) {
      const { quantities, days } = tracked.kpi;
      if (days !== undefined) this.#byDay.getOrInsertComputed(days.of.id, () => []).push(tracked);
      else for (const quantity of quantities) this.#byQuantity.getOrInsertComputed(quantity, () => []).push(tracked);
    }
  }

  #track(kpi: KpiDefinition): Tracked {
    const group = this.#members.group(kpi.quantities);
    const ofDevices = kpi.scopes.includes('device');
    if (ofDevices) this.#groupsOfDevices.add(group);
    const { devices, byZone } = group;
    return { kpi, group, ofDevices, devices, byZone, open: new Map(), parts: new PartCache() };
  }

  /**
   * Begins a tick: takes what changed since the last one.
   *
   * @param isStored the store has what comes of the tick already: the journal is replayed
   */
  prepare(changed: readonly ChangedHour[], isStored = false): void {
    this.#members.learn();
    this.#members.forgetWatermarks();
    const nowMs = this.#source.nowMs();
    const todo: Todos = new Map();
    for (const { series, hourStartMs } of changed) {
      this.#source.hourChanged?.(series, hourStartMs);
      this.#members.hear(series);
    }
    this.#touch(todo, changed, nowMs);
    const minutePassed = Math.floor(nowMs / MINUTE_MS) !== Math.floor(this.#nowMs / MINUTE_MS);
    if (minutePassed) this.#passTime(todo, this.#nowMs, nowMs);
    this.#plan = { nowMs, minutePassed, todo, isStored };
  }

  /**
   * Between `prepare` and `tick`: what `tick` is going to look at and has to be made of hours that memory does not hold
   * any more. The parts of windows that need no such hours are held until then.
   *
   * @param keptFromMs all that windows look at that begin here or later is in memory, ms UTC
   */
  oldLooks(keptFromMs: number): KpiReach[] {
    return this.#tracked.flatMap((tracked) => {
      const kept = { hoursMs: keptFromMs, revisionsMs: this.#revisions.keptFromMs(tracked.kpi) };
      return oldLooks(tracked, this.#looksBefore(tracked, keptFromMs), kept, this.#zones);
    });
  }

  /**
   * Between `prepare` and `tick`: which revisions the store is to be asked for, because they were counted in a replay; in
   * the first tick behind it.
   */
  get revisionsWanted(): RevisionsWanted | undefined {
    return this.#planned().isStored ? undefined : this.#replayed.wanted;
  }

  /** @param rows what the store says of `revisionsWanted`; of more windows too */
  settleRevisions(rows: Iterable<Pick<KpiValue, 'kpi' | 'zone' | 'startMs' | 'revision' | 'reason'>>): void {
    for (const { kpi, zone, startMs } of this.#replayed.windows()) this.#revisions.drop(kpi, zone, startMs);
    this.learnRevisions(Array.from(rows).filter((row) => this.#replayed.has(row)));
    this.#replayed.clear();
  }

  /**
   * Ends the tick that `prepare` began, or all of a tick.
   *
   * @param newlyChanged what changed since the last tick, where `prepare` was not told
   * @returns values that changed, may have changed, or became final
   */
  tick(newlyChanged: readonly ChangedHour[] = []): KpiValue[] {
    if (this.#plan === undefined) this.prepare(newlyChanged);
    const { nowMs, minutePassed, todo } = this.#planned();
    const values: KpiValue[] = [];
    // What is shared is shared among those that see the same hours.
    const [ofWholeHours, ofAllHours] = [new SharedWork(), new SharedWork()];
    const evaluate = (tracked: Tracked): void => {
      const memo = isOfWholeHours(tracked.kpi) ? ofWholeHours : ofAllHours;
      const evaluation = this.#evaluation(tracked, nowMs, memo);
      for (const entry of todo.get(tracked)?.values() ?? []) {
        for (const scope of this.#scopesOf(tracked, entry)) this.#look(evaluation, entry.bounds, scope, true, values);
      }
      if (minutePassed) this.#finish(tracked, evaluation, values);
    };
    for (const tracked of this.#tracked) if (tracked.kpi.days === undefined) evaluate(tracked);
    this.#touchLong(todo, nowMs);
    for (const tracked of this.#tracked) if (tracked.kpi.days !== undefined) evaluate(tracked);
    for (const [group, scope, watermarkMs] of this.#raisedMarks.splice(0)) group.raiseMark(scope, watermarkMs);
    if (minutePassed) this.#raiseMarks();
    // Behind all that this tick was to fold, however far time moved in it.
    if (Math.floor(nowMs / DAY_MS) !== Math.floor(this.#nowMs / DAY_MS)) this.#forget(nowMs);
    this.#nowMs = nowMs;
    this.#members.rememberHeard();
    for (const { parts } of this.#tracked) parts.unpin();
    this.#plan = undefined;
    return values;
  }

  /**
   * Takes a value apart as it is now, between ticks. Caches, ledger and marks stay as they are.
   *
   * @returns undefined when there is no such KPI
   */
  explain(question: KpiQuestion): Explanation | undefined {
    const tracked = this.#tracked.find(({ kpi }) => kpi.id === question.kpi);
    if (tracked === undefined) return undefined;
    const ignored = [...tracked.group.ignored].map((device) => ({ device, zone: this.#city.facts(device).zone }));
    const days = { ledger: this.#days.ledger, note: () => undefined };
    const context = { ...this.#context(this.#source.nowMs(), new SharedWork()), days };
    return explainValue({ ...tracked, parts: new PartCache() }, context, ignored, question);
  }

  /** Windows of a KPI that are looked at again when its facts or its configuration were changed. */
  windowsAgain(kpi: KpiDefinition): Bounds[] {
    const { calendar } = this.#source;
    const keptFromMs = this.#source.levelsKeptFromMs?.() ?? this.#source.horizonStartMs();
    return windowsAgain(kpi, { calendar, nowMs: this.#source.nowMs(), keptFromMs });
  }

  /**
   * Looks again at windows of a KPI, between ticks: KPIs of hours and days first, then those that are folded from days,
   * then `endLookAgain`.
   *
   * @param published newest revisions of the windows that `windowsAgain` says
   * @returns what is not what was published, as revisions of that
   */
  lookAgain(kpi: KpiDefinition, published: readonly KpiValue[], reason: RevisionReason): RevisedValue[] {
    const tracked = this.#tracked.find(({ kpi: { id } }) => id === kpi.id);
    if (tracked === undefined) return [];
    const before = new Map(published.map((value) => [`${value.zone}\n${value.startMs}`, value]));
    const everywhere = { devices: new Set(tracked.group.members), zones: new Set(this.#zones.keys()) };
    const evaluation = this.#evaluation(tracked, this.#source.nowMs(), new SharedWork());
    return this.windowsAgain(kpi).flatMap((bounds) => {
      const scopes = [...this.#scopesOf(tracked, { bounds, ...everywhere })];
      return scopes.flatMap((scope) => {
        const look = { bounds, scope, published: before.get(`${scope}\n${bounds.startMs}`), reason };
        return valueAgain(evaluation, this.#revisions, look) ?? [];
      });
    });
  }

  /** Windows of days were looked at too: what their days say now is no news to the next tick. */
  endLookAgain(): void {
    this.#days.takeChanged();
  }

  /** Takes revisions that the store has and a state from before them has not. */
  learnRevisions(rows: Iterable<Pick<KpiValue, 'kpi' | 'zone' | 'startMs' | 'revision' | 'reason'>>): void {
    const kpis = new Map(this.#tracked.map(({ kpi }) => [kpi.id, kpi]));
    for (const { kpi: id, zone, startMs, revision, reason } of rows) {
      const kpi = kpis.get(id);
      if (kpi !== undefined) this.#revisions.learn(kpi, zone, startMs, { count: revision, reason });
    }
  }

  state(): KpiEngineState {
    return {
      nowMs: this.#nowMs,
      knownSeries: this.#members.seriesCount,
      open: this.#tracked.flatMap(({ kpi, open }) =>
        [...open].map(
          ([startMs, { endMs, scopes, provisional }]) =>
            [kpi.id, startMs, endMs, [...scopes], [...provisional]] as const,
        ),
      ),
      finalMarks: Array.from(this.#members.groups, (group) => [group.id, [...group.marks()]] as const),
      revisions: this.#revisions.state(),
      days: this.#days.state(),
      replayed: this.#replayed.state(),
    };
  }

  restore(state: KpiEngineState): void {
    assert(this.#members.seriesCount === 0, 'only an empty engine can be restored');
    this.#nowMs = state.nowMs;
    this.#members.learn(state.knownSeries);
    for (let series = 0; series < state.knownSeries; series++) this.#members.hear(series);
    this.#members.rememberHeard();
    for (const [id, startMs, endMs, scopes, provisional] of state.open) {
      const entry = { endMs, scopes: new Set(scopes), provisional: new Set(provisional) };
      this.#tracked.find(({ kpi }) => kpi.id === id)?.open.set(startMs, entry);
    }
    for (const [id, marks] of state.finalMarks) {
      const group = this.#members.named(id);
      for (const [scope, watermarkMs] of marks) group?.raiseMark(scope, watermarkMs);
    }
    this.#revisions.restore(state.revisions);
    this.#days.ledger.restore(state.days);
    this.#replayed.restore(state.replayed);
  }

  /** Once a day of event time: revisions of windows, and days, that nothing is made of any more. */
  #forget(nowMs: number): void {
    this.#revisions.forget(this.#tracked.map(({ kpi }) => kpi));
    this.#days.forget(this.#source.calendar, nowMs, nowMs - this.#source.horizonStartMs());
  }

  /** Windows that changed hours are part of: what is held of them is forgotten, and they are looked at. */
  #touch(todo: Todos, changed: readonly ChangedHour[], nowMs: number): void {
    const levelsFromMs = this.#source.levelsKeptFromMs?.() ?? Number.NEGATIVE_INFINITY;
    const time = { calendar: this.#source.calendar, nowMs, levelsFromMs };
    const touched = new TouchedWindows(this.#byQuantity, time);
    for (const [series, hourStartMs] of this.#running.takeEnded(nowMs)) {
      const { quantity, members } = this.#members.membershipOf(series);
      for (const { place, windows } of touched.of(quantity, hourStartMs, this.#members.groupsOf(quantity))) {
        const member = members[place];
        if (member === undefined) continue;
        for (const { isOfWholeHours, held } of windows) if (isOfWholeHours) held?.drop(member);
      }
    }
    const { seriesCount } = this.#members;
    for (const { series, hourStartMs, rebuilt } of changed) {
      this.#running.hear(series, hourStartMs, seriesCount, nowMs);
      const { quantity, members } = this.#members.membershipOf(series);
      for (const { place, windows } of touched.of(quantity, hourStartMs, this.#members.groupsOf(quantity))) {
        const member = members[place];
        if (member === undefined) continue;
        for (const window of windows) {
          if (rebuilt !== undefined || !this.#isProlonged(window, member, series)) window.held?.forget(member);
          window.todo ??= todoAt(todo, window.tracked, window.bounds);
          noteChange(window.tracked, window.todo, member);
        }
      }
    }
  }

  #isProlonged({ tracked, held, bounds }: Touched, member: KpiMember, series: number): boolean {
    if (tracked.kpi.live !== true || held === undefined) return false;
    return held.isProlonged(member, this.#members.heardBeforeMs(series), this.#source.newestMs(series), bounds.endMs);
  }

  /**
   * Windows that began, or that depend on now, since the last tick. Of the hours known then the newest is enough: a
   * window that only an older one touches had begun already.
   */
  #passTime(todo: Todos, beforeMs: number, nowMs: number): void {
    const { calendar } = this.#source;
    // Windows begin with an hour of the calendar; within one only what depends on now changes.
    const hourPassed = !Number.isFinite(beforeMs) || calendar.hourStart(nowMs) !== calendar.hourStart(beforeMs);
    const newest = new Map<MemberGroup, ReadonlyMap<number, NewestHour>>();
    for (const tracked of this.#tracked) {
      const { kpi, group } = tracked;
      if (kpi.days !== undefined) continue;
      if (kpi.live === true) this.#passLive(todo, tracked, beforeMs, nowMs);
      if (!hourPassed) continue;
      const byHour = newest.get(group) ?? this.#members.newestHours(group, calendar);
      newest.set(group, byHour);
      for (const [hourMs, newestOf] of byHour) {
        const isOver = isOfWholeHours(kpi) && calendar.hourEnd(hourMs) > beforeMs;
        for (const bounds of touchedWindows(kpi, calendar, hourMs)) {
          if (!hasBegun(kpi, bounds, nowMs) || (hasBegun(kpi, bounds, beforeMs) && !isOver)) continue;
          this.#lookThrough(todo, tracked, bounds, newestOf, isOver);
        }
      }
    }
  }

  /** @param isOver an hour has ended that the window may have been looked at without */
  #lookThrough(todo: Todos, tracked: Tracked, bounds: Bounds, { members, zones }: NewestHour, isOver: boolean): void {
    const held = isOver ? tracked.parts.held(bounds.startMs) : undefined;
    if (held !== undefined) for (const member of members) held.drop(member);
    const entry = todoAt(todo, tracked, bounds);
    if (tracked.ofDevices) for (const member of members) entry.devices.add(member);
    else for (const zone of zones) entry.zones.add(zone);
  }

  #planned(): Plan {
    assert(this.#plan !== undefined, 'a tick of the KPIs is prepared first');
    return this.#plan;
  }

  /** What `tick` is going to look at of windows that begin before an instant: the same as it and `#finish` do. */
  *#looksBefore(tracked: Tracked, beforeMs: number): Generator<Look> {
    const { nowMs, minutePassed, todo } = this.#planned();
    for (const entry of todo.get(tracked)?.values() ?? []) {
      const { bounds, devices } = entry;
      if (bounds.startMs < beforeMs) yield { bounds, scopes: this.#scopesOf(tracked, entry), changed: devices };
    }
    if (!minutePassed) return;
    let evaluation: KpiEvaluation | undefined;
    for (const [startMs, { endMs, scopes, provisional }] of tracked.open) {
      if (startMs >= beforeMs) continue;
      evaluation ??= this.#evaluation(tracked, nowMs, new SharedWork());
      const bounds = { startMs, endMs };
      const neededMs = neededUntilMs(tracked.kpi, bounds);
      const passed = [...scopes].filter((at) => !provisional.has(at) && evaluation!.watermarkMs(at) >= neededMs);
      if (passed.length > 0) yield { bounds, scopes: passed };
    }
  }

  #passLive(todo: Todos, tracked: Tracked, beforeMs: number, nowMs: number): void {
    const { kpi, group, ofDevices, parts } = tracked;
    parts.expire(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS, group.members);
    for (const atMs of [nowMs, beforeMs]) {
      if (!Number.isFinite(atMs)) continue;
      const { devices, zones } = todoAt(todo, tracked, windowAt(kpi, this.#source.calendar, atMs));
      for (const zone of group.byZone.keys()) zones.add(zone);
      if (ofDevices) for (const member of group.members) devices.add(member);
    }
  }

  /** Windows of many days in which a day ended, or an ended one changed, in this tick. */
  #touchLong(todo: Todos, nowMs: number): void {
    if (this.#byDay.size === 0 || !Number.isFinite(nowMs)) return;
    const { calendar } = this.#source;
    const todayMs = calendar.dayStart(nowMs);
    for (const { kpi, subject, dayMs } of this.#days.takeChanged()) {
      for (const tracked of this.#byDay.get(kpi) ?? []) {
        for (const bounds of longWindowsOf(tracked.kpi.window as LongWindow, calendar, dayMs, todayMs)) {
          addSubject(todo, tracked, bounds, subject);
        }
      }
    }
    if (!Number.isFinite(this.#nowMs) || calendar.dayStart(this.#nowMs) === todayMs) return;
    for (const tracked of this.#tracked) {
      if (tracked.kpi.days !== undefined) this.#passDays(todo, tracked, tracked.kpi.days.of.id, todayMs);
    }
  }

  /** A day that ends belongs to windows also of subjects that said nothing in it: their coverage falls. */
  #passDays(todo: Todos, tracked: Tracked, day: string, todayMs: number): void {
    const { calendar } = this.#source;
    const firstMs = Math.max(calendar.dayStart(this.#nowMs), todayMs - LONG_REVISIONS_KEPT_MS);
    for (let dayMs = firstMs; dayMs < todayMs; dayMs = calendar.dayEnd(dayMs)) {
      for (const bounds of longWindowsEndedWith(tracked.kpi.window as LongWindow, calendar, dayMs)) {
        for (const subject of this.#days.ledger.subjects(day, bounds.startMs)) {
          addSubject(todo, tracked, bounds, subject);
        }
      }
    }
  }

  /** Scopes that the devices and zones belong to: themselves, the zones around, the city. */
  *#scopesOf(tracked: Tracked, { devices, zones: changed }: Todo): Generator<string> {
    const zones = new Set<string>();
    const { scopes } = tracked.kpi;
    const addZone = (id: string): void => {
      const node = this.#zones.get(id) ?? this.#zones.get(this.#city.id);
      if (node !== undefined) for (const zone of ancestors(node)) zones.add(zone.id);
    };
    for (const { scope, zone } of devices) {
      if (tracked.ofDevices) yield scope;
      if (!zones.has(zone)) addZone(zone);
    }
    for (const zone of changed) addZone(zone);
    for (const zone of zones) if (scopes.includes(zone === this.#city.id ? 'city' : 'zone')) yield zone;
  }

  /** Windows whose scope's watermark passed their end are said once more, as final. */
  #finish(tracked: Tracked, evaluation: KpiEvaluation, values: KpiValue[]): void {
    // No scope is believed complete beyond this: most windows that are open run, and need not be asked.
    const highestMs = Math.max(this.#planned().nowMs, this.#members.highestMs);
    for (const [startMs, { endMs, scopes, provisional }] of tracked.open) {
      if (scopes.size > 0 && neededUntilMs(tracked.kpi, { startMs, endMs }) > highestMs) continue;
      for (const scope of scopes) {
        // Looked at again when it ends, and as it goes on.
        if (provisional.has(scope)) continue;
        if (evaluation.watermarkMs(scope) < neededUntilMs(tracked.kpi, { startMs, endMs })) continue;
        this.#look(evaluation, { startMs, endMs }, scope, false, values);
      }
      if (scopes.size === 0) tracked.open.delete(startMs);
    }
  }

  /** Once a minute: how far the inputs of every scope are believed complete. */
  #raiseMarks(): void {
    const seen = new Set<MemberGroup>();
    for (const tracked of this.#tracked) {
      const { group } = tracked;
      if (group.devices.size === 0 || seen.has(group)) continue;
      seen.add(group);
      const evaluation = this.#evaluation(tracked, this.#source.nowMs(), new SharedWork());
      for (const zone of this.#zones.keys()) group.raiseMark(zone, evaluation.watermarkMs(zone));
      if (this.#groupsOfDevices.has(group)) this.#members.raiseDeviceMarks(group);
    }
  }

  #look(evaluation: KpiEvaluation, bounds: Bounds, scope: string, changed: boolean, values: KpiValue[]): void {
    const { kpi, group, open } = evaluation.members as Tracked;
    const entry = open.get(bounds.startMs);
    const wasFinal = neededUntilMs(kpi, bounds) <= group.markOf(scope) && entry?.provisional.has(scope) !== true;
    // What was said and has nothing behind it any more is taken back by a value that says nothing.
    if (!evaluation.hasPart(bounds, scope) && !wasFinal && entry?.scopes.has(scope) !== true) return;
    const { count, reason } = this.#revisions.of(kpi, scope, bounds, changed && wasFinal);
    const isProvisional = evaluation.isProvisional(bounds, scope);
    const final = !isProvisional && (wasFinal || evaluation.watermarkMs(scope) >= neededUntilMs(kpi, bounds));
    values.push(evaluation.value(bounds, scope, count, final, reason));
    const mayDiffer = kpi.days !== undefined || (changed && wasFinal);
    if (mayDiffer && this.#planned().isStored) this.#replayed.add(kpi.id, scope, bounds.startMs);
    if (final && !wasFinal) this.#raisedMarks.push([group, scope, evaluation.watermarkMs(scope)]);
    noteOpen(open, bounds, scope, final ? 'final' : isProvisional ? 'provisional' : 'open');
  }

  #evaluation(tracked: Tracked, nowMs: number, memo: SharedWork): KpiEvaluation {
    const { group } = tracked;
    return new KpiEvaluation(tracked, {
      ...this.#context(nowMs, memo),
      days: this.#days,
      watermarks: group.watermarks,
      ownWatermarkMs: (zone) => this.#members.ownWatermarkMs(group, zone),
    });
  }

  #context(nowMs: number, memo: SharedWork): EvaluationContext {
    return {
      memo,
      calendar: this.#source.calendar,
      settings: this.#city.settings,
      nowMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS,
      zones: this.#zones,
      cityId: this.#city.id,
      lookUpTo: (untilMs) => this.#source.lookUpTo?.(untilMs),
      watermarkMs: (series) => this.#source.watermarkMs(series),
      customersCounted: (zone) => this.#source.customersCounted?.(zone) ?? 0,
    };
  }
}
