// In: line protocol, and questions. Out: whatever speaks InfluxDB's v2 write API and holds it (InfluxDB 1.8, 2.x, 3.x, VictoriaMetrics, Telegraf).
import { HttpError, InfluxDB, setLogger, type WriteApi } from '@influxdata/influxdb-client';
import { OperatingError } from '../../base/index.ts';
import { notSent, pointsOf, pointsQuery, sentBy } from '../influx/index.ts';
import {
  MIRROR_LEVELS,
  type Mirror,
  type MirrorCapabilities,
  type MirrorLevel,
  type MirrorPoint,
  type PointsQuery,
  type Sent,
} from '../mirror.ts';

export interface Influx2Options {
  /** `http://host:8086`, with a path where the endpoint has one. */
  readonly url: string;
  readonly org: string;
  /** All levels go there; or each into `<bucket>/<level>` where `bucketPerLevel` says so. */
  readonly bucket: string;
  readonly bucketPerLevel: boolean;
  readonly token?: string | undefined;
  /** The server answers InfluxQL at `/query` (InfluxDB 2.x with a mapping of its buckets, 3.x). */
  readonly query: 'influxql' | 'none';
  readonly keepMs: Readonly<Record<MirrorLevel, number>>;
  readonly timeoutMs: number;
}

const SILENT = { error: () => undefined, warn: () => undefined };

/**
 * The client's own buffer, its flush by size and its retries are not used: what they lose, they lose without a word.
 * One call is one request, and it ends with the server's answer.
 */
const ONE_REQUEST = {
  batchSize: 1_000_000,
  maxBatchBytes: 1 << 30,
  flushInterval: 0,
  maxRetries: 0,
  gzipThreshold: 1_000,
} as const;

/**
 * Anything that takes the v2 write API.
 *
 * Errors of `points`: `store_cannot_read`, `store_unreachable`, `store_query_failed`.
 */
export function createInflux2Mirror(options: Influx2Options): Mirror {
  return new Influx2Mirror(options);
}

class Influx2Mirror implements Mirror {
  readonly capabilities: MirrorCapabilities;
  readonly #options: Influx2Options;
  readonly #client: InfluxDB;
  readonly #writers = new Map<string, WriteApi>();

  constructor(options: Influx2Options) {
    this.#options = options;
    const { url, token, timeoutMs, query, bucketPerLevel } = options;
    // The client prints each failure with its stack; ours are told by the one who waits for the answer.
    setLogger(SILENT);
    this.#client = new InfluxDB({ url, ...(token === undefined ? {} : { token }), timeout: timeoutMs });
    this.capabilities = {
      read: query === 'influxql' ? true : 'no query language is configured for it (stores: query)',
      retention: bucketPerLevel ? true : 'all levels share a bucket, which has one retention (stores: bucketPerLevel)',
      replace: 'InfluxDB replaces a point that comes again; others may keep both until they are told to deduplicate',
    };
  }

  async open(): Promise<readonly string[]> {
    const { bucket, bucketPerLevel } = this.#options;
    const problems: string[] = [];
    const names = bucketPerLevel ? MIRROR_LEVELS : (['kpi'] as const);
    for (const level of names) {
      const problem = await this.#ensureBucket(this.#bucketOf(level), level).catch((error: Error) => error.message);
      if (problem !== undefined) problems.push(`bucket ${bucketPerLevel ? `${bucket}/${level}` : bucket}: ${problem}`);
    }
    return problems;
  }

  #bucketOf(level: MirrorLevel): string {
    const { bucket, bucketPerLevel } = this.#options;
    return bucketPerLevel ? `${bucket}/${level}` : bucket;
  }

  /** @returns why there is none, or why nobody knows */
  async #ensureBucket(name: string, level: MirrorLevel): Promise<string | undefined> {
    const { org, keepMs } = this.#options;
    const found = await this.#api('GET', `/api/v2/buckets?${new URLSearchParams({ name, org })}`);
    if (found.status === 200 && ((found.tree.buckets as unknown[] | undefined)?.length ?? 0) > 0) return undefined;
    const orgs = await this.#api('GET', `/api/v2/orgs?${new URLSearchParams({ org })}`);
    const [first] = (orgs.tree.orgs as { id?: string }[] | undefined) ?? [];
    if (first?.id === undefined) return `cannot be looked for (status ${found.status} and ${orgs.status})`;
    const everySeconds = Number.isFinite(keepMs[level]) ? Math.ceil(keepMs[level] / 1000) : 0;
    const rules = everySeconds === 0 ? [] : [{ type: 'expire', everySeconds }];
    const made = await this.#api('POST', '/api/v2/buckets', { orgID: first.id, name, retentionRules: rules });
    return made.status < 300
      ? undefined
      : `could not be made: ${made.status} ${String(made.tree.message ?? '')}`.trim();
  }

  async #api(method: string, path: string, body?: unknown): Promise<{ status: number; tree: Record<string, unknown> }> {
    const { url, token, timeoutMs } = this.#options;
    const answer = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Token ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const tree = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    return { status: answer.status, tree };
  }

  async send(level: MirrorLevel, lines: string): Promise<Sent> {
    const writer = this.#writerOf(this.#bucketOf(level));
    try {
      writer.writeRecord(lines);
      await writer.flush();
      return { kind: 'taken', dropped: 0 };
    } catch (error) {
      if (!(error instanceof HttpError)) return notSent(error);
      const retryAfter = error.headers?.['retry-after'];
      return sentBy({
        status: error.statusCode,
        body: error.body ?? error.statusMessage ?? '',
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      });
    }
  }

  #writerOf(bucket: string): WriteApi {
    let writer = this.#writers.get(bucket);
    if (writer === undefined) {
      writer = this.#client.getWriteApi(this.#options.org, bucket, 'ms', ONE_REQUEST);
      this.#writers.set(bucket, writer);
    }
    return writer;
  }

  async points(query: PointsQuery): Promise<readonly MirrorPoint[]> {
    const { read } = this.capabilities;
    if (read !== true) throw new OperatingError('store_cannot_read', `cannot ask ${this.#options.url}: ${read}`);
    const { bucket, bucketPerLevel, token, url, timeoutMs } = this.#options;
    const asked = bucketPerLevel ? query : { ...query, tags: { ...query.tags, level: query.level } };
    const parameters = new URLSearchParams({
      db: bucket,
      q: pointsQuery(query.level === 'kpi' ? query : asked, bucketPerLevel ? query.level : undefined),
      epoch: 'ms',
    });
    let answer: unknown;
    try {
      const response = await fetch(`${url.replace(/\/$/, '')}/query?${parameters}`, {
        headers: token === undefined ? {} : { authorization: `Token ${token}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
      answer = await response.json();
    } catch (cause) {
      const message = `cannot ask ${url}: ${(cause as Error).message}`;
      throw new OperatingError('store_unreachable', message, { retryable: true, cause });
    }
    return pointsOf(answer);
  }

  async close(): Promise<void> {
    // Nothing is in its buffers: every call of `send` ended with an answer.
    await Promise.allSettled([...this.#writers.values()].map((writer) => writer.close()));
  }
}
