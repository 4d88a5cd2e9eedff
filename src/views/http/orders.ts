import * as z from 'zod';
import { isoTime, OperatingError } from '../../base/index.ts';
import type { Job, JobState } from '../../jobs/index.ts';
import type { AlarmCondition } from '../../kpis/index.ts';
import { REJECT_REASONS, type RejectReason } from '../../model/index.ts';
import { EXPORT_KINDS, type ExportKind } from '../../store/index.ts';
import type { ReportOrder } from '../reports/index.ts';
import { isoOrNull } from '../times.ts';
import type { RouteContext, TypedServer } from './context.ts';
import { ORDER_HEADER } from './order-guard.ts';
import { instant, isRange, limitUpTo, name, RANGE_REFUSED } from './parameters.ts';
import { personOf } from './people.ts';
import { HttpProblem } from './problems.ts';
import { errorSchema, type JobBody, jobSchema } from './schemas.ts';

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

/** Which hours an admin wants to have made again; see `vitals recompute`. */
export interface RecomputeDaysOrder {
  /** The days that these instants lie in are looked at whole. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly device?: string;
  readonly mode: 'check' | 'repair';
}

/** Which KPI an admin wants to be computed over stored hours, for windows that end in (fromMs, toMs]. */
export interface KpiTrialOrder {
  readonly fromMs: number;
  readonly toMs: number;
  /** Id of a known KPI, or one that the definition makes. */
  readonly kpi?: string;
  /** As in `kpis` of city.yaml; not checked yet. */
  readonly definition?: unknown;
  /** The city, or all zones, when empty. */
  readonly scopes: readonly string[];
}

/** Which alarm rule an admin wants to be tried on published values of windows that end in (fromMs, toMs]. */
export interface AlarmEvaluationOrder {
  readonly fromMs: number;
  readonly toMs: number;
  readonly kpi: string;
  readonly zone: string;
  readonly condition: AlarmCondition;
  readonly threshold: number;
  /** The threshold when absent. */
  readonly clearThreshold?: number;
  readonly holdForMs: number;
  readonly clearForMs: number;
  /** 0 to 1. */
  readonly coverageMin: number;
}

/** Who orders something, and from where; it is written down. */
export interface OrderedBy {
  readonly name: string;
  readonly address: string;
}

/** An order, and how far it is. */
export interface OrderState extends Omit<Job, 'input' | 'checkpoint'> {
  /** What it is about, for people. */
  readonly description: string;
}

/** What admins may order. */
export interface Orders {
  /** @throws OperatingError `profile_unknown`, `topic_and_profile`, `journal_streams`, `jobs_full` */
  decodeAgain(order: DecodeAgainOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `days_too_many`, `jobs_full` */
  exportDays(order: ExportDaysOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `kpi_invalid`, `kpi_unknown`, `kpi_not_tried`, `scope_unknown`, `jobs_full` */
  tryKpi(order: KpiTrialOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `kpi_unknown`, `scope_unknown`, `alarm_invalid`, `days_too_many`, `jobs_full` */
  evaluateAlarm(order: AlarmEvaluationOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `zone_unknown`, `period_invalid`, `jobs_full` */
  report(order: ReportOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `import_outside`, `import_missing`, `import_format`, `import_columns`, `jobs_full` */
  importFile(order: ImportFileOrder, by: OrderedBy): Promise<OrderState>;
  /** @throws OperatingError `days_too_many`, `jobs_full` */
  recompute(order: RecomputeDaysOrder, by: OrderedBy): Promise<OrderState>;
  /** Newest first; of one id, of one kind or in one state where they are given. */
  list(filter: {
    readonly limit: number;
    readonly id?: string | undefined;
    readonly kind?: string | undefined;
    readonly state?: JobState | undefined;
  }): Promise<readonly OrderState[]>;
  /** One that waits never starts, one that runs is stopped. @returns undefined when there is none of that id */
  cancel(id: string, by: OrderedBy): Promise<OrderState | undefined>;
  /**
   * One that failed or was cancelled waits again. @returns undefined when there is none of that id
   *
   * @throws OperatingError `job_not_failed`, `job_ordered_already`, `jobs_full`
   */
  retry(id: string, by: OrderedBy): Promise<OrderState | undefined>;
}

const TOPIC_CHARACTERS_MAX = 1024;
const topic = z.string().min(1).max(TOPIC_CHARACTERS_MAX, `at most ${TOPIC_CHARACTERS_MAX} characters`);
const kinds = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(EXPORT_KINDS)).min(1))
  .transform((given) => EXPORT_KINDS.filter((kind) => given.includes(kind)));
/** What whoever orders something is answered. */
export const orderResponses = { 202: z.object({ order: jobSchema }), 400: errorSchema, 503: errorSchema };

/** Orders of admins: messages are decoded again, days are exported. */
export function orderRoutes(app: TypedServer, { clock }: RouteContext, orders: Orders): void {
  app.get(
    '/redecode',
    {
      schema: {
        summary: 'Orders to decode messages again, newest first, and how far they are',
        tags: ['operations'],
        querystring: z.strictObject({ limit: limitUpTo(1_000, 20) }),
        response: { 200: z.object({ orders: z.array(jobSchema) }), 400: errorSchema },
      },
    },
    async ({ query: { limit } }) => ({ orders: (await orders.list({ limit, kind: 'decode-again' })).map(orderBody) }),
  );
  exportRoute(app, orders);
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
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const { from, to, topic: filter, profile } = request.query;
      const topics = filter === undefined ? [] : [filter];
      const order = { fromMs: from, toMs: to, topics, ...(profile === undefined ? {} : { profile }) };
      return reply.code(202).send(await orderAnswer(orders.decodeAgain(order, personOf(request))));
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
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const { reason, device, topic: filter } = request.query;
      const order = {
        ...{ fromMs: 0, toMs: clock.nowMs() + 1, topics: filter === undefined ? [] : [filter] },
        quarantine: { ...(reason === undefined ? {} : { reason }), ...(device === undefined ? {} : { device }) },
      };
      return reply.code(202).send(await orderAnswer(orders.decodeAgain(order, personOf(request))));
    },
  );
}

function exportRoute(app: TypedServer, orders: Orders): void {
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
        response: orderResponses,
      },
    },
    async (request, reply) => {
      const { from: fromMs, to: toMs, what } = request.query;
      const order = orders.exportDays({ fromMs, toMs, kinds: what }, personOf(request));
      return reply.code(202).send(await orderAnswer(order));
    },
  );
}

