import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calendarOf, DAY_MS, HOUR_MS, QUARTER_MS } from '../../../src/base/index.ts';
import {
  parseWindow,
  type WindowBounds,
  type WindowShape,
  windowLengthMs,
  windowStepMs,
  windowsEndingIn,
} from '../../../src/windows/index.ts';

const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds;

function windowsOf(shape: WindowShape, zone: string, from: string, to: string): string[] {
  return boundsOf(shape, zone, at(from), at(to)).map(
    ({ startMs, endMs }) => `${minuteText(startMs)} ${minuteText(endMs)}`,
  );
}

function boundsOf(shape: WindowShape, zone: string, fromMs: number, toMs: number): WindowBounds[] {
  return [...windowsEndingIn(shape, calendarOf(zone), fromMs, toMs)];
}

const minuteText = (ms: number) => new Date(ms).toISOString().slice(5, 16);

/** Instants checked by hand against the tz database. Each line: a window that must be among those of three days. */
describe('the nights on which clocks change', () => {
  const cases: readonly [zone: string, window: WindowShape['window'], around: string, expected: string][] = [
    ['Europe/Madrid', 'day', '2026-03-29', '03-28T23:00 03-29T22:00'],
    ['Europe/Madrid', 'night', '2026-03-29', '03-28T22:00 03-29T05:00'],
    ['Europe/Madrid', 'night', '2026-10-25', '10-24T21:00 10-25T06:00'],
    ['Europe/Madrid', 'daytime', '2026-10-25', '10-25T06:00 10-25T18:00'],
    ['Europe/Madrid', 'evening', '2026-03-29', '03-29T17:00 03-29T21:00'],
    // 02 to 05 is two hours long in spring, four in autumn.
    ['Europe/Madrid', 'clock-02-05', '2026-03-29', '03-29T01:00 03-29T03:00'],
    ['Europe/Madrid', 'clock-02-05', '2026-10-25', '10-25T00:00 10-25T04:00'],
    ['Europe/Madrid', 'week', '2026-03-29', '03-22T23:00 03-29T22:00'],
    ['standard:Europe/Madrid', 'day', '2026-03-29', '03-28T23:00 03-29T23:00'],
    ['+01:00', 'night', '2026-10-25', '10-24T22:00 10-25T06:00'],
    // Half an hour: 24.5 h when it ends at 02:00 on 5 April, 23.5 h when it begins on 4 October.
    ['Australia/Lord_Howe', 'day', '2026-04-05', '04-04T13:00 04-05T13:30'],
    ['Australia/Lord_Howe', 'night', '2026-04-05', '04-04T12:00 04-04T20:30'],
    ['Australia/Lord_Howe', 'day', '2026-10-04', '10-03T13:30 10-04T13:00'],
    ['Australia/Lord_Howe', 'night', '2026-10-04', '10-03T12:30 10-03T20:00'],
    ['standard:Australia/Lord_Howe', 'day', '2026-04-05', '04-04T13:30 04-05T13:30'],
    // Midnight itself is skipped on 4 November 2018, and comes twice on 18 February 2018.
    ['America/Sao_Paulo', 'day', '2018-11-04', '11-04T03:00 11-05T02:00'],
    ['America/Sao_Paulo', 'night', '2018-11-04', '11-04T02:00 11-04T09:00'],
    ['America/Sao_Paulo', 'day', '2018-02-17', '02-17T02:00 02-18T03:00'],
    ['America/Sao_Paulo', 'night', '2018-02-18', '02-18T01:00 02-18T10:00'],
    ['America/Sao_Paulo', 'clock-00-06', '2018-11-04', '11-04T03:00 11-04T08:00'],
    ['Asia/Kolkata', 'night', '2026-03-29', '03-28T17:30 03-29T01:30'],
    ['Asia/Kolkata', 'week', '2026-03-29', '03-22T18:30 03-29T18:30'],
    ['Asia/Kathmandu', 'day', '2026-03-29', '03-28T18:15 03-29T18:15'],
    ['Asia/Kathmandu', 'evening', '2026-03-29', '03-29T13:15 03-29T17:15'],
  ];

  test.each(cases)('%s %s around %s is %s', (zone, window, around, expected) => {
    const midnight = `${around}T00:00Z`;
    const found = boundsOf({ window }, zone, at(midnight) - 2 * DAY_MS, at(midnight) + 3 * DAY_MS);
    expect(found.map(({ startMs, endMs }) => `${minuteText(startMs)} ${minuteText(endMs)}`)).toContain(expected);
  });

  test('an hour that the clock skips gives no window on that day', () => {
    expect(
      windowsOf({ window: 'clock-02-03' }, 'Europe/Madrid', '2026-03-28T00:00Z', '2026-03-31T00:00Z').map((text) =>
        text.slice(0, 5),
      ),
    ).toEqual(['03-28', '03-30']);
  });
});

