import { setTimeout as delay } from 'node:timers/promises';
import { OperatingError } from '../base/index.ts';
import { ORDER_HEADER } from '../views/http/index.ts';

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
 * @throws OperatingError `server_away`, `server_refused` with what it says
 */
export async function askServer<Body>(
  { url }: ServerFlags,
  method: 'GET' | 'POST',
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<Body> {
  const address = new URL(path, url);
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

/**
 * Tells of an order until it has ended.
 *
 * @param tellResult what is printed once it is completed
 * @returns whether it was completed
 */
export async function follow(
  flags: ServerFlags,
  order: OrderBody,
  signal: AbortSignal,
  tellResult: (result: unknown) => string,
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
      process.stdout.write(`${tellResult(now.result)}\n`);
      return true;
    }
    if (now.state === 'failed' || now.state === 'cancelled') {
      process.stderr.write(`${now.error ?? 'it was cancelled'}\n`);
      return false;
    }
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** What became of messages that were decoded again. */
export function decodedAgain(result: unknown): string {
  const { messages = 0, gone = 0 } = (result ?? {}) as { readonly messages?: number; readonly gone?: number };
  return `${messages} messages are decoded again; ${gone} are not in the journal any more`;
}
