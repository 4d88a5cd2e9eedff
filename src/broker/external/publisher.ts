import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { ExternalBrokerConfig } from '../../config/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { againAfterMs, connectionOptions, endWithin, RECONNECT_MS } from './connection.ts';
import { ViewsOut } from './views-out.ts';

export interface ViewPublisherOptions {
  readonly config: ExternalBrokerConfig;
  readonly password?: string | undefined;
  /**
   * Of whoever publishes these views: the broker has one connection with this name and ends an older one, so that a process
   * that was replaced while it hung cannot publish any more.
   */
  readonly clientId: string;
  readonly log: Logger;
}

export interface ViewPublisherStats {
  readonly isConnected: boolean;
  /** Views that a broker that was away or slow could not be sent at once. */
  readonly dropped: number;
}

/** Publishes views to an MQTT broker and takes nothing from it. */
export interface ViewPublisher {
  /** Connects, for as long as it takes. Closed, it can be opened again and knows nothing of before. */
  open(): void;
  /** Bounded: while the broker is away or slow, views are dropped; the retained ones are sent as soon as it takes them. */
  publish(topic: string, payload: Uint8Array, options: { readonly retain: boolean }): void;
  stats(): ViewPublisherStats;
  close(): Promise<void>;
}

const CLOSE_MS_MAX = 2_000;

/** @throws OperatingError `config_invalid` for a file of certificates that cannot be read */
export function createViewPublisher(options: ViewPublisherOptions): ViewPublisher {
  return new ExternalViewPublisher(options);
}

class ExternalViewPublisher implements ViewPublisher {
  readonly #options: ViewPublisherOptions;
  readonly #connection: IClientOptions;
  #client: MqttClient | undefined;
  #views = new ViewsOut();
  #droppedBefore = 0;

  constructor(options: ViewPublisherOptions) {
    const { config, password, clientId } = options;
    this.#options = options;
    this.#connection = { ...connectionOptions(config, password), clientId, clean: true };
  }

  open(): void {
    const { config, log } = this.#options;
    const client = connect(config.url, { ...this.#connection });
    const views = new ViewsOut();
    let failures = 0;
    let problem: Error | undefined;
    client.on('connect', () => {
      [failures, problem] = [0, undefined];
      client.options.reconnectPeriod = RECONNECT_MS;
      log.info({ url: config.url }, 'publishes KPI topics to the MQTT broker');
      views.publishAgain(client);
    });
    client.on('error', (error) => {
      problem = error;
    });
    client.on('close', () => {
      if (client.disconnecting) return;
      client.options.reconnectPeriod = againAfterMs(failures++);
      if (failures > 1) return;
      const because = problem === undefined ? 'it closed the connection' : problem.message || String(problem);
      log.warn({ url: config.url }, `KPI topics cannot be published, the MQTT broker is away: ${because}`);
    });
    this.#client = client;
    this.#views = views;
  }

  publish(topic: string, payload: Uint8Array, { retain }: { readonly retain: boolean }): void {
    this.#views.publish(this.#client, topic, payload, retain);
  }

  stats(): ViewPublisherStats {
    return { isConnected: this.#client?.connected === true, dropped: this.#droppedBefore + this.#views.dropped };
  }

  async close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#droppedBefore += this.#views.dropped;
    this.#views = new ViewsOut();
    await endWithin(CLOSE_MS_MAX, client);
  }
}
