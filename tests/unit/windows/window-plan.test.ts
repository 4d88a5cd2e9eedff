import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, QUARTER_MS } from '../../../src/base/index.ts';
import type { Pane } from '../../../src/model/index.ts';
import {
  aggregatePlan,
  MAX_DAILY_8_HOUR_MEAN,
  MINIMUM_NIGHT_HOUR,
  type PlanRequest,
  parsePlan,
  planNeed,
  type WindowPlan,
} from '../../../src/windows/index.ts';
import { at, paneOf, seriesOf } from './support-panes.ts';

function requestOf(from: string, to: string, timeZone = 'UTC', storedTimeZone = timeZone): PlanRequest {
  const range = { fromMs: at(from), toMs: at(to) };
  return { series: seriesOf('gauge'), counterMethod: 'interpolated', ...range, timeZone, storedTimeZone };
}

/** Hour panes from an instant on; null is an hour too thin to be valid, undefined one without any reading. */
function hoursFrom(startMs: number, values: readonly (number | null | undefined)[]): Pane[] {
  return values.flatMap((value, index) => {
    const hourMs = startMs + index * HOUR_MS;
    if (value === undefined) return [];
    return [value === null ? paneOf(hourMs, 9999, HOUR_MS, 0.7) : paneOf(hourMs, value)];
  });
}

