// In: the messages of another MQTT broker. Out: messages handed to the journal before they are acknowledged; views back (mqtt).
import { connect, type IClientOptions, type IConnackPacket, type IPublishPacket, type MqttClient } from 'mqtt';
import { type Clock, OperatingError, SECOND_MS } from '../../base/index.ts';
import type { ExternalBrokerConfig } from '../../config/index.ts';
import { MessageFlag } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { AcceptMessage, Broker, BrokerRefusal, BrokerStats } from '../broker.ts';
import { pubacksOf } from '../pubacks.ts';
import { WAITING_MESSAGE_BYTES } from '../waiting.ts';
import { againAfterMs, connectionOptions, endWithin, RECONNECT_MS } from './connection.ts';
import { Subscription } from './subscription.ts';
import { ViewsOut } from './views-out.ts';

export { createViewPublisher, type ViewPublisher, type ViewPublisherStats } from './publisher.ts';

export interface ExternalBrokerOptions {
  readonly config: ExternalBrokerConfig;
  readonly password?: string | undefined;
  /** A publish larger than this is acknowledged and quarantined by its head, bytes. */
  readonly payloadBytesMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long the first connection is tried. */
  readonly giveUpAfterMs?: number;
}

const GIVE_UP_AFTER_MS = 30_000;
/** Memory of messages that may wait for the journal; QoS 1 is bounded by the broker, too. */
const WAITING_BYTES_MAX = 64 << 20;
const HEAD_BYTES = 256;
/** What the product publishes itself, and would be told of again. */
const OWN_TOPICS = 'kpi/';
/** Nobody says who published; the device stands in the topic or in the payload. */
const CLIENT_ID = 'external';

/** Consumer of an MQTT broker that stands by itself: Mosquitto, EMQX or any other of MQTT 5 or 3.1.1. */
export function createExternalBroker(options: ExternalBrokerOptions): Broker {
  return new ExternalBroker(options);
}

/** One connection; acknowledgements of an earlier one are worth nothing. */
interface Connection {
  readonly stream: MqttClient['stream'];
  ids: number[];
}

/**
 * A persistent session: what is published while the product is away waits in the broker. A message is acknowledged when
 * the journal has it on disk, and then together with all others of the commit; what was not acknowledged comes again
 * after a break.
 *
 * mqtt.js acknowledges by itself, one message after the other, when `handleMessage` calls back. Called back with an error
 * it does not, and goes on with the next message: so many can be under way (tests/integration/external-broker.test.ts holds it).
 */
class ExternalBroker implements Broker {
  readonly #options: ExternalBrokerOptions;
  readonly #views = new ViewsOut();
  readonly #subscription: Subscription;
  readonly #received: [number, number] = [0, 0];
  readonly #refused: Partial<Record<BrokerRefusal, number>> = {};
  #accept: AcceptMessage | undefined;
  #client: MqttClient | undefined;
  #connection: Connection | undefined;
  #connections = 0;
  #failures = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #resume: (() => void) | undefined;
  #isClosing = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #onSubscribed: ((denied: readonly string[]) => void) | undefined;

  constructor(options: ExternalBrokerOptions) {
    this.#options = options;
    const { config, log } = options;
    this.#subscription = new Subscription({ config, log, onAnswer: (denied) => this.#answered(denied) });
  }

