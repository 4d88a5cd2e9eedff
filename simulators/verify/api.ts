import { createHash } from 'node:crypto';
import * as z from 'zod';
import { OperatingError } from '../../src/base/index.ts';
import type { WindowKind } from '../../src/model/index.ts';

const instant = z.string().transform((text, context) => {
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    context.addIssue({ code: 'custom', message: `"${text}" is no instant` });
    return z.NEVER;
  }
});
const number = z.number().nullable();

const aggregateRowSchema = z.looseObject({
  start: instant,
  end: instant,
  value: number,
  min: number,
  max: number,
  first: number,
  last: number,
  count: z.int(),
  validParts: z.int(),
  expected: z.int(),
  coverage: z.number(),
  valid: z.boolean(),
  l10: number.optional(),
  l50: number.optional(),
  l90: number.optional(),
  stats: z.record(z.string(), z.looseObject({ value: number })).optional(),
});
const aggregatesSchema = z.looseObject({
  unit: z.string(),
  rows: z.array(aggregateRowSchema),
  next: z.unknown().optional(),
});

const kpiValueSchema = z.looseObject({
  start: instant,
  end: instant,
  value: number,
  validCount: z.int(),
  expectedCount: z.int(),
  coverage: z.number(),
  valid: z.boolean(),
});
const kpisSchema = z.looseObject({
  kpi: z.looseObject({ unit: z.string() }),
  values: z.array(kpiValueSchema),
  next: z.unknown().optional(),
});

const accountingSchema = z.looseObject({
  sequence: z.number(),
  messages: z.looseObject({ received: z.number(), decoded: z.number(), ignored: z.number(), quarantined: z.number() }),
  readings: z.looseObject({
    received: z.number(),
    counted: z.number(),
    invalid: z.number(),
    duplicate: z.number(),
    lateFiled: z.number(),
    quarantined: z.number(),
  }),
  rejects: z.record(z.string(), z.number()),
  progress: z.looseObject({ durableSequence: z.number(), engineSequence: z.number(), storeSequence: z.number() }),
});

export type AggregateAnswer = z.output<typeof aggregateRowSchema>;
/** A value, with those of the days of its window where they were asked for. */
export type KpiAnswer = z.output<typeof kpiValueSchema> & { readonly days?: readonly KpiAnswer[] };
export type AccountingAnswer = z.output<typeof accountingSchema>;

/** Fields that say when something was computed and not what: they differ between runs with the same readings. */
const RUN_FIELDS = new Set(['sequence', 'watermark']);
const ANSWER_MS_MAX = 120_000;

export interface AggregateQuestion {
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
  readonly window: WindowKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly of: 'readings' | 'hours' | 'days';
  readonly tz: string;
  readonly method?: 'end';
  readonly percentiles?: boolean;
  readonly stats?: string;
}

/** Asks a running product over HTTP, and remembers every answer for the digest. */
export class Api {
  readonly #base: string;
  readonly #digests = new Map<string, string>();

  /** @param httpUrl such as `http://127.0.0.1:8080` */
  constructor(httpUrl: string) {
    this.#base = `${httpUrl.replace(/\/$/, '')}/api/v1`;
  }

  /** @throws OperatingError `api_failed` with the request and the answer's status or fault */
  async aggregates(
    question: AggregateQuestion,
  ): Promise<{ readonly unit: string; readonly rows: readonly AggregateAnswer[] }> {
    const { device, quantity, channel, window, of, tz } = question;
    const parameters = {
      device,
      quantity,
      channel,
      window,
      of,
      tz,
      from: iso(question.fromMs),
      to: iso(question.toMs),
    };
    const extra = {
      ...(question.method === undefined ? {} : { method: question.method }),
      ...(question.percentiles === true ? { stats: 'percentiles' } : {}),
      ...(question.stats === undefined ? {} : { stats: question.stats }),
    };
    return this.#list('/aggregates', { ...parameters, ...extra }, aggregatesSchema);
  }

  /** Values of one KPI whose windows start in [fromMs, toMs). Same errors. */
  async kpi(
    id: string,
    zone: string,
    window: WindowKind,
    fromMs: number,
    toMs: number,
  ): Promise<{ readonly unit: string; readonly rows: readonly KpiAnswer[] }> {
    const path = `/kpis/${encodeURIComponent(id)}`;
    const answer = await this.#list(path, { zone, window, from: iso(fromMs), to: iso(toMs) }, kpisSchema);
    return { unit: answer.kpi.unit, rows: answer.values };
  }

  /** Not part of the digest: it counts deliveries, which a repeated or reordered run has more of. */
  async accounting(): Promise<AccountingAnswer> {
    return this.#parse('/accounting', accountingSchema, await this.#get('/accounting'));
  }

  /** SHA-256 over all answers so far, by request, with sorted keys and full precision; hexadecimal. */
  digest(): string {
    const hash = createHash('sha256');
    for (const [request, answer] of [...this.#digests].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${request}\n${answer}\n`);
    return hash.digest('hex');
  }

  async #list<Schema extends z.ZodType<{ next?: unknown }>>(
    path: string,
    parameters: Record<string, string>,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const request = `${path}?${new URLSearchParams(Object.entries(parameters).sort())}`;
    const body = await this.#get(request);
    const answer = this.#parse(request, schema, body);
    // A cut list would look like missing rows: questions are asked in pieces that fit, so this is a fault.
    if (answer.next !== undefined && answer.next !== null) throw failed(request, 'the answer was cut');
    this.#digests.set(request, canonicalJson(body));
    return answer;
  }

  #parse<Schema extends z.ZodType>(request: string, schema: Schema, body: unknown): z.output<Schema> {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw failed(request, `the answer has not the agreed form: ${z.prettifyError(parsed.error).slice(0, 500)}`);
  }

  async #get(request: string): Promise<unknown> {
    try {
      const response = await fetch(this.#base + request, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      const text = await response.text();
      if (!response.ok) throw failed(request, `status ${response.status}: ${text.slice(0, 300)}`);
      return JSON.parse(text);
    } catch (cause) {
      if (cause instanceof OperatingError) throw cause;
      throw failed(request, (cause as Error).message, cause);
    }
  }
}

function failed(request: string, text: string, cause?: unknown): OperatingError {
  return new OperatingError('api_failed', `cannot get ${request}: ${text}`, { cause });
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

/**
 * JSON with sorted keys, without the fields that tell runs apart: sequence, watermark, and the id of a series, which is
 * given by order of first appearance.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    const kept = Object.entries(inner).filter(
      ([name]) => !RUN_FIELDS.has(name) && !(key === 'series' && name === 'id'),
    );
    return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
