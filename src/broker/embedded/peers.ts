import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { Clock } from '../../base/index.ts';
import type { Identity, Will } from './access.ts';
import type { Subscriber } from './fan-out.ts';
import { FrameGuard } from './frame-guard.ts';
import type { Arrival } from './listener.ts';

/** The parts of an aedes 1.2 client that its types leave out; a contract test fails when one of them goes. */
export interface EmbeddedClient extends Client {
  /** The will while it has not been published; at a broken connection it is given to the publish hook as it is. */
  readonly will?: object | null;
  readonly _parser: EventEmitter & { parse(bytes: Buffer): number };
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  /** Packets that it has begun to handle; below one it wants more. */
  readonly _parsingBatch: number;
  /** Counts one packet as handled and, when none is left, reads. */
  readonly _nextBatch: () => void;
  /** Calls back when the socket has drained, or ends the connection after the drain time-out. */
  waitForDrain(callback: () => void): void;
}

/** Where somebody who writes logs wants them; pino fits. */
export interface BrokerLog {
  warn(fields: Readonly<Record<string, unknown>>, text: string): void;
}

/** One connection. */
export class Peer implements Subscriber {
  readonly socket: Duplex;
  readonly frames: FrameGuard;
  readonly address: string;
  /** What its certificate says it is; empty when it says nothing usable, undefined without a certificate. */
  readonly certificateName: string | undefined;
  client: EmbeddedClient | undefined;
  identity: Identity | undefined;
  /** The client asked for a session without memory. Every session is one; this is kept for the QoS 2 ids. */
  wantsCleanSession = true;
  /** The CONNECT named no client id; aedes has made one up. */
  isNameless = false;
  /** What the CONNECT left to be published when the connection breaks. */
  will: Will | undefined;
  /** It is not read before this instant, monotonic ms, because it sent more than its share. */
  heldUntilMs = 0;
  heldTimer: NodeJS.Timeout | undefined;
  /** Reads on after a refusal: the stream announces data once, so the announcement is repeated. */
  wake: () => void;
  /** What else is to be told when the client was let in. */
  onLetIn: () => void = () => {};
  /** Granted subscription filters. */
  readonly filters = new Set<string>();
  /** Publishes handed over and not yet answered. */
  waiting = 0;
  /** It is known why the connection ends; the errors that follow from closing it are not counted. */
  isExplained = false;

  constructor({ stream, address, certificateName }: Arrival, packetBytesMax: number) {
    this.socket = stream;
    this.wake = () => void stream.emit('readable');
    this.address = address;
    this.certificateName = certificateName;
    this.frames = new FrameGuard(packetBytesMax);
  }

  mayReceive(topic: string): boolean {
    return this.identity?.mayReceive(topic) === true;
  }

  /** Who its QoS 2 message ids belong to. */
  get owner(): string {
    return `${this.identity?.name ?? ''}\n${this.client?.id ?? ''}`;
  }
}

const LOG_EVERY_MS = 10_000;

/** Counts what was turned away, by reason, and says so in the log at most once in ten seconds for each reason. */
export class Refusals<Reason extends string> {
  readonly counts: Partial<Record<Reason, number>> = {};
  readonly #clock: Clock;
  readonly #log: BrokerLog | undefined;
  readonly #by: string;
  readonly #logged = new Map<Reason, { atMs: number; count: number }>();

  /** @param by who refuses, for the log */
  constructor(clock: Clock, log: BrokerLog | undefined, by: string) {
    this.#clock = clock;
    this.#log = log;
    this.#by = by;
  }

  add(reason: Reason, cause: string, peer?: Partial<Pick<Peer, 'client' | 'identity' | 'address'>>): void {
    const count = (this.counts[reason] ?? 0) + 1;
    this.counts[reason] = count;
    const nowMs = this.#clock.monotonicMs();
    const last = this.#logged.get(reason);
    if (last !== undefined && nowMs - last.atMs < LOG_EVERY_MS) return;
    this.#logged.set(reason, { atMs: nowMs, count });
    const since = count - (last?.count ?? 0);
    const who = { client: peer?.client?.id, user: peer?.identity?.name, address: peer?.address };
    this.#log?.warn({ reason, cause, since, ...who }, `refused by ${this.#by}: ${cause}`);
  }

  /** Counts a connection once, whatever follows from closing it. */
  addOnce(reason: Reason, cause: string, peer: Peer): void {
    if (peer.isExplained) return;
    peer.isExplained = true;
    this.add(reason, cause, peer);
  }
}
