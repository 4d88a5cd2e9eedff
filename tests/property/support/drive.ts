import type { Pane } from '../../../src/model/index.ts';
import type { Case, Stop } from './cases.ts';
import { type EmittedPane, type EngineUnderTest, startEngine } from './engine-under-test.ts';

/** The panes of a series and level by their start, as a store holds them: the newest of each stays. */
export type PaneTable = Map<string, Map<number, Pane>>;

/** What a run came to. */
export interface Run {
  readonly engine: EngineUnderTest;
  readonly table: PaneTable;
  /** What became of each delivery. */
  readonly outcomes: readonly string[];
}

interface Kept {
  readonly stop: number;
  readonly delivered: number;
  readonly snapshot: unknown;
}

/** Runs a case to its end, with a last tick. Panes are checked as they come; a replay must give the same ones. */
export function runCase(plan: Case): Run {
  const table: PaneTable = new Map();
  const outcomes: string[] = [];
  const emitted: EmittedPane[][] = [];
  let engine = startEngine(plan);
  let kept: Kept = { stop: 0, delivered: 0, snapshot: undefined };
  let delivered = 0;
  const goOn = (to: number): void => {
    for (const outcome of deliver(engine, plan, delivered, to)) outcomes[delivered++] = outcome;
  };
  const tick = (stop: number): void => {
    const panes = engine.tick();
    const before = emitted[stop];
    if (before !== undefined) {
      expectSame(panes, before, 'panes of a replay');
      return;
    }
    emitted[stop] = panes;
    for (const pane of panes) put(table, pane);
  };
  const stops: Stop[] = [...plan.stops, { at: plan.deliveries.length, what: 'tick' }];
  const crashed = new Set<number>();
  for (let index = 0; index < stops.length; index++) {
    const { at, what } = stops[index]!;
    goOn(Math.min(at, plan.deliveries.length));
    if (what !== 'crash') tick(index);
    if (what === 'snapshot') kept = { stop: index, delivered, snapshot: engine.snapshot() };
    if (what !== 'crash' || crashed.has(index)) continue;
    crashed.add(index);
    engine = startEngine(plan, kept.snapshot);
    delivered = kept.delivered;
    index = kept.snapshot === undefined ? -1 : kept.stop;
  }
  return { engine, table, outcomes };
}

function deliver(engine: EngineUnderTest, plan: Case, from: number, to: number): string[] {
  return engine.deliver(plan.deliveries.slice(from, to));
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

/** Puts a pane over the one before it; an empty one takes it away. What must hold of every step is checked here. */
function put(table: PaneTable, { series, level, pane }: EmittedPane): void {
  const panes = panesOf(table, series, level);
  const before = panes.get(pane.startMs);
  const isEmpty = pane.count === 0 && pane.invalidCount === 0 && pane.increaseCoveredMs === 0;
  if (before !== undefined) checkRevision(before, pane, level, series);
  if (isEmpty) panes.delete(pane.startMs);
  else panes.set(pane.startMs, pane);
}

/** A quarter-hour has the revision of its hour, which another quarter-hour may have brought about. */
function checkRevision(before: Pane, after: Pane, level: 'quarter' | 'hour', series: number): void {
  const what = `${level} of series ${series}`;
  if (before.final && !after.final) fail(`${what} was final and is provisional again`, after, before);
  const grows = after.revision - before.revision;
  const changed = before.final && differs(before, after);
  if (level === 'quarter' ? grows < 0 : grows !== (changed ? 1 : 0)) {
    fail(`${what}, ${before.final ? 'final' : 'provisional'}, has another revision`, after, before);
  }
}

function differs(a: Pane, b: Pane): boolean {
  const fields = Object.keys(a) as (keyof Pane)[];
  return fields.some((field) => field !== 'final' && field !== 'revision' && !Object.is(a[field], b[field]));
}

/** Deep equality with `Object.is` on every number; cheap while all is well. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  const path = difference(actual, expected, '');
  if (path !== undefined) fail(`${what} differ at ${path || 'the top'}`, actual, expected);
}

function difference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return path;
  const keys = Object.keys(b);
  if (Object.keys(a).length !== keys.length) return `${path} (number of entries)`;
  for (const key of keys) {
    const found = difference(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      `${path}.${key}`,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function fail(what: string, actual: unknown, expected: unknown): never {
  throw new Error(`${what}\n  is:     ${printed(actual)}\n  not:    ${printed(expected)}`);
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : Object.is(item, -0) ? '-0' : item,
  );
}
