import type { Duplex } from 'node:stream';
import { filterMatches, levelsOf } from '../../model/index.ts';

/** Somebody who listens. */
export interface Subscriber {
  readonly socket: Duplex;
  mayReceive(topic: string): boolean;
}

interface Listening {
  readonly subscriber: Subscriber;
  /** Filter as sent, and in levels. */
  readonly filters: Map<string, readonly string[]>;
  /** Since when its socket has been over the limit; undefined while it keeps up. */
  fullSinceMs: number | undefined;
}

interface Queued {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly targets: readonly Listening[];
}

const QUEUE_MAX = 5_000;
const QUEUE_BYTES_MAX = 32 << 20;
const MESSAGES_PER_TURN = 200;
/** A subscriber with more unsent bytes than this gets no more until it has caught up by half. */
const UNSENT_BYTES_MAX = 1 << 20;
const SLOW_FOR_MS_MAX = 5_000;
const RETAINED_MAX = 10_000;
const RETAINED_BYTES_MAX = 32 << 20;
const TOPICS_REMEMBERED_MAX = 10_000;

/**
 * Hands messages to subscribers, at QoS 0 and apart from taking messages in: offering one costs a place in a bounded
 * queue and never waits. When the queue is full the oldest is dropped and counted; a subscriber that does not read is
 * skipped, and cut after five seconds.
 */
export class FanOut {
  /** Messages that did not reach somebody, for any of the limits. */
  dropped = 0;
  readonly #listening = new Map<Subscriber, Listening>();
  readonly #targets = new Map<string, readonly Listening[]>();
  readonly #retained = new Map<string, Uint8Array>();
  readonly #onSlow: (subscriber: Subscriber) => void;
  readonly #nowMs: () => number;
  #retainedBytes = 0;
  #queue: Queued[] = [];
  #queueHead = 0;
  #queueBytes = 0;
  #isFlushing = false;

  constructor(nowMs: () => number, onSlow: (subscriber: Subscriber) => void) {
    this.#nowMs = nowMs;
    this.#onSlow = onSlow;
  }

  subscribe(subscriber: Subscriber, filters: readonly string[]): void {
    const known = this.#listening.get(subscriber);
    const listening: Listening = known ?? { subscriber, filters: new Map(), fullSinceMs: undefined };
    for (const filter of filters) listening.filters.set(filter, levelsOf(filter));
    this.#listening.set(subscriber, listening);
    this.#targets.clear();
    this.#sendRetained(listening, this.#retainedFor(subscriber, filters));
  }

  unsubscribe(subscriber: Subscriber, filters: readonly string[]): void {
    const listening = this.#listening.get(subscriber);
    for (const filter of filters) listening?.filters.delete(filter);
    if (listening?.filters.size === 0) this.#listening.delete(subscriber);
    this.#targets.clear();
  }

