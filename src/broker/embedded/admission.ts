import type { Clock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { isLoopbackAddress } from './exposure.ts';
import { TokenBuckets } from './token-bucket.ts';

/** Connections of one address that have not been let in yet. */
const HALF_OPEN_PER_ADDRESS_MAX = 200;
/** An address may open so many seconds' worth of connections at once. */
const BURST_SECONDS = 10;

/** Why a socket is closed at once. */
export interface Turned {
  readonly reason: 'connection_limit' | 'rate_limit';
  readonly cause: string;
}

/** A socket that was counted in. */
export interface Place {
  letIn(): void;
  leave(): void;
}

interface Counts {
  all: number;
  halfOpen: number;
}

/**
 * Counts connections, over all and by address, from the moment that the socket is there: encryption and MQTT have cost
 * nothing yet. This machine is let off the limits by address unless `mqtt.limitLoopback` says otherwise.
 */
export class Admission {
  #all = 0;
  readonly #counts = new Map<string, Counts>();
  readonly #config: Config['mqtt'];
  readonly #clock: Clock;
  readonly #rates: TokenBuckets;

  constructor(config: Config['mqtt'], clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const perSecond = config.connectsPerSecondMax;
    this.#rates = new TokenBuckets({ perSecond, burst: perSecond * BURST_SECONDS });
  }

  enter(address: string): Place | Turned {
    const key = addressKey(address);
    const counts = this.#counts.get(key) ?? { all: 0, halfOpen: 0 };
    const turned = this.#problem(address, key, counts);
    if (turned !== undefined) return turned;
    this.#all++;
    counts.all++;
    counts.halfOpen++;
    this.#counts.set(key, counts);
    return this.#place(key, counts);
  }

  #place(key: string, counts: Counts): Place {
    let isHalfOpen = true;
    const letIn = () => {
      if (isHalfOpen) counts.halfOpen--;
      isHalfOpen = false;
    };
    let isThere = true;
    const leave = () => {
      if (!isThere) return;
      isThere = false;
      letIn();
      this.#all--;
      if (--counts.all === 0) this.#counts.delete(key);
    };
    return { letIn, leave };
  }

  #problem(address: string, key: string, counts: Counts): Turned | undefined {
    const { connectionsMax, connectionsPerAddressMax, connectsPerSecondMax, limitLoopback } = this.#config;
    if (this.#all >= connectionsMax) return { reason: 'connection_limit', cause: `${this.#all} connections are open` };
    if (!limitLoopback && isLoopbackAddress(address)) return undefined;
    if (counts.all >= connectionsPerAddressMax)
      return { reason: 'connection_limit', cause: `${counts.all} connections of the address are open` };
    if (counts.halfOpen >= HALF_OPEN_PER_ADDRESS_MAX)
      return {
        reason: 'connection_limit',
        cause: `${counts.halfOpen} connections of the address wait for their CONNECT`,
      };
    if (!this.#rates.take(key, this.#clock.monotonicMs()))
      return {
        reason: 'rate_limit',
        cause: `the address opens more than ${connectsPerSecondMax} connections a second`,
      };
    return undefined;
  }
}

/** An address as it is counted: of IPv6 the network, whose addresses one client can have all of (RFC 6177). */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...rest];
  return `${all.slice(0, 4).join(':')}::/64`;
}
