import { type Calendar, calendarOf, DAY_MS, exactSum, HOUR_MS, QUARTER_MS } from '../base/index.ts';
import type { AggregateWindow, Pane, PaneLevel, QuantityKind, Series } from '../model/index.ts';
import { type AggregateReading, distinctReadings } from './distinct-readings.ts';
import { hourIsValid, isEmptyPane, mergePanes, paneValue, summaryOfReadings } from './merge-panes.ts';
import { paneOfReadings } from './pane-of-readings.ts';
import type { PaneRule } from './pane-rule.ts';
import { sortedReadings } from './sorted-readings.ts';
import { lowerBound } from './sorted-search.ts';
import { boundsAt, rollingLengthMs, type WindowBounds, type WindowShape, windowsEndingIn } from './window-bounds.ts';

/** What an aggregate is made of: all readings at once, or the means of valid hours or days (KPI.md 6.2). */
export const AGGREGATE_PARTS = ['readings', 'hours', 'days'] as const;
export type AggregateParts = (typeof AGGREGATE_PARTS)[number];

/**
 * How a register's increase falls to windows: `interpolated` in time between neighbours (KPI.md 4.3), or `end`: wholly
 * to the window of the later reading.
 */
export const COUNTER_METHODS = ['interpolated', 'end'] as const;
export type CounterMethod = (typeof COUNTER_METHODS)[number];

export interface AggregateRequest extends WindowShape {
  readonly series: Series;
  readonly parts: AggregateParts;
  readonly counterMethod: CounterMethod;
  /** Windows whose end lies in (fromMs, toMs] are answered. */
  readonly fromMs: number;
  readonly toMs: number;
  /** IANA zone, `UTC`, a fixed offset `+01:00`, or `standard:<IANA zone>` for standard time all the year. */
  readonly timeZone: string;
  /** The city's zone: hour panes in the store follow its hours. */
  readonly storedTimeZone: string;
}

/** One window of one series. */
export interface AggregateRow {
  readonly startMs: number;
  readonly endMs: number;
  /** Mean, energetic mean, vector mean, increase, sum or last value: the quantity decides. Null when there is nothing. */
  readonly value: number | null;
  /** Extremes of the readings, or of the valid hours or days that the value is made of. */
  readonly min: number | null;
  readonly max: number | null;
  /** First and last reading that count, by event time. */
  readonly first: number | null;
  readonly last: number | null;
  /** Readings that count. */
  readonly count: number;
  /** Valid parts and expected parts (slots for `readings`, hours or days otherwise), and their ratio. */
  readonly validParts: number;
  readonly expectedParts: number;
  readonly coverage: number;
  readonly valid: boolean;
  readonly revision: number;
  readonly final: boolean;
}

/** What must be read from the store to answer a request. */
export interface AggregateNeed {
  readonly level: PaneLevel | 'reading';
  readonly fromMs: number;
  readonly toMs: number;
}

/** The level of panes (or the readings) that answer the request, and the range of their starts. */
export function aggregateNeed(request: AggregateRequest): AggregateNeed {
  const { fromMs, toMs } = request;
  const windows = windowsEndingIn(request, calendarOf(request.timeZone), fromMs, toMs);
  const need = panesNeeded(windows, request);
  if (request.window === 'minute') return { ...need, level: 'reading' };
  return request.parts === 'readings' || hoursAlign(request) ? need : { ...need, level: 'quarter' };
}

/** Hour panes where all of the windows begin and end with stored hours, quarter panes otherwise. */
export function panesNeeded(
  windows: Iterable<WindowBounds>,
  { fromMs, toMs, storedTimeZone }: Pick<AggregateRequest, 'fromMs' | 'toMs' | 'storedTimeZone'>,
): { level: PaneLevel; fromMs: number; toMs: number } {
  const stored = calendarOf(storedTimeZone);
  let firstMs = toMs;
  let hoursFit = true;
  for (const { startMs, endMs } of windows) {
    firstMs = Math.min(firstMs, startMs);
    hoursFit &&= stored.hourStart(startMs) === startMs && stored.hourStart(endMs) === endMs;
  }
  return { level: hoursFit ? 'hour' : 'quarter', fromMs: Math.min(fromMs, firstMs), toMs };
}

