import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { personOf } from './people.ts';
import { errorSchema, meSchema } from './schemas.ts';

/** Who asks, and what they may: a page shows what can be done, and nothing else. */
export function meRoute(app: TypedServer): void {
  app.get(
    '/me',
    {
      schema: {
        summary: 'Who is logged in, with which role',
        tags: ['operations'],
        querystring: z.strictObject({}),
        response: { 200: meSchema, 400: errorSchema },
      },
    },
    async (request) => {
      const { name, role } = personOf(request);
      return { name, role };
    },
  );
}
