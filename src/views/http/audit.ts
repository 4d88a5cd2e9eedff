import * as z from 'zod';
import type { TypedServer } from './context.ts';
import { limitUpTo } from './parameters.ts';
import type { PeopleOptions } from './people.ts';
import { errorSchema } from './schemas.ts';

const LINES_MAX = 10_000;

const lineSchema = z.object({
  at: z.string(),
  kind: z.string(),
  who: z.string(),
  by: z.string(),
  address: z.string().optional(),
  cause: z.string().optional(),
  count: z.number().optional().describe('How often, since the line before that says the same; absent: once'),
});

/** Who logged in, who was refused, what was changed. */
export function auditRoute(app: TypedServer, { readAudit }: PeopleOptions): void {
  app.get(
    '/audit',
    {
      schema: {
        summary: 'Logins, refusals and changes, newest last',
        tags: ['operations'],
        querystring: z.strictObject({ limit: limitUpTo(LINES_MAX, 100) }),
        response: { 200: z.object({ audit: z.array(lineSchema) }), 400: errorSchema },
      },
    },
    async ({ query: { limit } }) => ({ audit: [...readAudit(limit)] }),
  );
}
