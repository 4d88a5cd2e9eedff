import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { encodePublish, FanOut, type Subscriber } from '../../../src/broker/embedded/fan-out.ts';
import { FrameGuard } from '../../../src/broker/embedded/frame-guard.ts';
import { ReadingGate } from '../../../src/broker/embedded/reading-gate.ts';
import { filterCovers } from '../../../src/broker/embedded/topics.ts';
import { filterMatches, levelsOf } from '../../../src/model/index.ts';

describe('a topic filter', () => {
  // Examples of MQTT 3.1.1, section 4.7.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'a/b/c', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/monitor', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor', true],
  ])('%s against %s: %s', (filter, topic, matches) => {
    expect(filterMatches(levelsOf(filter), levelsOf(topic))).toBe(matches);
  });

  it('covers another one exactly if it matches whatever the other matches', () => {
    const alphabet = ['a', 'b', '+', '#'];
    const filters = alphabet.flatMap((x) => [
      [x],
      ...alphabet.flatMap((y) => [[x, y], ...alphabet.map((z) => [x, y, z])]),
    ]);
    const valid = filters.filter((filter) => !filter.slice(0, -1).includes('#'));
    const names = ['a', 'b', 'c'];
    const topics = names.flatMap((x) => [
      [x],
      ...names.flatMap((y) => [
        [x, y],
        ...names.flatMap((z) => [
          [x, y, z],
          [x, y, z, 'a'],
        ]),
      ]),
    ]);
    for (const allowed of valid) {
      for (const wanted of valid) {
        const all = topics.every((topic) => !filterMatches(wanted, topic) || filterMatches(allowed, topic));
        // `+/#` says the same as `#` in other words; not seeing that denies, and never allows, too much.
        const isRoundabout = allowed.join('/').endsWith('+/#');
        if (all && isRoundabout) continue;
        expect(filterCovers(allowed, wanted), `${allowed.join('/')} covers ${wanted.join('/')}`).toBe(all);
      }
    }
  });
});

describe('the frame guard', () => {
  it('finds the same packet boundaries however the bytes are cut', () => {
    const packets = [
      encodePublish('in/a', Buffer.alloc(300), false),
      Buffer.from([0xc0, 0]),
      encodePublish('b', Buffer.alloc(5), true),
    ];
    const stream = Buffer.concat([...packets, Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01])]);
    for (let step = 1; step < 40; step++) {
      const guard = new FrameGuard(1_000);
      const problems: (string | undefined)[] = [];
      for (let at = 0; at < stream.length; at += step) problems.push(guard.check(stream.subarray(at, at + step)));
      expect(
        problems.filter((problem) => problem !== undefined),
        `step ${step}`,
      ).toEqual(['frame_too_large']);
      expect(problems.at(-1)).toBe('frame_too_large');
    }
  });

  it('lets a packet of exactly the limit through', () => {
    expect(new FrameGuard(12).check(Buffer.from([0x30, 10]))).toBeUndefined();
    expect(new FrameGuard(12).check(Buffer.from([0x30, 11]))).toBe('frame_too_large');
  });
});

