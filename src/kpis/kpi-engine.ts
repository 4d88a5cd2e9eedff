import { assert, type Calendar, DAY_MS, MINUTE_MS } from '../base/index.ts';
import type { FactHistories, KpiValue } from '../model/index.ts';
import type { DeviceFacts, KpiDefinition, KpiDevice, KpiSeries, KpiSettings } from './definition.ts';
import { KpiEvaluation, type KpiMembers } from './kpi-evaluation.ts';
import { type Bounds, hasBegun, neededUntilMs, touchedWindows, windowAt } from './kpi-windows.ts';
import { PartCache } from './part-cache.ts';
import { ancestors, type ZoneNode, type ZoneSpec, zoneTree } from './zone-tree.ts';

/** What KPIs look at: the window engine, through the loop that joins the rooms. */
export interface KpiSource {
  readonly calendar: Calendar;
  nowMs(): number;
  /** Nothing before this changes any more, ms UTC. */
  horizonStartMs(): number;
  seriesCount(): number;
  series(id: number): KpiSeries;
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
  readonly finalMarks: readonly (readonly [key: string, watermarkMs: number])[];
  readonly revisions: readonly (readonly [key: string, revision: number])[];
}

interface Todo {
  readonly bounds: Bounds;
  readonly devices: Set<string>;
}

interface Member extends KpiDevice {
  readonly series: KpiSeries[];
  /** Newest event time of its series at the end of the last tick, ms UTC. */
  newestMs: number;
}

/**
 * Windows reach back a day and hold one; two more for days of 25 hours and late ticks. Revisions of older windows, which
 * late-filed readings change, are those of the store.
 */
const REVISIONS_KEPT_BEYOND_HORIZON_MS = 4 * DAY_MS;

/** A window that is not final. */
interface OpenWindow {
  readonly endMs: number;
  readonly scopes: Set<string>;
  /** Scopes in which something is not over that began in the window: only its end makes them final. */
  readonly provisional: Set<string>;
}

/** One KPI with the devices that have a part in it, and its windows that are not final. */
interface Tracked extends KpiMembers {
  readonly kpi: KpiDefinition;
  readonly devices: Map<string, Member>;
  readonly byZone: Map<string, KpiDevice[]>;
  readonly open: Map<number, OpenWindow>;
  readonly parts: PartCache;
}

/**
 * Recomputes KPI values where hours changed, where time passed or where windows became final. Which windows are looked
 * at, and what they say, depends on the readings alone and not on the order in which they came.
 */
