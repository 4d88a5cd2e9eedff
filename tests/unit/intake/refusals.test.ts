import { describe, expect, test } from 'vitest';
import { TOPICS_MAX } from '../../../src/intake/router.ts';
import { MessageFlag } from '../../../src/model/index.ts';
import {
  builtInCompiled,
  intakeOf,
  LIMITS,
  message,
  NOON_MS,
  profilesOf,
  readingsOf,
  reasonOf,
  valuesOf,
} from './support.ts';

const intake = intakeOf(builtInCompiled());
const SENML = 'in/gw/dev/data';
const NEUTRAL = 'recording/r/d';
const neutral = (more: object = {}) => ({
  time: '2026-01-15T11:00:00Z',
  quantity: 'pm10',
  unit: 'ug/m3',
  value: '1',
  ...more,
});
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('a message is refused as a whole', () => {
  test('when it was cut because it is over the limit', () => {
    const head = message(SENML, '[{"n":"pm10","v":1}]');
    expect(reasonOf(intake({ ...head, payloadBytes: head.payload.length + 1 }))).toBe('payload_too_large');
  });

  test('when it is longer than the limit, to the byte', () => {
    const small = intakeOf(builtInCompiled(), { limits: { ...LIMITS, payloadBytesMax: 20 } });
    const payload = '[{"n":"pm10","v":1}]';
    expect(payload).toHaveLength(20);
    expect(valuesOf(small(message(SENML, payload)))).toEqual([1]);
    expect(reasonOf(small(message(SENML, `${payload} `)))).toBe('payload_too_large');
  });

  test.each([
    'nobody/knows',
    '',
    '/',
    'in',
    'in/gw/dev',
    'in/gw/dev/data/x',
    '$SYS/broker',
    '\u0000',
    'x'.repeat(65_535),
    '/'.repeat(10_000),
  ])('when no profile knows the topic (%#)', (topic) => {
    expect(reasonOf(intake(message(topic, '1')))).toBe('unknown_topic');
  });

  test.each([
    ['a lone continuation byte', bytes(0x22, 0x80, 0x22)],
    ['an overlong slash', bytes(0xc0, 0xaf)],
    ['a surrogate', bytes(0xed, 0xa0, 0x80)],
    ['a cut character', bytes(0x22, 0xe2, 0x82)],
    ['beyond Unicode', bytes(0xf4, 0x90, 0x80, 0x80)],
    ['UTF-16', bytes(0xff, 0xfe, 0x5b, 0x00)],
  ])('when it is no UTF-8: %s', (_, payload) => {
    expect(reasonOf(intake(message(SENML, payload)))).toBe('not_utf8');
    // The decoder is shared: a broken message must not spoil the next one.
    expect(valuesOf(intake(message(SENML, '[{"n":"pm10","v":1}]')))).toEqual([1]);
  });

  test('when it nests deeper than the limit, however brackets stand in texts', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(reasonOf(intake(message(NEUTRAL, nested(8))))).not.toBe('nesting_too_deep');
    expect(reasonOf(intake(message(NEUTRAL, nested(9))))).toBe('nesting_too_deep');
    expect(reasonOf(intake(message(NEUTRAL, '[{"a":'.repeat(5_000))))).toBe('nesting_too_deep');
    expect(valuesOf(intake(message(NEUTRAL, neutral({ note: `"${'['.repeat(20)}` }))))).toEqual([1]);
  });

  test.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1}x',
    '{"a":1}{"a":1}',
    'NaN',
    '[{"n":"pm10","v":NaN}]',
    '[{"n":"pm10","v":Infinity}]',
    '\uFEFF[]',
    "{'a':1}",
    '{"a":01}',
    '[{"n":"pm10","v":+1}]',
    'undefined',
    '"\u0001"',
  ])('when it is no JSON: %j', (payload) => {
    expect(reasonOf(intake(message(SENML, payload)))).toBe('malformed');
    expect(reasonOf(intake(message('recording/r/d', payload)))).toBe('malformed');
  });

  test('when it has more readings than the limit: all or nothing', () => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => neutral({ channel: `c${index}` }));
    expect(readingsOf(intake(message(NEUTRAL, list(400))))).toHaveLength(400);
    const few = intakeOf(builtInCompiled(), { limits: { ...LIMITS, readingsPerMessageMax: 5 } });
    expect(readingsOf(few(message(NEUTRAL, list(5))))).toHaveLength(5);
    expect(reasonOf(few(message(NEUTRAL, list(6))))).toBe('too_many_readings');
    expect(
      reasonOf(
        few(
          message(
            NEUTRAL,
            list(6).map((one) => ({ ...one, unit: 'horse' })),
          ),
        ),
      ),
    ).toBe('too_many_readings');
  });

  test('when nested iterations would visit elements without end', () => {
    const body = `{ name: p, title: x, match: [{ topic: t }], device: { id: d }, each: ["$.a[*]", "$.a[*]", "$.a[*]"], readings: [{ quantity: co2, path: "@.x" }] }`;
    const decoded = intakeOf(profilesOf(body))(message('t', { a: new Array(5_000).fill(0) }));
    expect(reasonOf(decoded)).toBe('too_many_readings');
  });

  test('when its device id has other characters, or too many', () => {
    for (const name of ['a b', 'ä', 'a\u200bb', 'а', "a'b", 'a"b', 'a,b', 'a=b', '<b>', '\n', 'x'.repeat(125)]) {
      expect(
        reasonOf(intake(message(`tele/${name}/SENSOR`, { Time: '2026-01-15T12:00:00', ENERGY: { Total: 1 } }))),
        name,
      ).toBe('id_not_allowed');
    }
    const longest = `tele/${'x'.repeat(120)}/SENSOR`;
    expect(valuesOf(intake(message(longest, { Time: '2026-01-15T12:00:00', ENERGY: { Total: 1 } })))).toEqual([1]);
  });

  test('when its one time cannot be read, is too old or in the future', () => {
    const at = (Time: unknown) => reasonOf(intake(message('tele/a/SENSOR', { Time, ENERGY: { Total: 1 } })));
    expect(at('2026-01-15T12:00:00')).toBe('none');
    expect(at('yesterday')).toBe('time_unreadable');
    expect(at(1768478400)).toBe('time_unreadable');
    expect(at('1999-12-31T23:59:59')).toBe('time_too_old');
    expect(at('2024-12-11T11:59:59')).toBe('time_too_old');
    expect(at('2024-12-11T12:00:00')).toBe('none');
    expect(at('2026-01-15T12:05:00')).toBe('none');
    expect(at('2026-01-15T12:05:01')).toBe('time_in_future');
    expect(at('9999-12-31T23:59:59')).toBe('time_in_future');
  });

  test('when it is retained and the profile does not count those', () => {
    const profile = (retained: string) =>
      profilesOf(
        `{ name: p, title: x, retained: ${retained}, match: [{ topic: t }], device: { id: d }, readings: [{ quantity: co2, path: $ }] }`,
      );
    const retained = message('t', '400', { flags: MessageFlag.retain | MessageFlag.qos1 });
    expect(reasonOf(intakeOf(profile('drop'))(retained))).toBe('retained_replay');
    expect(valuesOf(intakeOf(profile('drop'))(message('t', '400', { flags: MessageFlag.dup })))).toEqual([400]);
    expect(valuesOf(intakeOf(profile('process'))(retained))).toEqual([400]);
  });

  test('also where a more general topic would be ignored', () => {
    expect(reasonOf(intake(message('tele/a/SENSOR', '{"Time":')))).toBe('malformed');
    expect(reasonOf(intake(message('shelly-1/status/em:0', 'x')))).toBe('malformed');
    expect(reasonOf(intake(message('shelly-1/events/rpc', '{"a":1}')))).toBe('missing_field');
  });
});