describe('the reading gate', () => {
  it('stops all reading over its limit and wakes the sockets at half of it', async () => {
    const gate = new ReadingGate(100);
    let woken = 0;
    const connection = { socket: { destroyed: false } as Socket, wake: () => void woken++ };
    gate.add(100);
    expect(gate.mayRead(connection)).toBe(true);
    gate.add(1);
    expect(gate.mayRead(connection)).toBe(false);
    gate.remove(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect([woken, gate.mayRead(connection)]).toEqual([0, false]);
    gate.remove(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect([woken, gate.mayRead(connection)]).toEqual([1, true]);
  });
});

describe('the fan-out', () => {
  interface FakeSocket {
    written: Buffer[];
    writableLength: number;
    listeners: (() => void)[];
  }

  function subscriber(): Subscriber & { readonly fake: FakeSocket } {
    const fake: FakeSocket = { written: [], writableLength: 0, listeners: [] };
    const socket = {
      destroyed: false,
      writable: true,
      get writableLength() {
        return fake.writableLength;
      },
      write: (bytes: Buffer) => fake.written.push(bytes),
      once: (_event: string, listener: () => void) => fake.listeners.push(listener),
      cork: () => {},
      uncork: () => {},
    };
    return { fake, socket: socket as unknown as Socket, mayReceive: (topic) => !topic.startsWith('secret') };
  }

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('drops the oldest when its queue is full, and counts it', async () => {
    const fanOut = new FanOut(
      () => 0,
      () => {},
    );
    const listener = subscriber();
    fanOut.subscribe(listener, ['#']);
    for (let number = 0; number < 5_003; number++) fanOut.offer('in/a', Buffer.from(String(number)));
    for (let count = 0; count < 40; count++) await turn();
    expect(fanOut.dropped).toBe(3);
    expect(listener.fake.written.length).toBe(5_000);
    expect(listener.fake.written[0]).toEqual(encodePublish('in/a', Buffer.from('3'), false));
  });

  it('asks for the permission again when it delivers', async () => {
    const fanOut = new FanOut(
      () => 0,
      () => {},
    );
    const listener = subscriber();
    fanOut.retain('secret/a', Buffer.from('x'));
    fanOut.subscribe(listener, ['#']);
    fanOut.offer('secret/b', Buffer.from('x'));
    await turn();
    expect(listener.fake.written).toEqual([]);
  });

  it('tells of a subscriber that has not caught up for five seconds, not of one that has', async () => {
    let nowMs = 0;
    const slow: unknown[] = [];
    const fanOut = new FanOut(
      () => nowMs,
      (each) => slow.push(each),
    );
    const frozen = subscriber();
    const late = subscriber();
    fanOut.subscribe(frozen, ['#']);
    fanOut.subscribe(late, ['#']);
    frozen.fake.writableLength = 2 << 20;
    late.fake.writableLength = 2 << 20;
    fanOut.offer('in/a', Buffer.from('x'));
    await turn();
    nowMs = 4_999;
    fanOut.sweep();
    expect(slow).toEqual([]);
    late.fake.writableLength = 0;
    nowMs = 5_000;
    fanOut.sweep();
    expect(slow).toEqual([frozen]);
    fanOut.offer('in/a', Buffer.from('y'));
    await turn();
    expect([frozen.fake.written.length, late.fake.written.length]).toEqual([0, 1]);
  });

  it('sends retained messages at the pace of the socket, and drops none of them', () => {
    const fanOut = new FanOut(
      () => 0,
      () => {},
    );
    for (let number = 0; number < 10; number++) fanOut.retain(`kpi/${number}`, Buffer.from('x'));
    const listener = subscriber();
    listener.fake.writableLength = 2 << 20;
    fanOut.subscribe(listener, ['kpi/#']);
    expect(listener.fake.written.length).toBe(0);
    listener.fake.writableLength = 0;
    for (const resume of listener.fake.listeners.splice(0)) resume();
    expect(listener.fake.written.length).toBe(10);
    expect(fanOut.dropped).toBe(0);
  });

  it('keeps a bounded number of retained messages', () => {
    const fanOut = new FanOut(
      () => 0,
      () => {},
    );
    for (let number = 0; number < 10_001; number++) fanOut.retain(`kpi/${number}`, Buffer.from('x'));
    fanOut.retain('kpi/0', Buffer.from('y'));
    expect(fanOut.dropped).toBe(1);
  });

  it.each([0, 127, 128, 16_383, 16_384, 2_097_152])(
    'writes the length of a packet of %i bytes as MQTT says',
    (bytes) => {
      const packet = encodePublish('t', Buffer.alloc(bytes), false);
      let length = 0;
      let at = 1;
      for (let shift = 0; ; shift += 7) {
        const byte = packet[at++]!;
        length += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      expect(length).toBe(packet.length - at);
      expect(length).toBe(bytes + 3);
    },
  );
});