  async open(accept: AcceptMessage): Promise<{ readonly url: string }> {
    this.#accept = accept;
    const { url } = this.#options.config;
    const client = connect(url, this.#clientOptions());
    this.#client = client;
    client.handleMessage = (packet, done) => this.#take(packet, done);
    client.on('connect', (connack) => this.#connected(connack));
    client.on('close', () => this.#closed());
    await this.#firstConnection(client);
    return { url };
  }

  publish(topic: string, payload: Uint8Array, { retain }: { readonly retain: boolean }): void {
    // What is retained is published again when the connection is back.
    if (this.#options.config.publishKpis) this.#views.publish(this.#client, topic, payload, retain);
  }

  stats(): BrokerStats {
    return {
      connectedClients: this.#connection === undefined ? 0 : 1,
      connectionsTotal: this.#connections,
      receivedQos0: this.#received[0],
      receivedQos1: this.#received[1],
      receivedQos2: 0,
      waitingForJournal: this.#waiting,
      refused: { ...this.#refused },
      viewsDropped: this.#views.dropped,
    };
  }

  problems(): readonly string[] {
    const problem = this.#subscription.problem();
    return problem === undefined ? [] : [problem];
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#subscription.ended();
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#writeAcks();
    // The session stays: what comes from now on waits in the broker.
    if (this.#client !== undefined) await endWithin(graceMs, this.#client);
  }

  #clientOptions(): IClientOptions {
    const { config, password } = this.#options;
    const { version, clientId, sessionExpiry, receiveMax } = config;
    return {
      ...connectionOptions(config, password),
      ...{ clientId, clean: false, resubscribe: false, queueQoSZero: false },
      ...(version === 5
        ? {
            properties: {
              sessionExpiryInterval: Math.floor(sessionExpiry / SECOND_MS),
              receiveMaximum: receiveMax,
              topicAliasMaximum: 0,
            },
          }
        : {}),
    };
  }

  /** @throws OperatingError `broker_unreachable` (retryable), `broker_refused` */
  #firstConnection(client: MqttClient): Promise<void> {
    const { config, giveUpAfterMs = GIVE_UP_AFTER_MS } = this.#options;
    return new Promise((resolve, reject) => {
      let last: Error | undefined;
      const fail = (error: OperatingError): void => {
        clearTimeout(timer);
        this.#isClosing = true;
        this.#subscription.ended();
        client.end(true);
        reject(error);
      };
      const timer = setTimeout(() => {
        const because = last === undefined ? 'it does not answer' : last.message || String(last);
        const text = `cannot reach the MQTT broker ${config.url} (mqtt.external.url): ${because}`;
        fail(new OperatingError('broker_unreachable', text, { retryable: true, ...(last && { cause: last }) }));
      }, giveUpAfterMs);
      client.on('error', (error) => {
        last = error;
        if (!('code' in error) || typeof error.code !== 'number') return;
        const text = `the MQTT broker ${config.url} refuses the product: ${error.message}; see mqtt.external.username, passwordEnv and clientId`;
        if (this.#connections === 0) fail(new OperatingError('broker_refused', text, { cause: error }));
        else this.#options.log.error({ err: error }, 'the MQTT broker refuses the connection');
      });
      this.#onSubscribed = (denied) => {
        clearTimeout(timer);
        if (denied.length === 0) return resolve();
        const text = `the MQTT broker ${config.url} does not let the product subscribe to ${denied.join(', ')} (mqtt.external.topics)`;
        fail(new OperatingError('broker_refused', text));
      };
    });
  }

  #connected({ sessionPresent }: IConnackPacket): void {
    const client = this.#client!;
    this.#connection = { stream: client.stream, ids: [] };
    this.#connections++;
    this.#failures = 0;
    client.options.reconnectPeriod = RECONNECT_MS;
    this.#options.log.info({ url: this.#options.config.url, sessionPresent }, 'connected to the MQTT broker');
    this.#views.publishAgain(client);
    this.#subscription.connected(client, sessionPresent);
  }

  #answered(denied: readonly string[]): void {
    if (denied.length > 0) this.#refused.subscription = (this.#refused.subscription ?? 0) + denied.length;
    this.#onSubscribed?.(denied);
    this.#onSubscribed = undefined;
  }

  #closed(): void {
    this.#connection = undefined;
    this.#subscription.ended();
    // Read on: whatever waited for room belongs to a connection that is gone.
    this.#goOn();
    if (this.#isClosing) return;
    const client = this.#client!;
    client.options.reconnectPeriod = againAfterMs(this.#failures);
    this.#failures++;
    if (this.#failures === 1) this.#options.log.warn({ url: this.#options.config.url }, 'the MQTT broker is away');
  }

  #take({ topic, payload, qos, retain, dup, messageId }: IPublishPacket, done: (error?: Error) => void): void {
    const connection = this.#connection;
    if (this.#isClosing || connection === undefined) return;
    if (topic.startsWith(OWN_TOPICS)) {
      done();
      return;
    }
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
    const size = bytes.length + topic.length + WAITING_MESSAGE_BYTES;
    this.#received[qos === 0 ? 0 : 1]++;
    this.#waiting++;
    this.#waitingBytes += size;
    let isAnswered = false;
    const answer = (error?: Error): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.#waiting--;
      this.#waitingBytes -= size;
      if (error !== undefined) this.#giveBack(connection, error);
      else if (qos !== 0 && messageId !== undefined) this.#ack(connection, messageId);
      this.#goOn();
      if (this.#waiting === 0) this.#onIdle?.();
    };
    const isTooLarge = bytes.length > this.#options.payloadBytesMax;
    const flags = (qos === 0 ? 0 : MessageFlag.qos1) | (retain ? MessageFlag.retain : 0) | (dup ? MessageFlag.dup : 0);
    const message = {
      topic,
      // A view of what was read from the socket would keep all of it.
      payload: Uint8Array.from(isTooLarge ? bytes.subarray(0, HEAD_BYTES) : bytes),
      payloadBytes: bytes.length,
      clientId: CLIENT_ID,
      receivedAtMs: this.#options.clock.nowMs(),
      flags,
    };
    try {
      this.#accept!(message, answer);
    } catch (error) {
      answer(error as Error);
    }
    if (this.#waitingBytes > WAITING_BYTES_MAX) this.#resume = () => done(NOT_YET);
    else done(qos === 0 ? undefined : NOT_YET);
  }

  #goOn(): void {
    const resume = this.#resume;
    if (resume === undefined || this.#waitingBytes > WAITING_BYTES_MAX) return;
    this.#resume = undefined;
    resume();
  }

  #ack(connection: Connection, messageId: number): void {
    if (connection !== this.#connection) return;
    if (connection.ids.length === 0) queueMicrotask(() => this.#writeAcks());
    connection.ids.push(messageId);
  }

  #writeAcks(): void {
    const connection = this.#connection;
    if (connection === undefined || connection.ids.length === 0) return;
    const { ids, stream } = connection;
    connection.ids = [];
    stream.write(pubacksOf(ids));
  }

  /** What the journal did not take is to come again: the broker sends it to the next connection. */
  #giveBack(connection: Connection, error: Error): void {
    if (connection !== this.#connection || this.#isClosing) return;
    this.#options.log.error({ err: error }, 'a message was not taken; it will be asked for again');
    connection.stream.destroy();
  }
}

/** Tells mqtt.js to go on without an acknowledgement. */
const NOT_YET = new Error('acknowledged when it is on disk');
