import type { Pane } from '../../../src/model/index.ts';
import { mergePanes, paneValue } from '../../../src/windows/index.ts';
import { type Case, DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from './cases.ts';
import { expectSame, fail, panesOf, type Run, runCase } from './drive.ts';
import { COUNTER_GAP_MS_MAX, type EngineUnderTest, ruleOf, silentAfterMs } from './engine-under-test.ts';
import { mergedOf } from './merge-oracle.ts';
import {
  type Delivery,
  hoursOf,
  type OraclePane,
  outcomesOf,
  type Point,
  paneOf,
  paneValueOf,
  quartersOf,
  readingsOf,
  rollingOf,
  type Span,
} from './oracle.ts';

/** Everything that the engine said of a case against the oracle; with late readings rebuilt, so many at once. */
export function checkCase(plan: Case, lateReadingsMax?: number): void {
  const run = runCase(plan, lateReadingsMax === undefined ? {} : { lateReadingsMax });
  expectSame(
    run.outcomes,
    outcomesOf(plan.deliveries, () => plan.horizonMs),
    'outcomes',
  );
  const nowMs = Math.max(...plan.deliveries.map(({ timeMs }) => timeMs));
  for (const series of plan.series.keys()) {
    const readings = readingsOf(plan.deliveries, series);
    if (readings.length === 0) continue;
    const hours = hoursOf(plan.timeZone, [readings[0]![0], readings.at(-1)![0] + 1]);
    const hourPanes = held(plan, series, readings, hours);
    const quarterPanes = held(plan, series, readings, quartersOf(hours));
    checkTable(plan, run, series, hourPanes, quarterPanes);
    checkFinal(plan, run, series, nowMs);
    checkView(plan, run.engine, series, hourPanes, quarterPanes);
    checkMerged(plan, run, series, hourPanes, hours);
  }
}

/** The oracle's panes of the spans. Further from any reading than an increase reaches there is none. */
function held(plan: Case, series: number, readings: readonly Point[], spans: readonly Span[]): OraclePane[] {
  const rule = ruleOf(plan, series);
  const isNear = ([startMs, endMs]: Span) =>
    readings.some(([timeMs]) => timeMs > startMs - COUNTER_GAP_MS_MAX && timeMs < endMs + COUNTER_GAP_MS_MAX);
  return spans
    .filter(isNear)
    .map((span) => paneOf(readings, span, rule))
    .filter((pane) => pane !== undefined);
}

/** What a store would hold. */
function checkTable(
  plan: Case,
  { table }: Run,
  series: number,
  hours: readonly OraclePane[],
  quarters: readonly OraclePane[],
): void {
  const { kind } = plan.series[series]!;
  const hourPanes = sorted(panesOf(table, series, 'hour'));
  expectSame(hourPanes.map(bare), hours, `hours of series ${series}`);
  expectSame(sorted(panesOf(table, series, 'quarter')).map(bare), quarters, `quarters of series ${series}`);
  for (const pane of hourPanes) expectSame(paneValue(kind, pane), paneValueOf(kind, pane), 'values');
}

/** An hour is final when the watermark has passed it; of a silent series, at the next minute. */
function checkFinal(plan: Case, { table }: Run, series: number, nowMs: number): void {
  const inTime = plan.deliveries.filter(({ series: of }) => of === series).map(({ timeMs }) => timeMs);
  const newestMs = Math.max(...inTime);
  const minuteMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const [least, most] = [minuteMs, nowMs].map(
    (atMs) => Math.max(newestMs, atMs - silentAfterMs(plan, series)) - plan.latenessMs,
  );
  const hourPanes = sorted(panesOf(table, series, 'hour'));
  for (const pane of hourPanes) {
    if (pane.final ? pane.endMs > most! : pane.endMs <= least!) fail('final goes by the watermark', pane, most);
  }
  for (const { startMs, final, revision } of panesOf(table, series, 'quarter').values()) {
    const hour = hourPanes.findLast((pane) => pane.startMs <= startMs)!;
    expectSame({ final, revision }, { final: hour.final, revision: hour.revision }, 'a quarter-hour and its hour');
  }
}

/** What KPIs look at: as far back as is promised. */
function checkView(
  plan: Case,
  engine: EngineUnderTest,
  series: number,
  hours: readonly OraclePane[],
  quarters: readonly OraclePane[],
): void {
  const { kind } = plan.series[series]!;
  const toMs = engine.nowMs + DAY_MS;
  const worth = (pane: OraclePane) => ({
    startMs: pane.startMs,
    endMs: pane.endMs,
    value: paneValueOf(kind, pane),
    count: pane.count,
    increaseCoveredMs: pane.increaseCoveredMs,
  });
  const full = (pane: OraclePane) => ({
    ...worth(pane),
    invalidCount: pane.invalidCount,
    coveredSlots: pane.coveredSlots,
    expectedSlots: pane.expectedSlots,
  });
  const since = (panes: readonly OraclePane[], fromMs: number) => panes.filter(({ startMs }) => startMs >= fromMs);
  const hoursFromMs = engine.hoursKeptFromMs;
  const seen = engine.hours(series, hoursFromMs, toMs);
  expectSame(seen.map(full), since(hours, hoursFromMs).map(full), `hours that are looked back on, of series ${series}`);
  const quartersFromMs = kind === 'counter' ? hoursFromMs : engine.nowMs - plan.horizonMs + QUARTER_MS;
  const seenQuarters = engine.quarters(series, quartersFromMs, toMs);
  expectSame(
    seenQuarters.map(worth),
    since(quarters, quartersFromMs).map(worth),
    `quarter-hours that are looked back on`,
  );
}

/** Local days and windows of eight hours, merged from what a store would hold. */
function checkMerged(
  plan: Case,
  { table }: Run,
  series: number,
  hourPanes: readonly OraclePane[],
  hours: readonly Span[],
): void {
  const { expectEveryMs } = plan.series[series]!;
  const stored = sorted(panesOf(table, series, 'hour'));
  const day: Span = [
    hours[0]![0],
    hours.find(([startMs]) => startMs >= hours[0]![0] + 23 * HOUR_MS)?.[1] ?? hours.at(-1)![1],
  ];
  const last = hourPanes.at(-1)!;
  for (const [startMs, endMs] of [day, [last.endMs - 8 * HOUR_MS, last.endMs] as const]) {
    const inside = stored.filter((pane) => pane.startMs >= startMs && pane.endMs <= endMs);
    const merged = mergePanes(inside, startMs, endMs, expectEveryMs);
    expectSame(bare(merged), mergedOf(hourPanes, [startMs, endMs], expectEveryMs), 'merged panes');
  }
}

const ROLLING_MS = [HOUR_MS, QUARTER_MS, 90_000, 1];

/** Windows that end now, at the next minute, and a while ago. */
export function checkRolling(plan: Case, engine: EngineUnderTest, delivered: number): void {
  const { nowMs } = engine;
  if (!Number.isFinite(nowMs)) return;
  const inTime: Delivery[] = [];
  for (const [index, outcome] of outcomesOf(plan.deliveries.slice(0, delivered), () => plan.horizonMs).entries()) {
    if (outcome !== 'lateFiled') inTime.push(plan.deliveries[index]!);
  }
  const readings = plan.series.map((_, series) => readingsOf(inTime, series));
  for (const endMs of [Math.ceil((nowMs + 1) / MINUTE_MS) * MINUTE_MS, nowMs, nowMs - 5 * MINUTE_MS]) {
    for (const lengthMs of ROLLING_MS) {
      if (endMs - lengthMs < nowMs - plan.horizonMs) continue;
      const windows = plan.series.map((_, series) => rollingOf(readings[series]!, [endMs - lengthMs, endMs]));
      const expected = [...windows.entries()].filter(
        ([series, { count }]) => count > 0 && plan.series[series]!.kind === 'gauge',
      );
      const actual = [...engine.rolling(endMs, lengthMs)].sort(([a], [b]) => a - b);
      expectSame(actual, expected, `rolling windows of ${lengthMs} ms up to ${endMs}`);
    }
  }
}

function sorted(panes: ReadonlyMap<number, Pane>): Pane[] {
  return [...panes.values()].sort((a, b) => a.startMs - b.startMs);
}

/** A pane without how far it is from final. */
function bare({ revision: _revision, final: _final, ...pane }: Pane): OraclePane {
  return pane;
}
