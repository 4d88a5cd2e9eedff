import type { MqttClient } from 'mqtt';
import type { ExternalBrokerConfig } from '../../config/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { againAfterMs } from './connection.ts';

export interface SubscriptionOptions {
  readonly config: ExternalBrokerConfig;
  readonly log: Logger;
  /** Told of each answer: the filters that the broker did not grant. */
  onAnswer(denied: readonly string[]): void;
}

const DENIED = 0x80;

/**
 * What the session at the broker is subscribed to. A filter is asked for until a SUBACK has granted it: a connection that
 * breaks in between leaves a session without subscriptions, and the next CONNACK calls that session present.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #filters: readonly string[];
  /** Not granted to this session, as far as is known. */
  #missing: readonly string[];
  /** Answers in a row that denied something. */
  #denials = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SubscriptionOptions) {
    const { topics, share } = options.config;
    this.#options = options;
    this.#filters = topics.map((topic) => (share === undefined ? topic : `$share/${share}/${topic}`));
    // A session of an earlier run has subscriptions, but perhaps not those of this configuration.
    this.#missing = this.#filters;
  }

  /** A connection has begun. */
  connected(client: MqttClient, sessionPresent: boolean): void {
    if (!sessionPresent) this.#missing = this.#filters;
    if (this.#missing.length > 0) this.#ask(client);
  }

  /** The connection is gone, or is not to be asked on any more. */
  ended(): void {
    clearTimeout(this.#timer);
  }

  /** Why readings may be missing, for everybody's eyes; the log has the filters. */
  problem(): string | undefined {
    if (this.#denials === 0) return undefined;
    const { length } = this.#filters;
    return `the MQTT broker denies ${this.#missing.length} of ${length} subscriptions (mqtt.external.topics); they are tried again`;
  }

  #ask(client: MqttClient): void {
    const { version, share } = this.#options.config;
    const { stream } = client;
    const asked = this.#missing;
    // What is retained is told to a new subscription only, not at every start.
    const options = version === 5 && share === undefined ? ({ qos: 1, rh: 1 } as const) : ({ qos: 1 } as const);
    client.subscribe([...asked], options, (error, _asked, suback) => {
      // The next connection asks again.
      if (!client.connected || client.disconnecting || client.stream !== stream) return;
      const codes = (suback?.granted ?? []) as readonly number[];
      this.#missing = error === null ? [] : asked.filter((_, index) => (codes[index] ?? DENIED) >= DENIED);
      this.#judge(client, error);
    });
  }

  #judge(client: MqttClient, error: Error | null): void {
    const { log, onAnswer } = this.#options;
    const denied = this.#missing;
    if (denied.length === 0) {
      if (this.#denials > 0) log.info({}, 'the MQTT broker lets the product subscribe again');
      this.#denials = 0;
    } else {
      if (this.#denials === 0) log.error({ err: error, denied }, 'the MQTT broker does not let the product subscribe');
      this.#timer = setTimeout(() => this.#ask(client), againAfterMs(this.#denials));
      this.#denials++;
    }
    // Last: who hears of a denial may end everything.
    onAnswer(denied);
  }
}
