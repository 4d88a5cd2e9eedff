import { connect, type Socket } from 'node:net';
import { connectPacket, publishPacket } from './packets.ts';

/** How a publisher behaves. */
export interface Qos1PublisherOptions {
  readonly port: number;
  readonly clientId: string;
  /** Messages that may be unacknowledged, 1 to 10,000. */
  readonly windowCount: number;
  /** The message of a number, always the same one; numbers start at 0. */
  message(number: number): { readonly topic: string; readonly payload: string };
  /** False: the first loss of the connection is the end. Default true. */
  readonly reconnects?: boolean;
  /** Gives a connection up that has not answered for so long while something is unacknowledged, ms. Default: never. */
  readonly silenceMsMax?: number;
  /** Numbers below this are published; more once it is raised. Default: no end. */
  readonly upTo?: number;
  /** Called after each read with acknowledgements, with all so far. */
  onAcknowledged?(acknowledgedCount: number): void;
  /** Of delays, and of acknowledged messages that are sent once more. Default: no such messages. */
  readonly random?: () => number;
  /** Share of messages that are sent twice at once, each with an id of its own, 0 to 1. Default 0. */
  readonly twiceRatio?: number;
}

/** What a publisher did so far. */
export interface Qos1PublisherStats {
  /** Numbers sent at least once: 0 to this. */
  readonly sentCount: number;
  readonly acknowledgedCount: number;
  /** PUBLISH packets with DUP. */
  readonly resentCount: number;
  readonly reconnectCount: number;
  /** What the server did against the rules, in words; empty when all is well. */
  readonly faults: readonly string[];
}

const IDS = 60_000;
const PUBACK = 0x40;
const RETRY_MS = 30;
/** Of acknowledged messages, sent again behind a loss of the connection: a publisher that forgot that it was heard. */
const FORGOTTEN = 5;
const CONNACK_BYTES = 4;
const PUBACK_BYTES = 4;

/**
 * A publisher at QoS 1 with many messages under way, over a bare socket. After a lost connection it sends what was not
 * acknowledged once more, in order and marked DUP [MQTT-3.3.1-1], and a few messages that were.
 */
export class Qos1Publisher {
  /** Resolves when the connection was lost and is not opened again, or after `close`. */
  readonly ended: Promise<void>;
  readonly #options: Qos1PublisherOptions;
  /** Numbers by packet id, oldest first. */
  readonly #open = new Map<number, number>();
  readonly #acknowledged = new Set<number>();
  readonly #faults: string[] = [];
  #resolveEnded: () => void = () => {};
  #socket: Socket | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #isLetIn = false;
  #isClosed = false;
  #upTo: number;
  #next = 0;
  #nextId = 0;
  #resent = 0;
  #reconnects = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Qos1PublisherOptions) {
    this.#options = options;
    this.#upTo = options.upTo ?? Number.POSITIVE_INFINITY;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#connect();
  }

  /** Goes on to this number, or makes no new messages beyond it. */
  set upTo(upTo: number) {
    this.#upTo = upTo;
    if (this.#isLetIn) this.#fill();
  }

  get isDrained(): boolean {
    return this.#open.size === 0 && this.#next >= this.#upTo;
  }

  stats(): Qos1PublisherStats {
    return {
      sentCount: this.#next,
      acknowledgedCount: this.#acknowledged.size,
      resentCount: this.#resent,
      reconnectCount: this.#reconnects,
      faults: this.#faults,
    };
  }

  /** Numbers that were acknowledged, ascending. */
  acknowledged(): number[] {
    return [...this.#acknowledged].sort((a, b) => a - b);
  }

  /** Makes no new messages. */
  finish(): void {
    this.upTo = this.#next;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#resolveEnded();
  }

  #connect(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true });
    this.#socket = socket;
    this.#rest = Buffer.alloc(0);
    this.#isLetIn = false;
    const { silenceMsMax, clientId } = this.#options;
    if (silenceMsMax !== undefined) {
      socket.setTimeout(silenceMsMax, () => {
        if (this.#open.size > 0 || !this.#isLetIn) socket.destroy();
      });
    }
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#onLost());
    socket.write(connectPacket({ clientId, keepaliveSeconds: 600 }));
  }

  #onLost(): void {
    this.#isLetIn = false;
    if (this.#isClosed) return;
    if (this.#options.reconnects === false) {
      this.#resolveEnded();
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS * (0.5 + this.#chance()));
  }

  /** An acknowledgement counts when all of it has come, even if it came together with the end of the connection. */
  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#isLetIn) {
      if (bytes.length < CONNACK_BYTES) {
        this.#rest = bytes;
        return;
      }
      at = CONNACK_BYTES;
      if (bytes[0] !== 0x20 || bytes[3] !== 0) this.#blame(`the answer to CONNECT was ${bytes.toString('hex', 0, 4)}`);
      this.#onLetIn();
    }
    for (; at + PUBACK_BYTES <= bytes.length; at += PUBACK_BYTES) this.#take(bytes, at);
    this.#rest = bytes.subarray(at);
    this.#options.onAcknowledged?.(this.#acknowledged.size);
    this.#fill();
  }

  #take(bytes: Buffer, at: number): void {
    const id = bytes.readUInt16BE(at + 2);
    const number = this.#open.get(id);
    if (bytes[at] !== PUBACK || bytes[at + 1] !== 2)
      this.#blame(`a packet began with ${bytes.toString('hex', at, at + 4)}`);
    else if (number === undefined) this.#blame(`an acknowledgement came for the packet ${id}, which was not under way`);
    else {
      this.#open.delete(id);
      this.#acknowledged.add(number);
    }
  }

  #onLetIn(): void {
    this.#isLetIn = true;
    const packets = [...this.#open].map(([id, number]) => this.#packet(number, id, true));
    this.#resent += packets.length;
    if (this.#next > 0) this.#reconnects++;
    if (this.#options.random !== undefined) {
      for (let count = Math.min(FORGOTTEN, this.#acknowledged.size); count > 0; count--) {
        const number = Math.floor(this.#chance() * this.#next);
        if (this.#acknowledged.has(number)) packets.push(this.#packet(number, this.#idFor(number), true));
      }
    }
    if (packets.length > 0) this.#socket?.write(Buffer.concat(packets));
  }

  /** Sends new messages until the window is full. */
  #fill(): void {
    if (!this.#isLetIn) return;
    const packets: Buffer[] = [];
    while (this.#open.size < this.#options.windowCount && this.#next < this.#upTo) {
      const number = this.#next++;
      packets.push(this.#packet(number, this.#idFor(number), false));
      const isTwice = this.#chance() < (this.#options.twiceRatio ?? 0);
      if (isTwice) packets.push(this.#packet(number, this.#idFor(number), false));
    }
    if (packets.length > 0) this.#socket?.write(Buffer.concat(packets));
  }

  #idFor(number: number): number {
    do this.#nextId = (this.#nextId % IDS) + 1;
    while (this.#open.has(this.#nextId));
    this.#open.set(this.#nextId, number);
    return this.#nextId;
  }

  #packet(number: number, messageId: number, isDup: boolean): Buffer {
    const { topic, payload } = this.#options.message(number);
    return publishPacket(topic, payload, { qos: 1, messageId, isDup });
  }

  #blame(text: string): void {
    if (this.#faults.length < 10) this.#faults.push(text);
  }

  #chance(): number {
    return (this.#options.random ?? Math.random)();
  }
}
