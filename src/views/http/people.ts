import { createHmac, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, FailureThrottle, MINUTE_MS, OperatingError, SECOND_MS } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { AuditLine, AuditTrail, Person, Role, UserDirectory } from '../../identity/index.ts';
import { basicOf, tokenOf } from './credentials.ts';
import { HttpProblem } from './problems.ts';
import { neededRole } from './roles.ts';
import { isLoopback } from './security.ts';

/** Who may use the API, and where it is written down who did. */
export interface PeopleOptions {
  readonly users: UserDirectory;
  readonly audit: AuditTrail;
  /** The newest lines of the trail, oldest first. */
  readonly readAudit: (limit: number) => readonly AuditLine[];
}

/** A password that was right is not hashed again for so long; hashing takes some 50 ms on purpose. */
const REMEMBER_MS = 10 * MINUTE_MS;
const REMEMBERED_MAX = 1_000;
/** How often it is looked whether tokens have ended that something is open by. */
const LOOK_EVERY_MS = SECOND_MS;
const CHALLENGE = 'Basic realm="City Vitals", charset="UTF-8"';
const ROLE_ORDER: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Who was let in by `guardByRole`. */
const persons = new WeakMap<FastifyRequest, Person>();
/** What looks after the logins of the server that a request came to; absent for what is open to everybody. */
const logins = new WeakMap<FastifyRequest, HttpLogin>();

/** Who asks, and from where; without a login nobody knows the name, and everybody may do everything. */
export function personOf(request: FastifyRequest): Person & { readonly address: string } {
  const { name, role } = persons.get(request) ?? { name: '', role: 'admin' };
  return { name, role, address: request.ip };
}

/**
 * Calls `end` once the request would not be let in any more, for what stays open longer than an answer: its token has
 * ended or was removed, its user was removed, or a login is needed by now. Who came by a password is ended at any change
 * of users: whether it is still right cannot be told without it, and a browser logs in again by itself.
 *
 * @returns leaves off
 */
export function whileAllowed(request: FastifyRequest, end: () => void): () => void {
  return logins.get(request)?.watch(request, end) ?? (() => {});
}

/** Whether requests need a login now. */
export function needsLogin(
  { host, users }: Pick<Config['http'], 'host' | 'users'>,
  directory: Pick<UserDirectory, 'count'>,
): boolean {
  if (users === 'auto') return !isLoopback(host) || directory.count > 0;
  return users === 'on';
}

/**
 * Asks every request for a login by the role that its route needs: HTTP Basic for people in a browser, a bearer token for
 * programs.
 */
export function guardByRole(app: FastifyInstance, config: Config['http'], options: PeopleOptions, clock: Clock): void {
  const login = new HttpLogin(config, options, clock);
  app.addHook('onClose', async () => login.close());
  app.addHook('onRequest', async (request, reply) => {
    const needed = neededRole(request.routeOptions.url, request.method);
    if (needed === 'nobody' || needed === 'device') return;
    logins.set(request, login);
    if (!needsLogin(config, options.users)) return;
    const isThrottled = login.isThrottled(request);
    const person = await login.personOf(request);
    if (person === undefined) throw refused(request, reply, options.audit, isThrottled);
    persons.set(request, person);
    if (ROLE_ORDER[person.role] >= ROLE_ORDER[needed]) return;
    const cause = `${person.role} where ${needed} is needed`;
    options.audit.record({ kind: 'access_refused', who: person.name, by: 'http', address: request.ip, cause });
    throw new HttpProblem(403, 'forbidden', `cannot show this to "${person.name}": the role ${needed} is needed`);
  });
}

/** @param isThrottled the login was not looked at: the trail then leaves out the name, which may be invented */
function refused(request: FastifyRequest, reply: FastifyReply, audit: AuditTrail, isThrottled: boolean): HttpProblem {
  reply.header('www-authenticate', CHALLENGE);
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const who = isThrottled ? '' : (basicOf(authorization)?.name ?? '');
    audit.record({ kind: 'login_refused', who, by: 'http', address: request.ip });
  }
  return new HttpProblem(401, 'login_needed', 'cannot answer without a login: give a user and password, or a token');
}

