import { describe, expect, test } from 'vitest';
import {
  compileTimeFormat,
  parseMapping,
  type RecordedRow,
  RowMapper,
  shiftToNowMs,
  sortByTime,
} from '../../../simulators/replay/index.ts';
import { DAY_MS, HOUR_MS } from '../../../src/base/index.ts';

const mapper = (time: string, readings = '[{ from: q, quantity: pm2_5, every: 1h, period: 1h }]', flags = '{}') =>
  new RowMapper(parseMapping(`time: ${time}\nreadings: ${readings}\nflags: ${flags}\n`, 'test'));
const row = (time: string, change: Partial<RecordedRow> = {}): RecordedRow => ({
  device: 'd',
  time,
  zone: 'z',
  quantity: 'q',
  unit: 'ug/m3',
  value: '1',
  flag: '',
  utc: '',
  ...change,
});
const LOCAL = (ambiguous: string, stamp = 'start') =>
  `{ formats: ["YYYY-MM-DD HH:mm", "YYYY-MM-DD HH:mm:ss"], zones: { "*": Europe/Madrid }, ambiguous: ${ambiguous}, stamp: ${stamp} }`;
const utcOf = (by: RowMapper, time: string, change: Partial<RecordedRow> = {}) => {
  const { reading, trouble } = by.map(row(time, change));
  return reading?.timeMs == null ? trouble : new Date(reading.timeMs).toISOString();
};

describe('stamp formats', () => {
  const at = (format: string, text: string) => compileTimeFormat(format)?.(text);

  test('read the forms of the field', () => {
    const noon = Date.UTC(2019, 7, 1, 12, 11);
    expect(at('M/D/YYYY H:mm', '8/1/2019 12:11')).toEqual({ clockMs: noon, isInstant: false });
    expect(at('DD/MM/YYYY HH:mm:ss', '01/08/2019 12:11:00')).toEqual({ clockMs: noon, isInstant: false });
    expect(at('YYYY-MM-DDTHH:mm:ssZ', '2019-08-01T14:11:00+0200')).toEqual({ clockMs: noon, isInstant: true });
    expect(at('YYYY-MM-DDTHH:mm:ssZ', '2019-08-01T12:11:00Z')).toEqual({ clockMs: noon, isInstant: true });
    expect(at('X', '1564661460')).toEqual({ clockMs: noon, isInstant: true });
  });

  test('number hours by their end, 24 being the midnight after the day', () => {
    expect(at('YYYY-MM-DD [H]kk', '2018-01-01 H24')?.clockMs).toBe(Date.UTC(2018, 0, 2));
    expect(at('YYYY-MM-DD [H]kk', '2018-01-01 H00')).toBeUndefined();
    expect(at('YYYY-MM-DD [H]kk', '2018-01-01 H25')).toBeUndefined();
  });

  test('refuse what is no date or has another form', () => {
    expect(at('DD/MM/YYYY', '30/02/2019')).toBeUndefined();
    expect(at('DD/MM/YYYY HH:mm', '01/01/2019 24:00')).toBeUndefined();
    expect(at('DD/MM/YYYY', '1/1/2019')).toBeUndefined();
    expect(at('YYYY-MM-DD', '2019-01-01 extra')).toBeUndefined();
    expect(at('YYYY-MM-DDTHH:mm:ssZ', '2019-08-01T14:11:00+9900')).toBeUndefined();
    expect(compileTimeFormat('HH:mm')).toBeUndefined();
  });
});

