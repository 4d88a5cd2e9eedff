import * as z from 'zod';
import { OperatingError } from '../../base/index.ts';
import { REJECT_REASONS, type RejectReason } from '../../model/index.ts';
import { EXPORT_KINDS, type ExportKind } from '../../store/index.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { instant, isRange, limitUpTo, name, RANGE_REFUSED } from './parameters.ts';
import { personOf } from './people.ts';
import { HttpProblem } from './problems.ts';
import { errorSchema } from './schemas.ts';

/** Which messages an admin wants to have decoded again; see `vitals redecode`. */
export interface DecodeAgainOrder {
  readonly fromMs: number;
  readonly toMs: number;
  readonly topics: readonly string[];
  /** Name of a profile: messages of its topics. */
  readonly profile?: string;
  readonly quarantine?: { readonly reason?: RejectReason; readonly device?: string };
}

/** Which rows an admin wants to have as files; see `vitals export`. */
export interface ExportDaysOrder {
  /** The days that these instants lie in are exported whole. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly kinds: readonly ExportKind[];
}

/** Which file an admin wants to have taken in; see `vitals import`. */
export interface ImportFileOrder {
  /** Below the folder of imports. */
  readonly file: string;
  /** Names of columns that are called otherwise than the fields they hold, by field or quantity. */
  readonly columns: Readonly<Record<string, string>>;
}

/** An order, and how far it is. */
export interface OrderState {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  /** 0 to 1. */
  readonly progress: number;
  readonly createdAtMs: number;
  readonly error: string | null;
  /** Once it is completed. */
  readonly result: unknown;
}

/** What admins may order. */
export interface Orders {
  /**
   * @param who who ordered it, and from where; it is written down
   * @throws OperatingError `profile_unknown`, `jobs_full`
   */
  decodeAgain(order: DecodeAgainOrder, who: { readonly name: string; readonly address: string }): Promise<OrderState>;
  exportDays(order: ExportDaysOrder, who: { readonly name: string; readonly address: string }): Promise<OrderState>;
  /** @throws OperatingError `import_outside`, `import_missing`, `import_format`, `import_columns`, `jobs_full` */
  importFile(order: ImportFileOrder, who: { readonly name: string; readonly address: string }): Promise<OrderState>;
  /** Newest first; of one kind where it is given. */
  list(limit: number, kind?: string): Promise<readonly OrderState[]>;
  /** One that waits never starts, one that runs is stopped. @returns undefined when there is none of that id */
  cancel(id: string, who: { readonly name: string; readonly address: string }): Promise<OrderState | undefined>;
}

const TOPIC_CHARACTERS_MAX = 1024;
const topic = z.string().min(1).max(TOPIC_CHARACTERS_MAX, `at most ${TOPIC_CHARACTERS_MAX} characters`);
const orderSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.string(),
  progress: z.number().min(0).max(1),
  createdAt: z.string(),
  error: z.string().nullable(),
  result: z.unknown(),
});
const kinds = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(EXPORT_KINDS)).min(1))
  .transform((given) => EXPORT_KINDS.filter((kind) => given.includes(kind)));
const PATH_CHARACTERS_MAX = 1024;
const COLUMNS_CHARACTERS_MAX = 4096;
const columns = z
  .string()
  .max(COLUMNS_CHARACTERS_MAX, `at most ${COLUMNS_CHARACTERS_MAX} characters`)
  .regex(/^[^=,]+=[^=,]+(?:,[^=,]+=[^=,]+)*$/, 'write field=column, several with commas')
  .transform((text) => Object.fromEntries(text.split(',').map((pair) => pair.split('='))) as Record<string, string>);
const responses = { 202: z.object({ order: orderSchema }), 400: errorSchema, 503: errorSchema };