/** Rows from panes of the level that `aggregateNeed` named, in order of time. Windows without any pane give no row. */
export function aggregatePanes(request: AggregateRequest, panes: readonly Pane[]): AggregateRow[] {
  const calendar = calendarOf(request.timeZone);
  const held = panes.filter((pane) => !isEmptyPane(pane));
  const starts = held.map((pane) => pane.startMs);
  const rows: AggregateRow[] = [];
  for (const bounds of windowsEndingIn(request, calendar, request.fromMs, request.toMs)) {
    const inside = held.slice(lowerBound(starts, bounds.startMs), lowerBound(starts, bounds.endMs));
    if (inside.length > 0) rows.push(rowOf(request, calendar, bounds, inside));
  }
  return rows;
}

/**
 * Rows of minutes, from readings in any order; late-filed ones among them.
 *
 * @param rule that the panes of the series are made by: minutes say what quarters and hours say
 */
export function aggregateReadings(
  request: AggregateRequest,
  readings: readonly AggregateReading[],
  rule: PaneRule,
): AggregateRow[] {
  const { timesMs, values } = distinctReadings(readings);
  const kept = sortedReadings(timesMs, values);
  const rows: AggregateRow[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const timeMs of timesMs) {
    const bounds = boundsAt('minute', calendarOf('UTC'), timeMs);
    if (bounds.startMs === lastMs || bounds.endMs <= request.fromMs || bounds.endMs > request.toMs) continue;
    lastMs = bounds.startMs;
    const pane = paneOfReadings(kept, bounds.startMs, bounds.endMs, rule);
    if (pane !== undefined) rows.push(rowOfReadings(request, bounds, [{ ...pane, revision: 0, final: false }]));
  }
  return rows;
}

/** The mean of hours of a window by the kind of the quantity (KPI.md 6.2), the extremes and what is valid. */
export function hoursSummary(kind: QuantityKind, hours: readonly Pane[]) {
  const valid = hours.filter((pane) => hourIsValid(kind, pane));
  const values = valid.map((pane) => paneValue(kind, pane)).filter((value) => value !== null);
  return { validCount: valid.length, value: meanOfMeans(kind, values), ...extremes(values) };
}

/** Mean of means by kind: arithmetic, energetic or vector; the sum for amounts; the last for states. */
export function meanOfMeans(kind: QuantityKind, values: readonly number[]): number | null {
  if (values.length === 0) return null;
  switch (kind) {
    case 'gauge':
      return exactSum(values) / values.length;
    case 'level':
      return 10 * Math.log10(exactSum(values.map((level) => 10 ** (level / 10))) / values.length);
    case 'angle': {
      const radians = values.map((degrees) => (degrees * Math.PI) / 180);
      const mean = Math.atan2(exactSum(radians.map(Math.sin)), exactSum(radians.map(Math.cos)));
      return ((mean * 180) / Math.PI + 360) % 360;
    }
    case 'counter':
    case 'delta':
      return exactSum(values);
    default:
      return values.at(-1) ?? null;
  }
}

/** Valid parts that a window needs: 6 of 8 hours, 18 of 24, 75 % of a civil day rounded up, 90 % of a year or longer. */
export function partsNeeded(window: AggregateWindow, expectedParts: number): number {
  if (window === 'year' || (rollingLengthMs(window) ?? 0) >= 365 * DAY_MS) return Math.ceil((9 * expectedParts) / 10);
  return Math.ceil((3 * expectedParts) / 4);
}

function rowOf(
  request: AggregateRequest,
  calendar: Calendar,
  bounds: WindowBounds,
  panes: readonly Pane[],
): AggregateRow {
  if (request.parts === 'readings' || bounds.endMs - bounds.startMs <= HOUR_MS) {
    return rowOfReadings(request, bounds, panes);
  }
  const hours = toHours(panes, calendar, bounds, request.series.expectEveryMs);
  return request.parts === 'hours' ? rowOfHours(request, bounds, hours) : rowOfDays(request, calendar, bounds, hours);
}

function rowOfReadings(request: AggregateRequest, bounds: WindowBounds, panes: readonly Pane[]): AggregateRow {
  const { pane, ...worth } = summaryOfReadings(request.series, request.counterMethod, bounds, panes);
  return { ...common(bounds, pane), min: known(pane.min), max: known(pane.max), ...worth };
}