describe('a reading is refused by itself, its neighbours count', () => {
  const refusals = (list: object[], topic = NEUTRAL) => {
    const decoded = intake(message(topic, list));
    if (decoded.kind === 'rejected') throw new Error(decoded.reject.reason);
    return {
      values: valuesOf(decoded),
      rejects: decoded.rejects.map(({ index, reject }) => `${index} ${reject.reason}`),
    };
  };

  /** Stands for a number that only JSON can write. */
  const BEYOND = '1e309 as a number';

  test.each([
    ['a value beyond all numbers', { value: BEYOND }, 'value_not_finite'],
    ['a value that is no number', { value: '12,5' }, 'value_not_finite'],
    ['an object as value', { value: {} }, 'value_not_finite'],
    ['no value', { value: undefined }, 'missing_field'],
    ['an unknown quantity', { quantity: 'mood' }, 'unknown_quantity'],
    ['a quantity of another type', { quantity: {} }, 'missing_field'],
    ['"__proto__" as quantity', { quantity: '__proto__' }, 'unknown_quantity'],
    ['"constructor" as quantity', { quantity: 'constructor' }, 'unknown_quantity'],
    ['an unknown unit', { unit: 'toString' }, 'unknown_unit'],
    ['no unit', { unit: undefined }, 'unknown_unit'],
    ['a unit of another quantity', { unit: 'm3' }, 'unknown_unit'],
    ['a channel with a blank', { channel: 'a b' }, 'id_not_allowed'],
    ['no time', { time: null }, 'time_missing'],
    ['a time without zone', { time: '2026-01-15T11:00:00' }, 'time_unreadable'],
    ['a time long ago', { time: '1970-01-01T00:00:00Z' }, 'time_too_old'],
    ['a time to come', { time: '2026-01-15T12:05:00.001Z' }, 'time_in_future'],
    ['an interval of nothing', { every: 0 }, 'malformed'],
    ['a negative interval', { period: -1 }, 'malformed'],
    ['an interval as text', { period: '60' }, 'malformed'],
    ['an interval beyond all numbers', { every: BEYOND }, 'malformed'],
  ])('%s', (_, change, reason) => {
    const list = [neutral(), neutral({ value: '2', ...change }), neutral({ value: '3' })];
    const decoded = intake(message(NEUTRAL, JSON.stringify(list).replace(`"${BEYOND}"`, '1e309')));
    expect(valuesOf(decoded)).toEqual([1, 3]);
    expect(
      decoded.kind === 'decoded' && decoded.rejects.map(({ index, reject }) => `${index} ${reject.reason}`),
    ).toEqual([`1 ${reason}`]);
  });

  test('names, units and times of SenML records', () => {
    const now = NOON_MS / 1000;
    expect(
      refusals(
        [
          { n: 'pm10', v: 1 },
          { n: 'mood', v: 1 },
          { n: 'pm10', u: 'lat', v: 1 },
          { n: 'pm10', t: now + 301, v: 1 },
          { n: 'pm10', vs: 'x' },
          { n: 'pm10', v: 2 },
        ],
        SENML,
      ),
    ).toEqual({
      values: [1, 2],
      rejects: ['1 unknown_quantity', '2 unknown_unit', '3 time_in_future', '4 missing_field'],
    });
  });
});

