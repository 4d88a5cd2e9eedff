import { EventEmitter } from 'node:events';
import type { MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { ViewsOut } from '../../../src/broker/external/views-out.ts';

/** A connection with room for so many views until it is drained. */
class FakeClient {
  connected = true;
  readonly sent: string[] = [];
  readonly stream = Object.assign(new EventEmitter(), { writableLength: 0 });
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  publish(topic: string, payload: Buffer): void {
    this.sent.push(`${topic} ${payload}`);
    if (--this.#room === 0) this.stream.writableLength = 1 << 30;
  }

  drain(room: number): void {
    this.#room = room;
    this.stream.writableLength = 0;
    this.stream.emit('drain');
  }

  get mqtt(): MqttClient {
    return this as unknown as MqttClient;
  }
}

const bytes = (text: string) => Buffer.from(text);

describe('ViewsOut', () => {
  it('sends what there is no room for once there is, the newest of each topic, in order', () => {
    const views = new ViewsOut();
    const client = new FakeClient(1);
    for (const topic of ['a', 'b', 'c', 'd']) views.publish(client.mqtt, topic, bytes('1'), true);
    views.publish(client.mqtt, 'b', bytes('2'), true);
    views.publish(client.mqtt, 'd', bytes(''), true);
    views.publish(client.mqtt, 'e', bytes('not retained'), false);
    expect(client.sent).toEqual(['a 1']);
    client.drain(2);
    expect(client.sent).toEqual(['a 1', 'b 2', 'c 1']);
    client.drain(5);
    expect(client.sent).toEqual(['a 1', 'b 2', 'c 1', 'd ']);
    views.publish(client.mqtt, 'f', bytes('1'), true);
    expect(client.sent.at(-1)).toBe('f 1');
  });

  it('begins anew with a new connection', () => {
    const views = new ViewsOut();
    const first = new FakeClient(1);
    for (const topic of ['a', 'b', 'c']) views.publish(first.mqtt, topic, bytes('1'), true);
    first.connected = false;
    views.publish(first.mqtt, 'c', bytes('2'), true);
    const second = new FakeClient(9);
    views.publishAgain(second.mqtt);
    expect(second.sent).toEqual(['a 1', 'b 1', 'c 2']);
    first.stream.emit('drain');
    views.publish(second.mqtt, 'd', bytes('1'), true);
    expect(second.sent).toEqual(['a 1', 'b 1', 'c 2', 'd 1']);
  });
});
