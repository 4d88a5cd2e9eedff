import type { Clock } from './clock.ts';

interface Failures {
  count: number;
  lastMs: number;
}

interface Rule {
  /** Failures that cost nothing. */
  readonly free: number;
  readonly waitMsMax: number;
}

const FIRST_WAIT_MS = 1_000;
/** Without a failure for so long, all is forgotten. */
const FORGET_MS = 15 * 60_000;
const KEYS_MAX = 50_000;

const PAIR: Rule = { free: 5, waitMsMax: 5 * 60_000 };
const NAME: Rule = { free: 20, waitMsMax: 60_000 };
const ADDRESS: Rule = { free: 100, waitMsMax: 60_000 };

/**
 * Slows down guessing: after some failures of an address for a name, each further one doubles the time in which no more
 * are looked at. Names and addresses are counted on their own too, against guessing from many places and for many names;
 * those limits let off whoever has logged in from the address before, so that nobody can lock a device out by failing in
 * its name, and one broken device does not lock out others behind its address.
 */
export class FailureThrottle {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #keysMax: number;
  readonly #failures = new Map<string, Failures>();
  readonly #known = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonicMs'>, keysMax = KEYS_MAX) {
    this.#clock = clock;
    this.#keysMax = keysMax;
  }

  /** ms for which an attempt is not to be looked at; 0 when it is. */
  waitMs(address: string, name: string): number {
    const pair = this.#waitOf(pairKey(address, name), PAIR);
    if (this.#known.has(pairKey(address, name))) return pair;
    return Math.max(pair, this.#waitOf(nameKey(name), NAME), this.#waitOf(addressKey(address), ADDRESS));
  }

  failed(address: string, name: string): void {
    for (const key of [pairKey(address, name), nameKey(name), addressKey(address)]) {
      const nowMs = this.#clock.monotonicMs();
      const known = this.#failures.get(key);
      const isForgotten = known !== undefined && nowMs - known.lastMs > FORGET_MS;
      const count = known === undefined || isForgotten ? 1 : known.count + 1;
      this.#failures.delete(key);
      if (this.#failures.size >= this.#keysMax) this.#failures.delete(this.#failures.keys().next().value!);
      this.#failures.set(key, { count, lastMs: nowMs });
    }
  }

  succeeded(address: string, name: string): void {
    const key = pairKey(address, name);
    this.#failures.delete(key);
    this.#known.delete(key);
    if (this.#known.size >= this.#keysMax) this.#known.delete(this.#known.keys().next().value!);
    this.#known.add(key);
  }

  #waitOf(key: string, { free, waitMsMax }: Rule): number {
    const failures = this.#failures.get(key);
    if (failures === undefined || failures.count < free) return 0;
    const waitMs = Math.min(waitMsMax, FIRST_WAIT_MS * 2 ** Math.min(failures.count - free, 30));
    return Math.max(0, failures.lastMs + waitMs - this.#clock.monotonicMs());
  }
}

/** Names come from outside: only their start is kept, where no two that exist are the same. */
const NAME_CHARACTERS_MAX = 80;

function pairKey(address: string, name: string): string {
  return `${address} ${name.slice(0, NAME_CHARACTERS_MAX)}`;
}

function nameKey(name: string): string {
  return `name ${name.slice(0, NAME_CHARACTERS_MAX)}`;
}

function addressKey(address: string): string {
  return `address ${address}`;
}
