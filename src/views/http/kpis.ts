import * as z from 'zod';
import { isoTime } from '../../base/index.ts';
import { KPI_WINDOW_KINDS, type KpiValue, qualityWith } from '../../model/index.ts';
import { kpiBodies, kpiInfoBody } from '../bodies.ts';
import { checkDevice } from './catalogue.ts';
import { factsNowMs, type RouteContext, type TypedServer } from './context.ts';
import { instant, isRange, limitUpTo, name, RANGE_REFUSED } from './parameters.ts';
import { badParameter, unknownName } from './problems.ts';
import { errorSchema, type KpiInfoBody, kpiInfoSchema, kpiValueSchema } from './schemas.ts';

const VALUES_MAX = 50_000;

/** Routes of KPI definitions and values. */
export function kpiRoutes(app: TypedServer, context: RouteContext): void {
  const { sources, latest } = context;
  const bodyOf = kpiBodies(sources);
  app.get(
    '/kpis',
    {
      schema: {
        summary: 'Every KPI, and the newest value of each zone and window',
        tags: ['kpis'],
        querystring: z.strictObject({
          zone: name.optional().describe('Only values of this zone, city or device:<id>'),
        }),
        response: {
          200: z.object({ kpis: z.array(kpiInfoSchema), latest: z.array(kpiValueSchema) }),
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ query: { zone } }) => {
      if (zone !== undefined) await checkZone(context, zone);
      const values = await latest.kpis();
      return {
        kpis: [...infoBodies(context).values()],
        latest: values.filter((value) => zone === undefined || value.zone === zone).map(bodyOf),
      };
    },
  );
  historyRoute(app, context);
}

/** What is said of every KPI now, by id. */
export function infoBodies(context: RouteContext): ReadonlyMap<string, KpiInfoBody> {
  const { config, kpis, facts } = context.sources;
  const inForce = facts(config.city.id, factsNowMs(context));
  return new Map(
    kpis.map((info) => [info.id, kpiInfoBody(info, config.targets[info.id], qualityWith(info.facts ?? [], inForce))]),
  );
}

function historyRoute(app: TypedServer, context: RouteContext): void {
  const { sources } = context;
  const bodyOf = kpiBodies(sources);
  app.get(
    '/kpis/:id',
    {
      schema: {
        summary: 'The history of a KPI: windows that start in [from, to)',
        tags: ['kpis'],
        params: z.object({ id: z.string() }),
        querystring: z
          .strictObject({
            zone: name.optional().describe('Zone id, city id, or device:<id>; every zone when absent'),
            window: z.enum(KPI_WINDOW_KINDS).optional(),
            from: instant,
            to: instant,
            revisions: z.enum(['all', 'newest']).optional(),
            limit: limitUpTo(VALUES_MAX, 10_000),
          })
          .refine(isRange, RANGE_REFUSED),
        response: {
          200: z.object({
            kpi: kpiInfoSchema,
            values: z.array(kpiValueSchema),
            next: z.string().nullable().describe('Pass as `from` to go on'),
          }),
          400: errorSchema,
          404: errorSchema,
        },
      },
    },
    async ({ params, query }) => {
      const infos = infoBodies(context);
      const kpi = infos.get(params.id);
      if (kpi === undefined) throw unknownName('kpi', params.id, [...infos.keys()]);
      const { zone, window, revisions, limit } = query;
      if (zone !== undefined) await checkZone(context, zone);
      const rows = await sources.store.kpis({
        kpi: kpi.id,
        fromMs: query.from,
        toMs: query.to,
        allRevisions: revisions === 'all',
        limit: limit + 1,
        ...(zone === undefined ? {} : { zone }),
        ...(window === undefined ? {} : { window }),
      });
      const { page, nextMs } = wholeWindows(rows, limit);
      return { kpi, values: page.map(bodyOf), next: nextMs === null ? null : isoTime(nextMs) };
    },
  );
}

/** Cuts a page between two starts, so that going on from `nextMs` neither repeats nor leaves out a value. */
function wholeWindows(rows: readonly KpiValue[], limit: number): { page: readonly KpiValue[]; nextMs: number | null } {
  const extra = rows[limit];
  if (extra === undefined) return { page: rows, nextMs: null };
  const page = rows.filter((row) => row.startMs < extra.startMs);
  if (page.length > 0) return { page, nextMs: extra.startMs };
  throw badParameter(
    'limit',
    limit,
    'more values than that start at one instant; raise it or name a zone and a window',
  );
}

/** @throws HttpProblem 404 when there is no such zone, city or device */
export async function checkZone(context: RouteContext, zone: string): Promise<void> {
  const { city, zones } = context.sources.config;
  if (zone.startsWith('device:')) return checkDevice(context, zone.slice('device:'.length));
  const known = [city.id, ...zones.map(({ id }) => id)];
  if (!known.includes(zone)) throw unknownName('zone', zone, known);
}
