import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, QUARTER_MS } from '../../../src/base/index.ts';
import type { Pane, QuantityKind } from '../../../src/model/index.ts';
import {
  type AggregateRequest,
  aggregateNeed,
  aggregatePanes,
  aggregateReadings,
  type PaneRule,
  paneRuleOf,
} from '../../../src/windows/index.ts';
import { at, paneOf, seriesOf } from './support-panes.ts';

function requestOf(
  window: AggregateRequest['window'],
  from: string,
  to: string,
  more: Partial<AggregateRequest> = {},
): AggregateRequest {
  return {
    series: seriesOf('gauge'),
    window,
    parts: 'hours',
    counterMethod: 'interpolated',
    fromMs: at(from),
    toMs: at(to),
    timeZone: 'Europe/Madrid',
    storedTimeZone: 'Europe/Madrid',
    ...more,
  };
}

function ruleOf(kind: QuantityKind): PaneRule {
  return paneRuleOf(seriesOf(kind), { counterGapMsMax: 3 * HOUR_MS, registerRateMaxPerHour: () => 1_000 });
}

function panesFrom(startMs: number, lengthMs: number, values: readonly number[]): Pane[] {
  return values.map((value, index) => paneOf(startMs + index * lengthMs, value, lengthMs));
}

describe('which panes answer', () => {
  const LORD_HOWE = { timeZone: 'Australia/Lord_Howe', storedTimeZone: 'Australia/Lord_Howe' };
  test.each([
    ['days of the city', requestOf('day', '2026-03-28T00:00Z', '2026-03-31T00:00Z'), 'hour'],
    ['nights of the city', requestOf('night', '2026-03-28T00:00Z', '2026-03-31T00:00Z'), 'hour'],
    ['a rolling hour every hour', requestOf('rolling-1h', '2026-03-28T00:00Z', '2026-03-29T00:00Z'), 'hour'],
    [
      'a rolling hour every quarter',
      requestOf('rolling-1h', '2026-03-28T00:00Z', '2026-03-29T00:00Z', { parts: 'readings', hopMs: QUARTER_MS }),
      'quarter',
    ],
    [
      'ninety minutes',
      requestOf('rolling-90m', '2026-03-28T00:00Z', '2026-03-29T00:00Z', { parts: 'readings' }),
      'quarter',
    ],
    [
      'days half an hour off',
      requestOf('day', '2026-03-28T00:00Z', '2026-03-31T00:00Z', { timeZone: 'Asia/Kolkata' }),
      'quarter',
    ],
    [
      'nights that end on a half hour',
      requestOf('night', '2026-04-03T00:00Z', '2026-04-07T00:00Z', LORD_HOWE),
      'quarter',
    ],
    ['nights that do not', requestOf('night', '2026-05-03T00:00Z', '2026-05-07T00:00Z', LORD_HOWE), 'hour'],
    ['minutes', requestOf('minute', '2026-03-28T00:00Z', '2026-03-28T01:00Z', { parts: 'readings' }), 'reading'],
  ] as const)('%s', (_, request, level) => expect(aggregateNeed(request).level).toBe(level));

  test('from the start of the first window on', () => {
    const request = requestOf('rolling-90m', '2026-03-28T10:00Z', '2026-03-28T12:00Z', { parts: 'readings' });
    expect(aggregateNeed(request).fromMs).toBe(at('2026-03-28T09:30Z'));
    expect(aggregateNeed(requestOf('week', '2026-03-29T00:00Z', '2026-03-29T22:00Z')).fromMs).toBe(
      at('2026-03-22T23:00Z'),
    );
  });
});

test('a rolling window of any length is the mean of its readings', () => {
  const startMs = at('2026-01-15T00:00Z');
  const lengths = fc.integer({ min: 1, max: 60 });
  const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 96, maxLength: 96 });
  fc.assert(
    fc.property(lengths, fc.constantFrom(1, 2, 3, 4, 6), values, (quarters, hop, list) => {
      const request = requestOf(`rolling-${quarters * 15}m`, '2026-01-15T15:00Z', '2026-01-16T00:00Z', {
        parts: 'readings',
        hopMs: hop * QUARTER_MS,
        timeZone: 'UTC',
        storedTimeZone: 'UTC',
      });
      const rows = aggregatePanes(request, panesFrom(startMs, QUARTER_MS, list));
      const ends = Array.from({ length: 97 }, (_, index) => index).filter((end) => end > 60 && end % hop === 0);
      expect(rows.map((row) => row.endMs)).toEqual(ends.map((end) => startMs + end * QUARTER_MS));
      for (const [index, end] of ends.entries()) {
        const inside = list.slice(end - quarters, end);
        expect(rows[index]!.value).toBeCloseTo(inside.reduce((a, b) => a + b, 0) / quarters, 9);
        expect(rows[index]!.count).toBe(15 * quarters);
      }
    }),
    { numRuns: 100 },
  );
});

