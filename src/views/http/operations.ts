import * as z from 'zod';
import { REJECT_REASONS } from '../../model/index.ts';
import type { QuarantineRow } from '../../store/index.ts';
import { accountingBody, quarantineBody } from '../bodies.ts';
import type { ViewSources } from '../views.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { limitUpTo, name, wholeNumber } from './parameters.ts';
import { accountingSchema, errorSchema, quarantineSchema, readinessSchema } from './schemas.ts';

const QUARANTINE_PAGE_MAX = 1_000;
/** More than intake takes out of one message. */
const ROWS_OF_ONE_MESSAGE_MAX = 100_000;

/** Routes of what became of everything: quarantine and accounting. */
export function operationsRoutes(app: TypedServer, { sources, clock }: RouteContext): void {
  app.get(
    '/quarantine',
    {
      schema: {
        summary: 'Messages and readings that were refused, newest first',
        tags: ['operations'],
        querystring: z.strictObject({
          reason: z.enum(REJECT_REASONS).optional(),
          device: name.optional(),
          before: wholeNumber.optional().describe('Rows of a sequence below this: `next` of the page before'),
          limit: limitUpTo(QUARANTINE_PAGE_MAX, 100),
        }),
        response: {
          200: z.object({ quarantine: z.array(quarantineSchema), next: z.string().nullable() }),
          400: errorSchema,
        },
      },
    },
    async ({ query: { reason, device, before, limit } }) => {
      const filter = {
        ...(reason === undefined ? {} : { reason }),
        ...(device === undefined ? {} : { device }),
        ...(before === undefined ? {} : { beforeSequence: before }),
      };
      const read = (rowsMax: number) => sources.store.quarantine({ ...filter, limit: rowsMax });
      const { page, next } = await wholeMessages(read, limit);
      return { quarantine: page.map(quarantineBody), next: next === null ? null : String(next) };
    },
  );
  app.get(
    '/accounting',
    {
      schema: {
        summary: 'Where every message and every reading went',
        tags: ['operations'],
        querystring: z.strictObject({}),
        response: { 200: accountingSchema, 400: errorSchema },
      },
    },
    async () => accountingBody(sources.accounting(), sources, clock.nowMs()),
  );
}

/**
 * A page of rows and the sequence to go on before. The rows of one message are never divided between pages, for going
 * on is by sequence: a page ends before a message that does not fit, or is longer than asked for when it is the first.
 */
async function wholeMessages(
  read: (rowsMax: number) => Promise<readonly QuarantineRow[]>,
  limit: number,
): Promise<{ readonly page: readonly QuarantineRow[]; readonly next: number | null }> {
  const rows = await read(limit + 1);
  const extra = rows[limit];
  if (extra === undefined) return { page: rows, next: null };
  const whole = rows.filter((row) => row.sequence > extra.sequence);
  if (whole.length > 0) return { page: whole, next: extra.sequence + 1 };
  const longer = await read(ROWS_OF_ONE_MESSAGE_MAX);
  return { page: longer.filter((row) => row.sequence === extra.sequence), next: extra.sequence };
}

/** Probes for a supervisor: alive, and ready to serve. */
export function probeRoutes(
  app: TypedServer,
  { sources }: { readonly sources: Pick<ViewSources, 'problems' | 'mirrors' | 'version'> },
): void {
  app.get(
    '/healthz',
    {
      schema: {
        summary: '200 while the process works',
        tags: ['operations'],
        response: { 200: z.object({ status: z.literal('ok'), version: z.string() }) },
      },
    },
    async () => ({ status: 'ok' as const, version: sources.version }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        summary: '200 when all is well, 503 with the problems otherwise',
        tags: ['operations'],
        response: { 200: readinessSchema, 503: readinessSchema },
      },
    },
    async (_request, reply) => {
      const problems = [...sources.problems()];
      // No words of a mirror's: they may name what is no stranger's business, and a probe has no login.
      const stores = sources.mirrors().map(({ name, problem, backlogRecords, backlogBytes, backlogAgeMs }) => {
        return { name, up: problem === null, backlogRecords, backlogBytes, backlogAgeMs };
      });
      return reply.code(problems.length === 0 ? 200 : 503).send({ ready: problems.length === 0, problems, stores });
    },
  );
}