describe('the highest 8-hour mean of a day', () => {
  interface Vector {
    readonly id: string;
    readonly fn: string;
    readonly inputs: { readonly previousDayHoursEnding18to24: number[]; readonly dayHoursEnding01to24: number[] };
    readonly expected: { readonly mda8: number; readonly validWindows: number };
    readonly tolerance: number;
  }
  const file = new URL('../../vectors/data/completeness.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

  test.each(vectors.filter(({ fn }) => fn === 'window.mda8Eu'))('published: $id', ({ inputs, expected, tolerance }) => {
    const hours = [...inputs.previousDayHoursEnding18to24, ...inputs.dayHoursEnding01to24];
    const panes = hoursFrom(at('2026-06-01T17:00Z'), hours);
    const request = requestOf('2026-06-02T00:00Z', '2026-06-03T00:00Z');
    const [row, ...rest] = aggregatePlan(MAX_DAILY_8_HOUR_MEAN, request, panes);
    expect(rest).toEqual([]);
    expect(Math.abs(row!.value! - expected.mda8)).toBeLessThanOrEqual(tolerance);
    expect(row).toMatchObject({ validParts: expected.validWindows, expectedParts: 24 });
  });

  test('is what nested loops over the hours give, thin and missing hours included', () => {
    const hour = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 200 }) },
      { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
    );
    const startMs = at('2026-06-01T00:00Z');
    fc.assert(
      fc.property(fc.array(hour, { minLength: 72, maxLength: 72 }), (hours) => {
        const rows = aggregatePlan(
          MAX_DAILY_8_HOUR_MEAN,
          { ...requestOf('2026-06-02T00:00Z', '2026-06-04T00:00Z') },
          hoursFrom(startMs, hours),
        );
        for (const day of [1, 2]) {
          const means: number[] = [];
          for (let end = day * 24 + 1; end <= day * 24 + 24; end++) {
            const valid = hours.slice(end - 8, end).filter((each) => typeof each === 'number');
            if (valid.length >= 6) means.push(valid.reduce((a, b) => a + b, 0) / valid.length);
          }
          const row = rows.find((each) => each.startMs === startMs + day * DAY_MS);
          expect(row?.validParts ?? 0).toBe(means.length);
          expect(row?.valid ?? false).toBe(means.length >= 18);
          if (means.length > 0) expect(row?.value).toBeCloseTo(Math.max(...means), 9);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['Europe/Madrid', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 23],
    ['Europe/Madrid', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 25],
    ['America/Sao_Paulo', '2018-11-04T03:00Z', '2018-11-05T02:00Z', 23],
    ['Asia/Kolkata', '2026-03-28T18:30Z', '2026-03-29T18:30Z', 24],
    ['Asia/Kathmandu', '2026-03-28T18:15Z', '2026-03-29T18:15Z', 24],
  ])('expects as many running means as the day has hours: %s %s', (zone, from, to, hours) => {
    const request = requestOf(from, to, zone);
    const need = planNeed(MAX_DAILY_8_HOUR_MEAN, request);
    // The first mean ends an hour after midnight, so seven hours of the evening before are part of it.
    expect(need).toEqual({ level: 'hour', fromMs: at(from) - 7 * HOUR_MS, toMs: at(to) });
    const panes = hoursFrom(need.fromMs, new Array(hours + 7).fill(50));
    expect(aggregatePlan(MAX_DAILY_8_HOUR_MEAN, request, panes)).toMatchObject([
      { startMs: at(from), endMs: at(to), value: 50, expectedParts: hours, validParts: hours, valid: true },
    ]);
  });
});

describe('the lowest rolling hour of a night', () => {
  test('is found between full hours, and only inside the night', () => {
    const startMs = at('2026-06-01T00:00Z');
    // Lowest from 01:15 to 02:15 (outside) and from 03:15 to 04:15; values are quarter means.
    const quarters = Array.from({ length: 24 }, (_, index) =>
      index >= 5 && index < 9 ? 1 : index >= 13 && index < 17 ? 4 : 10,
    );
    const panes = quarters.map((value, index) => paneOf(startMs + index * QUARTER_MS, value, QUARTER_MS));
    const request = requestOf('2026-06-01T00:00Z', '2026-06-02T00:00Z');
    expect(planNeed(MINIMUM_NIGHT_HOUR, request).level).toBe('quarter');
    expect(aggregatePlan(MINIMUM_NIGHT_HOUR, request, panes)).toMatchObject([
      // 02:00-03:00 .. 04:00-05:00 every quarter of an hour are nine windows.
      { startMs: at('2026-06-01T02:00Z'), endMs: at('2026-06-01T05:00Z'), value: 4, expectedParts: 9, validParts: 9 },
    ]);
  });

  test.each([
    ['Europe/Madrid', '2026-03-29', 5],
    ['Europe/Madrid', '2026-10-25', 13],
    ['Asia/Kathmandu', '2026-03-29', 9],
  ])('has fewer or more of them where the clock changes: %s %s has %i', (zone, date, expectedParts) => {
    const noon = at(`${date}T12:00Z`);
    const request = { ...requestOf(`${date}T00:00Z`, `${date}T12:00Z`, zone), fromMs: noon - 14 * HOUR_MS };
    const startMs = noon - DAY_MS;
    const panes = Array.from({ length: 192 }, (_, index) => paneOf(startMs + index * QUARTER_MS, 7, QUARTER_MS));
    expect(aggregatePlan(MINIMUM_NIGHT_HOUR, request, panes)).toMatchObject([{ value: 7, expectedParts, valid: true }]);
  });

  test('a percentile of nights over a week of them', () => {
    const plan: WindowPlan = {
      base: { window: 'hour' },
      steps: [
        { window: 'night', combine: 'min', assigned: 'within' },
        { window: 'rolling-7d', hopMs: DAY_MS, combine: { percentile: 20 }, need: { count: 5 }, assigned: 'end' },
      ],
    };
    const startMs = at('2026-06-01T00:00Z');
    // The n-th day's hours are all 10 n, but nights end on the next day, so the minimum is that of the first evening.
    const panes = hoursFrom(
      startMs,
      Array.from({ length: 11 * 24 }, (_, hour) => 10 * Math.floor(hour / 24)),
    );
    const rows = aggregatePlan(plan, requestOf('2026-06-08T12:00Z', '2026-06-10T00:00Z'), panes);
    // Nights that ended on 2 to 8 June: minima 0, 10, .. 60; their 20th percentile has rank 1.2.
    expect(rows).toMatchObject([
      { endMs: at('2026-06-09T00:00Z'), value: 12, validParts: 7, expectedParts: 7 },
      { endMs: at('2026-06-10T00:00Z'), value: 22 },
    ]);
  });
});

test('what is not valid at a step does not reach the next, and is seen in its coverage', () => {
  const plan: WindowPlan = { base: { window: 'hour' }, steps: [{ window: 'day', combine: 'max', assigned: 'end' }] };
  const values = Array.from({ length: 24 }, (_, hour) => (hour < 6 ? null : 20));
  const request = requestOf('2026-06-01T00:00Z', '2026-06-02T00:00Z');
  const rows = aggregatePlan(plan, request, hoursFrom(request.fromMs, values));
  expect(rows).toMatchObject([{ value: 20, validParts: 18, expectedParts: 24, coverage: 0.75, valid: true }]);
  const thin = aggregatePlan(plan, request, hoursFrom(request.fromMs, [...values.slice(0, 23), null]));
  expect(thin).toMatchObject([{ value: 20, validParts: 17, valid: false }]);
  expect(aggregatePlan(plan, request, [])).toEqual([]);
});

test('levels combine by energy, amounts add up', () => {
  const plan: WindowPlan = {
    base: { window: 'hour' },
    steps: [{ window: 'evening', combine: 'kind', assigned: 'within' }],
  };
  const request = requestOf('2026-06-01T00:00Z', '2026-06-02T00:00Z');
  const hourMs = at('2026-06-01T19:00Z');
  const level = (db: number, index: number) => ({ ...paneOf(hourMs + index * HOUR_MS, db), sum: 60 * 10 ** (db / 10) });
  const noise = { ...request, series: seriesOf('level') };
  // KPI.md 3: three quarters at 50 dB and one at 80 dB make 73.992409 dB.
  expect(aggregatePlan(plan, noise, [50, 50, 50, 80].map(level))[0]?.value).toBeCloseTo(73.992409, 6);
  const rain = { ...request, series: seriesOf('delta') };
  expect(aggregatePlan(plan, rain, hoursFrom(hourMs, [1, 2, 3, 4]))[0]?.value).toBeCloseTo(60 * 10, 9);
});

describe('plans as text', () => {
  test('say the same as plans as objects', () => {
    expect(parsePlan('hour,rolling-8h:kind:6:within,day:max:75%:end')).toEqual(MAX_DAILY_8_HOUR_MEAN);
    expect(parsePlan('rolling-1h@15m,clock-02-05:min:75%')).toEqual(MINIMUM_NIGHT_HOUR);
    expect(parsePlan('hour,day:p95')).toEqual({
      base: { window: 'hour' },
      steps: [{ window: 'day', combine: { percentile: 95 }, assigned: 'end' }],
    });
  });

  test.each([
    '',
    'hour',
    'minute,hour:mean',
    'hour,day',
    'hour,day:median',
    'hour,day:max:0',
    'hour,day:max:101%',
    'hour,day:max:6:6',
    'hour,day:max:end:end',
    'hour,day:max:end:6',
    'hour@15m,day:max',
    'rolling-1h@7m,day:max',
    'fortnight,day:max',
    'hour,minute:max',
    'hour,day:max,week:max,month:max,year:max,rolling-730d:max',
  ])('"%s" is none', (text) => expect(parsePlan(text)).toBeUndefined());
});
