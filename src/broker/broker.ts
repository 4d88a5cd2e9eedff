import type { Message } from '../model/index.ts';

/**
 * Takes over one message. The broker acknowledges to the publisher only after `done()` was called without an error;
 * with an error, or when `done` is never called, nothing is acknowledged and the publisher sends again.
 * `done` is called at most once, in any order between messages.
 */
export type AcceptMessage = (message: Message, done: (error?: Error) => void) => void;

/** Why a broker turned somebody or something away before the journal saw it. */
export type BrokerRefusal =
  | 'frame_too_large'
  | 'malformed_packet'
  | 'connection_limit'
  | 'rate_limit'
  | 'connect_timeout'
  | 'client_id'
  | 'not_authorized'
  | 'topic'
  | 'subscription'
  | 'slow_subscriber';

export interface BrokerStats {
  readonly connectedClients: number;
  readonly connectionsTotal: number;
  /** Publishes handed to `accept`, by QoS. */
  readonly receivedQos0: number;
  readonly receivedQos1: number;
  readonly receivedQos2: number;
  /** Publishes whose `done` is outstanding. */
  readonly waitingForJournal: number;
  readonly refused: Readonly<Partial<Record<BrokerRefusal, number>>>;
  /** Views and forwarded messages that a bound kept from a subscriber. */
  readonly viewsDropped?: number;
}

/** The MQTT side of the product: takes publishes in, publishes live KPI values. */
export interface Broker {
  /**
   * Starts to listen or connect; resolves when publishers can be served.
   * @returns the address that is announced, and all of them where there are several
   * @throws OperatingError `address_in_use`, `address_not_available`, `authentication_required`, `encryption_required`,
   *   `tls_invalid`
   */
  open(accept: AcceptMessage): Promise<{ readonly url: string; readonly urls?: readonly string[] }>;
  /**
   * Publishes a view (KPI topic, status) to subscribers. Bounded: under pressure the oldest unsent views are dropped
   * and counted; readings never travel this way.
   */
  publish(topic: string, payload: Uint8Array, options: { readonly retain: boolean }): void;
  stats(): BrokerStats;
  /** Why readings may not be coming, each in one sentence without secrets; for readiness. */
  problems(): readonly string[];
  /** Stops accepting at once, gives outstanding acknowledgements up to `graceMs` and closes. Safe to call twice. */
  close(graceMs: number): Promise<void>;
}
