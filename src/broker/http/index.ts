// In: posts of devices over HTTP, as views/http reads them. Out: messages handed to the journal before they are answered.
import { type Clock, FailureThrottle, SECOND_MS } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { AuditTrail, DeviceDirectory } from '../../identity/index.ts';
import { levelsOf } from '../../model/index.ts';
import type { AcceptMessage } from '../broker.ts';
import { type Identity, type ProfileTopics, publishProblem } from '../embedded/access.ts';
import { Admission } from '../embedded/admission.ts';
import { TOPIC_LEVELS_MAX } from '../embedded/limits.ts';
import { createLogin } from '../embedded/login.ts';
import { deviceBuckets } from '../embedded/pace.ts';
import { type BrokerLog, Refusals } from '../embedded/peers.ts';
import { Reception } from '../embedded/reception.ts';
import type { TokenBuckets } from '../embedded/token-bucket.ts';
import type { Post, PostPlace, PostRefusal, PostRefused, PostRequest, PostStats, Posts } from '../posts.ts';
import { Callers } from './callers.ts';
import { splitLines } from './split-lines.ts';

export interface PostsOptions {
  readonly config: Config['mqtt'];
  /** Secrets of `config.users`, by user name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly accept: AcceptMessage;
  /** Why nothing can be taken at present, though nothing is broken; undefined when all is well. */
  readonly blocked: () => string | undefined;
  /** Readings that one message may hold. */
  readonly readingsPerMessageMax: number;
  /** Shows a message that was taken to whoever subscribed to its topic. */
  readonly forward?: (topic: string, payload: Uint8Array) => void;
  readonly log?: BrokerLog;
  readonly devices?: DeviceDirectory;
  readonly topicsOf?: ProfileTopics;
  readonly audit?: AuditTrail;
  /** Failed logins, shared with other ways in. */
  readonly throttle?: FailureThrottle;
  /** How long a post may wait for the journal, ms. */
  readonly answerMsMax?: number;
}

/** What a post costs in memory beside its body, bytes: it bounds how many there can be at once. */
const POST_BYTES = 4_096;
const ANSWER_MS_MAX = 20 * SECOND_MS;
const BUSY_RETRY_MS = SECOND_MS;
const BLOCKED_RETRY_MS = 10 * SECOND_MS;
/** As whom somebody without a name writes lines. */
const NAMELESS = 'local';

/** The way in over HTTP, by the rules and limits of the section `mqtt`. */
export function createPosts(options: PostsOptions): Posts {
  return new HttpPosts(options);
}

class HttpPosts implements Posts {
  readonly #options: PostsOptions;
  readonly #reception: Reception;
  readonly #admission: Admission;
  readonly #callers: Callers;
  readonly #refusals: Refusals<PostRefusal>;
  readonly #buckets: TokenBuckets;
  #accepted = 0;
  #closing: Promise<void> | undefined;

  constructor(options: PostsOptions) {
    const { config, clock, devices, audit, throttle = new FailureThrottle(clock), forward = () => {} } = options;
    this.#options = options;
    this.#reception = new Reception(config, clock, { offer: forward });
    this.#reception.accept = options.accept;
    this.#admission = new Admission(config, clock);
    this.#callers = new Callers({ login: createLogin(options), throttle, clock, devices, audit });
    this.#refusals = new Refusals(clock, options.log, 'the HTTP ingest');
    this.#buckets = deviceBuckets(config.deviceBytesPerSecond);
  }

  enter(address: string): PostPlace | undefined {
    const place = this.#admission.enter(address);
    if ('leave' in place) return place;
    this.#refusals.add('connection_limit', place.cause, { address });
    return undefined;
  }

  admit({ address, credentials, target }: PostRequest): Post | PostRefused {
    const unready = this.#unready();
    if (unready !== undefined) return this.refuse(unready, address);
    const identity = this.#callers.identify(address, credentials);
    if ('refused' in identity) return this.refuse(identity, address);
    const topic = 'topic' in target ? target.topic : `in/${identity.name || NAMELESS}/influx-${target.precision}`;
    const problem = this.#problemOf(identity, topic, address) ?? this.#overdrawn(identity);
    if (problem !== undefined) return this.refuse(problem, address);
    return new HeldPost(
      this.#reception.gate,
      () => this.#room(address),
      (bytes) => void this.#overdrawn(identity, bytes),
      (body) => this.#take(identity, topic, 'topic' in target ? [body] : this.#piecesOf(body), address),
    );
  }

  letIn({ address, credentials }: Pick<PostRequest, 'address' | 'credentials'>): PostRefused | undefined {
    const identity = this.#callers.identify(address, credentials);
    return 'refused' in identity ? this.refuse(identity, address) : undefined;
  }

  refuse(refused: PostRefused, address: string): PostRefused {
    this.#refusals.add(refused.refused, refused.cause, { address });
    return refused;
  }