  leave(subscriber: Subscriber): void {
    if (this.#listening.delete(subscriber)) this.#targets.clear();
  }

  /** Somebody may receive more or less than before. */
  forgetRights(): void {
    this.#targets.clear();
  }

  /** Offers a message to whoever listens now; for them it is not marked as retained [MQTT-3.3.1-9]. */
  offer(topic: string, payload: Uint8Array): void {
    if (this.#listening.size === 0) return;
    const targets = this.#targetsOf(topic);
    if (targets.length === 0) return;
    this.#queue.push({ topic, payload, targets });
    this.#queueBytes += payload.length;
    while (this.#queue.length - this.#queueHead > QUEUE_MAX || this.#queueBytes > QUEUE_BYTES_MAX) {
      this.#takeOldest();
      this.dropped++;
    }
    this.#wake();
  }

  /** Keeps a message for those who subscribe later; an empty payload takes it away [MQTT-3.3.1-10]. */
  retain(topic: string, payload: Uint8Array): void {
    const known = this.#retained.get(topic);
    if (known !== undefined) this.#retainedBytes -= known.length;
    this.#retained.delete(topic);
    if (payload.length === 0) return;
    const isFull = this.#retained.size >= RETAINED_MAX || this.#retainedBytes + payload.length > RETAINED_BYTES_MAX;
    if (isFull) {
      this.dropped++;
      return;
    }
    this.#retained.set(topic, payload);
    this.#retainedBytes += payload.length;
  }

  /** To be called about once a second: cuts those who have not kept up for too long. */
  sweep(): void {
    for (const listening of this.#listening.values()) {
      if (listening.fullSinceMs === undefined) continue;
      if (listening.subscriber.socket.writableLength <= UNSENT_BYTES_MAX / 2) listening.fullSinceMs = undefined;
      else if (this.#nowMs() - listening.fullSinceMs >= SLOW_FOR_MS_MAX) this.#onSlow(listening.subscriber);
    }
  }

  #targetsOf(topic: string): readonly Listening[] {
    const known = this.#targets.get(topic);
    if (known !== undefined) return known;
    const levels = levelsOf(topic);
    const targets = [...this.#listening.values()].filter(
      ({ filters, subscriber }) =>
        [...filters.values()].some((filter) => filterMatches(filter, levels)) && subscriber.mayReceive(topic),
    );
    if (this.#targets.size >= TOPICS_REMEMBERED_MAX) this.#targets.clear();
    this.#targets.set(topic, targets);
    return targets;
  }

  #takeOldest(): Queued {
    const oldest = this.#queue[this.#queueHead++]!;
    this.#queueBytes -= oldest.payload.length;
    if (this.#queueHead > QUEUE_MAX || this.#queueHead === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#queueHead);
      this.#queueHead = 0;
    }
    return oldest;
  }

  #wake(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const corked = new Set<Duplex>();
    for (let count = 0; count < MESSAGES_PER_TURN && this.#queueHead < this.#queue.length; count++) {
      const { topic, payload, targets } = this.#takeOldest();
      const packet = encodePublish(topic, payload, false);
      for (const listening of targets) {
        const { socket } = listening.subscriber;
        if (!corked.has(socket)) {
          corked.add(socket);
          socket.cork();
        }
        this.#send(listening, packet);
      }
    }
    for (const socket of corked) socket.uncork();
    this.#isFlushing = false;
    if (this.#queueHead < this.#queue.length) this.#wake();
  }

  #send(listening: Listening, packet: Uint8Array): void {
    const { socket } = listening.subscriber;
    if (socket.destroyed || !socket.writable) return;
    if (this.#isFull(listening)) this.dropped++;
    else socket.write(packet);
  }

  #isFull(listening: Listening): boolean {
    const unsent = listening.subscriber.socket.writableLength;
    if (listening.fullSinceMs !== undefined && unsent <= UNSENT_BYTES_MAX / 2) listening.fullSinceMs = undefined;
    else if (unsent > UNSENT_BYTES_MAX) listening.fullSinceMs ??= this.#nowMs();
    return listening.fullSinceMs !== undefined;
  }

  *#retainedFor(subscriber: Subscriber, filters: readonly string[]): Generator<Uint8Array> {
    const wanted = filters.map(levelsOf);
    for (const [topic, payload] of this.#retained) {
      const levels = levelsOf(topic);
      if (!wanted.some((filter) => filterMatches(filter, levels)) || !subscriber.mayReceive(topic)) continue;
      yield encodePublish(topic, payload, true);
    }
  }

  /** Retained messages are not dropped for somebody who just came: they follow at the pace of the socket. */
  #sendRetained(listening: Listening, packets: Generator<Uint8Array>): void {
    const { socket } = listening.subscriber;
    for (;;) {
      if (socket.destroyed) return;
      if (this.#isFull(listening)) break;
      const next = packets.next();
      if (next.done === true) return;
      socket.write(next.value);
    }
    socket.once('drain', () => this.#sendRetained(listening, packets));
  }
}

/** A PUBLISH at QoS 0 (MQTT 3.1.1, 3.3). */
export function encodePublish(topic: string, payload: Uint8Array, retain: boolean): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const length = 2 + topicBytes + payload.length;
  const head: number[] = [0x30 | (retain ? 1 : 0)];
  let rest = length;
  do {
    const more = rest > 127;
    head.push((rest % 128) | (more ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  const packet = Buffer.allocUnsafe(head.length + length);
  packet.set(head, 0);
  packet.writeUInt16BE(topicBytes, head.length);
  packet.write(topic, head.length + 2, topicBytes, 'utf8');
  packet.set(payload, head.length + 2 + topicBytes);
  return packet;
}
