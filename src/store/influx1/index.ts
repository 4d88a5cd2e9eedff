// In: line protocol, and questions. Out: an InfluxDB 1.x that holds it (1.6 and later), spoken to over its own API.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { formatDuration, HOUR_MS, MINUTE_MS, OperatingError } from '../../base/index.ts';
import { answered, type InfluxqlAnswer, identifier, notSent, pointsOf, pointsQuery, sentBy } from '../influx/index.ts';
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

const compress = promisify(gzip);
/** The fastest level: lines of one series are nearly alike. */
const GZIP = { level: 1 } as const;

/**
 * InfluxDB 1.x: each level has a retention policy of its name.
 *
 * The package `influx` is not used: a response that breaks off behind its headers never ends there, whatever its time-out,
 * and writing points with it takes twice the processor time (`vitals bench store`).
 *
 * Errors of `points`: `store_unreachable`, `store_query_failed`.
 */
export function createInflux1Mirror(options: Influx1Options): Mirror {
  return new Influx1Mirror(options);
}

class Influx1Mirror implements Mirror {
  readonly capabilities: MirrorCapabilities = { read: true, retention: true, replace: true };
  readonly #options: Influx1Options;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(options: Influx1Options) {
    this.#options = options;
    const { username, password = '' } = options;
    const login = Buffer.from(`${username}:${password}`).toString('base64');
    this.#headers = username === undefined ? {} : { authorization: `Basic ${login}` };
  }

  async open(): Promise<readonly string[]> {
    const { database } = this.#options;
    try {
      await this.#ask(`CREATE DATABASE ${identifier(database)}`);
      const known = await this.#policies();
      const problems: string[] = [];
      for (const level of MIRROR_LEVELS) problems.push(...(await this.#ensurePolicy(level, known.get(level))));
      return problems;
    } catch (error) {
      return [`the database ${database} or its retention policies could not be made: ${(error as Error).message}`];
    }
  }

  /** Durations by name. */
  async #policies(): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#ask(`SHOW RETENTION POLICIES ON ${identifier(this.#options.database)}`);
    const { columns = [], values = [] } = answer.results?.[0]?.series?.[0] ?? {};
    const [name, duration] = [columns.indexOf('name'), columns.indexOf('duration')];
    return new Map(values.map((row) => [String(row[name]), String(row[duration])]));
  }

  /** One that is there stays as it is: it may be somebody else's, and a shorter one would delete what it holds. */
  async #ensurePolicy(level: MirrorLevel, known: string | undefined): Promise<readonly string[]> {
    const { database, keepMs } = this.#options;
    const wanted = durationText(keepMs[level]);
    if (known === undefined) {
      const on = `${identifier(level)} ON ${identifier(database)}`;
      await this.#ask(`CREATE RETENTION POLICY ${on} DURATION ${wanted} REPLICATION 1`);
      return [];
    }
    if (known === policyText(keepMs[level])) return [];
    return [`the retention policy ${level} of ${database} is ${known} and not ${wanted}; it is left as it is`];
  }

  async send(level: MirrorLevel, lines: string): Promise<Sent> {
    const { database } = this.#options;
    const query = new URLSearchParams({ db: database, rp: level, precision: 'ms' });
    try {
      const body = await compress(lines, GZIP);
      const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain; charset=utf-8' };
      const answer = await this.#post(`/write?${query}`, headers, body);
      const retryAfter = answer.headers.get('retry-after') ?? undefined;
      return sentBy({ status: answer.status, body: await answer.text(), retryAfter });
    } catch (error) {
      return notSent(error);
    }
  }

  async points(query: PointsQuery): Promise<readonly MirrorPoint[]> {
    return pointsOf(await this.#ask(pointsQuery(query, query.level)));
  }

  /** InfluxQL, times in ms. @throws OperatingError `store_unreachable`, `store_query_failed` */
  async #ask(q: string): Promise<InfluxqlAnswer> {
    const { url, database } = this.#options;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    let tree: unknown;
    try {
      const body = new URLSearchParams({ db: database, epoch: 'ms', q });
      tree = await (await this.#post('/query', headers, body.toString())).json();
    } catch (cause) {
      const sent = notSent(cause);
      const detail = sent.kind === 'later' ? sent.detail : '';
      throw new OperatingError('store_unreachable', `cannot ask ${url}: ${detail}`, { retryable: true, cause });
    }
    return answered(tree);
  }

  #post(path: string, headers: Readonly<Record<string, string>>, body: string | Buffer): Promise<Response> {
    const { url, timeoutMs } = this.#options;
    return fetch(`${url}${path}`, {
      method: 'POST',
      headers: { ...this.#headers, ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  async close(): Promise<void> {}
}

/** As InfluxQL takes it. */
function durationText(keepMs: number): string {
  return Number.isFinite(keepMs) ? formatDuration(keepMs) : 'INF';
}

/** As InfluxDB tells it: `720h0m0s`, and 0 for ever. */
function policyText(keepMs: number): string {
  if (!Number.isFinite(keepMs)) return '0s';
  const hours = Math.floor(keepMs / HOUR_MS);
  const minutes = Math.floor((keepMs % HOUR_MS) / MINUTE_MS);
  return `${hours}h${minutes}m${(keepMs % MINUTE_MS) / 1000}s`;
}