  stats(): PostStats {
    return {
      received: this.#reception.received.reduce((sum, count) => sum + count, 0),
      accepted: this.#accepted,
      waitingForJournal: this.#reception.waiting,
      refused: { ...this.#refusals.counts },
    };
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#reception.gate.shut();
    await this.#reception.idle(graceMs);
    this.#callers.close();
  }

  #unready(): PostRefused | undefined {
    const blocked = this.#options.blocked();
    if (blocked !== undefined) return { refused: 'not_taken', cause: blocked, retryAfterMs: BLOCKED_RETRY_MS };
    if (!this.#reception.gate.isClosed) return undefined;
    const cause = this.#closing === undefined ? 'too much waits for the journal' : 'the server is about to end';
    return { refused: 'busy', cause, retryAfterMs: BUSY_RETRY_MS };
  }

  #problemOf(identity: Identity, topic: string, address: string): PostRefused | undefined {
    if (levelsOf(topic).length > TOPIC_LEVELS_MAX)
      return { refused: 'topic', cause: `the topic has more than ${TOPIC_LEVELS_MAX} levels` };
    const problem = publishProblem(identity, topic, this.#options.config.topicBytesMax);
    if (problem === undefined) return undefined;
    const { reason, cause } = problem;
    // Without the topic, which whoever is let in may invent: what is alike is told once.
    this.#options.audit?.record({ kind: 'publish_refused', who: identity.name, by: 'http', address, cause: reason });
    return { refused: reason, cause };
  }

  /** A device that has sent more than its share has to wait. */
  #overdrawn({ device }: Identity, bytes = 0): PostRefused | undefined {
    if (device === undefined) return undefined;
    const retryAfterMs = this.#buckets.charge(device.record.id, bytes, this.#options.clock.monotonicMs());
    if (retryAfterMs === 0) return undefined;
    const { deviceBytesPerSecond } = this.#options.config;
    return {
      refused: 'busy',
      cause: `the device sends more than ${deviceBytesPerSecond} bytes a second`,
      retryAfterMs,
    };
  }

  #room(address: string): PostRefused | undefined {
    const unready = this.#reception.gate.isClosed ? this.#unready() : undefined;
    return unready === undefined ? undefined : this.refuse(unready, address);
  }

  #piecesOf(body: Uint8Array): readonly Uint8Array[] {
    const { config, readingsPerMessageMax } = this.#options;
    return splitLines(body, { bytesMax: config.payloadMax, fieldsMax: readingsPerMessageMax });
  }

  async #take(
    { name }: Identity,
    topic: string,
    pieces: readonly Uint8Array[],
    address: string,
  ): Promise<PostRefused | undefined> {
    const common = { topic, clientId: name || 'http', receivedAtMs: this.#options.clock.nowMs(), flags: 0 };
    const settled = pieces.map(
      (payload) =>
        new Promise<Error | undefined>((resolve) =>
          this.#reception.handOver({ ...common, payload, payloadBytes: payload.length }, undefined, resolve),
        ),
    );
    const problem = await this.#inTime(Promise.all(settled));
    if (problem === undefined) {
      this.#accepted++;
      return undefined;
    }
    return this.refuse({ refused: 'not_taken', cause: problem, retryAfterMs: BUSY_RETRY_MS }, address);
  }

  /** Why it is not known that all is durable; undefined when it is. What comes too late is sent again, and counts once. */
  async #inTime(settled: Promise<readonly (Error | undefined)[]>): Promise<string | undefined> {
    const { answerMsMax = ANSWER_MS_MAX } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), answerMsMax).unref();
    });
    const outcome = await Promise.race([settled, late]);
    clearTimeout(timer);
    if (outcome === 'late') return 'the journal has not taken it in time';
    return outcome.find((error) => error !== undefined)?.message;
  }
}

/** Keeps the bytes of a request counted from its first to its end. */
class HeldPost implements Post {
  readonly #gate: Pick<Reception['gate'], 'add' | 'remove'>;
  readonly #room: () => PostRefused | undefined;
  /** What has come is taken, and the next post of the device waits. */
  readonly #charge: (bytes: number) => void;
  readonly #handOver: Post['take'];
  #heldBytes = POST_BYTES;
  #chargedBytes = 0;

  constructor(
    gate: Pick<Reception['gate'], 'add' | 'remove'>,
    room: () => PostRefused | undefined,
    charge: (bytes: number) => void,
    handOver: Post['take'],
  ) {
    this.#gate = gate;
    this.#room = room;
    this.#charge = charge;
    this.#handOver = handOver;
    gate.add(POST_BYTES);
  }

  hold(bytes: number): PostRefused | undefined {
    this.#charge(bytes);
    this.#chargedBytes += bytes;
    return this.reserve(bytes);
  }

  reserve(bytes: number): PostRefused | undefined {
    const refused = this.#room();
    if (refused !== undefined) return refused;
    this.#heldBytes += bytes;
    this.#gate.add(bytes);
    return undefined;
  }

  take(body: Uint8Array): Promise<PostRefused | undefined> {
    // What was packed is as large in the journal as if it had not been.
    this.#charge(Math.max(0, body.length - this.#chargedBytes));
    // From here on the reception counts the body.
    this.#release(this.#heldBytes - POST_BYTES);
    return this.#handOver(body);
  }

  end(): void {
    this.#release(this.#heldBytes);
  }

  #release(bytes: number): void {
    this.#heldBytes -= bytes;
    if (bytes > 0) this.#gate.remove(bytes);
  }
}
