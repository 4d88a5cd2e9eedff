import * as z from 'zod';
import { csvText, isoTime } from '../../base/index.ts';
import type { Series } from '../../model/index.ts';
import type { StoredReading } from '../../store/index.ts';
import {
  type AggregateRequest,
  type AggregateRow,
  aggregatePlan,
  type PlanRequest,
  planNeed,
  type WindowPlan,
  type WindowStats,
} from '../../windows/index.ts';
import { aggregateRowBody, readingBody, seriesBody } from '../bodies.ts';
import {
  type AggregatesQuery,
  aggregatesQuery,
  checkMergeCount,
  checkPlanSize,
  checkRowCount,
  PART_MS,
  partsOf,
  planOf,
  seriesQuery,
  shapeOf,
} from './aggregate-query.ts';
import { checkDevice } from './catalogue.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { prefersCsv } from './csv.ts';
import { isRange, limitUpTo, RANGE_REFUSED } from './parameters.ts';
import { badParameter, HttpProblem } from './problems.ts';
import { type AggregateRowBody, type AggregatesBody, aggregatesSchema, errorSchema, readingSchema } from './schemas.ts';
import { statsOf, windowStatistics } from './window-statistics.ts';

const READINGS_PAGE_MAX = 10_000;
/** Readings read for windows of a minute: what fits in memory without harm to the live path. */
const READINGS_MAX = 500_000;

