import { connect, type Socket } from 'node:net';
import { connectPacket } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import type { Load } from './cases.ts';
import { Burst } from './payloads.ts';

const CONNACK_BYTES = 4;
const PUBACK_BYTES = 4;
/** Longer than a case: nobody sends PINGREQ. */
export const KEEPALIVE_SECONDS = 240;

/** Bursts that were sent and not acknowledged, oldest first; a server acknowledges in order. */
interface Sent {
  readonly burst: Burst;
  readonly atMs: number;
  unpaid: number;
}

/** One publisher's connection. Acknowledgements are counted by their bytes, so that it costs little. */
export class PublisherConnection {
  readonly ready: Promise<void>;
  acknowledged = 0;
  readonly #socket: Socket;
  readonly #bursts: readonly Burst[];
  readonly #open: Sent[] = [];
  readonly #onAck: (connection: PublisherConnection, atMs: number, count: number) => void;
  #next = 0;
  #stampMs = 0;
  #unread = -CONNACK_BYTES;

  constructor(
    port: number,
    load: Load,
    index: number,
    onAck: (connection: PublisherConnection, sentAtMs: number, count: number) => void,
  ) {
    this.#onAck = onAck;
    this.#bursts = Array.from({ length: load.bursts }, (_, place) => new Burst(load, index, place));
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.ready = new Promise((resolve, reject) => {
      this.#socket.on('data', (chunk) => {
        this.#read(chunk.length);
        if (this.#unread >= 0) resolve();
      });
      this.#socket.on('error', reject);
      this.#socket.on('close', () => reject(new Error('the server closed the connection of a publisher')));
    });
    this.#socket.write(connectPacket({ clientId: `bench-${index}`, keepaliveSeconds: KEEPALIVE_SECONDS }));
  }

  get openBursts(): number {
    return this.#open.length;
  }

  /** Sends the next burst in one write; its messages say now, and never the same moment twice. */
  send(): number {
    const burst = this.#bursts[this.#next]!;
    this.#next = (this.#next + 1) % this.#bursts.length;
    const fromMs = Math.max(systemClock.nowMs(), this.#stampMs);
    burst.stamp(fromMs);
    this.#stampMs = fromMs + burst.spanMs;
    this.#open.push({ burst, atMs: systemClock.monotonicMs(), unpaid: burst.count * PUBACK_BYTES });
    this.#socket.write(burst.bytes);
    return burst.count;
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.on('error', () => {});
    this.#socket.destroy();
  }

  #read(bytes: number): void {
    let rest = bytes;
    if (this.#unread < 0) {
      const taken = Math.min(rest, -this.#unread);
      this.#unread += taken;
      rest -= taken;
    }
    while (rest > 0) {
      const oldest = this.#open[0];
      if (oldest === undefined) throw new Error('an acknowledgement came for nothing');
      const taken = Math.min(rest, oldest.unpaid);
      oldest.unpaid -= taken;
      rest -= taken;
      if (oldest.unpaid === 0) this.#open.shift();
      this.acknowledged += taken / PUBACK_BYTES;
      this.#onAck(this, oldest.atMs, taken / PUBACK_BYTES);
    }
  }
}