describe('longer than a day', () => {
  test('ISO weeks begin on Monday, over the end of the year too', () => {
    expect(windowsOf({ window: 'week' }, 'UTC', '2025-12-29T00:00Z', '2026-01-12T00:00Z')).toEqual([
      '12-29T00:00 01-05T00:00',
      '01-05T00:00 01-12T00:00',
    ]);
  });

  test('months and years of a zone begin at its midnight', () => {
    expect(windowsOf({ window: 'month' }, 'Europe/Madrid', '2026-03-01T00:00Z', '2026-04-30T23:00Z')).toEqual([
      '02-28T23:00 03-31T22:00',
      '03-31T22:00 04-30T22:00',
    ]);
    expect(windowsOf({ window: 'year' }, 'Asia/Kathmandu', '2025-12-31T00:00Z', '2026-01-01T00:00Z')).toEqual([
      '12-31T18:15 12-31T18:15',
    ]);
  });
});

describe('rolling windows', () => {
  test('any length, with ends as far apart as asked', () => {
    const shape: WindowShape = { window: 'rolling-90m', hopMs: 30 * 60_000 };
    expect(windowsOf(shape, 'UTC', '2026-01-15T10:00Z', '2026-01-15T11:10Z')).toEqual([
      '01-15T09:00 01-15T10:30',
      '01-15T09:30 01-15T11:00',
    ]);
  });

  test('end each hour where no hop is given', () => {
    expect(windowsOf({ window: 'rolling-8h' }, 'UTC', '2026-01-15T10:30Z', '2026-01-15T12:00Z')).toEqual([
      '01-15T03:00 01-15T11:00',
      '01-15T04:00 01-15T12:00',
    ]);
  });

  test('a hop of days ends them at local midnight, and keeps its beat wherever the question begins', () => {
    // 22 March 2026 is day 20,534 since 1970.
    const shape: WindowShape = { window: 'rolling-7d', hopMs: 2 * DAY_MS };
    const all = boundsOf(shape, 'Europe/Madrid', at('2026-03-20T00:00Z'), at('2026-04-10T00:00Z'));
    expect(all.map(({ endMs }) => minuteText(endMs)).slice(0, 6)).toEqual([
      '03-21T23:00',
      '03-23T23:00',
      '03-25T23:00',
      '03-27T23:00',
      '03-29T22:00',
      '03-31T22:00',
    ]);
    expect(boundsOf(shape, 'Europe/Madrid', all[2]!.endMs, at('2026-04-10T00:00Z'))).toEqual(all.slice(3));
  });

  test('a hop that divides no day counts from 1970', () => {
    const found = boundsOf({ window: 'rolling-1d', hopMs: 7 * HOUR_MS }, 'Europe/Madrid', 0, 3 * DAY_MS);
    expect(found.map(({ endMs }) => endMs / HOUR_MS)).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
  });
});

/** The clock of a zone from Intl, to check calendars by another road than Temporal. */
function clockOf(zone: string): (ms: number) => { date: string; hour: number; weekday: string } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    weekday: 'short',
    hourCycle: 'h23',
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return { date: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour), weekday: parts.weekday! };
  };
}

const ZONES = [
  ['Europe/Madrid', '2026-03-25', '2026-10-21'],
  ['Australia/Lord_Howe', '2026-04-01', '2026-09-30'],
  ['America/Sao_Paulo', '2018-02-14', '2018-10-31'],
  ['Asia/Kolkata', '2026-01-01', '2026-06-01'],
  ['Asia/Kathmandu', '2026-01-01', '2026-06-01'],
] as const;

