import type { Clock } from '../../base/index.ts';
import type { Peer } from './peers.ts';
import { TokenBuckets } from './token-bucket.ts';

/** A device that was away may send so many seconds' worth at once. */
const BURST_SECONDS = 16;

/** Bytes of devices by their id. */
export function deviceBuckets(bytesPerSecond: number): TokenBuckets {
  return new TokenBuckets({ perSecond: bytesPerSecond, burst: bytesPerSecond * BURST_SECONDS });
}

/**
 * Holds each device of the registry to a number of bytes a second: over it, its connection is not read for a while, so
 * that it waits and loses nothing. All connections of a device share its rate.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #buckets: TokenBuckets;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#clock = clock;
    this.#buckets = deviceBuckets(bytesPerSecond);
  }

  /** @returns false when the connection must not be read now; it is woken when it may */
  mayRead(peer: Peer): boolean {
    if (peer.heldUntilMs === 0) return true;
    const waitMs = peer.heldUntilMs - this.#clock.monotonicMs();
    if (waitMs <= 0) return true;
    if (peer.heldTimer === undefined) {
      peer.heldTimer = setTimeout(() => {
        peer.heldTimer = undefined;
        if (!peer.socket.destroyed) peer.wake();
      }, waitMs);
      peer.heldTimer.unref();
    }
    return false;
  }

  charge(peer: Peer, bytes: number): void {
    const id = peer.identity?.device?.record.id;
    if (id === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = this.#buckets.charge(id, bytes, nowMs);
    if (waitMs > 0) peer.heldUntilMs = nowMs + waitMs;
  }
}
