import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { type Orders, orderBody, taken } from './orders.ts';
import { limitUpTo, name } from './parameters.ts';
import { personOf } from './people.ts';
import { HttpProblem } from './problems.ts';
import { errorSchema, JOB_STATES, jobSchema } from './schemas.ts';

const JOBS_PAGE_MAX = 1_000;

/** What outlives a request: all orders, what became of them, and how they are ended or run again. */
export function jobRoutes(app: TypedServer, orders: Orders): void {
  app.get(
    '/jobs',
    {
      schema: {
        summary: 'Jobs, newest first, and how far they are',
        description: 'With `state=failed`: those that failed for good.',
        tags: ['operations'],
        querystring: z.strictObject({
          id: name.optional().describe('Only this one, if it is listed'),
          kind: name.optional(),
          state: z.enum(JOB_STATES, `write one of ${JOB_STATES.join(', ')}`).optional(),
          limit: limitUpTo(JOBS_PAGE_MAX, 20),
        }),
        response: { 200: z.object({ jobs: z.array(jobSchema) }), 400: errorSchema },
      },
    },
    async ({ query }) => ({ jobs: (await orders.list(query)).map(orderBody) }),
  );
  app.post(
    '/jobs/cancel',
    {
      schema: {
        summary: 'Cancels a job: one that waits never starts, one that runs is stopped',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: z.strictObject({ id: name }),
        response: { 202: z.object({ order: jobSchema }), 400: errorSchema, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.query;
      const order = known(id, await orders.cancel(id, personOf(request)));
      return reply.code(202).send({ order: orderBody(order) });
    },
  );
  app.post(
    '/jobs/retry',
    {
      schema: {
        summary: 'Runs a job again that failed or was cancelled: with the same input, from where it was',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: z.strictObject({ id: name }),
        response: {
          202: z.object({ order: jobSchema }),
          400: errorSchema,
          404: errorSchema,
          409: errorSchema,
          503: errorSchema,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.query;
      const order = known(id, await taken(orders.retry(id, personOf(request))));
      return reply.code(202).send({ order: orderBody(order) });
    },
  );
}

function known<State>(id: string, order: State | undefined): State {
  if (order === undefined) throw new HttpProblem(404, 'job_unknown', `there is no job ${id}`);
  return order;
}
