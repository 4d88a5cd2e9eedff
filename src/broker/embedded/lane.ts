import type { Clock } from '../../base/index.ts';
import { MessageFlag } from '../../model/index.ts';
import { pubacksOf } from '../pubacks.ts';
import type { FrameProblem } from './frame-guard.ts';
import type { LaneAcks } from './lane-acks.ts';
import { LaneFrames } from './lane-frames.ts';
import type { LaneTopics } from './lane-topics.ts';
import type { EmbeddedClient, Peer } from './peers.ts';
import type { Reception } from './reception.ts';

/** What all lanes of a broker share. */
export interface LaneContext {
  readonly reception: Reception;
  readonly topics: LaneTopics;
  readonly acks: LaneAcks;
  readonly clock: Clock;
  /** Largest packet of somebody who was let in, bytes. */
  readonly packetBytesMax: number;
  /** @returns false when the connection must not be read now; it is woken when it may */
  mayRead(peer: Peer): boolean;
  /** So many bytes were read of it. */
  charge(peer: Peer, bytes: number): void;
  /** Ends a connection whose bytes are no MQTT. */
  cut(peer: Peer, problem: FrameProblem): void;
}

/**
 * Bytes of a connection that may wait for the journal before it is read on; one read, of at most 64 KiB, comes on top.
 * More would not make a publisher quicker: a commit takes all that came while the one before was written.
 */
const WAITING_BYTES_MAX = 64 << 10;
const RETAIN_BIT = 0x01;
const QOS_BITS = 0x06;
const DUP_BIT = 0x08;

/**
 * The way of a connection's PUBLISH packets at QoS 0 and 1 past aedes: found in the bytes as they are read, handed to the
 * journal, and acknowledged together with all that the same commit made durable. Everything else goes to aedes byte for
 * byte and in its place: CONNECT and what comes before its answer, all other packets, and every PUBLISH with anything
 * wrong about it, so that it is refused as if there were no lane.
 *
 * aedes pulls bytes by `socket.read(null)` and is told of them by the event `readable`. Here the socket flows, its data
 * comes to the lane first, and aedes' pull means that it has dealt with all it was given.
 */
export class Lane {
  readonly #peer: Peer;
  readonly #client: EmbeddedClient;
  readonly #context: LaneContext;
  readonly #frames: LaneFrames;
  #acks: number[] = [];
  #waitingBytes = 0;
  /** The CONNECT was accepted, and what aedes had queued behind it was handled. */
  #isOpen = false;
  #isTaking = false;
  #isPaused = false;