interface OpenRequest {
  readonly request: FastifyRequest;
  readonly end: () => void;
}

class HttpLogin {
  readonly #config: Config['http'];
  readonly #users: UserDirectory;
  readonly #audit: AuditTrail;
  readonly #clock: Clock;
  readonly #throttle: FailureThrottle;
  readonly #stop: () => void;
  /** Keyed: what is remembered must not help who reads the memory to a password. */
  readonly #key = randomBytes(32);
  readonly #remembered = new Map<string, { readonly person: Person; readonly untilMs: number }>();
  readonly #open = new Set<OpenRequest>();
  readonly #timer: NodeJS.Timeout;

  constructor(config: Config['http'], { users, audit }: PeopleOptions, clock: Clock) {
    this.#config = config;
    this.#users = users;
    this.#audit = audit;
    this.#clock = clock;
    this.#throttle = new FailureThrottle(clock);
    this.#stop = users.onChange(() => {
      this.#remembered.clear();
      this.#endOpen(true);
    });
    this.#timer = setInterval(() => this.#endOpen(false), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    this.#stop();
    clearInterval(this.#timer);
    this.#open.clear();
  }

  watch(request: FastifyRequest, end: () => void): () => void {
    const open = { request, end };
    this.#open.add(open);
    return () => void this.#open.delete(open);
  }

  /** No password for the name, from where the request came, is looked at for a while. */
  isThrottled({ headers: { authorization = '' }, ip }: FastifyRequest): boolean {
    const basic = basicOf(authorization);
    return basic !== undefined && this.#throttle.waitMs(ip, basic.name) > 0;
  }

  async personOf({ headers: { authorization = '' }, ip }: FastifyRequest): Promise<Person | undefined> {
    const token = tokenOf(authorization);
    // Not slowed down: nobody guesses 192 random bits, one look is a single SHA-256, and a program with a token that has
    // ended must hold up neither other programs nor people behind its address.
    if (token !== undefined) return this.#users.byToken(token);
    const basic = basicOf(authorization);
    if (basic === undefined) return undefined;
    const key = createHmac('sha256', this.#key).update(authorization).digest('base64');
    const known = this.#remembered.get(key);
    if (known !== undefined && this.#clock.monotonicMs() < known.untilMs) return known.person;
    const person = await this.#checked(ip, basic.name, basic.password);
    if (person === undefined) return undefined;
    this.#remember(key, person);
    this.#audit.record({ kind: 'login', who: person.name, by: 'http', address: ip });
    return person;
  }

  async #checked(ip: string, name: string, password: string): Promise<Person | undefined> {
    if (this.#throttle.waitMs(ip, name) > 0) return undefined;
    const person = await this.#users.byPassword(name, password).catch(busy);
    if (person === undefined) this.#throttle.failed(ip, name);
    else this.#throttle.succeeded(ip, name);
    return person;
  }

  /** @param isChanged users or tokens are others than when it was looked last */
  #endOpen(isChanged: boolean): void {
    for (const open of this.#open) {
      if (this.#isAllowed(open.request, isChanged)) continue;
      this.#open.delete(open);
      open.end();
    }
  }

  #isAllowed(request: FastifyRequest, isChanged: boolean): boolean {
    const person = persons.get(request);
    if (person === undefined) return !needsLogin(this.#config, this.#users);
    const token = tokenOf(request.headers.authorization ?? '');
    if (token === undefined) return !isChanged;
    const now = this.#users.byToken(token);
    return now?.name === person.name && now.role === person.role;
  }

  #remember(key: string, person: Person): void {
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.delete(this.#remembered.keys().next().value!);
    this.#remembered.set(key, { person, untilMs: this.#clock.monotonicMs() + REMEMBER_MS });
  }
}

/** Checking passwords has a limit, and it says so. */
function busy(error: unknown): never {
  if (!(error instanceof OperatingError)) throw error;
  throw new HttpProblem(503, 'busy', `${error.message}; try again shortly`);
}
