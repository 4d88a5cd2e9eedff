import { describe, expect, test } from 'vitest';
import { localDay } from '../../../src/base/index.ts';

const text = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toString();

describe('local days', () => {
  test('half-hour clock changes make days of 23.5 and 24.5 hours', () => {
    expect(localDay('Australia/Lord_Howe', '2025-10-05').hours).toBe(23.5);
    expect(localDay('Australia/Lord_Howe', '2025-04-06').hours).toBe(24.5);
  });

  test('a day whose midnight was skipped begins at 01:00', () => {
    const day = localDay('America/Sao_Paulo', '2018-11-04');
    expect([text(day.startMs), day.hours]).toEqual(['2018-11-04T03:00:00Z', 23]);
  });

  test('an unknown zone and a day that does not exist are refused', () => {
    expect(() => localDay('Europe/Atlantis', '2025-01-01')).toThrow(RangeError);
    expect(() => localDay('UTC', '2025-02-30')).toThrow(RangeError);
  });

  test('quarter-hours of a day', () => {
    expect(localDay('Europe/Madrid', '2025-03-30').hours * 4).toBe(92);
    expect(localDay('Europe/Madrid', '2025-10-26').hours * 4).toBe(100);
    expect(localDay('Asia/Kathmandu', '2025-10-26').hours * 4).toBe(96);
  });
});

describe('days of standard time', () => {
  test('have 24 hours on the days of the clock change', () => {
    expect(localDay('standard:America/New_York', '2025-03-09').hours).toBe(24);
    expect(text(localDay('standard:America/New_York', '2025-03-09').startMs)).toBe('2025-03-09T05:00:00Z');
  });

  test('take the smaller offset on the southern hemisphere too', () => {
    expect(text(localDay('standard:Australia/Sydney', '2025-01-15').startMs)).toBe('2025-01-14T14:00:00Z');
  });

  test('of Central Europe begin at 23:00 UTC in winter as in summer', () => {
    expect([text(localDay('+01:00', '2025-01-15').startMs), text(localDay('+01:00', '2025-07-15').startMs)]).toEqual([
      '2025-01-14T23:00:00Z',
      '2025-07-14T23:00:00Z',
    ]);
  });
});
