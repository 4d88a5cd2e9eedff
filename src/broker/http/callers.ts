import { createHmac, randomBytes } from 'node:crypto';
import { type Clock, DAY_MS, type FailureThrottle, MINUTE_MS } from '../../base/index.ts';
import type { AuditTrail, DeviceDirectory } from '../../identity/index.ts';
import type { Identity } from '../embedded/access.ts';
import { addressKey } from '../embedded/admission.ts';
import type { Login } from '../embedded/login.ts';
import type { PostCredentials, PostRefused } from '../posts.ts';

/** A secret that was right is looked at again after so long: an old one may have ended. */
const REMEMBER_MS = MINUTE_MS;
const REMEMBERED_MAX = 10_000;
/** A login is told once in so long: every post is one, and they would push all else out of the trail. */
const TELL_EVERY_MS = DAY_MS;

export interface CallerOptions {
  readonly login: Login;
  readonly throttle: FailureThrottle;
  readonly clock: Clock;
  readonly devices: Pick<DeviceDirectory, 'onChange'> | undefined;
  readonly audit: AuditTrail | undefined;
}

/**
 * Tells who posts. Each request proves itself anew; what was found is remembered for a minute, or until the registry
 * changes, because the rights of a gateway are long.
 */
export class Callers {
  readonly #options: CallerOptions;
  /** Keyed: what is remembered must not help who reads the memory to a secret. */
  readonly #key = randomBytes(32);
  readonly #remembered = new Map<string, { readonly identity: Identity; readonly untilMs: number }>();
  readonly #toldAtMs = new Map<string, number>();
  readonly #stop: (() => void) | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#stop = options.devices?.onChange(() => this.#remembered.clear());
  }

  close(): void {
    this.#stop?.();
  }

  identify(address: string, credentials: PostCredentials | undefined): Identity | PostRefused {
    if (credentials === undefined) return this.#anonymous(address);
    const key = createHmac('sha256', this.#key).update(JSON.stringify(credentials)).digest('base64');
    const known = this.#remembered.get(key);
    if (known !== undefined && this.#options.clock.monotonicMs() < known.untilMs) return known.identity;
    const found = this.#checked(address, credentials);
    if ('refused' in found) return found;
    const nowMs = this.#options.clock.monotonicMs();
    keep(this.#remembered, key, { identity: found, untilMs: nowMs + REMEMBER_MS });
    this.#tellLogin(found.name, address, nowMs);
    return found;
  }

  #tellLogin(name: string, address: string, nowMs: number): void {
    const who = `${name} ${addressKey(address)}`;
    const toldAtMs = this.#toldAtMs.get(who);
    if (toldAtMs !== undefined && nowMs - toldAtMs < TELL_EVERY_MS) return;
    keep(this.#toldAtMs, who, nowMs);
    this.#tell('login', name, address);
  }

  #anonymous(address: string): Identity | PostRefused {
    const login = { address, name: undefined, secret: undefined, certificateName: undefined };
    // Nothing was guessed: a client that says nothing first, and its secret when it is asked, has not failed.
    return this.#options.login.identify(login) ?? { refused: 'login', cause: 'no secret was given' };
  }

  #checked(address: string, { name, secret }: PostCredentials): Identity | PostRefused {
    const { login, throttle } = this.#options;
    const claimed = name ?? this.#nameOfToken(secret);
    const from = addressKey(address);
    const waitMs = throttle.waitMs(from, claimed);
    if (waitMs > 0) {
      const cause = 'too many failed logins; no more are looked at for a while';
      // Without the name: whoever invents names would fill the trail with them.
      this.#tell('login_refused', '', address, cause);
      return { refused: 'rate_limit', cause, retryAfterMs: waitMs };
    }
    const given = Buffer.from(secret);
    const identity =
      name === undefined
        ? login.identifyToken(secret)
        : login.identify({ address, name, secret: given, certificateName: undefined });
    if (identity !== undefined) {
      throttle.succeeded(from, claimed);
      return identity;
    }
    throttle.failed(from, claimed);
    const cause = 'unknown name or wrong secret';
    this.#tell('login_refused', name ?? '', address, cause);
    return { refused: 'login', cause };
  }

  /** A secret without a name is counted by itself, so that one broken device holds up no other behind its address. */
  #nameOfToken(secret: string): string {
    return `a token ${createHmac('sha256', this.#key).update(secret).digest('base64url').slice(0, 16)}`;
  }

  #tell(kind: 'login' | 'login_refused', who: string, address: string, cause?: string): void {
    this.#options.audit?.record({ kind, who, by: 'http', address, cause });
  }
}

/** Bounded: the entry that was made first goes. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  if (map.size >= REMEMBERED_MAX) map.delete(map.keys().next().value!);
  map.set(key, value);
}
