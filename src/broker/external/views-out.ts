import type { MqttClient } from 'mqtt';

const VIEWS_MAX = 100_000;
/** Bytes of views that may wait for the connection. */
const WAITING_BYTES_MAX = 8 << 20;

/** Views on their way to a broker; the retained ones are published again when it was away and may have lost them. */
export class ViewsOut {
  /** Views that were not sent at once because nobody could take them. */
  dropped = 0;
  readonly #kept = new Map<string, Uint8Array>();
  /** Retained views that the connection had no room for; they are sent once it has. */
  readonly #unsent = new Map<string, Uint8Array>();

  /** @param payload empty: the retained topic is cleared and forgotten */
  publish(client: MqttClient | undefined, topic: string, payload: Uint8Array, retain: boolean): void {
    if (retain) this.#keep(topic, payload);
    if (client?.connected !== true) this.dropped++;
    else if (this.#hasRoom(client)) send(client, topic, payload, retain);
    else if (retain) this.#sendLater(client, topic, payload);
    else this.dropped++;
  }

  /** All that is retained, the topics told longest ago first. To be called for each new connection. */
  publishAgain(client: MqttClient): void {
    this.#unsent.clear();
    for (const [topic, payload] of [...this.#kept]) this.publish(client, topic, payload, true);
  }

  /** What waits goes first. */
  #hasRoom({ stream }: MqttClient): boolean {
    return this.#unsent.size === 0 && stream.writableLength <= WAITING_BYTES_MAX;
  }

  #sendLater(client: MqttClient, topic: string, payload: Uint8Array): void {
    this.dropped++;
    this.#unsent.set(topic, payload);
    if (this.#unsent.size === 1) client.stream.once('drain', () => this.#sendUnsent(client));
  }

  #sendUnsent(client: MqttClient): void {
    const views = [...this.#unsent];
    this.#unsent.clear();
    for (const [topic, payload] of views) this.publish(client, topic, payload, true);
  }

  #keep(topic: string, payload: Uint8Array): void {
    this.#kept.delete(topic);
    if (payload.length === 0) return;
    this.#kept.set(topic, payload);
    if (this.#kept.size <= VIEWS_MAX) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest!);
  }
}

function send(client: MqttClient, topic: string, payload: Uint8Array, retain: boolean): void {
  client.publish(topic, Buffer.from(payload), { qos: 0, retain });
}
