import { describe, expect, test } from 'vitest';
import { intakeOf, message, NOON_MS, profilesOf, readingsOf, reasonOf, valuesOf } from '../intake/support.ts';

/** Decodes a payload on topic `t/dev` with a profile that is given without its head. */
function decode(body: string, payload: unknown, topic = 't/dev') {
  const head = body.includes('match:') ? '' : 'match: [{ topic: "t/{id}" }]\n';
  const device = body.includes('device:') ? '' : 'device: { id: "{id}" }\n';
  return intakeOf(profilesOf(`name: p\ntitle: x\n${head}${device}${body}`), { siteTimeZone: 'Europe/Madrid' })(
    message(topic, payload),
  );
}

const one = (reading: string) => `readings: [{ quantity: power_active, path: $.v, ${reading} }]`;

describe('paths', () => {
  test.each([
    ['$.a.b', { a: { b: 1 } }, [1]],
    ["$['a.b'][1]", { 'a.b': [0, 2] }, [2]],
    ["$.a['µ°'].c", { a: { 'µ°': { c: 3 } } }, [3]],
    ['$', 4, [4]],
    ['$.a[0]', { a: { 0: 5 } }, []],
    ['$.a.length', { a: [1, 2] }, []],
    ['$.a.length', { a: 'text' }, []],
    ['$.constructor', {}, []],
    ['$.constructor', { constructor: 6 }, [6]],
    ['$.__proto__.x', {}, []],
    ['$.a.toString', { a: {} }, []],
    ['[$.a, $.b]', { b: 7 }, [7]],
    ['[$.a, $.b]', { a: 8, b: 7 }, [8]],
  ])('%s of %j', (path, payload, wanted) => {
    const text = path.startsWith('[') ? path : JSON.stringify(path);
    const decoded = decode(`readings: [{ quantity: power_active, path: ${text} }]`, payload);
    expect(valuesOf(decoded)).toEqual(wanted);
    expect(reasonOf(decoded)).toBe('none');
  });

  test('a payload with "__proto__" as a key reaches no prototype', () => {
    const decoded = decode(
      'readings: [{ quantity: power_active, path: $.__proto__.v }]',
      '{"__proto__":{"v":1},"constructor":{"prototype":{"v":2}}}',
    );
    expect(valuesOf(decoded)).toEqual([1]);
    expect(({} as { v?: number }).v).toBeUndefined();
  });

  test('a key of a path may come from a name', () => {
    expect(
      valuesOf(decode('readings: [{ quantity: power_active, path: "$[\'{id}-{id}\'].v" }]', { 'dev-dev': { v: 9 } })),
    ).toEqual([9]);
  });
});

describe('names', () => {
  test('a variable is a path, then group 1 of a regular expression, then a map', () => {
    const body = `
vars: { serial: { path: $.name, regex: "^SN-([0-9]+)$" }, line: { template: "{serial}", map: { "17": L1 } } }
device: { id: "meter:{serial}" }
readings: [{ quantity: power_active, path: $.v, channel: "{line?}" }]`;
    expect(readingsOf(decode(body, { name: 'SN-17', v: 1 }))[0]).toMatchObject({ device: 'meter:17', channel: 'L1' });
    expect(readingsOf(decode(body, { name: 'SN-18', v: 1 }))[0]).toMatchObject({ device: 'meter:18', channel: '' });
    expect(reasonOf(decode(body, { name: 'nothing', v: 1 }))).toBe('missing_field');
  });

  test('a name of one block is unknown in another', () => {
    const body = `blocks:
  - { each: { path: "$.*", as: key }, readings: [{ quantity: co2, path: "@", channel: "{key}" }] }
  - { readings: [{ quantity: co2, path: $.x, channel: "{key}" }] }`;
    expect(() => decode(body, {})).toThrow(
      'blocks[1].readings[0].channel: the name "key" is not known here; known: id',
    );
  });
});

