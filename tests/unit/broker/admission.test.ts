import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { Admission, addressKey, type Place, type Turned } from '../../../src/broker/embedded/admission.ts';
import { Pace } from '../../../src/broker/embedded/pace.ts';
import type { Peer } from '../../../src/broker/embedded/peers.ts';
import { TokenBuckets } from '../../../src/broker/embedded/token-bucket.ts';
import type { CityFile } from '../../../src/config/index.ts';
import { mqttConfig } from './support/embedded.ts';

const clock = manualClock(0);
const admission = (mqtt: CityFile['mqtt']) => new Admission(mqttConfig(mqtt), clock);
const isIn = (answer: Place | Turned): answer is Place => 'leave' in answer;
const reasonOf = (answer: Place | Turned) => (isIn(answer) ? 'in' : answer.reason);

describe('admission', () => {
  it('counts all connections, and gives a place back once', () => {
    const door = admission({ connectionsMax: 2 });
    const first = door.enter('192.0.2.1') as Place;
    expect(reasonOf(door.enter('192.0.2.2'))).toBe('in');
    expect(door.enter('192.0.2.3')).toEqual({ reason: 'connection_limit', cause: '2 connections are open' });
    first.leave();
    first.leave();
    expect(reasonOf(door.enter('192.0.2.3'))).toBe('in');
    expect(reasonOf(door.enter('192.0.2.4'))).toBe('connection_limit');
  });

  it('counts connections of an address, those of others apart', () => {
    const door = admission({ connectionsPerAddressMax: 1 });
    const first = door.enter('192.0.2.1') as Place;
    expect(reasonOf(door.enter('::ffff:192.0.2.1'))).toBe('connection_limit');
    expect(reasonOf(door.enter('192.0.2.2'))).toBe('in');
    first.leave();
    expect(reasonOf(door.enter('192.0.2.1'))).toBe('in');
  });

  it('bounds those of an address that have not been let in', () => {
    const door = admission({ connectsPerSecondMax: 1_000 });
    const places = Array.from({ length: 200 }, () => door.enter('192.0.2.1') as Place);
    expect(reasonOf(door.enter('192.0.2.1'))).toBe('connection_limit');
    places[0]!.letIn();
    places[0]!.letIn();
    expect(reasonOf(door.enter('192.0.2.1'))).toBe('in');
    expect(reasonOf(door.enter('192.0.2.1'))).toBe('connection_limit');
    places[1]!.leave();
    expect(reasonOf(door.enter('192.0.2.1'))).toBe('in');
  });

  it('bounds how fast an address connects: ten seconds worth at once, then by the second', () => {
    const door = admission({ connectsPerSecondMax: 2 });
    const enter = () => {
      const answer = door.enter('192.0.2.1');
      if (isIn(answer)) answer.leave();
      return reasonOf(answer);
    };
    for (let count = 0; count < 20; count++) expect(enter()).toBe('in');
    expect(enter()).toBe('rate_limit');
    expect(reasonOf(door.enter('192.0.2.2'))).toBe('in');
    clock.advance(500);
    expect(enter()).toBe('in');
    expect(enter()).toBe('rate_limit');
  });

  it('lets this machine off the limits by address, unless told otherwise', () => {
    const lenient = admission({ connectionsPerAddressMax: 1, connectsPerSecondMax: 1 });
    for (let count = 0; count < 50; count++) expect(reasonOf(lenient.enter('127.0.0.1'))).toBe('in');
    const strict = admission({ connectionsPerAddressMax: 1, limitLoopback: true });
    strict.enter('127.0.0.1');
    expect(reasonOf(strict.enter('127.0.0.1'))).toBe('connection_limit');
  });
});

describe('an address is counted', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('%s as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('token buckets', () => {
  it('fill up to their burst and no further', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 2 });
    const taken = (nowMs: number) => [1, 2, 3].filter(() => buckets.take('a', nowMs)).length;
    expect(taken(0)).toBe(2);
    expect(taken(999)).toBe(0);
    expect(taken(1_000)).toBe(1);
    expect(taken(1_000_000)).toBe(2);
  });

  it('can be charged below zero, and say when they are above it again', () => {
    const buckets = new TokenBuckets({ perSecond: 100, burst: 1_000 });
    expect(buckets.charge('a', 900, 0)).toBe(0);
    expect(buckets.charge('a', 1_100, 0)).toBe(10_010);
    expect(buckets.charge('a', 0, 10_010)).toBe(0);
  });

  it('are as many as allowed: the one used longest ago is forgotten', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 2);
    expect(['a', 'b', 'a', 'c', 'b', 'c'].map((key) => buckets.take(key, 0))).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('the pace of devices', () => {
  const peerOf = (id: string | undefined) => {
    const socket = Object.assign(new EventEmitter(), { destroyed: false });
    const identity = id === undefined ? { name: '' } : { name: id, device: { record: { id } } };
    const wake = () => void socket.emit('readable');
    return { socket, identity, wake, heldUntilMs: 0, heldTimer: undefined } as unknown as Peer;
  };

  it('holds a device that sent more than its share, over all its connections, until it has waited', () => {
    vi.useFakeTimers();
    const own = manualClock(0);
    const pace = new Pace(1_000, own);
    const [first, second, other] = [peerOf('a'), peerOf('a'), peerOf('b')];
    let woken = 0;
    second.socket.on('readable', () => woken++);
    pace.charge(first, 15_000);
    expect(pace.mayRead(first)).toBe(true);
    pace.charge(second, 3_000);
    pace.charge(other, 1);
    expect([pace.mayRead(second), pace.mayRead(other)]).toEqual([false, true]);
    own.advance(2_000);
    vi.advanceTimersByTime(2_000);
    expect([pace.mayRead(second), woken]).toEqual([false, 0]);
    own.advance(1);
    vi.advanceTimersByTime(1);
    expect([pace.mayRead(second), woken]).toEqual([true, 1]);
    vi.useRealTimers();
  });

  it('lets users and clients of this machine go on', () => {
    const pace = new Pace(1, manualClock(0));
    const anonymous = peerOf(undefined);
    pace.charge(anonymous, 1_000_000);
    expect(pace.mayRead(anonymous)).toBe(true);
  });
});
