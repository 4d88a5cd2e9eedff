import * as z from 'zod';
import { DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from '../../base/index.ts';
import { qualityCounts, type Series, WINDOW_KINDS, type WindowKind } from '../../model/index.ts';
import { ReadingStatus, type StoredReading } from '../../store/index.ts';
import { AGGREGATE_PARTS, type AggregateRequest, type AggregateRow, COUNTER_METHODS } from '../../windows/index.ts';
import { aggregateRowBody, readingBody, seriesBody } from '../bodies.ts';
import { exceedanceLevels } from '../percentiles.ts';
import { isoTime } from '../times.ts';
import { checkDevice } from './catalogue.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { csvText, prefersCsv } from './csv.ts';
import { calendar, instant, isRange, limitUpTo, name, quantityId, RANGE_REFUSED } from './parameters.ts';
import { badParameter, HttpProblem } from './problems.ts';
import { type AggregateRowBody, type AggregatesBody, aggregatesSchema, errorSchema, readingSchema } from './schemas.ts';

const READINGS_PAGE_MAX = 10_000;
/** Windows answered at once, and readings read for them: what fits in memory without harm to the live path. */
const ROWS_MAX = 50_000;
const READINGS_MAX = 500_000;

/** Shortest distance between the starts of two windows, ms. */
const STEP_MS: Readonly<Record<WindowKind, number>> = {
  minute: MINUTE_MS,
  quarter: QUARTER_MS,
  hour: HOUR_MS,
  day: 23 * HOUR_MS,
  month: 28 * DAY_MS,
  year: 365 * DAY_MS,
  'rolling-1h': HOUR_MS,
  'rolling-8h': HOUR_MS,
  'rolling-24h': HOUR_MS,
  'rolling-7d': HOUR_MS,
  'rolling-365d': HOUR_MS,
};

const UP_TO_AN_HOUR: ReadonlySet<WindowKind> = new Set(['minute', 'quarter', 'hour', 'rolling-1h']);
const SHORTER_THAN_TWO_DAYS: ReadonlySet<WindowKind> = new Set([...UP_TO_AN_HOUR, 'rolling-8h', 'rolling-24h', 'day']);

const seriesQuery = { device: name, quantity: quantityId, channel: name.optional(), from: instant, to: instant };

const aggregatesQuery = z
  .strictObject({
    ...seriesQuery,
    window: z.enum(WINDOW_KINDS),
    of: z.enum(AGGREGATE_PARTS).optional().describe('Readings up to the hour, hours above, when absent'),
    method: z.enum(COUNTER_METHODS).optional().describe('For registers; interpolated when absent'),
    tz: calendar.optional().describe("UTC, IANA zone, +01:00, standard:Europe/Madrid; the city's when absent"),
    stats: z.enum(['percentiles']).optional().describe('Levels of an hour or longer: adds l10, l50, l90'),
  })
  .refine(isRange, RANGE_REFUSED);

type AggregatesQuery = z.output<typeof aggregatesQuery>;

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
  const request = checkedRequest(context, query);
  const series = await findSeries(context, query);
  if (query.stats !== undefined) checkPercentiles(series, query);
  const rows = await aggregateRows(context, { ...request, series });
  const bodies = rows.map(aggregateRowBody);
  return {
    series: seriesBody(series),
    window: request.window,
    of: request.parts,
    method: request.counterMethod,
    tz: request.timeZone,
    unit: series.unit,
    rows: query.stats === undefined ? bodies : await withPercentiles(context, series, rows, bodies),
  };
}

