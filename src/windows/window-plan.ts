import { type Calendar, calendarOf, exactSum } from '../base/index.ts';
import type { Pane, QuantityKind } from '../model/index.ts';
import {
  type AggregateNeed,
  type AggregateRequest,
  type AggregateRow,
  meanOfMeans,
  panesNeeded,
  partsNeeded,
} from './aggregate.ts';
import { percentileByRank } from './functions/index.ts';
import { isEmptyPane, mergePanes, summaryOfReadings } from './merge-panes.ts';
import { lowerBound } from './sorted-search.ts';
import { type WindowBounds, type WindowShape, windowsEndingIn } from './window-bounds.ts';

/*
 * Windows of windows. A plan is a list of steps; the windows of the first are made of readings (by way of panes), those of
 * each further step of the valid windows of the step before:
 *
 *   panes -> hour -> rolling-8h, mean, 6 of 8 -> day, max, 75 % of those that end in it     (2008/50/EC, ozone)
 *   panes -> rolling-1h every 15 min -> clock-02-05, min, 75 % of those inside              (minimum night flow)
 *
 * What is not valid at a step never reaches the next (KPI.md 6.2).
 */

/** How the values of parts become one: the mean of the quantity's kind, a plain mean, an extreme, a percentile. */
export const COMBINES = ['kind', 'mean', 'min', 'max', 'sum'] as const;
export type Combine = (typeof COMBINES)[number] | { readonly percentile: number };

/** Valid parts that a window needs to be valid itself. */
export type PartsNeed = { readonly count: number } | { readonly percent: number };

/**
 * Which windows of the step before are parts of a window: those that end in it (8-hour means are assigned to the day on
 * which they end, 2008/50/EC annex XI), or those that lie in it wholly.
 */
export type PartsAssigned = 'end' | 'within';

/** The first step of a plan: windows over readings, valid when 75 % of their slots have one. */
export type PlanBase = WindowShape;

/** A further step. */
export interface PlanStep extends WindowShape {
  readonly combine: Combine;
  /** The usual rule (75 %, 90 % for a year) when absent. */
  readonly need?: PartsNeed;
  readonly assigned: PartsAssigned;
}

export interface WindowPlan {
  readonly base: PlanBase;
  readonly steps: readonly PlanStep[];
}

/** 2008/50/EC annex XI: 8-hour means of valid hours, 6 of 8; a day's highest, 18 of 24. */
export const MAX_DAILY_8_HOUR_MEAN: WindowPlan = {
  base: { window: 'hour' },
  steps: [
    { window: 'rolling-8h', combine: 'kind', need: { count: 6 }, assigned: 'within' },
    { window: 'day', combine: 'max', need: { percent: 75 }, assigned: 'end' },
  ],
};

/** KPI.md 4.4: the lowest rolling hour between 02 and 05 local time, looked at every quarter of an hour. */
export const MINIMUM_NIGHT_HOUR: WindowPlan = {
  base: { window: 'rolling-1h', hopMs: 900_000 },
  steps: [{ window: 'clock-02-05', combine: 'min', need: { percent: 75 }, assigned: 'within' }],
};

/** What a plan is evaluated for; `window`, `hopMs` and `parts` of an aggregate come from the plan instead. */
export type PlanRequest = Omit<AggregateRequest, 'window' | 'hopMs' | 'periods' | 'parts'>;

/** The level of panes that answers, and the range of their starts. */
export function planNeed(plan: WindowPlan, request: PlanRequest): AggregateNeed {
  const calendar = calendarOf(request.timeZone);
  let { fromMs, toMs } = request;
  for (const step of plan.steps.toReversed()) {
    for (const { startMs } of windowsEndingIn(step, calendar, fromMs, toMs)) fromMs = Math.min(fromMs, startMs);
  }
  return panesNeeded(windowsEndingIn(plan.base, calendar, fromMs, toMs), { ...request, fromMs });
}

/**
 * Rows of the last step whose end lies in (fromMs, toMs], in order of time. `min` and `max` are those of the valid
 * parts, `count`, `first` and `last` of the readings within the bounds. Windows without any part that has a value give
 * no row.
 *
 * @param panes of the level and range that `planNeed` named, in order of time
 */
export function aggregatePlan(plan: WindowPlan, request: PlanRequest, panes: readonly Pane[]): AggregateRow[] {
  const evaluation: Evaluation = { plan, request, calendar: calendarOf(request.timeZone), ...heldPanes(panes) };
  const rows = valuesOf(evaluation, plan.steps.length, request.fromMs, request.toMs);
  return rows.filter((row) => row.hasParts).map(({ hasParts: _, ...row }) => row);
}

