import { describe, expect, it } from 'vitest';
import { FailureThrottle, manualClock } from '../../../src/base/index.ts';

const HOME = '192.0.2.1';

function setUp() {
  const clock = manualClock(0);
  const throttle = new FailureThrottle(clock);
  const fail = (times: number, address: string, name: string) => {
    for (let time = 0; time < times; time++) throttle.failed(address, name);
  };
  return { clock, throttle, fail };
}

describe('failed logins', () => {
  it('cost nothing at first, then twice as long each time, up to five minutes', () => {
    const { clock, throttle, fail } = setUp();
    fail(4, HOME, 'a');
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
    const waits = Array.from({ length: 12 }, () => {
      fail(1, HOME, 'a');
      const waitMs = throttle.waitMs(HOME, 'a');
      clock.advance(waitMs);
      return waitMs;
    });
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(waits.at(-1)).toBe(300_000);
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
  });

  it('of one name do not hold up others of the address', () => {
    const { throttle, fail } = setUp();
    fail(50, HOME, 'broken');
    expect(throttle.waitMs(HOME, 'broken')).toBeGreaterThan(0);
    expect(throttle.waitMs(HOME, 'fine')).toBe(0);
  });

  it('are forgotten by a login, and after a quarter of an hour', () => {
    const { clock, throttle, fail } = setUp();
    fail(6, HOME, 'a');
    throttle.succeeded(HOME, 'a');
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
    fail(6, HOME, 'b');
    clock.advance(15 * 60_000 + 1);
    fail(1, HOME, 'b');
    expect(throttle.waitMs(HOME, 'b')).toBe(0);
  });

  it('for one name from many places hold up strangers, and not who has been there before', () => {
    const { throttle, fail } = setUp();
    throttle.succeeded(HOME, 'a');
    for (let place = 0; place < 30; place++) fail(1, `198.51.100.${place}`, 'a');
    expect(throttle.waitMs('203.0.113.1', 'a')).toBeGreaterThan(0);
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
  });

  it('for many names from one address hold up new ones there, and not who has been there before', () => {
    const { throttle, fail } = setUp();
    throttle.succeeded(HOME, 'a');
    for (let name = 0; name < 101; name++) fail(1, HOME, `guess-${name}`);
    expect(throttle.waitMs(HOME, 'another')).toBeGreaterThan(0);
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
    expect(throttle.waitMs('203.0.113.1', 'another')).toBe(0);
  });

  it('do not fill the memory', () => {
    const clock = manualClock(0);
    const throttle = new FailureThrottle(clock, 10);
    for (let count = 0; count < 10; count++) throttle.failed(HOME, 'a');
    expect(throttle.waitMs(HOME, 'a')).toBeGreaterThan(0);
    for (let name = 0; name < 100; name++) throttle.failed(`198.51.100.${name}`, 'x'.repeat(60_000) + name);
    expect(throttle.waitMs(HOME, 'a')).toBe(0);
  });
});
