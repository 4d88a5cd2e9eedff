// In: MQTT 3.1.1 connections. Out: messages handed to the journal before they are acknowledged; views back (aedes).
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type Subscription } from 'aedes';
import { assert, type Clock, FailureThrottle, SECOND_MS } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { AuditTrail, DeviceDirectory } from '../../identity/index.ts';
import type { AcceptMessage, Broker, BrokerRefusal, BrokerStats } from '../broker.ts';
import type { ProfileTopics } from './access.ts';
import { Admission, type Place } from './admission.ts';
import { Backlog } from './backlog.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { readCertificates } from './certificates.ts';
import { checkExposure, endpointsOf } from './exposure.ts';
import { FanOut } from './fan-out.ts';
import type { FrameProblem } from './frame-guard.ts';
import { createHooks } from './hooks.ts';
import { Lane, type LaneContext } from './lane.ts';
import { LaneAcks } from './lane-acks.ts';
import { LaneTopics } from './lane-topics.ts';
import { aedesLimits, CONNECT_TIMEOUT_MS, PACKET_BYTES_MAX_BEFORE_CONNECT, TOPIC_LEVELS_MAX } from './limits.ts';
import { type Arrival, Listener } from './listener.ts';
import { createLogin, type Login } from './login.ts';
import { Pace } from './pace.ts';
import { type BrokerLog, type EmbeddedClient, Peer, Refusals } from './peers.ts';
import { Qos2Inbox } from './qos2-inbox.ts';
import { Reception } from './reception.ts';

export type { ProfileTopics } from './access.ts';
export { CertificateWatch } from './certificate-watch.ts';
export { readCertificates, type ServerCertificates } from './certificates.ts';
export type { BrokerLog } from './peers.ts';

export interface EmbeddedBrokerOptions {
  readonly config: Config['mqtt'];
  /** Secrets of `config.users`, by user name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly log?: BrokerLog;
  /** Devices that may log in; it is theirs who opened it. */
  readonly devices?: DeviceDirectory;
  /** Topics by device profile; none when absent. */
  readonly topicsOf?: ProfileTopics;
  readonly audit?: AuditTrail;
  /** Failed logins, shared with other ways in. */
  readonly throttle?: FailureThrottle;
}

const TLS_SECTION = 'mqtt.tls';
const RENEW_EVERY_SECONDS = 60;
const SYSTEM_PREFIX = '$SYS/';

/** Errors of aedes that tell why it closed a connection; what is in neither list came from the parser. */
const CAUSES: readonly (readonly [RegExp, BrokerRefusal | undefined])[] = [
  [/not allowed in PUBLISH|empty topic|too many levels/, 'topic'],
  [/only allowed in|impossible to/, 'subscription'],
  [/queue limit|maxInflightInbound|keep alive limit/, 'connection_limit'],
  [/drain timeout/, 'slow_subscriber'],
  [/keep alive timeout|did not arrive in time|connection closed|packet received not valid|Premature close/, undefined],
];

/**
 * The broker inside the process, for MQTT 3.1 and 3.1.1. A publish is acknowledged when `accept` has called `done`
 * without an error. All sessions are clean, RETAIN of publishers is noted and not obeyed, subscriptions are QoS 0.
 * Everybody may subscribe to `kpi/#`; everything else as the configuration's users say.
 */
export function createEmbeddedBroker(options: EmbeddedBrokerOptions): Broker {
  return new EmbeddedBroker(options);
}