function rowOfHours(request: AggregateRequest, bounds: WindowBounds, hours: readonly Pane[]): AggregateRow {
  const { kind, expectEveryMs } = request.series;
  const expectedParts = Math.round((bounds.endMs - bounds.startMs) / HOUR_MS);
  const summary = hoursSummary(kind, hours);
  const pane = mergePanes(hours, bounds.startMs, bounds.endMs, expectEveryMs);
  const amounts = kind === 'counter' || kind === 'delta';
  return {
    ...common(bounds, pane),
    value: amounts ? paneValue(kind, pane, request.counterMethod) : summary.value,
    min: summary.min,
    max: summary.max,
    ...validity(request.window, summary.validCount, expectedParts),
  };
}

function rowOfDays(
  request: AggregateRequest,
  calendar: Calendar,
  bounds: WindowBounds,
  hours: readonly Pane[],
): AggregateRow {
  const { kind, expectEveryMs } = request.series;
  const days = Map.groupBy(hours, (pane) => calendar.dayStart(pane.startMs));
  const valid = [...days]
    .map(([startMs, panes]) =>
      rowOfHours({ ...request, window: 'day' }, { startMs, endMs: calendar.dayEnd(startMs) }, panes),
    )
    .filter((row) => row.valid && row.value !== null)
    .map((row) => row.value ?? Number.NaN);
  const expectedParts = Math.max(1, Math.round((bounds.endMs - bounds.startMs) / DAY_MS));
  const pane = mergePanes(hours, bounds.startMs, bounds.endMs, expectEveryMs);
  return {
    ...common(bounds, pane),
    value: meanOfMeans(kind, valid),
    ...extremes(valid),
    ...validity(request.window, valid.length, expectedParts),
  };
}

function common(bounds: WindowBounds, pane: Pane) {
  return {
    startMs: bounds.startMs,
    endMs: bounds.endMs,
    first: known(pane.first),
    last: known(pane.last),
    count: pane.count,
    revision: pane.revision,
    final: pane.final,
  };
}

function validity(window: AggregateWindow, validParts: number, expectedParts: number) {
  return {
    validParts,
    expectedParts,
    coverage: Math.min(1, validParts / expectedParts),
    valid: validParts > 0 && validParts >= partsNeeded(window, expectedParts),
  };
}

function extremes(values: readonly number[]): { min: number | null; max: number | null } {
  if (values.length === 0) return { min: null, max: null };
  return { min: values.reduce((a, b) => Math.min(a, b)), max: values.reduce((a, b) => Math.max(a, b)) };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** True when every hour of the request's calendar is an hour of the stored panes. */
function hoursAlign(request: AggregateRequest): boolean {
  if (request.timeZone === request.storedTimeZone) return true;
  const calendar = calendarOf(request.timeZone);
  const stored = calendarOf(request.storedTimeZone);
  const shiftMs = (atMs: number): number => (calendar.dayStart(atMs) - stored.dayStart(atMs)) % HOUR_MS;
  const wholeHours = (atMs: number): boolean =>
    shiftMs(atMs) === 0 && (stored.dayEnd(atMs) - stored.dayStart(atMs)) % HOUR_MS === 0;
  return monthsBetween(request.fromMs - 366 * DAY_MS, request.toMs).every(wholeHours);
}

/** Half-hour changes of summer time last for months, so one look a month finds them. */
function monthsBetween(fromMs: number, toMs: number): number[] {
  const instants = [toMs];
  for (let atMs = fromMs; atMs < toMs; atMs += 28 * DAY_MS) instants.push(atMs);
  return instants;
}

/** Panes of a window as hours of the calendar, cut at the bounds of the window; quarter panes are merged. */
function toHours(
  panes: readonly Pane[],
  calendar: Calendar,
  { startMs, endMs }: WindowBounds,
  expectEveryMs: number,
): readonly Pane[] {
  if (panes.every((pane) => pane.endMs - pane.startMs > QUARTER_MS)) return panes;
  const groups = Map.groupBy(panes, (pane) => calendar.hourStart(pane.startMs));
  return [...groups].map(([hourMs, group]) =>
    mergePanes(group, Math.max(hourMs, startMs), Math.min(calendar.hourEnd(hourMs), endMs), expectEveryMs),
  );
}
