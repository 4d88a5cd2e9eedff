import type { Pane, QuantityKind } from '../../../src/model/index.ts';
import { NEIGHBOURS_KEPT } from '../../../src/windows/index.ts';
import type { Case, Stop } from './cases.ts';
import { type EmittedPane, type EmittedTick, EngineUnderTest, type Snapshot } from './engine-under-test.ts';
import { hoursOf, type Point, paneValueOf, readingsOf, type Span } from './oracle.ts';

/** The panes of a series and level by their start, as a store holds them: the newest of each stays. */
export type PaneTable = Map<string, Map<number, Pane>>;

/** What a run came to. */
export interface Run {
  readonly engine: EngineUnderTest;
  readonly table: PaneTable;
  /** What became of each delivery. */
  readonly outcomes: readonly string[];
  /** What each tick gave out, in order of time. */
  readonly ticks: readonly EmittedTick[];
}

/** What a property does beside the run itself. */
export interface RunOptions {
  /** Late-filed readings are rebuilt from all that was stored, as many at once. None are when absent. */
  readonly lateReadingsMax?: number;
  /** Looks at the engine after a tick, with the number of deliveries that it has taken. */
  onTick?(engine: EngineUnderTest, delivered: number): void;
}

interface Kept {
  readonly stop: number;
  readonly delivered: number;
  readonly snapshot: Snapshot | undefined;
}

/** Ticks at the end of a run until all that was filed is rebuilt. */
const LAST_TICKS_MAX = 500;

/** Runs a case to its end. Panes are checked as they come; a replay must give the same ones. */
export function runCase(plan: Case, options: RunOptions = {}): Run {
  const runner = new Runner(plan, options);
  runner.run();
  return runner;
}

class Runner implements Run {
  engine: EngineUnderTest;
  readonly table: PaneTable = new Map();
  readonly outcomes: string[] = [];
  readonly ticks: EmittedTick[] = [];
  readonly #plan: Case;
  readonly #options: RunOptions;
  #delivered = 0;
  /** What was told up to the tick at hand. */
  #told: PaneTable = new Map();
  /** A replay catches up with a store that has all that was told before the crash, as after a real one. */
  #isStoreAhead = false;
  #kept: Kept = { stop: -1, delivered: 0, snapshot: undefined };

  constructor(plan: Case, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    this.engine = new EngineUnderTest(plan);
  }