describe('the hour that occurs twice', () => {
  test('is the first, the second, or nothing, as the mapping says', () => {
    expect(utcOf(mapper(LOCAL('earlier')), '2016-10-30 02:30')).toBe('2016-10-30T00:30:00.000Z');
    expect(utcOf(mapper(LOCAL('later')), '2016-10-30 02:30')).toBe('2016-10-30T01:30:00.000Z');
    expect(utcOf(mapper(LOCAL('reject')), '2016-10-30 02:30')).toBe('time_ambiguous');
    expect(utcOf(mapper(LOCAL('reject')), '2016-10-30 03:00')).toBe('2016-10-30T02:00:00.000Z');
  });

  test('is told apart by file order, for each series on its own', () => {
    const by = mapper(LOCAL('file-order'));
    const times = ['01:05:10', '02:05:10', '02:05:10', '03:05:10'].map((time) => utcOf(by, `2016-10-30 ${time}`));
    expect(times.map((time) => time?.slice(11, 19))).toEqual(['23:05:10', '00:05:10', '01:05:10', '02:05:10']);
    // Readings every 20 minutes: the clock goes back from 02:40 to 02:00.
    const other = ['02:00', '02:20', '02:40', '02:00', '02:20', '02:40'].map((time) =>
      utcOf(by, `2016-10-30 ${time}`, { device: 'other' })?.slice(11, 16),
    );
    expect(other).toEqual(['00:00', '00:20', '00:40', '01:00', '01:20', '01:40']);
  });
});

describe('times', () => {
  test('that a clock never showed are published without a time', () => {
    const { reading, trouble } = mapper(LOCAL('earlier')).map(row('2018-03-25 02:00'));
    expect(reading).toMatchObject({ timeMs: null, value: '1' });
    expect(trouble).toBe('time_nonexistent');
  });

  test('at the end of an hour are moved to its start on the recorded clock', () => {
    const by = mapper(
      '{ formats: ["YYYY-MM-DD [H]kk"], zones: { "*": Europe/Madrid }, ambiguous: earlier, stamp: end }',
    );
    expect(utcOf(by, '2018-03-25 H01')).toBe('2018-03-24T23:00:00.000Z');
    // H02 ends at 02:00, which does not exist on this day; its start does.
    expect(utcOf(by, '2018-03-25 H02')).toBe('2018-03-25T00:00:00.000Z');
    expect(utcOf(by, '2018-03-25 H03')).toBe('time_nonexistent');
    expect(utcOf(by, '2018-03-25 H04')).toBe('2018-03-25T01:00:00.000Z');
    expect(utcOf(by, '2018-12-31 H24')).toBe('2018-12-31T22:00:00.000Z');
  });

  test('in the middle of a minute are moved to its start', () => {
    const by = mapper(
      '{ formats: ["YYYY-MM-DD HH:mm:ss"], zones: { "*": UTC }, stamp: middle }',
      '[{ from: q, quantity: laeq, every: 1m, period: 1m }]',
    );
    expect(utcOf(by, '2025-03-21 00:00:30')).toBe('2025-03-21T00:00:00.000Z');
  });

  test('take a fixed offset as it is, also in summer', () => {
    const by = mapper('{ formats: ["M/D/YYYY H:mm"], zones: { east: "-05:00", z: UTC }, stamp: start }');
    expect(utcOf(by, '8/1/2019 7:11', { zone: 'east' })).toBe('2019-08-01T12:11:00.000Z');
    expect(utcOf(by, '8/1/2019 7:11')).toBe('2019-08-01T07:11:00.000Z');
    expect(by.map(row('8/1/2019 7:11', { zone: 'mars' }))).toEqual({ trouble: 'zone_not_mapped' });
    expect(utcOf(by, 'yesterday')).toBe('time_unreadable');
  });
});

describe('rows', () => {
  test('get the quality of their flag; an empty value is bad, an unknown flag suspect', () => {
    const by = mapper(LOCAL('earlier'), undefined, '{ V: good, N: bad, "diff=*": good }');
    const quality = (flag: string, value = '1') => by.map(row('2018-01-01 00:00', { flag, value })).reading?.quality;
    expect(['V', 'N', 'diff=12', 'odd', ''].map((flag) => quality(flag))).toEqual([
      'good',
      'bad',
      'good',
      'suspect',
      'good',
    ]);
    expect(quality('V', '')).toBe('bad');
  });

  test('become a quantity and channel by the first line that fits, or are left out', () => {
    const by = mapper(
      LOCAL('earlier'),
      '[{ from: q, device: "REF-*", quantity: pm10, every: 1h, period: 1h }, { from: q, quantity: pm2_5, channel: b, every: 1m }]',
    );
    const result = (device: string, quantity: string) => by.map(row('2018-01-01 00:00', { device, quantity }));
    expect(result('REF-1', 'q').reading).toMatchObject({
      quantity: 'pm10',
      channel: '',
      everyMs: HOUR_MS,
      periodMs: HOUR_MS,
    });
    expect(result('other', 'q').reading).toMatchObject({
      quantity: 'pm2_5',
      channel: 'b',
      everyMs: 60_000,
      periodMs: 0,
    });
    expect(result('other', 'x')).toEqual({ trouble: 'quantity_not_mapped' });
  });
});

