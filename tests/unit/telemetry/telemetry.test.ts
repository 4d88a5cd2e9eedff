import { describe, expect, test } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { createLogger, createThrottle, rateMeter } from '../../../src/telemetry/index.ts';

function capture() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

describe('logger', () => {
  test('writes JSON lines with time, level as a word, message and fields', () => {
    const { lines, destination } = capture();
    const log = createLogger({ level: 'info', pretty: false, destination });
    log.child({ room: 'broker' }).info({ clientCount: 3 }, 'ready');
    log.debug({}, 'not this one');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 'info',
      msg: 'ready',
      room: 'broker',
      clientCount: 3,
      time: expect.stringMatching(/Z$/),
    });
  });

  test('values of keys that name a secret never reach a line', () => {
    const { lines, destination } = capture();
    const log = createLogger({ level: 'debug', pretty: false, destination });
    log.warn(
      {
        password: 'hunter2',
        user: { secret: 'hunter2', token: 'hunter2' },
        http: { headers: { authorization: 'hunter2' } },
      },
      'refused',
    );
    log.child({ token: 'hunter2' }).error({ err: new Error('no') }, 'failed');
    expect(lines.join()).not.toContain('hunter2');
    expect(lines.join()).toContain('[hidden]');
  });

  test('silent writes nothing, pretty writes lines for people', () => {
    const quiet = capture();
    createLogger({ level: 'silent', pretty: false, destination: quiet.destination }).error({}, 'x');
    expect(quiet.lines).toEqual([]);
    const pretty = capture();
    createLogger({ level: 'info', pretty: true, destination: pretty.destination }).info({}, 'ready');
    expect(pretty.lines.join()).toContain('ready');
    expect(pretty.lines.join()).not.toContain('"msg"');
  });
});

describe('throttle', () => {
  test('lets one warning of a key through in its time and says how many it left out', () => {
    const clock = manualClock(0);
    const written: [object, string][] = [];
    const throttle = createThrottle({
      log: { warn: (fields, message) => written.push([fields, message]) },
      clock,
      everyMs: 10_000,
    });
    for (let n = 0; n < 500; n++) throttle.warn('full', { n }, 'queue is full');
    throttle.warn('other', {}, 'something else');
    expect(written).toEqual([
      [{ n: 0 }, 'queue is full'],
      [{}, 'something else'],
    ]);
    clock.advance(10_000);
    throttle.warn('full', { n: 500 }, 'queue is full');
    expect(written.at(-1)).toEqual([{ n: 500, leftOutCount: 499 }, 'queue is full']);
  });

  test('flush tells what would never be told, once', () => {
    const written: [object, string][] = [];
    const throttle = createThrottle({
      log: { warn: (fields, message) => written.push([fields, message]) },
      clock: manualClock(0),
      everyMs: 1000,
    });
    throttle.warn('full', {}, 'queue is full');
    throttle.warn('full', {}, 'queue is full');
    throttle.flush();
    throttle.flush();
    expect(written).toEqual([
      [{}, 'queue is full'],
      [{ leftOutCount: 1 }, 'queue is full'],
    ]);
  });

  test('remembers a bounded number of keys', () => {
    let count = 0;
    const throttle = createThrottle({ log: { warn: () => count++ }, clock: manualClock(0), everyMs: 1000, keysMax: 2 });
    for (const key of ['a', 'b', 'c', 'c', 'a']) throttle.warn(key, {}, key);
    // `a` was forgotten for `c`, so it passes again.
    expect(count).toBe(4);
  });
});

describe('rate meter', () => {
  test('is the mean over whole seconds, the running one left out', () => {
    const clock = manualClock(5_000);
    const meter = rateMeter(clock, 10);
    meter.add(100);
    expect(meter.perSecond()).toBe(0);
    clock.advance(1_000);
    meter.add(7);
    expect(meter.perSecond()).toBe(100);
    clock.advance(1_000);
    expect(meter.perSecond()).toBe(53.5);
  });

  test('forgets what is older than its window', () => {
    const clock = manualClock(0);
    const meter = rateMeter(clock, 2);
    for (const count of [10, 20, 30]) {
      meter.add(count);
      clock.advance(1_000);
    }
    expect(meter.perSecond()).toBe(25);
    clock.advance(1_000);
    expect(meter.perSecond()).toBe(15);
    clock.advance(60_000);
    expect(meter.perSecond()).toBe(0);
  });

  test('a window that is no whole number of seconds is a mistake of ours', () => {
    expect(() => rateMeter(manualClock(0), 0.5)).toThrow('BUG');
  });
});