describe('nights of valid hours', () => {
  test.each([
    ['2026-03-29', 7],
    ['2026-06-15', 8],
    ['2026-10-25', 9],
  ])('in Madrid the one that ends on %s has %i', (date, hours) => {
    const request = requestOf('night', `${date}T00:00Z`, `${date}T12:00Z`);
    const panes = panesFrom(at(`${date}T00:00Z`) - 24 * HOUR_MS, HOUR_MS, new Array(48).fill(3));
    expect(aggregatePanes(request, panes)).toMatchObject([
      { value: 3, expectedParts: hours, validParts: hours, count: hours * 60, valid: true },
    ]);
  });

  test('on Lord Howe Island hours are cut where the night ends on a half hour', () => {
    const zone = { timeZone: 'Australia/Lord_Howe', storedTimeZone: 'Australia/Lord_Howe' };
    const request = requestOf('night', '2026-04-04T14:00Z', '2026-04-05T00:00Z', zone);
    // 12:00 to 20:30 UTC: 8.5 hours; the quarter after its end would spoil the mean.
    const startMs = at('2026-04-04T12:00Z');
    const panes = panesFrom(startMs, QUARTER_MS, [...new Array(34).fill(2), 9999, 9999]);
    expect(aggregatePanes(request, panes)).toMatchObject([
      { startMs, endMs: at('2026-04-04T20:30Z'), value: 2, max: 2, expectedParts: 9, validParts: 9, count: 510 },
    ]);
  });
});

test('a week needs three quarters of its hours, 90 days of a rolling year are too few', () => {
  const monday = at('2026-06-01T00:00Z');
  const utc = { timeZone: 'UTC', storedTimeZone: 'UTC' };
  const week = requestOf('week', '2026-06-01T00:00Z', '2026-06-08T00:00Z', utc);
  const hours = (count: number) => panesFrom(monday, HOUR_MS, new Array(count).fill(1));
  expect(aggregatePanes(week, hours(126))).toMatchObject([{ validParts: 126, expectedParts: 168, valid: true }]);
  expect(aggregatePanes(week, hours(125))).toMatchObject([{ valid: false }]);
  const year = requestOf('rolling-365d', '2026-08-29T23:00Z', '2026-08-30T00:00Z', utc);
  expect(aggregatePanes(year, hours(90 * 24))).toMatchObject([{ expectedParts: 8760, validParts: 2160, valid: false }]);
});

test('readings of a minute count once at one instant: the one that counts, else the one that came first', () => {
  const request = requestOf('minute', '2026-06-01T00:00Z', '2026-06-01T00:01Z', { parts: 'readings' });
  const timeMs = request.fromMs + 1000;
  const readings = [
    { timeMs, value: 70, quality: 4, sequence: 12 },
    { timeMs, value: 50, quality: 4, sequence: 9 },
    { timeMs, value: 1000, quality: 1, sequence: 3 },
    { timeMs: timeMs + 1000, value: 100, quality: 1, sequence: 4 },
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(readings, { minLength: 4 }), (mixed) => {
      expect(aggregateReadings(request, mixed, ruleOf('gauge'))).toMatchObject([{ value: 50, count: 1 }]);
    }),
  );
});

test('minutes of a register go by the rule of its series: the gap that is spread over, and the increase that is believed', () => {
  const request = requestOf('minute', '2026-06-01T04:00Z', '2026-06-01T04:01Z', { series: seriesOf('counter') });
  const reading = (hour: number, value: number) => ({
    ...{ timeMs: at('2026-06-01T00:00Z') + hour * HOUR_MS, value, quality: 4, sequence: hour },
  });
  const minuteOf = (readings: readonly ReturnType<typeof reading>[], rule: Partial<PaneRule>) =>
    aggregateReadings(request, readings, { ...ruleOf('counter'), ...rule })[0]?.value ?? null;
  const apart = [reading(0, 0), reading(4.005, 240.3)];
  expect(minuteOf(apart, { counterGapMsMax: 5 * HOUR_MS })).toBeCloseTo(0.3);
  expect(minuteOf(apart, { counterGapMsMax: 3 * HOUR_MS })).toBeNull();
  const steep = [reading(3.5, 0), reading(4.005, 505)];
  const believing = (rateMaxPerHour: number) => ({ register: { rateMaxPerHour, backflowTolerance: 0 } });
  expect(minuteOf(steep, believing(1_000))).toBeCloseTo(5);
  expect(minuteOf(steep, believing(100))).toBeNull();
});