function checkedRequest(context: RouteContext, query: AggregatesQuery): Omit<AggregateRequest, 'series'> {
  const { window, from, to } = query;
  const cityZone = context.sources.config.city.timeZone;
  const parts = query.of ?? (UP_TO_AN_HOUR.has(window) ? 'readings' : 'hours');
  if (parts !== 'readings' && UP_TO_AN_HOUR.has(window))
    throw badParameter('of', parts, `a window of one ${window} is made of readings`);
  if (parts === 'days' && SHORTER_THAN_TWO_DAYS.has(window))
    throw badParameter('of', parts, `a ${window} window is made of readings or hours`);
  const rowCount = Math.ceil((to - from) / STEP_MS[window]);
  if (rowCount > ROWS_MAX) {
    throw badParameter(
      'to',
      isoTime(to),
      `about ${rowCount} windows lie between from and to, at most ${ROWS_MAX} are answered at once`,
    );
  }
  return {
    window,
    parts,
    counterMethod: query.method ?? 'interpolated',
    fromMs: from,
    toMs: to,
    timeZone: query.tz ?? cityZone,
    storedTimeZone: cityZone,
  };
}

function checkPercentiles(series: Series, query: AggregatesQuery): void {
  if (series.kind !== 'level')
    throw badParameter('stats', query.stats, `${series.quantity} is a ${series.kind}; percentiles are of levels`);
  if (query.window === 'minute' || query.window === 'quarter') {
    throw badParameter('stats', query.stats, 'percentiles are of windows of an hour or longer');
  }
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
  const { aggregateNeed, aggregatePanes, aggregateReadings } = sources.windows;
  const { level, fromMs, toMs } = aggregateNeed(request);
  if (level !== 'reading')
    return aggregatePanes(request, await sources.store.panes(request.series.id, level, { fromMs, toMs }));
  return aggregateReadings(request, await readingsOf(sources.store, request.series, fromMs, toMs));
}

/**
 * All readings of a range that are in live windows (late-filed ones enter by a job), or a refusal: an aggregate of a
 * part of them would be wrong.
 */
async function readingsOf(
  store: RouteContext['sources']['store'],
  series: Series,
  fromMs: number,
  toMs: number,
): Promise<StoredReading[]> {
  const rows = await store.readings(series.id, { fromMs, toMs }, READINGS_MAX + 1);
  if (rows.length > READINGS_MAX) {
    throw badParameter(
      'to',
      isoTime(toMs),
      `more than ${READINGS_MAX} readings lie behind this; ask for less time or for longer windows`,
    );
  }
  return rows.filter((row) => row.status !== ReadingStatus.lateFiled);
}

async function withPercentiles(
  { sources }: RouteContext,
  series: Series,
  rows: readonly AggregateRow[],
  bodies: readonly AggregateRowBody[],
): Promise<AggregateRowBody[]> {
  if (rows.length === 0) return [];
  const fromMs = Math.min(...rows.map((row) => row.startMs));
  const toMs = Math.max(...rows.map((row) => row.endMs));
  const readings = await readingsOf(sources.store, series, fromMs, toMs);
  const counting = readings.filter(({ quality, value }) => qualityCounts(quality) && Number.isFinite(value));
  return bodies.map((body, index) => {
    const row = rows[index]!;
    const levels = counting
      .slice(firstAt(counting, row.startMs), firstAt(counting, row.endMs))
      .map(({ value }) => value);
    const [l10, l50, l90] = exceedanceLevels(levels, [10, 50, 90]) as [number | null, number | null, number | null];
    return { ...body, l10, l50, l90 };
  });
}

/** Index of the first reading at or after a time, by halving. */
function firstAt(readings: readonly StoredReading[], timeMs: number): number {
  let low = 0;
  let high = readings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readings[middle]!.timeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
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
  const columns = rows.some((row) => row.l10 !== undefined)
    ? ([...CSV_COLUMNS, 'l10', 'l50', 'l90'] as const)
    : CSV_COLUMNS;
  const same = [series.device, series.quantity, series.channel, unit, window];
  return csvText(
    ['device', 'quantity', 'channel', 'unit', 'window', ...columns],
    rows.map((row) => [...same, ...columns.map((column) => row[column])]),
  );
}
