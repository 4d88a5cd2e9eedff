import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { type Orders, orderAnswer, orderResponses } from './orders.ts';
import { duration, instant, isRange, name, number, RANGE_REFUSED, share } from './parameters.ts';
import { personOf } from './people.ts';

/** A definition has a title, a few inputs and an expression of at most 500 characters. */
const DEFINITION_BYTES_MAX = 64 * 1024;

/** A parameter that may be there several times. */
const names = z
  .union([name, z.array(name)])
  .default([])
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .meta({ description: 'Zone id, city id or device:<id>; several times for several' });

const trialQuery = z
  .strictObject({
    kpi: name.optional().describe('Id of a known KPI, or one of those that the definition in the body makes'),
    zone: names,
    from: instant,
    to: instant,
  })
  .refine(isRange, RANGE_REFUSED);

const alarmQuery = z
  .strictObject({
    kpi: name,
    zone: name,
    condition: z.enum(['above', 'below']),
    threshold: number,
    clear: number.optional().describe('Value at which it clears; the threshold when absent'),
    holdFor: duration.default(0).describe('Event time that the condition must hold; 0s when absent'),
    clearFor: duration.default(0).describe('Event time that values must be back; 0s when absent'),
    coverage: share.default(1).describe('Values with less of their expected parts are left out; 1 when absent'),
    from: instant,
    to: instant,
  })
  .refine(isRange, RANGE_REFUSED);

/** Orders of admins that look at history and change nothing: a KPI, or an alarm rule, is tried on it. */
export function trialOrderRoutes(app: TypedServer, orders: Orders): void {
  app.post(
    '/kpi-trials',
    {
      bodyLimit: DEFINITION_BYTES_MAX,
      schema: {
        summary: 'Computes a KPI over stored hours, for windows that end in (from, to]',
        description: `Needs the header ${ORDER_HEADER}, with any value. The body is a definition as in \`kpis\` of city.yaml, as JSON, or absent.`,
        tags: ['operations'],
        querystring: trialQuery,
        body: z.unknown(),
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const { kpi, zone: scopes, from: fromMs, to: toMs } = request.query;
      const definition = request.body ?? undefined;
      const asked = { fromMs, toMs, scopes, definition, ...(kpi === undefined ? {} : { kpi }) };
      return reply.code(202).send(await orderAnswer(orders.tryKpi(asked, personOf(request))));
    },
  );
  app.post(
    '/alarm-evaluations',
    {
      schema: {
        summary: 'Tells when an alarm rule would have fired on the published values of windows that end in (from, to]',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: alarmQuery,
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const {
        from,
        to,
        clear,
        holdFor: holdForMs,
        clearFor: clearForMs,
        coverage: coverageMin,
        ...rule
      } = request.query;
      const times = { fromMs: from, toMs: to, holdForMs, clearForMs };
      const asked = { ...rule, ...times, coverageMin, ...(clear === undefined ? {} : { clearThreshold: clear }) };
      return reply.code(202).send(await orderAnswer(orders.evaluateAlarm(asked, personOf(request))));
    },
  );
}