export class KpiEngine {
  readonly #tracked: readonly Tracked[];
  readonly #byQuantity = new Map<string, Tracked[]>();
  readonly #city: KpiCity;
  readonly #source: KpiSource;
  readonly #zones: ReadonlyMap<string, ZoneNode>;
  /** Watermark of a scope when it was last looked at: windows that end before it are final. */
  readonly #finalMarks = new Map<string, number>();
  /** Revisions above 0, by KPI, scope and window. */
  readonly #revisions = new Map<string, number>();
  /** Marks of the tick that runs: within it every window is held against the marks before. */
  readonly #raisedMarks = new Map<string, number>();
  #knownSeries = 0;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(definitions: readonly KpiDefinition[], city: KpiCity, source: KpiSource) {
    this.#city = city;
    this.#source = source;
    this.#zones = zoneTree(city.id, city.population, city.zones, city.cityFacts);
    this.#tracked = definitions.map((kpi) => ({
      kpi,
      devices: new Map(),
      byZone: new Map(),
      open: new Map(),
      parts: new PartCache(),
    }));
    for (const tracked of this.#tracked) {
      for (const quantity of tracked.kpi.quantities) {
        const list = this.#byQuantity.get(quantity) ?? [];
        list.push(tracked);
        this.#byQuantity.set(quantity, list);
      }
    }
  }

  /** Values that changed, may have changed, or became final. */
  tick(changed: readonly { readonly series: number; readonly hourStartMs: number }[]): KpiValue[] {
    this.#learnSeries();
    const nowMs = this.#source.nowMs();
    const todo = new Map<Tracked, Map<number, Todo>>();
    for (const { series, hourStartMs } of changed) this.#touch(todo, series, hourStartMs, nowMs);
    const minutePassed = Math.floor(nowMs / MINUTE_MS) !== Math.floor(this.#nowMs / MINUTE_MS);
    if (minutePassed) this.#passTime(todo, this.#nowMs, nowMs);
    this.#forget(nowMs);
    const values: KpiValue[] = [];
    const memo = new Map<string, unknown>();
    for (const tracked of this.#tracked) {
      const evaluation = this.#evaluation(tracked, nowMs, memo);
      for (const { bounds, devices } of (todo.get(tracked) ?? new Map<number, Todo>()).values()) {
        for (const scope of this.#scopesOf(tracked, devices)) this.#look(evaluation, bounds, scope, true, values);
      }
      if (minutePassed) this.#finish(tracked, evaluation, values);
    }
    for (const [key, markMs] of this.#raisedMarks) this.#finalMarks.set(key, markMs);
    this.#raisedMarks.clear();
    this.#nowMs = nowMs;
    this.#rememberNewest();
    return values;
  }

  state(): KpiEngineState {
    return {
      nowMs: this.#nowMs,
      knownSeries: this.#knownSeries,
      open: this.#tracked.flatMap(({ kpi, open }) =>
        [...open].map(
          ([startMs, { endMs, scopes, provisional }]) =>
            [kpi.id, startMs, endMs, [...scopes], [...provisional]] as const,
        ),
      ),
      finalMarks: [...this.#finalMarks],
      revisions: [...this.#revisions],
    };
  }

  restore(state: KpiEngineState): void {
    assert(this.#knownSeries === 0, 'only an empty engine can be restored');
    this.#nowMs = state.nowMs;
    this.#learnSeries(state.knownSeries);
    this.#rememberNewest();
    for (const [id, startMs, endMs, scopes, provisional] of state.open) {
      const entry = { endMs, scopes: new Set(scopes), provisional: new Set(provisional) };
      this.#tracked.find(({ kpi }) => kpi.id === id)?.open.set(startMs, entry);
    }
    for (const [key, watermarkMs] of state.finalMarks) this.#finalMarks.set(key, watermarkMs);
    for (const [key, revision] of state.revisions) this.#revisions.set(key, revision);
  }

  /** New series join the KPIs that read their quantity. */
  #learnSeries(upTo = this.#source.seriesCount()): void {
    for (; this.#knownSeries < upTo; this.#knownSeries++) {
      const view = this.#source.series(this.#knownSeries);
      const { device, quantity } = view.series;
      for (const tracked of this.#byQuantity.get(quantity) ?? []) this.#join(tracked, device, view);
    }
  }

  /** Once a day of event time: revisions of windows that nothing can change any more. */
  #forget(nowMs: number): void {
    if (Math.floor(nowMs / DAY_MS) === Math.floor(this.#nowMs / DAY_MS)) return;
    const beforeMs = this.#revisionsFromMs();
    for (const key of this.#revisions.keys()) {
      if (Number(key.slice(key.lastIndexOf('\n') + 1)) < beforeMs) this.#revisions.delete(key);
    }
  }

  /** The same all day of event time, so that a restart remembers as much. */
  #revisionsFromMs(): number {
    const nowMs = this.#source.nowMs();
    const horizonMs = nowMs - this.#source.horizonStartMs();
    return Math.floor(nowMs / DAY_MS) * DAY_MS - horizonMs - REVISIONS_KEPT_BEYOND_HORIZON_MS;
  }

  /** How often the window was corrected, this time included. */
  #revisionOf(kpi: string, scope: string, startMs: number, isCorrected: boolean): number {
    const key = `${kpi}\n${scope}\n${startMs}`;
    const isOld = startMs < this.#revisionsFromMs();
    const before = isOld ? this.#source.storedRevision(kpi, scope, startMs) : (this.#revisions.get(key) ?? 0);
    if (!isCorrected) return before;
    if (!isOld) this.#revisions.set(key, before + 1);
    return before + 1;
  }

  #rememberNewest(): void {
    for (const { devices } of this.#tracked) {
      for (const member of devices.values()) {
        member.newestMs = member.series.reduce((newest, view) => Math.max(newest, view.newestMs()), member.newestMs);
      }
    }
  }

  #join(tracked: Tracked, device: string, view: KpiSeries): void {
    const known = tracked.devices.get(device);
    if (known !== undefined) {
      known.series.push(view);
      known.series.sort((a, b) =>
        compare(`${a.series.quantity} ${a.series.channel}`, `${b.series.quantity} ${b.series.channel}`),
      );
      return;
    }
    const facts = this.#city.facts(device);
    // Decoded and stored, but part of no KPI: it must not hold back what is final either.
    if (facts.role === 'ignore') return;
    const member: Member = { device, facts, series: [view], newestMs: Number.NEGATIVE_INFINITY };
    tracked.devices.set(device, member);
    const zone = this.#zones.has(facts.zone) ? facts.zone : this.#city.id;
    const members = [...(tracked.byZone.get(zone) ?? []), member];
    tracked.byZone.set(
      zone,
      members.sort((a, b) => compare(a.device, b.device)),
    );
  }

  #touch(todo: Map<Tracked, Map<number, Todo>>, series: number, hourStartMs: number, nowMs: number): void {
    const { device, quantity } = this.#source.series(series).series;
    const levelsFromMs = this.#source.levelsKeptFromMs?.() ?? Number.NEGATIVE_INFINITY;
    for (const tracked of this.#byQuantity.get(quantity) ?? []) {
      const fromMs = tracked.kpi.looksAt?.includes('levels') === true ? levelsFromMs : Number.NEGATIVE_INFINITY;
      for (const bounds of touchedWindows(tracked.kpi, this.#source.calendar, hourStartMs)) {
        if (bounds.startMs < fromMs) continue;
        tracked.parts.forget(bounds.startMs, device);
        if (hasBegun(tracked.kpi, bounds, nowMs)) addTodo(todo, tracked, bounds, device);
      }
    }
  }

  /**
   * Windows that began, or that depend on now, since the last tick. Of the hours known then the newest is enough: a
   * window that only an older one touches had begun already.
   */
  #passTime(todo: Map<Tracked, Map<number, Todo>>, beforeMs: number, nowMs: number): void {
    const { calendar } = this.#source;
    // Windows begin with an hour of the calendar; within one only what depends on now changes.
    const hourPassed = !Number.isFinite(beforeMs) || calendar.hourStart(nowMs) !== calendar.hourStart(beforeMs);
    for (const tracked of this.#tracked) {
      const { kpi } = tracked;
      if (kpi.live === true) tracked.parts.clear();
      else if (!hourPassed) continue;
      for (const [device, { newestMs }] of tracked.devices) {
        for (const bounds of this.#windowsOfTime(kpi, newestMs, beforeMs, nowMs))
          addTodo(todo, tracked, bounds, device);
      }
    }
  }

  *#windowsOfTime(kpi: KpiDefinition, newestMs: number, beforeMs: number, nowMs: number): Generator<Bounds> {
    const { calendar } = this.#source;
    if (Number.isFinite(newestMs)) {
      for (const bounds of touchedWindows(kpi, calendar, calendar.hourStart(newestMs))) {
        if (hasBegun(kpi, bounds, nowMs) && !hasBegun(kpi, bounds, beforeMs)) yield bounds;
      }
    }
    if (kpi.live !== true) return;
    yield windowAt(kpi, calendar, nowMs);
    if (Number.isFinite(beforeMs)) yield windowAt(kpi, calendar, beforeMs);
  }

  /** Scopes that the devices belong to: themselves, their zones, the city. */
  *#scopesOf(tracked: Tracked, devices: ReadonlySet<string>): Generator<string> {
    const zones = new Set<string>();
    const { scopes } = tracked.kpi;
    for (const device of devices) {
      if (scopes.includes('device')) yield `device:${device}`;
      const facts = tracked.devices.get(device)?.facts;
      const node = this.#zones.get(facts?.zone ?? '') ?? this.#zones.get(this.#city.id);
      if (node !== undefined) for (const zone of ancestors(node)) zones.add(zone.id);
    }
    for (const zone of zones) if (scopes.includes(zone === this.#city.id ? 'city' : 'zone')) yield zone;
  }

  /** Windows whose scope's watermark passed their end are said once more, as final. */
  #finish(tracked: Tracked, evaluation: KpiEvaluation, values: KpiValue[]): void {
    for (const [startMs, { endMs, scopes, provisional }] of tracked.open) {
      for (const scope of scopes) {
        // Looked at again when it ends, and as it goes on.
        if (provisional.has(scope)) continue;
        if (evaluation.watermarkMs(scope) < neededUntilMs(tracked.kpi, { startMs, endMs })) continue;
        this.#look(evaluation, { startMs, endMs }, scope, false, values);
      }
      if (scopes.size === 0) tracked.open.delete(startMs);
    }
    for (const scope of evaluation.scopesSeen()) {
      // A zone without any device is never waited for, but nothing of it has been final either.
      if (evaluation.watermarkMs(scope) < Number.POSITIVE_INFINITY) this.#raiseMark(tracked.kpi, scope, evaluation);
    }
  }

  #look(evaluation: KpiEvaluation, bounds: Bounds, scope: string, changed: boolean, values: KpiValue[]): void {
    const { kpi, open } = evaluation.members as Tracked;
    const entry = open.get(bounds.startMs);
    const markMs = this.#finalMarks.get(`${kpi.id}\n${scope}`) ?? Number.NEGATIVE_INFINITY;
    const wasFinal = neededUntilMs(kpi, bounds) <= markMs && entry?.provisional.has(scope) !== true;
    // What was said and has nothing behind it any more is taken back by a value that says nothing.
    if (!evaluation.hasPart(bounds, scope) && !wasFinal && entry?.scopes.has(scope) !== true) return;
    const revision = this.#revisionOf(kpi.id, scope, bounds.startMs, changed && wasFinal);
    const isProvisional = evaluation.isProvisional(bounds, scope);
    const final = !isProvisional && (wasFinal || evaluation.watermarkMs(scope) >= neededUntilMs(kpi, bounds));
    values.push(evaluation.value(bounds, scope, revision, final));
    if (final && !wasFinal) this.#raiseMark(kpi, scope, evaluation);
    noteOpen(open, bounds, scope, final ? 'final' : isProvisional ? 'provisional' : 'open');
  }

  /** What was said to be final stays final: a device that joins with a backlog makes revisions, not a step back. */
  #raiseMark(kpi: KpiDefinition, scope: string, evaluation: KpiEvaluation): void {
    const key = `${kpi.id}\n${scope}`;
    const before = this.#finalMarks.get(key) ?? Number.NEGATIVE_INFINITY;
    this.#raisedMarks.set(key, Math.max(before, evaluation.watermarkMs(scope)));
  }

  #evaluation(tracked: Tracked, nowMs: number, memo: Map<string, unknown>): KpiEvaluation {
    return new KpiEvaluation(tracked, {
      memo,
      calendar: this.#source.calendar,
      settings: this.#city.settings,
      nowMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS,
      zones: this.#zones,
      cityId: this.#city.id,
      watermarkMs: (series) => this.#source.watermarkMs(series),
      customersCounted: (zone) => this.#source.customersCounted?.(zone) ?? 0,
    });
  }
}

function noteOpen(
  open: Map<number, OpenWindow>,
  { startMs, endMs }: Bounds,
  scope: string,
  state: 'open' | 'provisional' | 'final',
): void {
  let entry = open.get(startMs);
  if (entry === undefined) {
    if (state === 'final') return;
    entry = { endMs, scopes: new Set(), provisional: new Set() };
    open.set(startMs, entry);
  }
  if (state === 'final') entry.scopes.delete(scope);
  else entry.scopes.add(scope);
  if (state === 'provisional') entry.provisional.add(scope);
  else entry.provisional.delete(scope);
}

/** Members stand by name and not in the order of arrival, so that ties fall alike in every run. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function addTodo(todo: Map<Tracked, Map<number, Todo>>, tracked: Tracked, bounds: Bounds, device: string): void {
  let windows = todo.get(tracked);
  if (windows === undefined) {
    windows = new Map();
    todo.set(tracked, windows);
  }
  let entry = windows.get(bounds.startMs);
  if (entry === undefined) {
    entry = { bounds, devices: new Set() };
    windows.set(bounds.startMs, entry);
  }
  entry.devices.add(device);
}
