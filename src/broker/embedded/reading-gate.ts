import type { Peer } from './peers.ts';

type Connection = Pick<Peer, 'socket' | 'wake'>;

/**
 * Stops reading from all connections while more than a number of bytes waits for the journal. Each connection is held by
 * its own unanswered publishes already; the gate bounds the sum over ten thousand of them.
 */
export class ReadingGate {
  readonly #waitingBytesMax: number;
  readonly #parked = new Set<Connection>();
  #waitingBytes = 0;
  #isShut = false;
  #isFull = false;

  constructor(waitingBytesMax: number) {
    this.#waitingBytesMax = waitingBytesMax;
  }

  /** @returns false when the connection must not be read now; it is woken when it may */
  mayRead(connection: Connection): boolean {
    if (!this.#isFull && !this.#isShut) return true;
    this.#parked.add(connection);
    return false;
  }

  /** So much waits that nothing more is to be read. */
  get isClosed(): boolean {
    return this.#isFull || this.#isShut;
  }

  isParked(connection: Connection): boolean {
    return this.#parked.has(connection);
  }

  add(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > this.#waitingBytesMax) this.#isFull = true;
  }

  remove(bytes: number): void {
    this.#waitingBytes -= bytes;
    // Half-way down, so that the sockets are not woken and parked at every message.
    if (!this.#isFull || this.#waitingBytes > this.#waitingBytesMax / 2) return;
    this.#isFull = false;
    setImmediate(() => this.#wake());
  }

  forget(connection: Connection): void {
    this.#parked.delete(connection);
  }

  /** Nothing is read any more. */
  shut(): void {
    this.#isShut = true;
  }

  #wake(): void {
    if (this.#isFull || this.#isShut) return;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const { socket, wake } of parked) if (!socket.destroyed) wake();
  }
}
