import type { PublishPacket } from 'aedes';
import type { Clock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { type Message, MessageFlag } from '../../model/index.ts';
import type { AcceptMessage } from '../broker.ts';
import { WAITING_MESSAGE_BYTES } from '../waiting.ts';
import type { FanOut } from './fan-out.ts';
import type { Peer } from './peers.ts';
import { ReadingGate } from './reading-gate.ts';

/** Memory, together over all connections; each one by itself is held after one read of at most 64 KiB. */
const WAITING_BYTES_MAX = 64 << 20;
/** What is kept of a payload over the limit, to be recognised in the quarantine. */
const HEAD_BYTES = 256;

type Settle = (error?: Error) => void;

/** Hands publishes over to the journal, keeps count of what it has not answered yet, and forwards what it took. */
export class Reception {
  readonly gate: ReadingGate;
  readonly received: [number, number, number] = [0, 0, 0];
  waiting = 0;
  accept: AcceptMessage | undefined;
  readonly #config: Pick<Config['mqtt'], 'payloadMax'>;
  readonly #clock: Clock;
  readonly #fanOut: Pick<FanOut, 'offer'>;
  #onIdle: (() => void) | undefined;

  /** @param waitingBytesMax memory of what may wait for the journal before nothing is read any more */
  constructor(
    config: Pick<Config['mqtt'], 'payloadMax'>,
    clock: Clock,
    fanOut: Pick<FanOut, 'offer'>,
    waitingBytesMax = WAITING_BYTES_MAX,
  ) {
    this.gate = new ReadingGate(waitingBytesMax);
    this.#config = config;
    this.#clock = clock;
    this.#fanOut = fanOut;
  }

  /** `settle` is called once: without an error when the message is durable. It never runs before this returns. */
  take(
    packet: PublishPacket,
    sender: { clientId: string; peer?: Peer | undefined; isWill: boolean },
    settle: Settle,
  ): void {
    let isReturned = false;
    const payload = bytesOf(packet.payload);
    this.handOver(
      {
        topic: packet.topic,
        payload,
        payloadBytes: payload.length,
        clientId: sender.clientId,
        receivedAtMs: this.#clock.nowMs(),
        flags: flagsOf(packet, sender.isWill),
      },
      sender.peer,
      (error) => {
        // The parser is still in its loop when the answer comes at once, and would be entered a second time.
        if (isReturned) settle(error);
        else setImmediate(settle, error);
      },
    );
    isReturned = true;
  }

  /**
   * Hands a message over with its whole payload, whatever its size. `settle` is called once, perhaps before this
   * returns: without an error when the message is durable.
   */
  handOver(message: Message, peer: Peer | undefined, settle: Settle): void {
    const { topic, payload, flags } = message;
    const isTooLarge = payload.length > this.#config.payloadMax;
    const bytes = payload.length + topic.length + WAITING_MESSAGE_BYTES;
    this.received[(flags & MessageFlag.qos1) !== 0 ? 1 : (flags & MessageFlag.qos2) !== 0 ? 2 : 0]++;
    this.waiting++;
    this.gate.add(bytes);
    if (peer !== undefined) peer.waiting++;
    let isAnswered = false;
    const answer = (error?: Error) => {
      if (isAnswered) return;
      isAnswered = true;
      this.waiting--;
      this.gate.remove(bytes);
      if (peer !== undefined) peer.waiting--;
      if (error === undefined && !isTooLarge) this.#fanOut.offer(topic, payload);
      settle(error);
      if (this.waiting === 0) this.#onIdle?.();
    };
    try {
      if (this.accept === undefined) throw new Error('the broker is not open');
      this.accept(isTooLarge ? cutToHead(message) : message, answer);
    } catch (error) {
      answer(error as Error);
    }
  }

  /** Resolves when nothing waits for the journal, at the latest after `graceMs`. */
  idle(graceMs: number): Promise<void> {
    if (this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A copy of the head, so that the whole of it need not be kept. */
function cutToHead(message: Message): Message {
  return { ...message, payload: Uint8Array.from(message.payload.subarray(0, HEAD_BYTES)) };
}

function flagsOf(packet: PublishPacket, isWill: boolean): number {
  let flags = 0;
  if (packet.retain) flags |= MessageFlag.retain;
  if (packet.dup) flags |= MessageFlag.dup;
  if (isWill) flags |= MessageFlag.will;
  if (packet.qos === 1) flags |= MessageFlag.qos1;
  if (packet.qos === 2) flags |= MessageFlag.qos2;
  return flags;
}

function bytesOf(payload: string | Buffer | undefined): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : (payload ?? Buffer.alloc(0));
}
