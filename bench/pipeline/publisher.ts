import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/index.ts';
import type { Load } from './cases.ts';
import { PublisherConnection } from './connection.ts';

/*
 * A process of its own that publishes: connections [first, first + count) of a load. It does what its parent asks for
 * and answers with what happened.
 */

export type PublisherRequest =
  | { readonly kind: 'flood'; readonly messages: number; readonly forMsMax: number }
  | { readonly kind: 'pace'; readonly perSecond: number; readonly forMs: number };

export interface PublisherReport {
  readonly sent: number;
  /** From the first message to the last acknowledgement. */
  readonly tookMs: number;
  /** Latencies of acknowledgements: how many fell into each tenth of a millisecond. */
  readonly ackTenths: readonly (readonly [tenths: number, count: number])[];
  /** When how many were sent, wall clock. */
  readonly sentAt: readonly (readonly [atMs: number, sent: number])[];
}

export interface PublisherSettings {
  readonly port: number;
  readonly load: Load;
  readonly first: number;
  readonly count: number;
}

const PACE_EVERY_MS = 5;

class Publisher {
  readonly #load: Load;
  readonly #connections: readonly PublisherConnection[];
  #flooding = false;
  #left = 0;
  #sent = 0;
  #acknowledged = 0;
  #tenths = new Map<number, number>();
  #sentAt: [number, number][] = [];

  constructor({ port, load, first, count }: PublisherSettings) {
    this.#load = load;
    this.#connections = Array.from(
      { length: count },
      (_, index) =>
        new PublisherConnection(port, load, first + index, (connection, sentAtMs, acknowledged) =>
          this.#onAck(connection, sentAtMs, acknowledged),
        ),
    );
  }

  async ready(): Promise<void> {
    await Promise.all(this.#connections.map(({ ready }) => ready));
  }

  async run(request: PublisherRequest): Promise<PublisherReport> {
    this.#sent = 0;
    this.#acknowledged = 0;
    this.#tenths = new Map();
    this.#sentAt = [];
    const startMs = systemClock.monotonicMs();
    if (request.kind === 'flood') await this.#flood(request.messages, request.forMsMax);
    else await this.#pace(request.perSecond, request.forMs);
    while (this.#acknowledged < this.#sent) await sleep(2);
    const tookMs = systemClock.monotonicMs() - startMs;
    return { sent: this.#sent, tookMs, ackTenths: [...this.#tenths], sentAt: this.#sentAt };
  }

  async #flood(messages: number, forMsMax: number): Promise<void> {
    const endMs = systemClock.monotonicMs() + forMsMax;
    this.#left = messages;
    this.#flooding = true;
    for (const connection of this.#connections) {
      while (this.#left > 0 && connection.openBursts < this.#load.burstsOpen) this.#send(connection);
    }
    while (this.#left > 0 && systemClock.monotonicMs() < endMs) await sleep(5);
    this.#flooding = false;
  }

  /** What is due is sent in turn by connections that have room; one that has none is passed over, and falls behind. */
  async #pace(perSecond: number, forMs: number): Promise<void> {
    const startMs = systemClock.monotonicMs();
    let turn = 0;
    for (let nowMs = startMs; nowMs - startMs < forMs; nowMs = systemClock.monotonicMs()) {
      const due = ((nowMs - startMs) / 1000) * perSecond;
      for (let tried = 0; this.#sent + this.#load.burst <= due && tried < this.#connections.length; tried++) {
        const connection = this.#connections[turn++ % this.#connections.length]!;
        if (connection.openBursts < this.#load.bursts - 1 || connection.openBursts === 0) {
          this.#send(connection);
          tried = -1;
        }
      }
      this.#sentAt.push([systemClock.nowMs(), this.#sent]);
      await sleep(PACE_EVERY_MS);
    }
  }

  #send(connection: PublisherConnection): void {
    const count = connection.send();
    this.#sent += count;
    this.#left -= count;
  }

  #onAck(connection: PublisherConnection, sentAtMs: number, count: number): void {
    this.#acknowledged += count;
    const tenths = Math.round((systemClock.monotonicMs() - sentAtMs) * 10);
    this.#tenths.set(tenths, (this.#tenths.get(tenths) ?? 0) + count);
    while (this.#flooding && this.#left > 0 && connection.openBursts < this.#load.burstsOpen) this.#send(connection);
  }
}

const publisher = new Publisher(JSON.parse(process.argv[2]!) as PublisherSettings);
await publisher.ready();
process.on('message', async (request: PublisherRequest) => {
  process.send!(await publisher.run(request));
});
process.on('disconnect', () => process.exit());
process.send!('ready');