/** Routes of what was measured: aggregates, and the raw readings behind them. */
export function measurementRoutes(app: TypedServer, context: RouteContext): void {
  app.get(
    '/aggregates',
    {
      schema: {
        summary: 'Windows of a series whose end lies in (from, to]; CSV with Accept: text/csv',
        tags: ['measurements'],
        querystring: aggregatesQuery,
        response: {
          200: {
            description: 'Rows by time',
            content: { 'application/json': { schema: aggregatesSchema }, 'text/csv': { schema: z.string() } },
          },
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ query, headers }, reply) => {
      reply.header('vary', 'accept');
      const answer = await aggregates(context, query);
      if (!prefersCsv(headers.accept)) return reply.type('application/json; charset=utf-8').send(answer);
      return reply.type('text/csv; charset=utf-8; header=present').send(aggregatesCsv(answer));
    },
  );
  readingsRoute(app, context);
}

function readingsRoute(app: TypedServer, context: RouteContext): void {
  app.get(
    '/readings',
    {
      schema: {
        summary: 'Raw readings of a series in [from, to), oldest first',
        tags: ['measurements'],
        querystring: z
          .strictObject({ ...seriesQuery, limit: limitUpTo(READINGS_PAGE_MAX) })
          .refine(isRange, RANGE_REFUSED),
        response: {
          200: z.object({
            readings: z.array(readingSchema),
            next: z.string().nullable().describe('Pass as `from` to go on'),
          }),
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ query }) => {
      const series = await findSeries(context, query);
      const rows = await context.sources.store.readings(
        series.id,
        { fromMs: query.from, toMs: query.to },
        query.limit + 1,
      );
      const extra = rows[query.limit];
      return {
        readings: rows.slice(0, query.limit).map(readingBody),
        next: extra === undefined ? null : isoTime(extra.timeMs),
      };
    },
  );
}

async function aggregates(context: RouteContext, query: AggregatesQuery): Promise<AggregatesBody> {
  const { city, noise } = context.sources.config;
  const plan = planOf(query, noise);
  const common = {
    counterMethod: query.method ?? 'interpolated',
    fromMs: query.from,
    toMs: query.to,
    timeZone: query.tz ?? city.timeZone,
    storedTimeZone: city.timeZone,
  } as const;
  if (plan !== undefined) return planned(context, query, plan, common);
  const shape = shapeOf(query, noise);
  const parts = partsOf(query, shape);
  checkRowCount(shape, query.from, query.to);
  const series = await findSeries(context, query);
  const stats = query.stats === undefined ? undefined : statsOf(query.stats, series);
  if (query.stats === 'percentiles' && (shape.window === 'minute' || shape.window === 'quarter')) {
    throw badParameter('stats', query.stats, 'percentiles are of windows of an hour or longer');
  }
  const rows = await aggregateRows(context, { ...common, ...shape, parts, series });
  const bodies = rows.map(aggregateRowBody);
  const heading = { series: seriesBody(series), window: shape.window, of: parts, method: common.counterMethod };
  const answer = { ...heading, tz: common.timeZone, unit: series.unit, rows: bodies };
  if (stats === undefined) return answer;
  const ofWindows = await windowStatistics(context, series, shape, rows, stats);
  const isOnRow = query.stats === 'percentiles';
  return { ...answer, rows: bodies.map((body, index) => withStats(body, ofWindows[index]!, isOnRow)) };
}

/** Windows of windows. */
async function planned(
  context: RouteContext,
  query: AggregatesQuery,
  plan: WindowPlan,
  common: Omit<PlanRequest, 'series'>,
): Promise<AggregatesBody> {
  checkPlanSize(plan, query.from, query.to);
  const series = await findSeries(context, query);
  const request = { ...common, series };
  const { level, fromMs, toMs } = planNeed(plan, request);
  const panes = await context.sources.store.panes(series.id, level === 'hour' ? 'hour' : 'quarter', { fromMs, toMs });
  return {
    series: seriesBody(series),
    window: plan.steps.at(-1)?.window ?? plan.base.window,
    of: 'windows',
    ...(query.plan === undefined ? {} : { plan: query.plan }),
    method: common.counterMethod,
    tz: common.timeZone,
    unit: series.unit,
    rows: aggregatePlan(plan, request, panes).map(aggregateRowBody),
  };
}

/** @param isOnRow the levels exceeded stand on the row itself too, where `stats=percentiles` has always put them */
function withStats(body: AggregateRowBody, { stats, readings }: WindowStats, isOnRow: boolean): AggregateRowBody {
  const value = (stat: string) => stats[stat]?.value ?? null;
  const onRow = isOnRow ? { l10: value('l10'), l50: value('l50'), l90: value('l90') } : {};
  return { ...body, ...onRow, stats: { ...stats }, statsReadings: readings };
}

/** @throws HttpProblem 404 that tells an unknown device from one that does not measure this */
async function findSeries(
  context: RouteContext,
  query: { readonly device: string; readonly quantity: string; readonly channel?: string | undefined },
): Promise<Series> {
  const { device, quantity, channel = '' } = query;
  const all = await context.sources.store.series({ device });
  const found = all.find((series) => series.quantity === quantity && series.channel === channel);
  if (found !== undefined) return found;
  if (all.length === 0) await checkDevice(context, device);
  const known = all.map((series) =>
    series.channel === '' ? series.quantity : `${series.quantity} channel=${series.channel}`,
  );
  const wanted = channel === '' ? quantity : `${quantity} channel=${channel}`;
  throw new HttpProblem(
    404,
    'unknown_series',
    `cannot find the series ${wanted} of ${device}: it has ${known.join(', ') || 'none'}`,
  );
}

async function aggregateRows({ sources }: RouteContext, request: AggregateRequest): Promise<AggregateRow[]> {
  const { aggregateNeed, aggregatePanes, aggregateReadings, paneRuleOf } = sources.windows;
  const { series } = request;
  const { level, fromMs, toMs } = aggregateNeed(request);
  if (level === 'reading') {
    return aggregateReadings(request, await readingsOf(sources.store, series, fromMs, toMs), paneRuleOf(series));
  }
  checkMergeCount(request, PART_MS[level], request.fromMs, request.toMs);
  return aggregatePanes(request, await sources.store.panes(series.id, level, { fromMs, toMs }));
}

/** All readings of a range, or a refusal: an aggregate of a part of them would be wrong. */
async function readingsOf(
  store: RouteContext['sources']['store'],
  series: Series,
  fromMs: number,
  toMs: number,
): Promise<readonly StoredReading[]> {
  const rows = await store.readings(series.id, { fromMs, toMs }, READINGS_MAX + 1);
  if (rows.length <= READINGS_MAX) return rows;
  throw badParameter(
    'to',
    isoTime(toMs),
    `more than ${READINGS_MAX} readings lie behind this; ask for less time or for longer windows`,
  );
}

const CSV_COLUMNS = [
  'start',
  'end',
  'value',
  'min',
  'max',
  'first',
  'last',
  'count',
  'validParts',
  'expected',
  'coverage',
  'valid',
  'revision',
  'final',
] as const;

/** One line a window; what does not change stands in front, so that a file says what it is about. */
function aggregatesCsv({ series, window, unit, rows }: AggregatesBody): string {
  const hasLevels = rows.some((row) => row.l10 !== undefined);
  const columns = hasLevels ? ([...CSV_COLUMNS, 'l10', 'l50', 'l90'] as const) : CSV_COLUMNS;
  const stats = hasLevels ? [] : Object.keys(rows[0]?.stats ?? {});
  const same = [series.device, series.quantity, series.channel, unit, window];
  const statColumns = stats.flatMap((stat) => [stat, `${stat}Method`]);
  return csvText(
    ['device', 'quantity', 'channel', 'unit', 'window', ...columns, ...statColumns],
    rows.map((row) => [
      ...same,
      ...columns.map((column) => row[column]),
      ...stats.flatMap((stat) => [row.stats?.[stat]?.value, row.stats?.[stat]?.method]),
    ]),
  );
}