describe('guards', () => {
  const guarded = (name: string, require: string) =>
    `{ name: ${name}, title: x, match: [{ topic: "t/{id}", require: ${require} }], device: { id: d }, readings: [{ quantity: co2, path: $.v }] }`;

  test('the first profile whose guards hold reads the message', () => {
    const intake = intakeOf(
      profilesOf(
        guarded('a', '{ path: $.kind, equals: 1 }'),
        guarded('b', '[{ path: $.kind, regex: "^b" }, $.v]'),
        guarded('c', '{ path: $.kind, in: [c, d], not: true }'),
      ),
    );
    expect(intake(message('t/1', { kind: 1, v: 1 })).profile).toBe('a');
    expect(intake(message('t/1', { kind: 'bb', v: 1 })).profile).toBe('b');
    expect(intake(message('t/1', { kind: 'bb' })).profile).toBe('c');
    expect(reasonOf(intake(message('t/1', { kind: 'd' })))).toBe('missing_field');
  });
});

describe('each', () => {
  test('arrays in objects, with keys as names and conditions', () => {
    const body = `
each: [{ path: "$.*", keyRegex: "^em:(?<n>[0-9])$" }, { path: "@[*]", where: { path: "@.ok", equals: true }, let: { unit: "@.u" } }]
readings: [{ quantity: power_active, path: "@.v", unitPath: "#.unit", channel: "{n}" }]`;
    const decoded = decode(body, {
      'em:1': [
        { ok: true, v: 1, u: 'kW' },
        { ok: false, v: 2, u: 'W' },
      ],
      'em:x': [{ ok: true, v: 3 }],
      'em:2': [{ ok: true, v: 4, u: 'W' }],
    });
    expect(readingsOf(decoded).map(({ channel, value }) => [channel, value])).toEqual([
      ['1', 1000],
      ['2', 4],
    ]);
  });

  test('packed text with a time for each element', () => {
    const body = `
text: true
each: { path: $.v, split: ";", then: "," }
time: { path: $.t, format: unix, step: 10s, shift: -20s }
readings: [{ quantity: laeq, path: "@[0]", period: 10s }]`;
    const decoded = decode(body, { t: NOON_MS / 1000, v: '40.5,0;41,0;42.25,1' });
    expect(readingsOf(decoded).map(({ value, timeMs, periodMs }) => [value, timeMs - NOON_MS, periodMs])).toEqual([
      [40.5, -20_000, 10_000],
      [41, -10_000, 10_000],
      [42.25, 0, 10_000],
    ]);
  });

  test('one object counts as a list of one where the profile says so', () => {
    const body = (single: boolean) =>
      `each: { path: "$[*]", single: ${single} }\nreadings: [{ quantity: co2, path: "@.v" }]`;
    expect(valuesOf(decode(body(true), { v: 400 }))).toEqual([400]);
    expect(valuesOf(decode(body(true), [{ v: 400 }, { v: 500 }]))).toEqual([400, 500]);
    expect(valuesOf(decode(body(false), { v: 400 }))).toEqual([]);
  });
});