interface Evaluation {
  readonly plan: WindowPlan;
  readonly request: PlanRequest;
  readonly calendar: Calendar;
  readonly panes: readonly Pane[];
  readonly starts: readonly number[];
}

/** A row of any step; windows without data are there too, for they are expected. */
interface StepRow extends AggregateRow {
  readonly hasParts: boolean;
}

function heldPanes(panes: readonly Pane[]) {
  const held = panes.filter((pane) => !isEmptyPane(pane));
  return { panes: held, starts: held.map((pane) => pane.startMs) };
}

/** @param depth 0 for the base, n for the n-th step */
function valuesOf(evaluation: Evaluation, depth: number, fromMs: number, toMs: number): StepRow[] {
  const { plan, calendar } = evaluation;
  const step = depth === 0 ? undefined : plan.steps[depth - 1]!;
  const windows = [...windowsEndingIn(step ?? plan.base, calendar, fromMs, toMs)];
  if (step === undefined) return windows.map((bounds) => baseRow(evaluation, bounds));
  const firstMs = windows.reduce((least, { startMs }) => Math.min(least, startMs), fromMs);
  const parts = valuesOf(evaluation, depth - 1, firstMs, toMs);
  const ends = parts.map((part) => part.endMs);
  return windows.map((bounds) => {
    // Times are whole milliseconds: one later is the first end after the start.
    const ending = parts.slice(lowerBound(ends, bounds.startMs + 1), lowerBound(ends, bounds.endMs + 1));
    const mine = step.assigned === 'end' ? ending : ending.filter((part) => part.startMs >= bounds.startMs);
    return stepRow(evaluation, step, bounds, mine);
  });
}

function baseRow({ request, panes, starts }: Evaluation, bounds: WindowBounds): StepRow {
  const inside = panes.slice(lowerBound(starts, bounds.startMs), lowerBound(starts, bounds.endMs));
  const { pane, ...worth } = summaryOfReadings(request.series, request.counterMethod, bounds, inside);
  const extremes = { min: known(pane.min), max: known(pane.max) };
  return { ...ofPane(bounds, pane), ...extremes, ...worth, final: pane.final, hasParts: inside.length > 0 };
}

function stepRow(
  { request, panes, starts }: Evaluation,
  step: PlanStep,
  bounds: WindowBounds,
  parts: readonly StepRow[],
): StepRow {
  const values = parts.filter((part) => part.valid).map((part) => part.value ?? Number.NaN);
  const inside = panes.slice(lowerBound(starts, bounds.startMs), lowerBound(starts, bounds.endMs));
  const pane = mergePanes(inside, bounds.startMs, bounds.endMs, request.series.expectEveryMs);
  const withParts = parts.filter((part) => part.hasParts);
  return {
    ...ofPane(bounds, pane),
    value: combined(step.combine, request.series.kind, values),
    min: percentileOf(values, 0),
    max: percentileOf(values, 100),
    validParts: values.length,
    expectedParts: parts.length,
    coverage: parts.length === 0 ? 0 : values.length / parts.length,
    valid: values.length > 0 && values.length >= neededParts(step, parts.length),
    revision: withParts.reduce((total, part) => total + part.revision, 0),
    final: withParts.length > 0 && withParts.every((part) => part.final),
    hasParts: withParts.length > 0,
  };
}

function ofPane({ startMs, endMs }: WindowBounds, pane: Pane) {
  const { count, revision } = pane;
  return { startMs, endMs, count, revision, first: known(pane.first), last: known(pane.last) };
}

function neededParts({ window, need }: PlanStep, expectedParts: number): number {
  if (need === undefined) return partsNeeded(window, expectedParts);
  return 'count' in need ? need.count : Math.ceil((need.percent * expectedParts) / 100);
}

/** Null where there is no value. */
function combined(combine: Combine, kind: QuantityKind, values: readonly number[]): number | null {
  if (typeof combine === 'object') return percentileOf(values, combine.percentile);
  if (values.length === 0) return null;
  switch (combine) {
    case 'kind':
      return meanOfMeans(kind, values);
    case 'mean':
      return exactSum(values) / values.length;
    case 'sum':
      return exactSum(values);
    default:
      return percentileOf(values, combine === 'min' ? 0 : 100);
  }
}

function percentileOf(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return percentileByRank(sorted.length, (rank) => sorted[rank]!, percent);
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
