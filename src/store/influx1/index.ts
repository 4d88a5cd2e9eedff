// In: line protocol, and questions. Out: an InfluxDB 1.x that holds it (1.6 and later), spoken to over its own API.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { InfluxDB } from 'influx';
import { formatDuration, OperatingError } from '../../base/index.ts';
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

export interface Influx1Options {
  /** `http://host:8086`. */
  readonly url: string;
  readonly database: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** How long each level is kept, ms; Infinity for ever. */
  readonly keepMs: Readonly<Record<MirrorLevel, number>>;
  /** After so long without an answer a request counts as lost, ms. */
  readonly timeoutMs: number;
}

/** What of the client's backing off is used. */
interface Backoff {
  getDelay(): number;
  next(): Backoff;
  reset(): Backoff;
}

const compress = promisify(gzip);
/** The client would leave a host alone for a while; when to try again is said by the one who sends. */
const AT_ONCE: Backoff = { getDelay: () => 0, next: () => AT_ONCE, reset: () => AT_ONCE };
/** The fastest level: lines of one series are nearly alike. */
const GZIP = { level: 1 } as const;

/**
 * InfluxDB 1.x: each level has a retention policy of its name.
 *
 * Errors of `points`: `store_unreachable`, `store_query_failed`.
 */
export function createInflux1Mirror(options: Influx1Options): Mirror {
  return new Influx1Mirror(options);
}

class Influx1Mirror implements Mirror {
  readonly capabilities: MirrorCapabilities = { read: true, retention: true, replace: true };
  readonly #options: Influx1Options;
  readonly #client: InfluxDB;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: Influx1Options) {
    this.#options = options;
    const { url, database, username, password, timeoutMs } = options;
    const { protocol, hostname, port } = new URL(url);
    const isTls = protocol === 'https:';
    this.#client = new InfluxDB({
      ...{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isTls ? 443 : 80), database },
      protocol: isTls ? 'https' : 'http',
      ...(username === undefined ? {} : { username, password: password ?? '' }),
      pool: { requestTimeout: timeoutMs, backoff: AT_ONCE, maxRetries: 0 },
    });
    const login = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    this.#headers = username === undefined ? {} : { authorization: `Basic ${login}` };
  }

  async open(): Promise<readonly string[]> {
    const { database } = this.#options;
    try {
      await this.#client.createDatabase(database);
      const { policies } = await this.#policies();
      for (const level of MIRROR_LEVELS) await this.#ensurePolicy(level, policies.get(level));
      return [];
    } catch (error) {
      return [`database ${database} or its retention policies could not be made: ${(error as Error).message}`];
    }
  }

  async #policies(): Promise<{ readonly policies: ReadonlyMap<string, string> }> {
    const rows = await this.#client.showRetentionPolicies(this.#options.database);
    return { policies: new Map(rows.map(({ name, duration }) => [name, duration])) };
  }

  async #ensurePolicy(level: MirrorLevel, known: string | undefined): Promise<void> {
    const { database, keepMs } = this.#options;
    const duration = durationText(keepMs[level]);
    const wanted = { database, duration, replication: 1, isDefault: level === 'hour' };
    if (known === undefined) await this.#client.createRetentionPolicy(level, wanted);
    else await this.#client.alterRetentionPolicy(level, wanted);
  }

  async send(level: MirrorLevel, lines: string): Promise<Sent> {
    const { url, database, timeoutMs } = this.#options;
    const query = new URLSearchParams({ db: database, rp: level, precision: 'ms' });
    try {
      const body = await compress(lines, GZIP);
      const answer = await fetch(`${url}/write?${query}`, {
        method: 'POST',
        headers: { ...this.#headers, 'content-encoding': 'gzip', 'content-type': 'text/plain; charset=utf-8' },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const retryAfter = answer.headers.get('retry-after') ?? undefined;
      return sentBy({ status: answer.status, body: await answer.text(), retryAfter });
    } catch (error) {
      return notSent(error);
    }
  }

  async points(query: PointsQuery): Promise<readonly MirrorPoint[]> {
    let answer: unknown;
    try {
      answer = await this.#client.queryRaw(pointsQuery(query, query.level), { precision: 'ms' });
    } catch (cause) {
      const message = `cannot ask ${this.#options.url}: ${(cause as Error).message}`;
      throw new OperatingError('store_unreachable', message, { retryable: true, cause });
    }
    return pointsOf(answer);
  }

  async close(): Promise<void> {}
}

/** InfluxDB takes no less than an hour. */
function durationText(keepMs: number): string {
  return Number.isFinite(keepMs) ? formatDuration(Math.max(3_600_000, keepMs)) : 'INF';
}
