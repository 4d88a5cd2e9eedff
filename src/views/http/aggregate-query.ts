import * as z from 'zod';
import { DAY_MS, HOUR_MS, isoTime, MINUTE_MS, QUARTER_MS } from '../../base/index.ts';
import { WINDOW_KINDS } from '../../model/index.ts';
import {
  AGGREGATE_PARTS,
  COUNTER_METHODS,
  type DayPeriods,
  PLAN_ALLOWED,
  parseHop,
  parsePlan,
  parseWindow,
  rollingLengthMs,
  type WindowPlan,
  type WindowShape,
  windowLengthMs,
  windowStepMs,
} from '../../windows/index.ts';
import { calendar, instant, isRange, name, quantityId, RANGE_REFUSED } from './parameters.ts';
import { badParameter } from './problems.ts';

/*
 * What may be asked of /aggregates, and how much at once: what fits in memory, and in a moment of the thread that also
 * serves the broker.
 */

/** Windows answered at once, at every step of a plan. */
export const ROWS_MAX = 50_000;
/** Panes, or cells of statistics, that are merged into all windows together: about a second of work. */
export const MERGES_MAX = 5_000_000;

/** What names a series and a range of time. */
export const seriesQuery = {
  device: name,
  quantity: quantityId,
  channel: name.optional(),
  from: instant,
  to: instant,
};

const WINDOWS_ALLOWED = `known: ${WINDOW_KINDS.join(', ')}; rolling-<n>m|h|d in steps of 15 min; clock-HH-HH`;

/** What `parseWindow` reads besides the named kinds, for the document of the API. */
const WINDOW_TEXT_PATTERN = '^(rolling-[1-9][0-9]*[mhd]|clock-[0-2][0-9]-[0-2][0-9])$';

const windowText = z
  .string()
  .transform((text, context) => {
    const window = parseWindow(text);
    if (window !== undefined) return window;
    context.addIssue({ code: 'custom', message: WINDOWS_ALLOWED });
    return z.NEVER;
  })
  .meta({
    description: `Windows, unless a plan names them; ${WINDOWS_ALLOWED}`,
    anyOf: [{ enum: [...WINDOW_KINDS] }, { pattern: WINDOW_TEXT_PATTERN }],
  });

const hop = z
  .string()
  .transform((text, context) => {
    const hopMs = parseHop(text);
    if (hopMs !== undefined) return hopMs;
    context.addIssue({ code: 'custom', message: 'write a multiple of 15 min up to a year, such as 15m, 1h or 1d' });
    return z.NEVER;
  })
  .meta({ description: 'Rolling windows: distance between two ends, such as 15m; 1h when absent' });

const planText = z
  .string()
  .refine((text) => parsePlan(text) !== undefined, { error: PLAN_ALLOWED })
  .meta({ description: `Windows of windows instead of window: ${PLAN_ALLOWED}` });

/** The parameters of /aggregates. */
export const aggregatesQuery = z
  .strictObject({
    ...seriesQuery,
    window: windowText.optional(),
    hop: hop.optional(),
    plan: planText.optional(),
    of: z.enum(AGGREGATE_PARTS).optional().describe('Readings up to the hour, hours above, when absent'),
    method: z.enum(COUNTER_METHODS).optional().describe('For registers; interpolated when absent'),
    tz: calendar.optional().describe("UTC, IANA zone, +01:00, standard:Europe/Madrid; the city's when absent"),
    stats: z
      .string()
      .max(200)
      .optional()
      .describe('List of p01 to p99, l01 to l99, lmax, sd, twa; or percentiles, for l10, l50, l90'),
  })
  .refine(isRange, RANGE_REFUSED)
  .refine(({ window, plan }) => (window === undefined) !== (plan === undefined), {
    error: `name either window or plan; ${WINDOWS_ALLOWED}`,
    path: ['window'],
  });

export type AggregatesQuery = z.output<typeof aggregatesQuery>;

/** The plan that a query names, with the city's hours of day, evening and night; undefined for a plain window. */
export function planOf(query: AggregatesQuery, periods: DayPeriods): WindowPlan | undefined {
  if (query.plan === undefined) return undefined;
  const conflict = (['of', 'hop', 'stats'] as const).find((key) => query[key] !== undefined);
  if (conflict !== undefined) {
    throw badParameter(conflict, String(query[conflict]), 'a plan says itself what its windows are made of');
  }
  return parsePlan(query.plan, periods);
}

/** The windows that a query without a plan names. */
export function shapeOf({ window = 'hour', hop: hopMs }: AggregatesQuery, periods: DayPeriods): WindowShape {
  if (hopMs === undefined) return { window, periods };
  if (rollingLengthMs(window) === undefined) throw badParameter('hop', `${hopMs} ms`, `${window} windows do not roll`);
  return { window, periods, hopMs };
}

/** What the windows of a query are made of. */
export function partsOf({ of: parts }: AggregatesQuery, shape: WindowShape): (typeof AGGREGATE_PARTS)[number] {
  const lengthMs = windowLengthMs(shape);
  if (parts === undefined) return lengthMs > HOUR_MS ? 'hours' : 'readings';
  if (parts !== 'readings' && lengthMs <= HOUR_MS)
    throw badParameter('of', parts, `a window of one ${shape.window} is made of readings`);
  if (parts === 'days' && lengthMs < 2 * DAY_MS)
    throw badParameter('of', parts, `a ${shape.window} window is made of readings or hours`);
  return parts;
}

/** Refuses what is too much at once, by how many windows lie in the range. */
export function checkRowCount(shape: WindowShape, fromMs: number, toMs: number): void {
  const rowCount = Math.ceil((toMs - fromMs) / windowStepMs(shape));
  if (rowCount <= ROWS_MAX) return;
  throw badParameter(
    'to',
    isoTime(toMs),
    `about ${rowCount} windows lie between from and to, at most ${ROWS_MAX} are answered at once`,
  );
}

/** Refuses what is too much work at once: windows times what each is merged of. */
export function checkMergeCount(shape: WindowShape, partMs: number, fromMs: number, toMs: number): void {
  const rowCount = (toMs - fromMs) / windowStepMs(shape);
  const mergeCount = Math.ceil(rowCount * Math.max(1, windowLengthMs(shape) / partMs));
  if (mergeCount <= MERGES_MAX) return;
  throw badParameter(
    'to',
    isoTime(toMs),
    `windows of ${shape.window} this close are made of ${mergeCount} parts, at most ${MERGES_MAX} are merged at once; ` +
      'ask for less time or a longer hop',
  );
}

/** The same bounds for every step of a plan, from the last, whose windows reach back to those of the step before. */
export function checkPlanSize({ base, steps }: WindowPlan, fromMs: number, toMs: number): void {
  const shapes: readonly WindowShape[] = [base, ...steps];
  let startMs = fromMs;
  for (const [depth, shape] of [...shapes.entries()].reverse()) {
    const below = shapes[depth - 1];
    checkRowCount(shape, startMs, toMs);
    checkMergeCount(shape, below === undefined ? QUARTER_MS : windowStepMs(below), startMs, toMs);
    startMs -= windowLengthMs(shape);
  }
}

/** Length of the stored panes of a level, ms. */
export const PART_MS = { reading: MINUTE_MS, quarter: QUARTER_MS, hour: HOUR_MS, day: DAY_MS } as const;
