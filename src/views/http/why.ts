import * as z from 'zod';
import { HOUR_MS, isoTime } from '../../base/index.ts';
import type { ExplainedDevice, KpiQuestion } from '../../kpis/index.ts';
import { KPI_WINDOW_KINDS, type KpiValue, saysTheSame } from '../../model/index.ts';
import { kpiBodies } from '../bodies.ts';
import { isoOrNull } from '../times.ts';
import type { WhyAnswer } from '../views.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { checkZone, infoBodies } from './kpis.ts';
import { instant, limitUpTo, name, wholeNumber } from './parameters.ts';
import { badParameter, HttpProblem, unknownName } from './problems.ts';
import { errorSchema, type KpiInfoBody, type WhyBody, whySchema } from './schemas.ts';

const DEVICES_MAX = 1_000;
const DEVICES_USUAL = 200;

/** `GET /kpis/{id}/why`: how a value came about. */
export function whyRoute(app: TypedServer, context: RouteContext): void {
  const { sources } = context;
  app.get(
    '/kpis/:id/why',
    {
      schema: {
        summary: 'How a value came about: formula, devices with weights, what is left out and why, facts, revisions',
        tags: ['kpis'],
        params: z.object({ id: z.string() }),
        querystring: z.strictObject({
          zone: name.describe('Zone id, city id, or device:<id>'),
          window: z.enum(KPI_WINDOW_KINDS).optional().describe('That of the KPI'),
          at: instant
            .optional()
            .describe(
              'An instant in the window, of rolling ones in the last hour or day; the newest window when absent',
            ),
          limit: limitUpTo(DEVICES_MAX, DEVICES_USUAL),
          offset: wholeNumber.optional().describe('First row of the lists of devices'),
        }),
        response: { 200: whySchema, 400: errorSchema, 404: errorSchema, 503: errorSchema },
      },
    },
    async ({ params, query }) => {
      const infos = infoBodies(context);
      const kpi = infos.get(params.id);
      if (kpi === undefined) throw unknownName('kpi', params.id, [...infos.keys()]);
      if (query.window !== undefined && query.window !== kpi.window) {
        throw badParameter('window', query.window, `${kpi.id} is of the window ${kpi.window}`);
      }
      await checkZone(context, query.zone);
      const atMs = query.at ?? (await newestAtMs(context, kpi.id, query.zone));
      const offset = query.offset ?? 0;
      const question = { kpi: kpi.id, scope: query.zone, atMs, offset, limit: query.limit } satisfies KpiQuestion;
      const answer = await sources.why(question);
      if (answer === undefined) throw new HttpProblem(404, 'no_value', 'cannot explain a value: there are none yet');
      checkBegun(context, answer, query.at);
      return whyBody(context, kpi, answer, question);
    },
  );
}

/** The last instant of the newest window that was published; undefined when nothing was. */
async function newestAtMs({ latest }: RouteContext, kpi: string, zone: string): Promise<number | undefined> {
  const known = (await latest.kpis()).find((value) => value.kpi === kpi && value.zone === zone);
  return known === undefined ? undefined : known.endMs - 1;
}

/** A window that has not begun, or a rolling one whose last hour has not, has nothing to take apart. */
function checkBegun({ sources }: RouteContext, { explanation }: WhyAnswer, atMs: number | undefined): void {
  const { nowMs } = sources.engineStanding();
  const { startMs, endMs, window } = explanation;
  const isAhead = startMs > nowMs || (window.startsWith('rolling-') && endMs - HOUR_MS > nowMs);
  if (atMs === undefined || atMs <= nowMs || !isAhead) return;
  throw badParameter('at', isoTime(atMs), `readings have come up to ${isoTime(nowMs)}, before the window begins`);
}

function whyBody(context: RouteContext, kpi: KpiInfoBody, answer: WhyAnswer, question: KpiQuestion): WhyBody {
  const { explanation, revisions } = answer;
  const { placementOf, sources } = context;
  const bodyOf = kpiBodies(sources);
  const published = revisions.at(-1);
  const recomputed = { ...explanation.value, revision: published?.revision ?? 0, ...reasonOf(published) };
  const deviceOf = (row: ExplainedDevice) => ({
    ...row,
    name: placementOf(row.device).name,
    amounts: { ...row.amounts },
  });
  const last = question.offset + question.limit;
  return {
    ...{ kpi, zone: explanation.scope, start: isoTime(explanation.startMs), end: isoTime(explanation.endMs) },
    published: published === undefined ? null : bodyOf(published),
    recomputed: bodyOf(recomputed),
    equal: published === undefined ? null : saysTheSame(published, recomputed),
    formula: { method: kpi.method, completeness: kpi.completeness, spatial: kpi.spatial, source: kpi.source },
    whole: { ...explanation.whole, amounts: { ...explanation.whole.amounts } },
    zones: explanation.zones.map((zone) => ({ ...zone, amounts: { ...zone.amounts } })),
    devices: explanation.used.map(deviceOf),
    deviceCount: explanation.usedCount,
    leftOut: explanation.leftOut.map(deviceOf),
    leftOutCount: explanation.leftOutCount,
    facts: explanation.facts.map(({ fromMs, ...fact }) => ({ ...fact, since: isoOrNull(fromMs) })),
    days: daysBody(explanation.days),
    revisions: revisions.map((value, index) => ({
      ...{ revision: value.revision, reason: value.reason ?? null, before: revisions[index - 1]?.value ?? null },
      ...{ value: value.value, valid: value.valid, final: value.final, watermark: isoOrNull(value.watermarkMs) },
    })),
    next: last < Math.max(explanation.usedCount, explanation.leftOutCount) ? String(last) : null,
  };
}

function daysBody(days: WhyAnswer['explanation']['days']): WhyBody['days'] {
  if (days === null) return null;
  return {
    ...{ of: days.of, level: days.level, ended: days.endedCount, expected: days.windowCount },
    ...{ subjects: days.subjectCount, listed: days.subjectsListed },
    list: days.list.map(({ startMs, value, saidCount, validCount }) => {
      return { start: isoTime(startMs), value, said: saidCount, valid: validCount };
    }),
  };
}

function reasonOf(published: KpiValue | undefined): Pick<KpiValue, 'reason'> {
  return published?.reason === undefined ? {} : { reason: published.reason };
}