describe('values', () => {
  test.each([
    ['scale: 0.1, offset: 5', 100, 15],
    ['unit: kW', 1.5, 1500],
    ['scale: 2, unit: kW', 1.5, 3000],
    ['map: { "on": 60, "off": 0 }', 'on', 60],
    ['map: { "off": null }', 'off', Number.NaN],
    ['text: true', '00001', 1],
    ['text: true', '000.2', 0.2],
    ['text: true', ' 12.5 ', 12.5],
    ['text: true', '-1.5e2', -150],
    ['text: true, suffix: "W"', '60 W', 60],
    ['text: true', '', Number.NaN],
    ['text: true', 'NaN', Number.NaN],
    ['text: true', '?', Number.NaN],
    ['text: true', '-Infinity', Number.NaN],
    ['text: false', null, Number.NaN],
    ['invalid: [-1, { gt: 900 }]', -1, Number.NaN],
    ['invalid: [-1, { gt: 900 }]', 901, Number.NaN],
    ['invalid: [-1, { gt: 900 }]', 900, 900],
    ['range: [0, 10], unit: kW', 11, Number.NaN],
    ['range: [0, 10], unit: kW', 10, 10_000],
    ['unit: MW', 1001, Number.NaN],
  ])('%s of %j', (reading, sent, wanted) => {
    const [found] = readingsOf(decode(one(reading), { v: sent }));
    expect(found?.value).toBe(wanted);
    expect(found?.quality).toBe(Number.isNaN(wanted) ? 1 : 4);
  });

  test.each([
    ['text: false', '5', /is text; this format sends numbers/],
    ['text: true', '12,5', /decimal comma/],
    ['text: true', '1_000', /is no number/],
    ['text: true', '0x10', /is no number/],
    ['text: true', '1e309', /is no number/],
    ['text: true', '9'.repeat(100), /is no number/],
    ['text: true', true, /is true; a number is expected/],
    ['text: true', {}, /is an object; a number is expected/],
    ['text: true', [], /is an array; a number is expected/],
  ])('%s of %j is refused', (reading, sent, why) => {
    const decoded = decode(one(reading), { v: sent });
    expect(reasonOf(decoded)).toBe('value_not_finite');
    expect(decoded.kind === 'decoded' && decoded.rejects[0]?.reject).toMatchObject({
      device: 'dev',
      detail: expect.stringMatching(why),
    });
  });

  test('-0 is 0', () => {
    expect(Object.is(valuesOf(decode(one('scale: 1'), '{"v":-0}'))[0], 0)).toBe(true);
  });

  test('a reading that lacks a value is none, or a reject where it is required', () => {
    expect(valuesOf(decode(one('scale: 1'), {}))).toEqual([]);
    expect(reasonOf(decode(one('required: true'), {}))).toBe('missing_field');
  });

  test('one number, or an array with a channel each', () => {
    const body = one('array: { channels: [L1, L2] }');
    expect(readingsOf(decode(body, { v: 5 })).map(({ channel }) => channel)).toEqual(['']);
    expect(readingsOf(decode(body, { v: [5, 6, 7] })).map(({ channel, value }) => [channel, value])).toEqual([
      ['L1', 5],
      ['L2', 6],
      ['3', 7],
    ]);
  });

  test('the unit may stand in the payload; unknown ones are refused', () => {
    const body = one('unitPath: $.u');
    expect(valuesOf(decode(body, { v: 2, u: 'kW' }))).toEqual([2000]);
    expect(reasonOf(decode(body, { v: 2, u: 'horse' }))).toBe('unknown_unit');
    expect(reasonOf(decode(body, { v: 2, u: 'kWh' }))).toBe('unknown_unit');
    expect(reasonOf(decode(body, { v: 2 }))).toBe('unknown_unit');
    expect(valuesOf(decode(one('unitPath: $.u, unit: kW'), { v: 2 }))).toEqual([2000]);
    expect(valuesOf(decode(`units: { horse: kW }\n${body}`, { v: 2, u: 'horse' }))).toEqual([2000]);
  });

  test('units in degrees and gases are converted', () => {
    const air = 'readings: [{ quantity: temperature, path: $.t, unit: "°F" }, { quantity: no2, path: $.n, unit: ppb }]';
    const [temperature, no2] = valuesOf(decode(air, { t: 212 - 162, n: 100 }));
    expect(temperature).toBeCloseTo(10, 12);
    // EU reference state 20 Cel, 101.325 kPa: 1.9125 ug/m3 for each ppb of NO2.
    expect(no2).toBeCloseTo(191.25, 2);
  });
});

