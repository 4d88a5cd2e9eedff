import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { type Orders, orderAnswer, orderResponses } from './orders.ts';
import { personOf } from './people.ts';

const PATH_CHARACTERS_MAX = 1024;
const COLUMNS_CHARACTERS_MAX = 4096;
const columns = z
  .string()
  .max(COLUMNS_CHARACTERS_MAX, `at most ${COLUMNS_CHARACTERS_MAX} characters`)
  .regex(/^[^=,]+=[^=,]+(?:,[^=,]+=[^=,]+)*$/, 'write field=column, several with commas')
  .transform((text) => Object.fromEntries(text.split(',').map((pair) => pair.split('='))) as Record<string, string>);

/** What was measured elsewhere, or before. */
export function importOrderRoute(app: TypedServer, orders: Orders): void {
  app.post(
    '/imports',
    {
      schema: {
        summary: 'Takes in a CSV or Parquet file of readings from the folder of imports',
        description: `Needs the header ${ORDER_HEADER}, with any value. \`columns\` is \`field=column\`, several with commas.`,
        tags: ['operations'],
        querystring: z.strictObject({ file: z.string().min(1).max(PATH_CHARACTERS_MAX), columns: columns.default({}) }),
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const order = orders.importFile(request.query, personOf(request));
      return reply.code(202).send(await orderAnswer(order));
    },
  );
}