  run(): void {
    const stops: readonly Stop[] = [...this.#plan.stops, { at: this.#plan.deliveries.length, what: 'tick' }];
    const crashed = new Set<number>();
    for (let index = 0; index < stops.length; index++) {
      const { at, what } = stops[index]!;
      this.#deliverUpTo(at);
      if (what === 'crash') {
        if (crashed.has(index)) continue;
        crashed.add(index);
        index = this.#goBack();
        continue;
      }
      this.#tick(index);
      if (what !== 'snapshot') continue;
      const snapshot = this.engine.beginSnapshot();
      this.#kept = { stop: index, delivered: this.#delivered, snapshot };
    }
    if (this.#options.lateReadingsMax === undefined) return;
    for (let tick = stops.length; this.engine.lateCount > 0; tick++) {
      if (tick > stops.length + LAST_TICKS_MAX) fail('late readings do not come to an end', this.#plan, undefined);
      this.#tick(tick);
    }
  }

  #deliverUpTo(at: number): void {
    if (at <= this.#delivered) return;
    for (const outcome of this.engine.deliver(this.#plan.deliveries.slice(this.#delivered, at))) {
      this.outcomes[this.#delivered++] = outcome;
    }
  }

  /** A new engine takes the place of the one that crashed. @returns the stop that it goes on behind */
  #goBack(): number {
    const { stop, delivered, snapshot } = this.#kept;
    // Every other time the store is as it was at the snapshot, and the replay must give out the same again.
    this.#isStoreAhead = !this.#isStoreAhead;
    if (!this.#isStoreAhead) {
      this.#told = new Map();
      for (const tick of this.ticks.slice(0, stop + 1)) for (const pane of tick?.panes ?? []) putTold(this.#told, pane);
    }
    this.engine = new EngineUnderTest(this.#plan, snapshot);
    this.#delivered = delivered;
    return stop;
  }

  #tick(index: number): void {
    this.#rebuild(index);
    const tick = this.engine.tick();
    this.#options.onTick?.(this.engine, this.#delivered);
    const before = this.ticks[index];
    if (before !== undefined && this.#isStoreAhead) return;
    if (before !== undefined) expectSame(tick, before, 'what a replay gave out');
    else {
      this.ticks[index] = tick;
      checkTick(this.#plan, tick, this.table);
      for (const pane of tick.panes) put(this.table, pane);
    }
    for (const pane of tick.panes) putTold(this.#told, pane);
  }

  /** Rebuilds from what is stored, as the pipeline does. */
  #rebuild(tick: number): void {
    const { lateReadingsMax } = this.#options;
    if (lateReadingsMax === undefined) return;
    const late = this.engine.takeLate(lateReadingsMax);
    const stored = this.#plan.deliveries.slice(0, this.#delivered);
    for (const { series, timesMs } of late) {
      const points = readingsOf(stored, series);
      const { kind } = this.#plan.series[series]!;
      this.engine.rebuild({ series, timesMs }, around(points, timesMs, this.#plan, kind), {
        told: { pane: (level, startMs) => panesOf(this.#told, series, level).get(startMs) },
        isStored: this.#isStoreAhead && this.ticks[tick] !== undefined,
      });
    }
  }
}

/** The readings of the local days that hold the instants; of a register also those of all hours that its neighbours lie in. */
function around(points: readonly Point[], timesMs: readonly number[], plan: Case, kind: QuantityKind): Point[] {
  const days = hoursOf(plan.timeZone, [Math.min(...timesMs), Math.max(...timesMs) + 1]);
  const [dayFromMs, dayToMs] = [days[0]![0], days.at(-1)![1]];
  const within = (fromMs: number, toMs: number) => points.filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs);
  if (kind !== 'counter') return within(dayFromMs, dayToMs);
  const [first, last] = [neighbours(points, dayFromMs)[0], neighbours(points, dayToMs).at(-1)];
  const fromMs = first === undefined ? dayFromMs : hourOf(plan.timeZone, Math.min(first[0], dayFromMs))[0];
  const toMs = last === undefined ? dayToMs : hourOf(plan.timeZone, Math.max(last[0], dayToMs - 1))[1];
  const reach = [...neighbours(points, fromMs), ...within(fromMs, toMs), ...neighbours(points, toMs)];
  return [...new Map(reach)].sort(([a], [b]) => a - b);
}

/** So many counting readings on each side of an instant. */
function neighbours(points: readonly Point[], atMs: number): Point[] {
  const counting = points.filter(([, value]) => !Number.isNaN(value));
  const before = counting.filter(([timeMs]) => timeMs < atMs).slice(-NEIGHBOURS_KEPT);
  return [...before, ...counting.filter(([timeMs]) => timeMs >= atMs).slice(0, NEIGHBOURS_KEPT)];
}

function hourOf(timeZone: string, atMs: number): Span {
  return hoursOf(timeZone, [atMs, atMs + 1]).find(([startMs, endMs]) => startMs <= atMs && atMs < endMs)!;
}

export function panesOf(table: PaneTable, series: number, level: 'quarter' | 'hour'): Map<number, Pane> {
  const key = `${series} ${level}`;
  let panes = table.get(key);
  if (panes === undefined) {
    panes = new Map();
    table.set(key, panes);
  }
  return panes;
}

/** What a tick says of its hours beside their panes: which ones changed, and how closed ones were revised. */
function checkTick(plan: Case, { panes, events, changedHours }: EmittedTick, table: PaneTable): void {
  const keyOf = (series: number, startMs: number): string => `${series} ${startMs}`;
  const told = new Set(changedHours.map(({ series, hourStartMs }) => keyOf(series, hourStartMs)));
  const newest = new Map<string, Pane | undefined>();
  const expected: (Pick<EmittedPane, 'series'> & { readonly atMs: number; readonly [field: string]: unknown })[] = [];
  for (const { series, level, pane } of panes) {
    if (level !== 'hour') continue;
    const key = keyOf(series, pane.startMs);
    const before = newest.has(key) ? newest.get(key) : panesOf(table, series, 'hour').get(pane.startMs);
    newest.set(key, isEmpty(pane) ? undefined : pane);
    if (before !== undefined && !differs(before, pane)) continue;
    if (!told.has(key)) fail('an hour that changed is not among the changed ones', pane, before);
    if (before?.final !== true) continue;
    const [was, is] = [before, pane].map((either) => paneValueOf(plan.series[series]!.kind, either));
    expected.push({ series, atMs: pane.startMs, revision: pane.revision, before: was, after: is });
  }
  const isExpected = new Set(expected.map(({ series, atMs }) => keyOf(series, atMs)));
  const revised = events
    .filter((event) => event.kind === 'revised')
    // An hour that was empty is told as a correction when it is rebuilt.
    .filter(({ series, atMs, before }) => before !== null || isExpected.has(keyOf(series, atMs)))
    .map(({ kind: _kind, reason: _reason, ...rest }) => rest);
  expectSame(revised, expected, 'revisions that are told');
}

function isEmpty(pane: Pane): boolean {
  return pane.count === 0 && pane.invalidCount === 0 && pane.increaseCoveredMs === 0;
}

/** Puts a pane over the one before it; an empty one takes it away. What must hold of every step is checked here. */
function put(table: PaneTable, { series, level, pane }: EmittedPane): void {
  const panes = panesOf(table, series, level);
  const before = panes.get(pane.startMs);
  if (before !== undefined) checkRevision(before, pane, `${level} of series ${series}`);
  if (isEmpty(pane)) panes.delete(pane.startMs);
  else panes.set(pane.startMs, pane);
}

function putTold(table: PaneTable, { series, level, pane }: EmittedPane): void {
  panesOf(table, series, level).set(pane.startMs, pane);
}

/** A quarter-hour has the revision of its hour, which another quarter-hour may have brought about. */
function checkRevision(before: Pane, after: Pane, what: string): void {
  if (before.final && !after.final) fail(`${what} was final and is provisional again`, after, before);
  const grows = after.revision - before.revision;
  const changed = before.final && differs(before, after);
  if (what.startsWith('quarter') ? grows < 0 : grows !== (changed ? 1 : 0)) {
    fail(`${what}, ${before.final ? 'final' : 'provisional'}, has another revision`, after, before);
  }
}

function differs(a: Pane, b: Pane): boolean {
  const fields = Object.keys(a) as (keyof Pane)[];
  return fields.some((field) => field !== 'final' && field !== 'revision' && !Object.is(a[field], b[field]));
}

/** Deep equality with `Object.is` on every number; cheap while all is well. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const path = difference(actual, expected);
  if (path === undefined) return;
  // The entry that differs, with what stands beside it.
  const entry = (all: unknown) => path.slice(0, -1).reduce((part, key) => part[key] as Parts, all as Parts);
  fail(`${what} differ at ${path.join('.') || 'the top'}`, entry(actual), entry(expected));
}

type Parts = Record<string, unknown>;

function difference(a: unknown, b: unknown): string[] | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return [];
  const keys = Object.keys(b);
  if (Object.keys(a).length !== keys.length) return ['number of entries'];
  for (const key of keys) {
    const found = difference((a as Parts)[key], (b as Parts)[key]);
    if (found !== undefined) return [key, ...found];
  }
  return undefined;
}

export function fail(what: string, actual: unknown, expected: unknown): never {
  throw new Error(`${what}\n  is:     ${printed(actual)}\n  not:    ${printed(expected)}`);
}

function printed(value: unknown): string | undefined {
  const plain = (item: unknown): unknown => {
    if (item instanceof Map) return [...item];
    if (typeof item !== 'number' || (Number.isFinite(item) && !Object.is(item, -0))) return item;
    return Object.is(item, -0) ? '-0' : String(item);
  };
  return JSON.stringify(value, (_, item) => plain(item));
}
