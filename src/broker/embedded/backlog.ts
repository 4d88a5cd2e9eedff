import type { Clock } from '../../base/index.ts';
import type { Peer } from './peers.ts';

/** Unsent bytes of a connection from which on nothing more is read of it. Acknowledgements are the most of them. */
const UNSENT_BYTES_MAX = 64 << 10;
const CLOGGED_MS_MAX = 5_000;

/**
 * Reads no more of a connection that does not take its answers: without that, a publisher that reads no acknowledgement
 * would fill the memory with them, as aedes waits for none of these writes. Who stays so for five seconds is cut.
 */
export class Backlog {
  readonly #clock: Clock;
  readonly #onClogged: (peer: Peer) => void;
  readonly #clogged = new Map<Peer, number>();

  constructor(clock: Clock, onClogged: (peer: Peer) => void) {
    this.#clock = clock;
    this.#onClogged = onClogged;
  }

  /** @returns false when the connection must not be read now; it is woken when it may */
  mayRead(peer: Peer): boolean {
    if (this.#clogged.has(peer)) return false;
    const { socket } = peer;
    // Above its own mark the stream tells when it is empty again.
    if (socket.writableLength <= Math.max(UNSENT_BYTES_MAX, socket.writableHighWaterMark)) return true;
    this.#clogged.set(peer, this.#clock.monotonicMs());
    socket.once('drain', () => {
      this.#clogged.delete(peer);
      if (!socket.destroyed) peer.wake();
    });
    return false;
  }

  isClogged(peer: Peer): boolean {
    return this.#clogged.has(peer);
  }

  forget(peer: Peer): void {
    this.#clogged.delete(peer);
  }

  /** To be called about once a second. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [peer, sinceMs] of this.#clogged) if (nowMs - sinceMs >= CLOGGED_MS_MAX) this.#onClogged(peer);
  }
}
