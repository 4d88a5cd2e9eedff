import { describe, expect, test } from 'vitest';
import { isIn, isTabled, reportPeriod, startsIn, windowsIn } from '../../../../src/views/reports/period.ts';

const iso = (text: string) => Temporal.Instant.from(text).epochMilliseconds;
const HOUR = 3_600_000;

describe('a period', () => {
  test.each([
    ['2026-03-01', 'Europe/Madrid', 'day', '2026-02-28T23:00Z', '2026-03-01T23:00Z', 24, 1],
    ['2026-03-29', 'Europe/Madrid', 'day', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 23, 1],
    ['2026-10-25', 'Europe/Madrid', 'day', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 25, 1],
    // 24.5 hours: the last one is half as long.
    ['2026-04-05', 'Australia/Lord_Howe', 'day', '2026-04-04T13:00Z', '2026-04-05T13:30Z', 25, 1],
    ['2026-03', 'Europe/Madrid', 'month', '2026-02-28T23:00Z', '2026-03-31T22:00Z', 743, 31],
    ['2024-02', 'Asia/Kolkata', 'month', '2024-01-31T18:30Z', '2024-02-29T18:30Z', 696, 29],
    ['2026', 'Europe/Madrid', 'year', '2025-12-31T23:00Z', '2026-12-31T23:00Z', 8760, 365],
    ['2024', 'Pacific/Kiritimati', 'year', '2023-12-31T10:00Z', '2024-12-31T10:00Z', 8784, 366],
  ])('%s of %s is a %s from %s to %s', (text, timeZone, kind, start, end, hours, days) => {
    const period = reportPeriod(text, timeZone);
    expect(period).toMatchObject({ kind, startMs: iso(start), endMs: iso(end), hours, days });
  });

  test.each([
    '2026-02-29',
    '2026-13',
    '2026-3-1',
    '26',
    '1969',
    '3000',
    '',
    '2026-03-01T00:00',
    '../2026',
    ' 2026',
    '２０２６',
  ])('that is none, %j, is refused with what is allowed', (text) => {
    expect(() => reportPeriod(text, 'Europe/Madrid')).toThrow(
      expect.objectContaining({ code: 'period_invalid', message: expect.stringContaining(JSON.stringify(text)) }),
    );
  });

  test('that its time zone skipped is refused', () => {
    expect(() => reportPeriod('2011-12-30', 'Pacific/Apia')).toThrow(/"2011-12-30": .* does not exist/);
  });
});

describe('windows of a period', () => {
  const day = reportPeriod('2026-07-15', 'Europe/Madrid');
  const month = reportPeriod('2026-03', 'Europe/Madrid');
  const year = reportPeriod('2026', 'Europe/Madrid');

  test('are counted by its calendar', () => {
    expect(
      ['hour', 'rolling-8h', 'day', 'rolling-365d', 'month', 'year', 'week'].map((w) => windowsIn(month, w as 'hour')),
    ).toEqual([743, 743, 31, 31, 1, 0, null]);
    expect(windowsIn(year, 'month')).toBe(12);
  });

  test('are those with their middle in it, so that the day of standard time belongs to its date in summer too', () => {
    // Standard time of Madrid is UTC+1: its 15 July is from 23:00 to 23:00 UTC, an hour after the local one begins.
    const standard = (date: string) => ({
      window: 'day-standard' as const,
      startMs: iso(date),
      endMs: iso(date) + 24 * HOUR,
    });
    expect(
      ['2026-07-13T23:00Z', '2026-07-14T23:00Z', '2026-07-15T23:00Z'].map((at) => isIn(day, standard(at))),
    ).toEqual([false, true, false]);
  });

  test('that roll are those that end in it', () => {
    const ending = (end: string) => ({ window: 'rolling-8h' as const, startMs: iso(end) - 8 * HOUR, endMs: iso(end) });
    const ends = ['2026-07-14T22:00Z', '2026-07-14T23:00Z', '2026-07-15T22:00Z', '2026-07-15T23:00Z'];
    expect(ends.map((end) => isIn(day, ending(end)))).toEqual([false, true, true, false]);
  });

  test('are asked for in ranges that join, and reach back as far as windows that roll', () => {
    for (const window of ['hour', 'rolling-24h', 'rolling-365d'] as const) {
      const ranges = startsIn(year, window);
      for (const [index, { fromMs }] of ranges.slice(1).entries()) expect(fromMs).toBe(ranges[index]!.toMs);
      expect(ranges.at(-1)!.toMs).toBe(year.endMs);
      for (const { fromMs, toMs } of ranges) expect(toMs - fromMs).toBeLessThanOrEqual(800 * 24 * HOUR);
    }
    expect(startsIn(year, 'hour').length).toBe(12);
    expect(startsIn(year, 'rolling-365d')[0]!.fromMs).toBeLessThan(year.startMs - 365 * 24 * HOUR);
  });

  test('of hours have no rows in a year', () => {
    expect([
      isTabled(year, 'hour'),
      isTabled(year, 'rolling-24h'),
      isTabled(year, 'day'),
      isTabled(month, 'hour'),
    ]).toEqual([false, false, true, true]);
  });
});
