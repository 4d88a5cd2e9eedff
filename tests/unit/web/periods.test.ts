import { describe, expect, test } from 'vitest';
import { calendarOf } from '../../../src/base/index.ts';
import { boundsAt } from '../../../src/windows/index.ts';
import { CHART_WINDOWS, PERIODS, rangeUpTo, windowLengthMs } from '../../../web/src/data/periods.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = Date.UTC(2026, 0, 1);

describe('the range of a chart', () => {
  test.each(['UTC', 'Europe/Madrid', 'Asia/Kolkata', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Pacific/Kiritimati'])(
    'holds the window of the newest reading and all of the period, in %s',
    (timeZone) => {
      const calendar = calendarOf(timeZone);
      for (let atMs = YEAR_MS; atMs < YEAR_MS + 365 * 24 * HOUR_MS; atMs += 7.5 * HOUR_MS)
        for (const window of CHART_WINDOWS) {
          const { startMs, endMs } = boundsAt(window, calendar, atMs);
          for (const { id, lengthMs } of PERIODS) {
            const { from, to } = rangeUpTo(atMs, window, id);
            expect(endMs, `${window} of ${new Date(atMs).toISOString()}`).toBeLessThanOrEqual(Date.parse(to));
            expect(Date.parse(from)).toBeLessThanOrEqual(startMs - lengthMs + 2 * windowLengthMs(window));
          }
        }
    },
  );

  test('stays while readings of one window come', () => {
    const atMs = Date.UTC(2026, 5, 18, 14);
    expect(rangeUpTo(atMs + HOUR_MS - 1, 'hour', '7d')).toEqual(rangeUpTo(atMs, 'hour', '7d'));
    expect(rangeUpTo(atMs + HOUR_MS, 'hour', '7d')).not.toEqual(rangeUpTo(atMs, 'hour', '7d'));
  });
});