/** An order that was taken, as a body. @throws HttpProblem with what cannot be ordered, and why */
export async function orderAnswer(order: Promise<OrderState>) {
  return { order: orderBody(await taken(order)) };
}

/** What cannot be ordered is told as it is. */
export async function taken<State>(order: Promise<State>): Promise<State> {
  try {
    return await order;
  } catch (error) {
    const status = error instanceof OperatingError ? REFUSED.get(error.code) : undefined;
    if (status === undefined) throw error;
    const { code, message } = error as OperatingError;
    throw new HttpProblem(status, code, message);
  }
}

const REFUSED: ReadonlyMap<string, number> = new Map([
  ['journal_streams', 409],
  ['profile_unknown', 400],
  ['topic_and_profile', 400],
  ['days_too_many', 400],
  ['job_not_failed', 409],
  ['job_ordered_already', 409],
  ['kpi_invalid', 400],
  ['kpi_unknown', 400],
  ['kpi_not_tried', 400],
  ['scope_unknown', 400],
  ['alarm_invalid', 400],
  ['zone_unknown', 400],
  ['period_invalid', 400],
  ['import_outside', 400],
  ['import_missing', 400],
  ['import_format', 400],
  ['import_columns', 400],
]);

/** An order as a body of the API. */
export function orderBody({ createdAtMs, finishedAtMs, nextAttemptAtMs, ...order }: OrderState): JobBody {
  return {
    ...order,
    createdAt: isoTime(createdAtMs),
    finishedAt: isoOrNull(finishedAtMs ?? 0),
    nextAttemptAt: isoOrNull(nextAttemptAtMs ?? 0),
  };
}
