import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { type Orders, orderAnswer, orderResponses } from './orders.ts';
import { instant, isRange, name, RANGE_REFUSED } from './parameters.ts';
import { personOf } from './people.ts';

/** What is stored of hours, against what their readings say. */
export function recomputeOrderRoute(app: TypedServer, orders: Orders): void {
  app.post(
    '/recomputes',
    {
      schema: {
        summary: 'Makes the panes of whole local days from the stored readings again; what differs becomes a revision',
        description: `Needs the header ${ORDER_HEADER}, with any value. With \`mode=check\` nothing is changed.`,
        tags: ['operations'],
        querystring: z
          .strictObject({
            from: instant,
            to: instant,
            device: name.optional(),
            mode: z.enum(['check', 'repair'], 'write check or repair').default('repair'),
          })
          .refine(isRange, RANGE_REFUSED),
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const { from: fromMs, to: toMs, device, mode } = request.query;
      const order = { fromMs, toMs, mode, ...(device === undefined ? {} : { device }) };
      return reply.code(202).send(await orderAnswer(orders.recompute(order, personOf(request))));
    },
  );
}
