import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { OperatingError, systemClock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { TimeRange } from '../store/index.ts';
import { ORDER_HEADER } from '../views/http/index.ts';
import type { AgainResult } from '../workers/index.ts';
import { instantOf, time } from './kpis.ts';
import { abortOnSignals, EXIT, reportFailure } from './publish-flags.ts';
import { collect } from './serve.ts';

/* What the commands that order something of a running server have in common. */

/** Where it runs, and the token of an admin where it asks for a login (VITALS_TOKEN). */
export interface ServerFlags {
  readonly url: string;
}

/** An order as the server tells of it. */
export interface OrderBody {
  readonly id: string;
  readonly state: string;
  readonly progress: number;
  readonly error: string | null;
  readonly result: unknown;
}

const LOOK_EVERY_MS = 500;

/**
 * Asks the server; `POST` orders something.
 *
 * @throws OperatingError `usage`, `server_away`, `server_refused` with what it says
 */
export async function askServer<Body>(
  { url }: ServerFlags,
  method: 'GET' | 'POST',
  path: string,
  query: Query = {},
): Promise<Body> {
  const address = new URL(path, checkedUrl(url));
  for (const [key, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(key, value);
  const { VITALS_TOKEN: token } = process.env;
  const headers = {
    ...(method === 'POST' ? { [ORDER_HEADER]: 'command' } : {}),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  let response: Response;
  try {
    response = await fetch(address, { method, headers });
  } catch (cause) {
    throw new OperatingError('server_away', `cannot reach the server at ${url}: is it running?`, { cause });
  }
  const body = (await response.json().catch(() => ({}))) as Body & { readonly error?: { readonly message?: string } };
  if (response.ok) return body;
  const said = body.error?.message ?? `it answered ${response.status}`;
  throw new OperatingError('server_refused', `${url} refused: ${said}`);
}

/** A user or a password in it would stand in what commands say; programs log in by token. @throws OperatingError `usage` */
function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url;
  throw new OperatingError(
    'usage',
    `cannot use the address ${JSON.stringify(text.replace(/\/\/.*@/, '//...@'))} (--url): write where the server runs, such as http://127.0.0.1:8080; a token is given by VITALS_TOKEN`,
  );
}

/** What a command makes of the result of its order. */
export interface Told<Result> {
  /** What is printed. */
  text(result: Result): string;
  /** Whether all is well with it; it is when absent. */
  isWell?(result: Result): boolean;
}

/**
 * Tells of an order until it has ended.
 *
 * @returns whether it was completed, and all is well with its result
 */
export async function follow<Result>(
  flags: ServerFlags,
  order: OrderBody,
  signal: AbortSignal,
  told: Told<Result>,
): Promise<boolean> {
  process.stderr.write(`order ${order.id} was taken\n`);
  for (let said = ''; ; ) {
    signal.throwIfAborted();
    const { jobs } = await askServer<{ jobs: OrderBody[] }>(flags, 'GET', '/api/v1/jobs', { id: order.id });
    const [now] = jobs;
    if (now === undefined) {
      process.stderr.write(`order ${order.id} is not listed any more: too many have ended since\n`);
      return false;
    }
    const text = `${now.state}, ${Math.floor(100 * now.progress)} %`;
    if (text !== said) process.stderr.write(`${text}\n`);
    said = text;
    if (now.state === 'completed') {
      const result = now.result as Result;
      process.stdout.write(`${told.text(result)}\n`);
      return told.isWell?.(result) ?? true;
    }
    if (now.state === 'failed' || now.state === 'cancelled') {
      process.stderr.write(`${now.error ?? 'it was cancelled'}\n`);
      return false;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

type Query = Readonly<Record<string, string | undefined>>;

/** Gives an order and follows it until it has ended, or a signal comes. @param queryOf may refuse @returns exit code */
export async function orderAndFollow<Result>(
  flags: ServerFlags,
  path: string,
  queryOf: () => Query,
  told: Told<Result>,
): Promise<number> {
  const abort = abortOnSignals();
  try {
    const { order } = await askServer<{ order: OrderBody }>(flags, 'POST', path, queryOf());
    return (await follow(flags, order, abort.signal, told)) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    return reportFailure(error, abort.signal);
  } finally {
    abort.release();
  }
}

/** Flags of a command that orders something of a running server for a period. */
export interface PeriodFlags extends ServerFlags {
  readonly config: string;
  readonly data: string;
  readonly set: readonly string[];
  readonly from: string;
  readonly to?: string;
}

/** Adds them. @param from what `--from` begins with, such as `first day` */
export function periodOptions(command: Command, from: string): Command {
  return command
    .requiredOption('--from <time>', `${from}: a local date such as 2026-03-01, or ISO 8601 with an offset`, time)
    .option('--to <time>', 'likewise, exclusive; up to now when absent', time)
    .option('--url <url>', 'where the server runs', 'http://127.0.0.1:8080')
    .option('--config <file>', 'configuration of the city, for its time zone', 'cities/minimal/city.yaml')
    .option('--data <folder>', 'data folder', 'data')
    .option('--set <key=value>', 'override a key (repeatable)', collect, []);
}

/** What the flags of a period mean; up to and with this instant where no end is given. */
export function periodOf({ from, to }: Pick<PeriodFlags, 'from' | 'to'>, config: Config): TimeRange {
  return {
    fromMs: instantOf(from, config),
    toMs: to === undefined ? systemClock.nowMs() + 1 : instantOf(to, config),
  };
}

/** What became of messages that were decoded again. */
export const decodedAgain: Told<AgainResult> = {
  text: ({ messages, gone }) => `${messages} messages are decoded again; ${gone} are not in the journal any more`,
};