describe('quality, quantity and interval', () => {
  test('the worst of all rules counts, and bad takes the value away', () => {
    const body = one(
      'quality: [{ path: $.a, map: { "1": suspect } }, { path: $.b, good: "^ok$", else: likely bad }, { path: $.c, map: { x: bad } }]',
    );
    const found = (payload: object) =>
      readingsOf(decode(body, { v: 5, ...payload })).map(({ quality, value }) => [quality, value])[0];
    expect(found({})).toEqual([4, 5]);
    expect(found({ a: 1 })).toEqual([3, 5]);
    expect(found({ a: '1', b: 'no' })).toEqual([2, 5]);
    expect(found({ b: 'ok' })).toEqual([4, 5]);
    expect(found({ c: 'x' })).toEqual([1, Number.NaN]);
  });

  test('a key chooses the quantity by map, then by pattern', () => {
    const body = `
each: "$[*]"
readings: [{ path: "@.v", quantityFrom: { path: "@.k", map: { t: { quantity: temperature, invalid: [85] }, skip: ignore }, patterns: [{ regex: "_p$", quantity: pressure, unit: Pa }] } }]`;
    const decoded = decode(body, [
      { k: 't', v: 20 },
      { k: 't', v: 85 },
      { k: 'skip', v: 1 },
      { k: 'x_p', v: 100_000 },
      { k: 'other', v: 1 },
      { v: 1 },
    ]);
    expect(readingsOf(decoded).map(({ quantity, value }) => [quantity, value])).toEqual([
      ['temperature', 20],
      ['temperature', Number.NaN],
      ['pressure', 1000],
    ]);
    expect(reasonOf(decoded)).toBe('unknown_quantity missing_field');
    expect(decoded.kind === 'decoded' && decoded.rejects.map(({ index }) => index)).toEqual([3, 4]);
  });

  test('the interval comes from placement, reading, device, profile, or is a minute', () => {
    const every = (profile: string, reading: string, payload: object, placedMs = 0) =>
      readingsOf(
        intakeOf(
          profilesOf(
            `name: p\ntitle: x\nmatch: [{ topic: "t/{id}" }]\ndevice: { id: "{id}" }\n${profile}\n${one(reading)}`,
          ),
          {
            placement: () => ({ timeZone: 'UTC', expectEveryMs: placedMs }),
          },
        )(message('t/dev', { v: 1, ...payload })),
      )[0]?.expectEveryMs;
    expect(every('', 'scale: 1', {})).toBe(60_000);
    expect(every('expectEvery: 5m', 'scale: 1', {})).toBe(300_000);
    expect(every('expectEvery: 5m', 'expectEvery: 1s', {})).toBe(1_000);
    expect(every('expectEvery: 5m', 'expectEveryPath: $.every', { every: 900 })).toBe(900_000);
    expect(every('expectEvery: 5m', 'expectEveryPath: $.every', {})).toBe(300_000);
    expect(every('expectEvery: 5m', 'expectEvery: 1s', {}, 7_000)).toBe(7_000);
  });

  test('a rule may apply only when a condition holds', () => {
    expect(valuesOf(decode(one('when: { path: $.kind, equals: a }'), { v: 1, kind: 'a' }))).toEqual([1]);
    expect(valuesOf(decode(one('when: { path: $.kind, equals: a }'), { v: 1, kind: 'b' }))).toEqual([]);
    expect(valuesOf(decode(one('when: { path: $.n, gt: 1, lt: 3 }'), { v: 1, n: 2 }))).toEqual([1]);
    expect(valuesOf(decode(one('when: { path: $.n, gt: 1, lt: 3 }'), { v: 1, n: 3 }))).toEqual([]);
  });
});

describe('formats', () => {
  test('lines of separated values', () => {
    const body = `
decode: { format: csv, separator: ";" }
text: true
each: "$[*]"
time: { path: "@.when", format: "DD.MM.YYYY hh:mm", zone: site }
readings: [{ quantity: no2, path: "@['NO2, \\"raw\\"']" }]`;
    const decoded = decode(
      body.replace('\\"raw\\"', 'raw'),
      'when;"NO2, raw"\r\n15.01.2026 12:00;12.5\r\n\r\n15.01.2026 12:30;"13"\n',
    );
    expect(readingsOf(decoded).map(({ value, timeMs }) => [value, new Date(timeMs).toISOString()])).toEqual([
      [12.5, '2026-01-15T11:00:00.000Z'],
      [13, '2026-01-15T11:30:00.000Z'],
    ]);
  });

  test('lines with the wrong number of values, or an open quote, are malformed', () => {
    const body =
      'decode: { format: csv, columns: [a, b] }\ntext: true\neach: "$[*]"\nreadings: [{ quantity: no2, path: "@.b" }]';
    expect(valuesOf(decode(body, 'x,1\ny,2'))).toEqual([1, 2]);
    expect(reasonOf(decode(body, 'x,1\ny,2,3'))).toBe('malformed');
    expect(reasonOf(decode(body, 'x,"1'))).toBe('malformed');
    expect(reasonOf(decode(body, 'x'))).toBe('malformed');
    expect(valuesOf(decode(body, 'x,'))).toEqual([Number.NaN]);
    expect(valuesOf(decode(body, '__proto__,"say ""5"""'))).toEqual([]);
  });

  test('a bare number', () => {
    const body = 'decode: number\nreadings: [{ quantity: power_active, path: $ }]';
    expect(valuesOf(decode(body, ' -12.50\n'))).toEqual([-12.5]);
    expect(valuesOf(decode(body, 'nan'))).toEqual([Number.NaN]);
    expect(reasonOf(decode(body, 'on'))).toBe('value_not_finite');
    expect(reasonOf(decode(body, ''))).toBe('malformed');
  });
});