class EmbeddedBroker implements Broker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #refusals: Refusals<BrokerRefusal>;
  readonly #fanOut: FanOut;
  readonly #reception: Reception;
  readonly #inbox = new Qos2Inbox();
  readonly #lanes: LaneContext;
  readonly #peers = new WeakMap<object, Peer>();
  readonly #active = new Set<Peer>();
  /** Those of them that were let in. aedes counts one that left while another of its id was taken over for ever. */
  readonly #letIn = new Set<Peer>();
  readonly #admission: Admission;
  readonly #pace: Pace;
  readonly #backlog: Backlog;
  #login: Login | undefined;
  #certificates: CertificateWatch | undefined;
  #stopListening: (() => void) | undefined;
  #aedes: Aedes | undefined;
  #listeners: readonly Listener[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #connectionsTotal = 0;
  #seconds = 1;
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.clock, options.log, 'the MQTT broker');
    this.#admission = new Admission(options.config, options.clock);
    this.#pace = new Pace(options.config.deviceBytesPerSecond, options.clock);
    this.#backlog = new Backlog(options.clock, (peer) =>
      this.#cut(peer, 'slow_subscriber', 'it does not read its acknowledgements'),
    );
    this.#fanOut = new FanOut(
      () => options.clock.monotonicMs(),
      (subscriber) => this.#cut(subscriber as Peer, 'slow_subscriber', 'it does not read what it subscribed to'),
    );
    this.#reception = new Reception(options.config, options.clock, this.#fanOut);
    this.#lanes = {
      reception: this.#reception,
      topics: new LaneTopics(options.config.topicBytesMax, TOPIC_LEVELS_MAX),
      acks: new LaneAcks(),
      clock: options.clock,
      packetBytesMax: options.config.packetMax,
      mayRead: (peer) => this.#mayRead(peer),
      charge: (peer, bytes) => this.#pace.charge(peer, bytes),
      cut: (peer, problem) => this.#cutUnfit(peer, problem),
    };
  }

  async open(accept: AcceptMessage): Promise<{ readonly url: string; readonly urls: readonly string[] }> {
    assert(this.#aedes === undefined, 'the broker was opened twice');
    const { config, devices } = this.#options;
    checkExposure(config, config.users.length > 0 || (devices?.count ?? 0) > 0);
    this.#login = createLogin(this.#options);
    this.#reception.accept = accept;
    await this.#listen();
    try {
      this.#aedes = await this.#createAedes(this.#login);
    } catch (error) {
      await Promise.all(this.#listeners.map((listener) => listener.close()));
      throw error;
    }
    this.#stopListening = devices?.onChange(() => this.#renewIdentities());
    for (const listener of this.#listeners) listener.admit();
    this.#sweep = setInterval(() => this.#everySecond(), SECOND_MS);
    this.#sweep.unref();
    const urls = this.#listeners.map(({ url }) => url);
    return { url: urls[0]!, urls };
  }

  async #listen(): Promise<void> {
    const { config } = this.#options;
    const certificates = config.tls === undefined ? undefined : readCertificates(config.tls, TLS_SECTION);
    if (config.tls !== undefined)
      this.#certificates = new CertificateWatch(
        config.tls,
        (renewed) => {
          for (const listener of this.#listeners) listener.renew(renewed);
        },
        { ...this.#options, section: TLS_SECTION },
      );
    const door = {
      enter: (socket: Socket) => this.#enter(socket),
      arrive: (arrival: Arrival) => this.#arrive(arrival),
    };
    const listeners: Listener[] = [];
    this.#listeners = listeners;
    try {
      for (const endpoint of endpointsOf(config))
        listeners.push(await Listener.open(endpoint, config, certificates, door));
    } catch (error) {
      await Promise.all(listeners.map((listener) => listener.close()));
      throw error;
    }
  }

  publish(topic: string, payload: Uint8Array, { retain }: { readonly retain: boolean }): void {
    if (retain) this.#fanOut.retain(topic, payload);
    this.#fanOut.offer(topic, payload);
  }

  stats(): BrokerStats {
    const [receivedQos0, receivedQos1, receivedQos2] = this.#reception.received;
    return {
      connectedClients: this.#letIn.size,
      connectionsTotal: this.#connectionsTotal,
      receivedQos0,
      receivedQos1,
      receivedQos2,
      waitingForJournal: this.#reception.waiting,
      refused: { ...this.#refusals.counts },
      viewsDropped: this.#fanOut.dropped,
    };
  }

  /** None: whom it turns away is told so itself, and counted. */
  problems(): readonly string[] {
    return [];
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #createAedes(login: Login): Promise<Aedes> {
    const { config } = this.#options;
    const hooks = createHooks({
      config,
      login,
      reception: this.#reception,
      inbox: this.#inbox,
      refusals: this.#refusals,
      throttle: this.#options.throttle ?? new FailureThrottle(this.#options.clock),
      audit: this.#options.audit,
      peerOf: (client) => this.#peers.get(client),
      identityOf: (clientId) => this.#clientOf(clientId)?.identity,
      isClosing: () => this.#closing !== undefined,
    });
    const aedes = await Aedes.createBroker({
      ...hooks,
      ...aedesLimits(config),
    });
    detachFanOut(aedes);
    this.#listenTo(aedes);
    return aedes;
  }

  #clientOf(clientId: string): Peer | undefined {
    const { clients } = this.#aedes as unknown as { clients: Readonly<Record<string, Client>> };
    const client = clients[clientId];
    return client === undefined ? undefined : this.#peers.get(client);
  }

  #listenTo(aedes: Aedes): void {
    const peerOf = (client: Client) => this.#peers.get(client);
    aedes.on('client', (client) => {
      const peer = peerOf(client);
      if (peer?.socket.destroyed === false) this.#letIn.add(peer);
      if (peer?.wantsCleanSession === true) this.#inbox.forget(peer.owner);
    });
    aedes.on('connackSent', (connack, client) => {
      const peer = peerOf(client);
      if (peer === undefined || connack.returnCode !== 0) return;
      peer.frames.packetBytesMax = this.#options.config.packetMax;
      peer.onLetIn();
    });
    aedes.on('subscribe', (subscriptions, client) => {
      const granted = subscriptions.filter(({ qos }) => (qos as number) !== 128).map(({ topic }) => topic);
      const peer = peerOf(client);
      if (peer !== undefined && granted.length > 0) this.#fanOut.subscribe(peer, granted);
    });
    aedes.on('unsubscribe', (filters, client) => {
      const peer = peerOf(client);
      if (peer === undefined) return;
      for (const filter of filters) peer.filters.delete(filter);
      this.#fanOut.unsubscribe(peer, filters);
    });
    const onError = (client: Client, error: Error) => this.#explain(peerOf(client), error);
    aedes.on('clientError', onError);
    aedes.on('connectionError', onError);
    // aedes reports failures of its stores this way; without a listener the event would end the process.
    (aedes as NodeJS.EventEmitter).on('error', (error: Error) =>
      this.#options.log?.warn({ cause: error.message }, 'the MQTT broker reports an internal failure'),
    );
  }

  /** aedes tells of one refused connection many times, once for each packet that was open. */
  #explain(peer: Peer | undefined, error: Error & { code?: string }): void {
    if (peer === undefined || error.code !== undefined) return;
    const known = CAUSES.find(([pattern]) => pattern.test(error.message));
    const reason = known === undefined ? 'malformed_packet' : known[1];
    if (reason !== undefined) this.#refusals.addOnce(reason, error.message, peer);
  }

  #enter(socket: Socket): Place | undefined {
    const address = socket.remoteAddress ?? '';
    this.#connectionsTotal++;
    const place = this.#admission.enter(address);
    if ('leave' in place) return place;
    this.#refusals.add(place.reason, place.cause, { address });
    return undefined;
  }

  #arrive(arrival: Arrival): void {
    const peer = new Peer(arrival, PACKET_BYTES_MAX_BEFORE_CONNECT);
    const { socket } = peer;
    this.#active.add(peer);
    const timer = setTimeout(
      () => this.#cut(peer, 'connect_timeout', `it was not let in within ${CONNECT_TIMEOUT_MS} ms`),
      CONNECT_TIMEOUT_MS,
    );
    peer.onLetIn = () => {
      clearTimeout(timer);
      arrival.onLetIn();
    };
    socket.once('close', () => {
      clearTimeout(timer);
      clearTimeout(peer.heldTimer);
      this.#active.delete(peer);
      this.#letIn.delete(peer);
      this.#reception.gate.forget(peer);
      this.#backlog.forget(peer);
      this.#fanOut.leave(peer);
    });
    if (!this.#options.config.fastLane) this.#guardReading(peer);
    const client = this.#aedes!.handle(socket) as EmbeddedClient;
    peer.client = client;
    this.#peers.set(client, peer);
    client._parser.prependListener('packet', (packet: ParsedPacket) => this.#peek(peer, packet));
    if (this.#options.config.fastLane) new Lane(peer, client, this.#lanes);
  }

  #guardReading(peer: Peer): void {
    const { socket } = peer;
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => {
      if (!this.#mayRead(peer)) return null;
      const chunk = readAll(socket, read, size);
      const problem = chunk === null ? undefined : peer.frames.check(chunk);
      if (chunk !== null) this.#pace.charge(peer, chunk.length);
      if (problem === undefined) return chunk;
      this.#cutUnfit(peer, problem);
      return null;
    };
  }

  #cutUnfit(peer: Peer, problem: FrameProblem): void {
    const cause = `a packet of more than ${peer.frames.packetBytesMax} bytes, or no packet, was announced`;
    this.#cut(peer, problem, cause);
  }

  /** Each of these wakes the connection itself when it lets go. */
  #mayRead(peer: Peer): boolean {
    return this.#backlog.mayRead(peer) && this.#pace.mayRead(peer) && this.#reception.gate.mayRead(peer);
  }

  /** Sees packets before aedes does. */
  #peek(peer: Peer, packet: ParsedPacket): void {
    // Granting QoS 0 is a server's right [MQTT-3.8.4-6]; it must show in the SUBACK, which repeats what was asked for.
    if (packet.cmd === 'subscribe') for (const subscription of packet.subscriptions ?? []) subscription.qos = 0;
    if (packet.cmd === 'pubrel' && packet.messageId !== undefined) this.#inbox.release(peer.owner, packet.messageId);
  }

  /** The registry has changed: rights follow it, and who is in it no more is cut. */
  #renewIdentities(): void {
    for (const peer of this.#active) {
      const { identity } = peer;
      if (identity?.device === undefined) continue;
      peer.identity = this.#login?.renewed(identity);
      if (peer.identity !== undefined) continue;
      const cause = 'the device was revoked, or has another secret now';
      this.#options.audit?.record({ kind: 'cut', who: identity.name, by: 'mqtt', address: peer.address, cause });
      this.#cut(peer, 'not_authorized', cause);
    }
    this.#fanOut.forgetRights();
  }

  #cut(peer: Peer, reason: BrokerRefusal, cause: string): void {
    this.#refusals.addOnce(reason, cause, peer);
    peer.socket.destroy();
  }

  #everySecond(): void {
    this.#fanOut.sweep();
    this.#backlog.sweep();
    // The time of an old secret may be over.
    if (this.#seconds++ % RENEW_EVERY_SECONDS === 0) {
      this.#renewIdentities();
      this.#certificates?.look();
    }
    for (const peer of this.#active) {
      // While publishes wait for the journal the connection is not read: its silence is ours, not the client's.
      const isHeld = peer.waiting > 0 || peer.heldTimer !== undefined || this.#reception.gate.isParked(peer);
      if (isHeld) peer.client?._keepaliveTimer?.refresh();
    }
  }

  async #close(graceMs: number): Promise<void> {
    const endMs = this.#options.clock.monotonicMs() + graceMs;
    const listenersClosed = this.#listeners.map((listener) => listener.close());
    this.#reception.gate.shut();
    await this.#reception.idle(graceMs);
    await this.#flushed(endMs);
    clearInterval(this.#sweep);
    this.#stopListening?.();
    const aedes = this.#aedes;
    if (aedes !== undefined) await new Promise<void>((resolve) => aedes.close(() => resolve()));
    for (const { socket } of this.#active) socket.destroy();
    for (const listener of this.#listeners) listener.destroy();
    await Promise.all(listenersClosed);
  }

  /** Waits until the acknowledgements given last have left the process. */
  async #flushed(endMs: number): Promise<void> {
    do {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if ([...this.#active].every(({ socket }) => socket.writableLength === 0)) return;
    } while (this.#options.clock.monotonicMs() < endMs);
  }
}

/**
 * Node 26 gives one buffer at a time where earlier ones gave all. aedes reads once and waits: the rest of a packet, when
 * its buffers were pushed in one turn as WebSocket frames are, would stay there until something else came.
 */
function readAll(socket: Duplex, read: (size?: number) => unknown, size: number | undefined): Buffer | null {
  const first = read(size) as Buffer | null;
  if (first === null || socket.readableLength === 0) return first;
  const chunks = [first];
  while (socket.readableLength > 0) {
    const next = read() as Buffer | null;
    if (next === null) break;
    chunks.push(next);
  }
  return Buffer.concat(chunks);
}

interface ParsedPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly subscriptions?: { qos: number }[] | Subscription[];
}

type PublishDone = (error?: Error | null) => void;

/**
 * Takes publishes of clients out of aedes' own delivery, in which one subscriber that does not read stops everybody:
 * they were taken over in the publish hook already. The broker's notes to itself still pass.
 */
function detachFanOut(aedes: Aedes): void {
  const original = aedes.publish.bind(aedes) as (
    packet: { topic: string },
    client: unknown,
    done?: PublishDone,
  ) => void;
  const detached = (packet: { topic: string }, client: unknown, done?: PublishDone) => {
    const finish = typeof client === 'function' ? (client as PublishDone) : done;
    const isOwn = typeof client === 'function' || client === null || client === undefined;
    if (isOwn && packet.topic.startsWith(SYSTEM_PREFIX)) original(packet, null, finish);
    else finish?.();
  };
  aedes.publish = detached as typeof aedes.publish;
}
