import { type Calendar, calendarOf, DAY_MS, exactSum, HOUR_MS, MINUTE_MS } from '../base/index.ts';
import type { Pane, PaneLevel, QuantityKind, Series, WindowKind } from '../model/index.ts';
import { hourIsValid, isEmptyPane, mergePanes, paneValue } from './merge-panes.ts';
import { type PaneRule, paneOfReadings } from './pane-of-readings.ts';
import { BACKFLOW_TOLERANCE } from './register-readings.ts';
import { SeriesReadings } from './series-readings.ts';
import { boundsAt, rollingLengthMs, type WindowBounds, windowsEndingIn } from './window-bounds.ts';

/** What an aggregate is made of: all readings at once, or the means of valid hours or days (KPI.md 6.2). */
export const AGGREGATE_PARTS = ['readings', 'hours', 'days'] as const;
export type AggregateParts = (typeof AGGREGATE_PARTS)[number];

/**
 * How a register's increase falls to windows: `interpolated` in time between neighbours (KPI.md 4.3), or `end`: wholly
 * to the window of the later reading.
 */
export const COUNTER_METHODS = ['interpolated', 'end'] as const;
export type CounterMethod = (typeof COUNTER_METHODS)[number];

export interface AggregateRequest {
  readonly series: Series;
  readonly window: WindowKind;
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

/** A reading as the store gives it back; only readings that count or are bad, no late-filed ones. */
export interface AggregateReading {
  readonly timeMs: number;
  readonly value: number;
  readonly quality: number;
}

/** The level of panes (or the readings) that answer the request, and the range of their starts. */
export function aggregateNeed(request: AggregateRequest): AggregateNeed {
  const calendar = calendarOf(request.timeZone);
  const lengthMs = rollingLengthMs(request.window);
  const fromMs = lengthMs === undefined ? startOfFirst(request, calendar) : request.fromMs - lengthMs;
  if (request.window === 'minute') return { level: 'reading', fromMs, toMs: request.toMs };
  const hoursFit = request.window !== 'quarter' && hoursAlign(request, calendar);
  return { level: hoursFit ? 'hour' : 'quarter', fromMs, toMs: request.toMs };
}

/** Rows from panes of the level that `aggregateNeed` named, in order of time. Windows without any pane give no row. */
export function aggregatePanes(request: AggregateRequest, panes: readonly Pane[]): AggregateRow[] {
  const calendar = calendarOf(request.timeZone);
  const held = panes.filter((pane) => !isEmptyPane(pane));
  const hours = request.window === 'quarter' ? held : toHours(held, calendar, request.series.expectEveryMs);
  const starts = hours.map((pane) => pane.startMs);
  const rows: AggregateRow[] = [];
  for (const bounds of windowsEndingIn(request.window, calendar, request.fromMs, request.toMs)) {
    const inside = hours.slice(lowerBound(starts, bounds.startMs), lowerBound(starts, bounds.endMs));
    if (inside.length > 0) rows.push(rowOf(request, calendar, bounds, inside));
  }
  return rows;
}

/** Rows of minutes, from readings in any order. */
export function aggregateReadings(request: AggregateRequest, readings: readonly AggregateReading[]): AggregateRow[] {
  const { series } = request;
  const kept = new SeriesReadings();
  for (const reading of readings) kept.insert(reading.timeMs, reading.value, reading.quality);
  const rule: PaneRule = {
    kind: series.kind,
    expectEveryMs: series.expectEveryMs,
    counterGapMsMax: 3 * HOUR_MS,
    register: { rateMaxPerHour: Number.POSITIVE_INFINITY, backflowTolerance: BACKFLOW_TOLERANCE },
  };
  const minutes = new Set(readings.map((reading) => Math.floor(reading.timeMs / MINUTE_MS) * MINUTE_MS));
  const rows: AggregateRow[] = [];
  for (const startMs of [...minutes].sort((a, b) => a - b)) {
    const bounds = { startMs, endMs: startMs + MINUTE_MS };
    if (bounds.endMs <= request.fromMs || bounds.endMs > request.toMs) continue;
    const pane = paneOfReadings(kept, startMs, bounds.endMs, rule);
    if (pane !== undefined) {
      rows.push(rowOfReadings(request, bounds, [{ ...pane, revision: 0, final: false }]));
    }
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

/** Valid parts that a window needs: 6 of 8 hours, 18 of 24, 75 % of a civil day rounded up, 90 % of a year. */
export function partsNeeded(window: WindowKind, expectedParts: number): number {
  if (window === 'year' || window === 'rolling-365d') return Math.ceil((9 * expectedParts) / 10);
  return Math.ceil((3 * expectedParts) / 4);
}

function rowOf(
  request: AggregateRequest,
  calendar: Calendar,
  bounds: WindowBounds,
  hours: readonly Pane[],
): AggregateRow {
  if (request.parts === 'readings' || bounds.endMs - bounds.startMs <= HOUR_MS) {
    return rowOfReadings(request, bounds, hours);
  }
  return request.parts === 'hours' ? rowOfHours(request, bounds, hours) : rowOfDays(request, calendar, bounds, hours);
}

function rowOfReadings(request: AggregateRequest, bounds: WindowBounds, panes: readonly Pane[]): AggregateRow {
  const { kind, expectEveryMs } = request.series;
  const pane = mergePanes(panes, bounds.startMs, bounds.endMs, expectEveryMs);
  const value = paneValue(kind, pane, request.counterMethod);
  const byTime = kind === 'counter' && request.counterMethod === 'interpolated';
  const coverage = byTime
    ? pane.increaseCoveredMs / (bounds.endMs - bounds.startMs)
    : Math.min(1, pane.coveredSlots / pane.expectedSlots);
  return {
    ...common(bounds, pane),
    value,
    min: known(pane.min),
    max: known(pane.max),
    validParts: pane.coveredSlots,
    expectedParts: pane.expectedSlots,
    coverage,
    valid: value !== null && (byTime ? coverage >= 0.75 : 4 * pane.coveredSlots >= 3 * pane.expectedSlots),
  };
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

function validity(window: WindowKind, validParts: number, expectedParts: number) {
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

function startOfFirst(request: AggregateRequest, calendar: Calendar): number {
  for (const { startMs } of windowsEndingIn(request.window, calendar, request.fromMs, request.toMs)) return startMs;
  return boundsAt(request.window, calendar, request.fromMs).startMs;
}

/** True when every hour of the request's calendar is an hour of the stored panes. */
function hoursAlign(request: AggregateRequest, calendar: Calendar): boolean {
  if (request.timeZone === request.storedTimeZone) return true;
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

/** Panes as hours of the calendar; quarter panes are merged. */
function toHours(panes: readonly Pane[], calendar: Calendar, expectEveryMs: number): readonly Pane[] {
  if (panes.every((pane) => pane.endMs - pane.startMs > HOUR_MS / 2)) return panes;
  const groups = Map.groupBy(panes, (pane) => calendar.hourStart(pane.startMs));
  return [...groups].map(([startMs, group]) => mergePanes(group, startMs, calendar.hourEnd(startMs), expectEveryMs));
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