/** Orders of admins: messages are decoded again. */
export function orderRoutes(app: TypedServer, { clock }: RouteContext, orders: Orders): void {
  app.get(
    '/redecode',
    {
      schema: {
        summary: 'Orders to decode messages again, newest first, and how far they are',
        tags: ['operations'],
        querystring: z.strictObject({ limit: limitUpTo(1_000, 20) }),
        response: { 200: z.object({ orders: z.array(orderSchema) }), 400: errorSchema },
      },
    },
    async ({ query: { limit } }) => ({ orders: (await orders.list(limit, 'decode-again')).map(orderBody) }),
  );
  jobRoutes(app, orders);
  importRoute(app, orders);
  app.post(
    '/redecode',
    {
      schema: {
        summary: 'Decodes the messages of a period again; what they say now takes the place of what they said',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: z
          .strictObject({ from: instant, to: instant, topic: topic.optional(), profile: name.optional() })
          .refine(isRange, RANGE_REFUSED),
        response: responses,
      },
    },
    async (request, reply) => {
      const { from, to, topic: filter, profile } = request.query;
      const topics = filter === undefined ? [] : [filter];
      const order = { fromMs: from, toMs: to, topics, ...(profile === undefined ? {} : { profile }) };
      return reply.code(202).send({ order: orderBody(await taken(orders.decodeAgain(order, personOf(request)))) });
    },
  );
  app.post(
    '/quarantine/replay',
    {
      schema: {
        summary: 'Decodes the messages again of which quarantine holds something',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: z.strictObject({
          reason: z.enum(REJECT_REASONS).optional(),
          device: name.optional(),
          topic: topic.optional(),
        }),
        response: responses,
      },
    },
    async (request, reply) => {
      const { reason, device, topic: filter } = request.query;
      const order = {
        ...{ fromMs: 0, toMs: clock.nowMs() + 1, topics: filter === undefined ? [] : [filter] },
        quarantine: { ...(reason === undefined ? {} : { reason }), ...(device === undefined ? {} : { device }) },
      };
      return reply.code(202).send({ order: orderBody(await taken(orders.decodeAgain(order, personOf(request)))) });
    },
  );
}

/** What outlives a request: exports, and all orders. */
function jobRoutes(app: TypedServer, orders: Orders): void {
  app.get(
    '/jobs',
    {
      schema: {
        summary: 'Jobs, newest first, and how far they are',
        tags: ['operations'],
        querystring: z.strictObject({ limit: limitUpTo(1_000, 20) }),
        response: { 200: z.object({ jobs: z.array(orderSchema) }), 400: errorSchema },
      },
    },
    async ({ query: { limit } }) => ({ jobs: (await orders.list(limit)).map(orderBody) }),
  );
  app.post(
    '/jobs/cancel',
    {
      schema: {
        summary: 'Cancels a job: one that waits never starts, one that runs is stopped',
        description: `Needs the header ${ORDER_HEADER}, with any value.`,
        tags: ['operations'],
        querystring: z.strictObject({ id: name }),
        response: { 202: z.object({ order: orderSchema }), 400: errorSchema, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const order = await orders.cancel(request.query.id, personOf(request));
      if (order === undefined) throw new HttpProblem(404, 'job_unknown', `there is no job ${request.query.id}`);
      return reply.code(202).send({ order: orderBody(order) });
    },
  );
  app.post(
    '/exports',
    {
      schema: {
        summary: 'Writes the rows of whole local days into Parquet files of the data folder',
        description: `Needs the header ${ORDER_HEADER}, with any value. \`what\` is one kind or several with commas.`,
        tags: ['operations'],
        querystring: z
          .strictObject({ from: instant, to: instant, what: kinds.default([...EXPORT_KINDS]) })
          .refine(isRange, RANGE_REFUSED),
        response: responses,
      },
    },
    async (request, reply) => {
      const { from: fromMs, to: toMs, what } = request.query;
      const order = orders.exportDays({ fromMs, toMs, kinds: what }, personOf(request));
      return reply.code(202).send({ order: orderBody(await taken(order)) });
    },
  );
}

/** What was measured elsewhere, or before. */
function importRoute(app: TypedServer, orders: Orders): void {
  app.post(
    '/imports',
    {
      schema: {
        summary: 'Takes in a CSV or Parquet file of readings from the folder of imports',
        description: `Needs the header ${ORDER_HEADER}, with any value. \`columns\` is \`field=column\`, several with commas.`,
        tags: ['operations'],
        querystring: z.strictObject({ file: z.string().min(1).max(PATH_CHARACTERS_MAX), columns: columns.default({}) }),
        response: responses,
      },
    },
    async (request, reply) => {
      const order = orders.importFile(request.query, personOf(request));
      return reply.code(202).send({ order: orderBody(await taken(order)) });
    },
  );
}

/** What cannot be ordered is told as it is. */
async function taken(order: Promise<OrderState>): Promise<OrderState> {
  try {
    return await order;
  } catch (error) {
    if (!(error instanceof OperatingError) || !REFUSED.has(error.code)) throw error;
    throw new HttpProblem(400, error.code, error.message);
  }
}

const REFUSED: ReadonlySet<string> = new Set([
  ...['profile_unknown', 'topic_and_profile', 'days_too_many'],
  ...['import_outside', 'import_missing', 'import_format', 'import_columns'],
]);

function orderBody({ createdAtMs, ...order }: OrderState) {
  return { ...order, createdAt: Temporal.Instant.fromEpochMilliseconds(createdAtMs).toString() };
}
