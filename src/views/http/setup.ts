import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Clock, HOUR_MS, OperatingError } from '../../base/index.ts';
import type { AuditTrail, UserDirectory } from '../../identity/index.ts';
import { escaped } from '../html.ts';
import { HttpProblem } from './problems.ts';

export const SETUP_PATH = '/setup';

const TOKEN_BYTES = 32;
const VALID_MS = HOUR_MS;
const BODY_BYTES_MAX = 4_096;

export interface SetupOptions {
  readonly users: UserDirectory;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

/** The way to the first admin, where there is none yet: a link that works once, for an hour. There is no default password. */
export class Setup {
  readonly #options: SetupOptions;
  readonly #endsAtMs: number;
  #token: string | undefined;

  constructor(options: SetupOptions) {
    this.#options = options;
    this.#endsAtMs = options.clock.monotonicMs() + VALID_MS;
    this.#token = options.users.hasAdmin ? undefined : randomBytes(TOKEN_BYTES).toString('base64url');
  }

  /** Path and query of the link; undefined when there is an admin. */
  get link(): string | undefined {
    return this.#token === undefined ? undefined : `${SETUP_PATH}?token=${this.#token}`;
  }

  isOpenTo(token: unknown): boolean {
    if (this.#options.users.hasAdmin || this.#options.clock.monotonicMs() > this.#endsAtMs) this.#token = undefined;
    if (this.#token === undefined || typeof token !== 'string') return false;
    const [kept, given] = [Buffer.from(this.#token), Buffer.from(token)];
    return kept.length === given.length && timingSafeEqual(kept, given);
  }

  /** @throws OperatingError `user_invalid`, `user_exists` */
  async finish(name: string, password: string, address: string): Promise<void> {
    await this.#options.users.addFirstAdmin(name, password);
    this.#token = undefined;
    this.#options.audit.record({ kind: 'user_added', who: name, by: 'setup link', address });
  }
}

/** The page behind the link: a form without scripts. */
export function setupRoutes(app: FastifyInstance, setup: Setup): void {
  app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
      (_request, body, done) => done(null, new URLSearchParams(body as string)),
    );
    scope.get(SETUP_PATH, { schema: { hide: true } }, async (request, reply) => {
      const { token } = request.query as { token?: unknown };
      if (!setup.isOpenTo(token)) throw closed();
      return page(reply, formOf(String(token), ''));
    });
    scope.post(SETUP_PATH, { schema: { hide: true } }, async (request, reply) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const [token, name, password] = ['token', 'name', 'password'].map((key) => form.get(key) ?? '');
      if (!setup.isOpenTo(token)) throw closed();
      const problem = password === form.get('again') ? undefined : 'the two passwords are not the same';
      const refusal = problem ?? (await refusalOf(() => setup.finish(name!, password!, request.ip)));
      return refusal === undefined ? page(reply, DONE) : page(reply.code(400), formOf(token!, refusal));
    });
  });
}

async function refusalOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof OperatingError) return error.message;
    throw error;
  }
}

function closed(): HttpProblem {
  return new HttpProblem(
    404,
    'not_found',
    'cannot find this page: the link was used, is older than an hour, or is wrong',
  );
}

function page(reply: FastifyReply, body: string): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>City Vitals</title>${body}</html>`,
    );
}

const DONE = '<h1>City Vitals</h1><p>The first admin is there. <a href="/">Log in</a>.</p>';

function formOf(token: string, problem: string): string {
  return (
    `<h1>City Vitals: the first admin</h1><p role="alert">${escaped(problem)}</p>` +
    `<form method="post" action="${SETUP_PATH}"><input type="hidden" name="token" value="${escaped(token)}">` +
    '<p><label>Name <input name="name" required maxlength="64" autocomplete="username"></label></p>' +
    '<p><label>Password, 12 characters or more <input name="password" type="password" required autocomplete="new-password"></label></p>' +
    '<p><label>Password again <input name="again" type="password" required autocomplete="new-password"></label></p>' +
    '<p><button>Make the admin</button></p></form>'
  );
}