  constructor(peer: Peer, client: EmbeddedClient, context: LaneContext) {
    this.#peer = peer;
    this.#client = client;
    this.#context = context;
    this.#frames = new LaneFrames(peer.frames.packetBytesMax);
    const { socket } = peer;
    peer.wake = () => this.goOn();
    const read = socket.read.bind(socket);
    // Streams themselves read with a number or nothing.
    socket.read = (size?: number | null) => {
      if (size !== null) return read(size);
      this.goOn();
      return null;
    };
    socket.removeListener('readable', client._nextBatch);
    socket.on('data', (chunk: Buffer) => this.#arrive(chunk));
    client.once('connected', () => {
      this.#isOpen = true;
      this.#frames.packetBytesMax = context.packetBytesMax;
      this.goOn();
    });
    // The first pull says that nothing has been given to it: aedes counts one packet as open until then.
    client._nextBatch();
  }

  /** Reads on, if it was stopped and what comes may be taken now. */
  goOn(): void {
    if (this.#isTaking || !this.#isPaused || !this.#mayTake()) return;
    this.#isPaused = false;
    this.#peer.socket.resume();
  }

  /** Writes the acknowledgements that have come together, and reads on if they were waited for. */
  writeAcks(): void {
    const ids = this.#acks;
    this.#acks = [];
    const { socket } = this.#peer;
    if (this.#client.closed || socket.destroyed) return;
    if (ids.length > 0) socket.write(pubacksOf(ids));
    this.goOn();
  }

  #arrive(chunk: Buffer): void {
    if (this.#client.closed) return;
    if (!this.#isOpen) {
      const problem = this.#peer.frames.check(chunk);
      if (problem !== undefined) {
        this.#context.cut(this.#peer, problem);
        return;
      }
    }
    if (this.#mayTake()) this.#take(chunk);
    else this.#putBack(chunk);
  }

  /** The stream keeps it for later, and with it the end of the connection that may follow. */
  #putBack(chunk: Buffer): void {
    const { socket } = this.#peer;
    this.#isPaused = true;
    socket.pause();
    if (chunk.length > 0) socket.unshift(chunk);
  }

  #mayTake(): boolean {
    if (this.#client.closed) return false;
    // Before the CONNECT is whole its bytes pass; what follows waits until it is answered.
    if (!this.#isOpen) return !this.#client.connecting;
    return (
      this.#client._parsingBatch <= 0 && this.#waitingBytes <= WAITING_BYTES_MAX && this.#context.mayRead(this.#peer)
    );
  }

  #take(chunk: Buffer): void {
    const frames = this.#frames;
    const nowMs = this.#context.clock.nowMs();
    let isHeard = false;
    this.#isTaking = true;
    this.#context.charge(this.#peer, chunk.length);
    frames.push(chunk);
    for (let step = frames.next(); step !== 'more'; step = frames.next()) {
      if (step === 'publish' && this.#isOpen && this.#takePublish(nowMs)) isHeard = true;
      else if (step === 'publish' || step === 'other') {
        this.#client._parser.parse(frames.bytes.subarray(frames.start, frames.end));
        // What came behind the CONNECT waits for its answer.
        if (!this.#isOpen && frames.isBetween) this.#putBack(frames.takeRest());
      } else this.#context.cut(this.#peer, step);
      if (this.#client.closed || this.#peer.socket.destroyed) break;
    }
    this.#isTaking = false;
    // A whole packet is a sign of life [MQTT-3.1.2-24]; aedes sees its own ones only.
    if (isHeard) this.#client._keepaliveTimer?.refresh();
  }

  /** @returns false when the packet is not for the lane: aedes is to say what becomes of it */
  #takePublish(nowMs: number): boolean {
    const { bytes, start, bodyAt, end } = this.#frames;
    if (bodyAt + 2 > end) return false;
    const first = bytes[start]!;
    const topicAt = bodyAt + 2;
    const topicEnd = topicAt + ((bytes[bodyAt]! << 8) | bytes[bodyAt + 1]!);
    const isQos1 = (first & QOS_BITS) !== 0;
    const payloadAt = isQos1 ? topicEnd + 2 : topicEnd;
    if (payloadAt > end) return false;
    const messageId = isQos1 ? (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]! : 0;
    if (isQos1 && messageId === 0) return false;
    const topic = this.#context.topics.topicOf(bytes, topicAt, topicEnd);
    if (topic === undefined || this.#peer.identity?.mayPublish(topic) !== true) return false;
    const flags =
      (isQos1 ? MessageFlag.qos1 : 0) |
      ((first & RETAIN_BIT) !== 0 ? MessageFlag.retain : 0) |
      ((first & DUP_BIT) !== 0 ? MessageFlag.dup : 0);
    const waitingBytes = end - start;
    const payload = bytes.subarray(payloadAt, end);
    this.#waitingBytes += waitingBytes;
    this.#context.reception.handOver(
      { topic, payload, payloadBytes: payload.length, clientId: this.#client.id, receivedAtMs: nowMs, flags },
      this.#peer,
      (error) => this.#answer(messageId, waitingBytes, error),
    );
    return true;
  }

  #answer(messageId: number, waitingBytes: number, error: Error | undefined): void {
    this.#waitingBytes -= waitingBytes;
    if (this.#client.closed) return;
    if (error !== undefined) {
      this.#peer.isExplained = true;
      this.#client.emit('error', error);
      return;
    }
    if (messageId !== 0) this.#acks.push(messageId);
    if (messageId !== 0 || this.#isPaused) this.#context.acks.add(this);
  }
}