describe('a reading is kept as bad, without its value', () => {
  test.each(['pm10', 'laeq', 'temperature', 'energy_import', 'humidity'])('%s beyond what is possible', (quantity) => {
    const unit = { pm10: 'ug/m3', laeq: 'dB', temperature: 'Cel', energy_import: 'kWh', humidity: '%' }[quantity];
    for (const value of [1e308, -1e308]) {
      const [reading] = readingsOf(intake(message(NEUTRAL, neutral({ quantity, unit, value }))));
      expect(reading).toMatchObject({ quantity, quality: 1, value: Number.NaN });
    }
  });
});

describe('without readings, but known', () => {
  test('a will, whatever its topic and payload', () => {
    for (const topic of ['in/gw/state', SENML, 'nobody/knows']) {
      expect(intake(message(topic, '[{"n":"pm10","v":1}]', { flags: MessageFlag.will }))).toMatchObject({
        kind: 'decoded',
        readings: [],
        rejects: [],
      });
    }
  });

  test('state and description topics, whatever they hold', () => {
    for (const topic of [
      'in/gw/state',
      'in/gw/dev/meta',
      'tele/a/LWT',
      'tele/a/INFO1',
      'shellies/a/online',
      'a/online',
      'a/status/wifi',
      'zigbee2mqtt/bridge/state',
    ]) {
      expect(intake(message(topic, bytes(0xff))), topic).toMatchObject({ kind: 'decoded', readings: [], rejects: [] });
    }
  });
});

test('in event mode the past is open down to the earliest time, the future is not', () => {
  const replay = intakeOf(builtInCompiled(), { clockMode: 'event' });
  const at = (time: string) => reasonOf(replay(message(NEUTRAL, neutral({ time }))));
  expect(at('2000-01-01T00:00:00Z')).toBe('none');
  expect(at('1999-12-31T23:59:59.999Z')).toBe('time_too_old');
  expect(at('2026-01-15T12:05:00.001Z')).toBe('time_in_future');
});

test('more topics than are remembered change no answer', () => {
  const first = intake(message('in/gw/first/data', '[{"n":"pm10","v":1}]'));
  for (let index = 0; index < TOPICS_MAX + 10; index++) intake(message(`flood/${index}`, ''));
  expect(intake(message('in/gw/first/data', '[{"n":"pm10","v":1}]'))).toEqual(first);
});

test('gateway and sub-device are told apart', () => {
  expect(intake(message(SENML, '[{"n":"pm10","v":1}]'))).toMatchObject({ profile: 'city-vitals-senml', gateway: 'gw' });
  const decoded = intake(message('airgradient/readings/aa', { pm02: 1, satellites: { bb: { atmp: 20 } } }));
  expect(decoded).toMatchObject({ gateway: 'airgradient:aa' });
  expect(readingsOf(decoded).map(({ device }) => device)).toEqual(['airgradient:aa', 'airgradient:sat:bb']);
});
