import * as z from 'zod';
import { isoTime } from '../../base/index.ts';
import type { U4sscKpi, U4sscNumber, U4sscScore, U4sscState } from '../../kpis/index.ts';
import { CITY_FACTS, type FactsInForce } from '../../model/index.ts';
import { factsNowMs, type RouteContext, type TypedServer } from './context.ts';
import { errorSchema, type U4sscBody, type U4sscKpiBody, u4sscSchema } from './schemas.ts';

/** The route of the KPIs of U4SSC. */
export function u4sscRoute(app: TypedServer, context: RouteContext): void {
  const { sources, latest } = context;
  const { config, kpis: infos, u4ssc } = sources;
  const city = config.city.id;
  app.get(
    '/u4ssc',
    {
      schema: {
        summary: 'The 91 KPIs of U4SSC: how the city stands to each, with points and scores',
        tags: ['kpis'],
        querystring: z.strictObject({}),
        response: { 200: u4sscSchema, 400: errorSchema },
      },
    },
    async (): Promise<U4sscBody> => {
      const nowMs = factsNowMs(context);
      const overview = u4ssc.overview(u4ssc.kpis, {
        values: (await latest.kpis()).filter(({ zone }) => zone === city),
        infos,
        reported: config.reported,
        targets: config.targets,
        factsAt: (factsAtMs) => sources.facts(city, factsAtMs),
        nowMs,
      });
      const inForce = sources.facts(city, nowMs);
      return {
        kpis: overview.kpis.map((state) => kpiBody(state, inForce)),
        scores: overview.scores.map(({ subDimensions, ...dimension }) => ({
          ...scoreBody(dimension),
          subDimensions: subDimensions.map(({ categories, ...subDimension }) => ({
            ...scoreBody(subDimension),
            categories: categories.map(scoreBody),
          })),
        })),
      };
    },
  );
}

function kpiBody({ kpi, numbers, reported }: U4sscState, inForce: FactsInForce): U4sscKpiBody {
  const { code, alsoListedAs, name, dimension, subDimension, category, level, unit, definition, standing, part } = kpi;
  return {
    ...{ code, alsoListedAs, name, dimension, subDimension, category, level, unit, definition, standing, part },
    facts: kpi.facts.map((id) => {
      const fact = inForce(id);
      return { id, title: CITY_FACTS.get(id)?.title ?? '', value: fact?.value ?? null, quality: fact?.quality ?? null };
    }),
    numbers: numbers.map((number, index) => numberBody(number, kpi.series[index])),
    reported: reported.map(({ kpi: _code, series, ...entry }) => ({ ...entry, series: series ?? '' })),
  };
}

function numberBody(
  number: U4sscNumber,
  series: U4sscKpi['series'][number] | undefined,
): U4sscKpiBody['numbers'][number] {
  const { startMs, endMs, ...rest } = number;
  return {
    ...rest,
    kpis: [...(series?.kpis ?? [])],
    start: startMs === null ? null : isoTime(startMs),
    end: endMs === null ? null : isoTime(endMs),
  };
}

function scoreBody({ name, score, points, scoredCount, excludedCount }: U4sscScore) {
  return {
    name,
    percent: score?.percent ?? null,
    band: score?.band ?? null,
    points,
    scored: scoredCount,
    excluded: excludedCount,
  };
}
