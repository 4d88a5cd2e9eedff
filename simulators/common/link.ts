import { connect, type MqttClient } from 'mqtt';
import { type Clock, OperatingError } from '../../src/base/index.ts';
import type { Random } from './random.ts';

/** One connection; see `PublisherOptions` for the meaning of the fields. */
export interface LinkOptions {
  readonly url: string;
  readonly qos: 0 | 1;
  readonly windowCount: number;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly giveUpAfterMs: number;
  readonly random: Random;
  readonly clock: Clock;
}

interface Pending {
  readonly topic: string;
  readonly payload: string | Buffer;
  sent: boolean;
}

const BACKOFF_FIRST_MS = 100;
const BACKOFF_MAX_MS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * One MQTT connection with a window of unacknowledged messages. A lost connection is opened again after a jittered
 * delay, and what was not acknowledged is sent again in its old order: no loss, duplicates possible.
 *
 * Reconnecting is done here and not by the client library, because the library waits a fixed time (a city's worth of
 * publishers would come back in step) and keeps its own unbounded queue while it is offline.
 */
export class Link {
  published = 0;
  acked = 0;
  resent = 0;
  reconnects = 0;
  readonly #options: LinkOptions;
  readonly #window = new Map<number, Pending>();
  #nextId = 0;
  #client: MqttClient | undefined;
  #connected = false;
  #closed = false;
  #failure: Error | undefined;
  #awaySinceMs = 0;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiters: { readonly until: () => boolean; readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Resolves when the broker accepted the connection. */
  open(): Promise<void> {
    this.#awaySinceMs = this.#options.clock.monotonicMs();
    this.#connect();
    return this.#wait(() => this.#connected);
  }

  publish(topic: string, payload: string | Buffer): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    const pending: Pending = { topic, payload, sent: false };
    this.#window.set(id, pending);
    this.published++;
    if (this.#connected) this.#send(id, pending);
    if (this.#window.size < this.#options.windowCount) return undefined;
    return this.#wait(() => this.#window.size < this.#options.windowCount);
  }

  drain(): Promise<void> {
    return this.#wait(() => this.#window.size === 0);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#settle(new OperatingError('publisher_closed', 'cannot publish: the publisher was closed'));
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.endAsync(this.#window.size > 0).catch(() => undefined);
  }

  #connect(): void {
    const { url, clientId, username, password } = this.#options;
    const client = connect(url, {
      clientId,
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
      resubscribe: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    this.#client = client;
    let lastError: Error | undefined;
    client.on('connect', () => {
      if (client === this.#client) this.#onConnected();
    });
    client.on('error', (error) => {
      lastError = error;
      // CONNACK 1..5 is the broker's verdict, not the weather: trying again cannot help [MQTT-3.2.2-4].
      const code: unknown = (error as { code?: unknown }).code;
      if (client === this.#client && typeof code === 'number' && code >= 1 && code <= 5) {
        this.#fail(
          new OperatingError('broker_refused', `cannot connect to ${url}: ${error.message}`, { cause: error }),
        );
      }
    });
    client.on('close', () => {
      if (client === this.#client) this.#onLost(lastError);
    });
  }

  #onConnected(): void {
    if (this.#connected) return;
    this.#connected = true;
    this.#attempts = 0;
    for (const [id, pending] of this.#window) {
      if (pending.sent) this.resent++;
      this.#send(id, pending);
    }
    this.#wake();
  }

  #send(id: number, pending: Pending): void {
    const client = this.#client;
    if (client === undefined) return;
    pending.sent = true;
    client.publish(pending.topic, pending.payload, { qos: this.#options.qos }, (error) => {
      // A failed publish stays in the window: the connection is going down and the next one sends it again.
      if (error || client !== this.#client || !this.#window.delete(id)) return;
      this.acked++;
      if (this.#waiters.length > 0) this.#wake();
    });
  }

  #onLost(cause: Error | undefined): void {
    if (this.#closed || this.#failure !== undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#connected) {
      this.#awaySinceMs = nowMs;
      this.reconnects++;
    }
    this.#connected = false;
    const lost = this.#client;
    this.#client = undefined;
    lost?.end(true);
    if (nowMs - this.#awaySinceMs >= this.#options.giveUpAfterMs) {
      const text = `cannot reach the broker at ${this.#options.url}: ${cause?.message || 'the connection was closed'}`;
      this.#fail(new OperatingError('broker_unreachable', text, { retryable: true, cause }));
      return;
    }
    const fullMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#attempts++, 16));
    this.#timer = setTimeout(() => this.#connect(), fullMs * (0.5 + 0.5 * this.#options.random()));
  }

  #fail(error: Error): void {
    this.#failure = error;
    const client = this.#client;
    this.#client = undefined;
    this.#connected = false;
    client?.end(true);
    this.#settle(error);
  }

  #settle(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  #wait(until: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (until()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ until, resolve, reject }));
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.until());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}
