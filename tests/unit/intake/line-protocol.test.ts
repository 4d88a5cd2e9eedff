import { describe, expect, test } from 'vitest';
import { readLines } from '../../../src/intake/line-protocol.ts';
import { builtInCompiled, intakeOf, LIMITS, message, NOON_MS, readingsOf } from './support.ts';

const STAMP = '1768478390500000123';
const STAMP_MS = 1_768_478_390_500;

/** The one point of a text. */
function pointOf(text: string) {
  const { points, problems } = readLines(text);
  expect(problems).toEqual([]);
  expect(points).toHaveLength(1);
  const { measurement, tags, fields, times } = points[0]!;
  return { measurement, tags: { ...tags }, fields: { ...fields }, times };
}

const problemOf = (text: string) => readLines(text).problems.map(({ detail }) => detail);

describe('a line', () => {
  test('has a measurement, tags in any order, fields and a time stamp', () => {
    expect(pointOf(`air,b=2,a=1 pm10=1.5,no2=-2 ${STAMP}`)).toEqual({
      measurement: 'air',
      tags: { a: '1', b: '2' },
      fields: { pm10: 1.5, no2: -2 },
      times: {
        ns: STAMP_MS,
        us: 1_768_478_390_500_000,
        ms: expect.any(Number),
        s: expect.any(Number),
        m: expect.any(Number),
        h: expect.any(Number),
      },
    });
    expect(pointOf('air pm10=1').times).toBeUndefined();
    expect(pointOf('air pm10=1 1768478390').times).toMatchObject({ s: 1_768_478_390_000, m: 1_768_478_390 * 60_000 });
    expect(pointOf('air pm10=1 -1999999').times).toMatchObject({ ns: -1, us: -1_999, ms: -1_999_999 });
  });

  test.each([
    ['1', 1],
    ['-1', -1],
    ['+1', 1],
    ['1.', 1],
    ['.5', 0.5],
    ['-1.5e3', -1_500],
    ['1E-2', 0.01],
    ['12i', 12],
    ['-12i', -12],
    ['12u', 12],
    ['t', true],
    ['TRUE', true],
    ['False', false],
    ['f', false],
    ['""', ''],
    ['"a b,c=d"', 'a b,c=d'],
    ['"say \\"x\\" and \\\\"', 'say "x" and \\'],
    ['"c:\\temp"', 'c:\\temp'],
    ['"two\nlines"', 'two\nlines'],
    ['"两"', '两'],
  ])('has a field %s', (text, value) => {
    expect(pointOf(`m f=${text}`).fields).toEqual({ f: value });
    expect(pointOf(`m f=${text},g=1 1`).fields).toEqual({ f: value, g: 1 });
  });

  test('escapes what would end a name', () => {
    expect(pointOf('a\\,b\\ c,t\\=1\\,\\ x=y\\=\\,\\ z f\\=\\,\\ 1=1')).toMatchObject({
      measurement: 'a,b c',
      tags: { 't=1, x': 'y=, z' },
      fields: { 'f=, 1': 1 },
    });
    // A backslash before anything else is one.
    expect(pointOf('a\\b\\=c,t=\\d\\\\e f=1')).toMatchObject({ measurement: 'a\\b\\=c', tags: { t: '\\d\\\\e' } });
    expect(pointOf('a"b,t="x" f=1')).toMatchObject({ measurement: 'a"b', tags: { t: '"x"' } });
  });

  test('may stand among comments, empty lines and blanks, and end in CRLF or in nothing', () => {
    const { points, problems } = readLines('# one\n\r\n  a f=1  5  \r\n   \n#two\na,t=1   f=2\r\na f="x"\r');
    expect(problems).toEqual([]);
    expect(points.map(({ fields }) => fields.f)).toEqual([1, 2, 'x']);
  });

  test('of a key that stands twice has the last value, and none reaches a prototype', () => {
    expect(pointOf('m,t=1,t=2 f=1,f=2')).toMatchObject({ tags: { t: '2' }, fields: { f: 2 } });
    const { points } = readLines('__proto__,__proto__=x __proto__=1,constructor=2');
    expect(Object.keys(points[0]!.fields)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test.each([
    ['m', 'the field "" has no value'],
    ['m ', 'the field "" has no value'],
    [',t=1 f=1', 'it has no measurement'],
    ['m,t f=1', 'the tag "t" has no value'],
    ['m,t= f=1', 'the tag "t" cannot be read'],
    ['m,=x f=1', 'the tag "" has no value'],
    ['m,t=a=b f=1', 'the tag "t" cannot be read'],
    ['m f', 'the field "f" has no value'],
    ['m f=', 'the field "f" is "", which is no value'],
    ['m f=x', 'the field "f" is "x", which is no value'],
    ['m f=NaN', 'the field "f" is "NaN", which is no value'],
    ['m f=1x', 'the field "f" is "1x", which is no value'],
    ['m f=-1u', 'the field "f" is "-1u", which is no value'],
    ['m f=1.5i', 'the field "f" is "1.5i", which is no value'],
    ['m f=1,', 'the field "" has no value'],
    ['m f=1 x', 'the time stamp "x" is no integer'],
    ['m f=1 1.5', 'the time stamp "1.5" is no integer'],
    ['m f=1 12345678901234567890', 'the time stamp "12345678901234567890" is no integer'],
    ['m f=1 1 1', 'there is more behind the time stamp'],
    ['m f="x', 'the text of the field "f" does not end'],
    ['m f="x"y', 'the time stamp "y" is no integer'],
    ['{"json":true}', 'the field "" has no value'],
  ])('%j cannot be read', (text, detail) => {
    expect(problemOf(text)).toEqual([`line 1: ${detail}`]);
  });

  test('that cannot be read takes no other with it', () => {
    const { points, problems } = readLines('a f=1\nnonsense\na f="lost\na f=2\na f=3 4 5\na f=6');
    expect(points.map(({ fields }) => fields.f)).toEqual([1, 2, 6]);
    expect(problems.map(({ detail }) => detail.slice(0, 6))).toEqual(['line 2', 'line 3', 'line 5']);
  });

  test('of a megabyte is read in time', () => {
    const long = 'x'.repeat(1 << 20);
    expect(pointOf(`m,t=${long} f="${long}"`).fields.f).toHaveLength(1 << 20);
    expect(problemOf(`m f="${long}`)).toHaveLength(1);
    expect(problemOf(`m ${'\\'.repeat(1 << 20)}`)).toHaveLength(1);
    expect(readLines('"\n'.repeat(1 << 18)).problems).toHaveLength(1 << 18);
  });
});

describe('lines as readings', () => {
  const intake = intakeOf(builtInCompiled());
  const decoded = (text: string, precision = 'ns') => intake(message(`in/gw/influx-${precision}`, text));
  const rejectsOf = (text: string, precision = 'ns') => {
    const found = decoded(text, precision);
    return found.kind === 'rejected' ? found.reject : found.rejects.map(({ reject }) => reject);
  };

  test.each([
    ['ns', STAMP],
    ['us', '1768478390500000'],
    ['ms', '1768478390500'],
  ])('have the time stamp in %s', (precision, stamp) => {
    expect(readingsOf(decoded(`air pm10=1 ${stamp}`, precision))[0]).toMatchObject({
      timeMs: STAMP_MS,
      timeSource: 'device',
    });
  });

  test('without a stamp have the time of reception', () => {
    expect(readingsOf(decoded('air pm10=1'))[0]).toMatchObject({ timeMs: NOON_MS, timeSource: 'received' });
  });

  test('with a stamp in another unit than was said are refused', () => {
    expect(rejectsOf(`air pm10=1,no2=2 ${STAMP}`, 's')).toMatchObject([
      { reason: 'time_unreadable' },
      { reason: 'time_unreadable' },
    ]);
    expect(rejectsOf('air pm10=1 1768478390', 'ns')).toMatchObject([{ reason: 'time_too_old' }]);
    expect(rejectsOf('air pm10=1 9999999999999', 'ms')).toMatchObject([{ reason: 'time_in_future' }]);
    expect(rejectsOf('air pm10=1 5', 'fortnights')).toMatchObject({ reason: 'missing_field' });
  });

  test('belong to whoever writes, whatever device they name', () => {
    expect(
      readingsOf(decoded('air,device=tasmota:1 pm10=1\nair,host=h pm10=1\nair,device=x,host=h pm10=1\nair pm10=1')).map(
        ({ device }) => device,
      ),
    ).toEqual(['gw:tasmota:1', 'gw:h', 'gw:x', 'gw']);
  });

  test('of an unknown measurement or field, or a value that is none, are refused by name', () => {
    expect(
      rejectsOf(
        'cpu,host=h usage_idle=1\nair pm99=1\nair pm10="x"\nair pm10=1e309\nair,unit=furlong pm10=1\nair pm10=1',
      ),
    ).toMatchObject([
      { reason: 'unknown_quantity', detail: '"cpu usage_idle" is no quantity that this format has' },
      { reason: 'unknown_quantity', detail: '"pm99" is no quantity that this format has' },
      { reason: 'value_not_finite' },
      { reason: 'value_not_finite' },
      { reason: 'unknown_unit' },
    ]);
  });

  test('that cannot be read are counted one by one, and all together when none can', () => {
    expect(rejectsOf('air pm10=1\nnonsense\nair pm10=')).toMatchObject([
      { reason: 'malformed' },
      { reason: 'malformed' },
    ]);
    expect(rejectsOf('nonsense\nmore of it')).toMatchObject({
      reason: 'malformed',
      detail: expect.stringMatching(/^line 1: /),
    });
    expect(rejectsOf(`${'x\n'.repeat(LIMITS.readingsPerMessageMax)}air pm10=1`)).toMatchObject({
      reason: 'too_many_readings',
    });
    expect(decoded('# nothing\n')).toMatchObject({ kind: 'decoded', readings: [], rejects: [] });
    expect(decoded('')).toMatchObject({ kind: 'decoded', readings: [], rejects: [] });
  });
});