describe('mapping file', () => {
  test('is refused with the key and the value seen', () => {
    const bad = (text: string) => () => parseMapping(text, 'file.yaml');
    const time = 'time: { formats: ["X"], zones: { "*": UTC } }';
    expect(bad(`${time}\nreadings: [{ from: a, quantity: smell, every: 1h }]`)).toThrow(/"smell" is no quantity/);
    expect(bad(`${time}\nreadings: [{ from: a, quantity: pm10, every: often }]`)).toThrow(/"often" is no duration/);
    expect(bad(`${time}\nreadings: [{ from: a, quantity: pm10, every: 1h, stamp: end }]`)).toThrow(/needs a period/);
    expect(bad(`${time}\nreadings: []`)).toThrow(/readings/);
    expect(bad(`${time}\nreadings: [{ from: a, quantity: pm10, every: 1h }]\ncolour: red`)).toThrow(/colour/);
    expect(
      bad(
        'time: { formats: ["HH:mm"], zones: { "*": Mars/Base } }\nreadings: [{ from: a, quantity: pm10, every: 1h }]',
      ),
    ).toThrow(/"HH:mm" names no date[\s\S]*"Mars\/Base" is no zone/);
    expect(bad('a: [')).toThrow(/cannot use the mapping file.yaml/);
  });
});

describe('moving a recording to now', () => {
  const nowMs = Date.UTC(2026, 6, 10, 9, 30);
  const newestMs = Date.UTC(2018, 11, 31, 22);

  test('takes whole days and never goes ahead, unless the rest is to follow live', () => {
    const days = shiftToNowMs({ unit: 'days', nowMs, newestMs, ahead: false });
    expect(days % DAY_MS).toBe(0);
    expect(newestMs + days).toBeLessThanOrEqual(nowMs);
    expect(newestMs + days).toBeGreaterThan(nowMs - DAY_MS);
    expect(shiftToNowMs({ unit: 'days', nowMs, newestMs, ahead: true })).toBe(days + DAY_MS);
    expect(shiftToNowMs({ unit: 'exact', nowMs, newestMs, ahead: false })).toBe(nowMs - newestMs);
    expect(shiftToNowMs({ unit: 'weeks', nowMs, newestMs, ahead: false }) % (7 * DAY_MS)).toBe(0);
  });

  test('turns the hours of one zone into the same hours of another', () => {
    const shift = shiftToNowMs({
      unit: 'days',
      nowMs,
      newestMs,
      ahead: false,
      fromZone: '-05:00',
      toZone: 'Europe/Berlin',
    });
    // 17:00 at -05:00 becomes 17:00 in Berlin, which is 15:00 UTC in July.
    expect(new Date(newestMs + shift).toISOString()).toBe('2026-07-09T15:00:00.000Z');
  });

  test('sorts by time and keeps readings without one beside the reading before them', () => {
    const reading = (value: string, timeMs: number | null) =>
      ({
        value,
        timeMs,
        device: 'd',
        quantity: 'q',
        channel: '',
        unit: '',
        quality: 'good',
        everyMs: 1,
        periodMs: 0,
      }) as const;
    const sorted = sortByTime([
      reading('c', 30),
      reading('c2', null),
      reading('a', 10),
      reading('b', 20),
      reading('b2', 20),
    ]);
    expect(sorted.map(({ value }) => value)).toEqual(['a', 'b', 'b2', 'c', 'c2']);
  });
});