describe.each(ZONES.flatMap(([zone, ...starts]) => starts.map((start) => [zone, start] as const)))(
  '%s from %s, looked at every quarter of an hour on its clock',
  (zone, start) => {
    const firstMs = at(`${start}T00:00Z`);
    const clock = clockOf(zone);
    const instants = Array.from({ length: 11 * 96 }, (_, index) => {
      const ms = firstMs + index * QUARTER_MS;
      return { ms, ...clock(ms) };
    });
    /** First instant of each whole local date. */
    const dates = [...Map.groupBy(instants, ({ date }) => date).values()].slice(1, -1);
    const midnights = dates.map(([first]) => first!);

    test('days begin where the date changes, weeks where it changes to a Monday', () => {
      const from = midnights[0]!.ms;
      const to = midnights.at(-1)!.ms;
      const days = boundsOf({ window: 'day' }, zone, from, to);
      expect(days.map(({ endMs }) => endMs)).toEqual(midnights.slice(1).map(({ ms }) => ms));
      const weeks = boundsOf({ window: 'week' }, zone, from, to);
      expect(weeks.map(({ endMs }) => endMs)).toEqual(
        midnights
          .slice(1)
          .filter(({ weekday }) => weekday === 'Mon')
          .map(({ ms }) => ms),
      );
    });

    test('parts of a day run from the first instant that shows their hour to the next', () => {
      const hours = fc.tuple(fc.nat({ max: 23 }), fc.nat({ max: 23 })).filter(([a, b]) => a !== b);
      fc.assert(
        fc.property(hours, ([fromHour, toHour]) => {
          const window = `clock-${digits(fromHour)}-${digits(toHour)}` as const;
          const firstShowing = (day: number, hour: number) => dates[day]?.find((each) => each.hour >= hour)?.ms;
          const expected = dates.flatMap((_, day) => {
            const startMs = firstShowing(day, fromHour);
            const endMs = firstShowing(toHour > fromHour ? day : day + 1, toHour);
            return startMs !== undefined && endMs !== undefined && endMs > startMs ? [{ startMs, endMs }] : [];
          });
          const found = boundsOf({ window }, zone, midnights[0]!.ms, midnights.at(-1)!.ms + DAY_MS + 2 * HOUR_MS);
          const inside = found.filter(({ startMs }) => startMs >= midnights[0]!.ms);
          expect(inside.slice(0, expected.length)).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    });

    test('rolling windows end at every hop since midnight, and at midnight', () => {
      const hops = [15, 30, 45, 60, 90, 120, 180, 360, 720].map((minutes) => minutes * 60_000);
      fc.assert(
        fc.property(fc.constantFrom(...hops), fc.integer({ min: 1, max: 400 }), (hopMs, quarters) => {
          const window = `rolling-${quarters * 15}m` as const;
          const [from, to] = [midnights[0]!.ms, midnights.at(-1)!.ms];
          const ends = instants
            .filter(({ ms }) => ms > from && ms <= to)
            .filter(({ ms }) => (ms - midnights.findLast((midnight) => midnight.ms <= ms)!.ms) % hopMs === 0)
            .map(({ ms }) => ms);
          const found = boundsOf({ window, hopMs }, zone, from, to);
          expect(found).toEqual(ends.map((endMs) => ({ startMs: endMs - quarters * QUARTER_MS, endMs })));
        }),
        { numRuns: 60 },
      );
    });
  },
);

test('windows are the same however the question is cut into ranges', () => {
  const shape = fc.constantFrom<WindowShape>(
    { window: 'hour' },
    { window: 'day' },
    { window: 'night' },
    { window: 'week' },
    { window: 'month' },
    { window: 'rolling-8h' },
    { window: 'rolling-90m', hopMs: QUARTER_MS },
    { window: 'rolling-2d', hopMs: 5 * HOUR_MS },
    { window: 'rolling-7d', hopMs: 3 * DAY_MS },
  );
  const [firstMs, lastMs] = [at('2026-03-01T00:00Z'), at('2026-04-20T00:00Z')];
  fc.assert(
    fc.property(shape, fc.integer({ min: firstMs, max: lastMs }), fc.constantFrom(...ZONES), (each, cutMs, [zone]) => {
      expect([...boundsOf(each, zone, firstMs, cutMs), ...boundsOf(each, zone, cutMs, lastMs)]).toEqual(
        boundsOf(each, zone, firstMs, lastMs),
      );
    }),
    { numRuns: 300 },
  );
});

describe('texts of windows', () => {
  test.each([
    'hour',
    'night',
    'rolling-1h',
    'rolling-15m',
    'rolling-90m',
    'rolling-365d',
    'clock-02-05',
    'clock-22-06',
    'clock-18-24',
  ])('%s is one', (text) => expect(parseWindow(text)).toBe(text));

  test.each([
    '',
    'fortnight',
    'rolling-20m',
    'rolling-0h',
    'rolling-01h',
    'rolling-4000d',
    'rolling-h',
    'clock-5-7',
    'clock-05-05',
    'clock-00-24',
    'clock-24-02',
    'clock-02-25',
  ])('"%s" is none', (text) => expect(parseWindow(text)).toBeUndefined());

  test('lengths and steps, for bounds on the work', () => {
    expect(windowLengthMs({ window: 'night' })).toBe(8 * HOUR_MS);
    expect(windowLengthMs({ window: 'rolling-90m' })).toBe(90 * 60_000);
    expect(windowStepMs({ window: 'rolling-90m', hopMs: QUARTER_MS })).toBe(QUARTER_MS);
    expect(windowStepMs({ window: 'day' })).toBeLessThanOrEqual(23 * HOUR_MS);
  });

  test('the city names the hours of its periods', () => {
    const periods = { dayStartHour: 6, eveningStartHour: 18, nightStartHour: 22 };
    expect(windowsOf({ window: 'evening', periods }, 'UTC', '2026-01-15T00:00Z', '2026-01-16T00:00Z')).toEqual([
      '01-15T18:00 01-15T22:00',
    ]);
    const afterMidnight = { dayStartHour: 7, eveningStartHour: 20, nightStartHour: 0 };
    expect(
      windowsOf({ window: 'night', periods: afterMidnight }, 'UTC', '2026-01-15T00:00Z', '2026-01-16T00:00Z'),
    ).toEqual(['01-15T00:00 01-15T07:00']);
    expect(
      windowsOf({ window: 'evening', periods: afterMidnight }, 'UTC', '2026-01-15T06:00Z', '2026-01-16T00:00Z'),
    ).toEqual(['01-15T20:00 01-16T00:00']);
  });
});

function digits(hour: number): string {
  return String(hour).padStart(2, '0');
}
