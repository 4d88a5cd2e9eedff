import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import type { PaneRule } from '../../../src/windows/pane-rule.ts';
import {
  BACKFLOW_TOLERANCE,
  increaseOf,
  increaseReach,
  NEIGHBOURS_KEPT,
} from '../../../src/windows/register-increase.ts';
import { sortedReadings } from '../../../src/windows/sorted-readings.ts';
import { type NaivePoint, naiveIncrease } from './naive-increase.ts';

const NOON_MS = Date.UTC(2026, 5, 15, 12);
const RULE: PaneRule = {
  kind: 'counter',
  expectEveryMs: HOUR_MS,
  counterGapMsMax: 3 * HOUR_MS,
  register: { rateMaxPerHour: Number.POSITIVE_INFINITY, backflowTolerance: BACKFLOW_TOLERANCE },
};
const LIMITED: PaneRule = { ...RULE, register: { ...RULE.register, rateMaxPerHour: 20 } };

describe('the increase of a register', () => {
  it('gives each hour the difference to the next reading', () => {
    expect(hourly([100, 102, 105, 105])).toEqual([2, 3, 0]);
  });

  it('passes over a zero and over a misread digit between readings that rise', () => {
    expect(hourly([5000, 5001, 0, 5003, 5004])).toEqual([1, 1, 1, 1]);
    expect(hourly([5000, 5001, 9002, 5003, 5004])).toEqual([1, 1, 1, 1]);
  });

  it('counts from zero after an exchange', () => {
    expect(hourly([812, 813, 0.5, 1.5])).toEqual([1, 0.5, 1]);
  });

  it('does not take a correction of the count for a new register', () => {
    expect(hourly([66911, 66799, 66810])).toEqual([-112, 11]);
  });

  it('leaves a step open that no meter of its kind can make', () => {
    expect(hourly([100, 101, 350, 351], LIMITED)).toEqual([1, 0, 1]);
    const readings = readingsOf([100, 101, 350, 351]);
    expect(increaseOf(readings, NOON_MS + HOUR_MS, NOON_MS + 3 * HOUR_MS, LIMITED)).toEqual({
      increase: 1,
      increaseCoveredMs: HOUR_MS,
      increaseAtEnd: 1,
      deltaCount: 1,
      counterEvents: 1,
    });
  });

  it('skips readings that do not count as if they were not there', () => {
    expect(hourly([10, Number.NaN, 14, 15])).toEqual([2, 2, 1]);
  });

  it('says the delta across a long gap at its end only', () => {
    const readings = sortedReadings([NOON_MS, NOON_MS + 4 * HOUR_MS], [10, 22]);
    expect(increaseOf(readings, NOON_MS + HOUR_MS, NOON_MS + 2 * HOUR_MS, RULE)).toMatchObject({
      increaseCoveredMs: 0,
    });
    expect(increaseOf(readings, NOON_MS + 4 * HOUR_MS, NOON_MS + 5 * HOUR_MS, RULE)).toMatchObject({
      increase: 0,
      increaseAtEnd: 12,
      deltaCount: 1,
    });
  });

  it('shares an increase over the hours between two readings by time', () => {
    const readings = sortedReadings([NOON_MS + 30 * MINUTE_MS, NOON_MS + 120 * MINUTE_MS], [10, 13]);
    expect(increaseOf(readings, NOON_MS, NOON_MS + HOUR_MS, RULE)).toMatchObject({
      increase: 1,
      increaseCoveredMs: 30 * MINUTE_MS,
    });
    expect(increaseOf(readings, NOON_MS + HOUR_MS, NOON_MS + 2 * HOUR_MS, RULE)).toMatchObject({
      increase: 2,
      increaseCoveredMs: HOUR_MS,
    });
  });

  it('sums small increases on a large one without losing them', () => {
    const readings = readingsOf([0, 2 ** 53, 2 ** 53 + 2, 2 ** 53 + 4]);
    const whole = increaseOf(readings, NOON_MS, NOON_MS + 4 * HOUR_MS, RULE);
    expect(whole.increase).toBe(2 ** 53 + 4);
  });

  it('equals a naive recomputation for any readings and panes', () => {
    fc.assert(
      fc.property(points, limits, (list, { fromMinute, minutes, rate }) => {
        const rule = { ...RULE, register: { ...RULE.register, rateMaxPerHour: rate } };
        const startMs = NOON_MS + fromMinute * MINUTE_MS;
        const endMs = startMs + minutes * MINUTE_MS;
        const ours = increaseOf(pointsOf(list), startMs, endMs, rule);
        const naive = naiveIncrease(list, startMs, endMs, rule);
        expect(ours).toEqual({
          ...naive,
          increase: expect.closeTo(naive.increase, 6),
          increaseAtEnd: expect.closeTo(naive.increaseAtEnd, 6),
        });
      }),
      { numRuns: 500 },
    );
  });

  it('does not look further back than the neighbours that are kept', () => {
    fc.assert(
      fc.property(points, limits, (list, { fromMinute, minutes }) => {
        const startMs = NOON_MS + fromMinute * MINUTE_MS;
        const endMs = startMs + minutes * MINUTE_MS;
        const before = list.filter((point) => point.timeMs < startMs && !Number.isNaN(point.value));
        const oldestMs = before.at(-NEIGHBOURS_KEPT)?.timeMs ?? Number.NEGATIVE_INFINITY;
        const kept = list.filter((point) => point.timeMs >= oldestMs);
        expect(increaseOf(pointsOf(kept), startMs, endMs, RULE)).toEqual(
          increaseOf(pointsOf(list), startMs, endMs, RULE),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing outside of the reach of a new reading', () => {
    fc.assert(
      fc.property(points, fc.nat(), (list, random) => {
        const added = list[random % list.length]!;
        const without = pointsOf(list.filter((point) => point !== added));
        const all = pointsOf(list);
        const spans = increaseReach(all, added.timeMs, RULE);
        for (let startMs = NOON_MS; startMs < NOON_MS + 50 * HOUR_MS; startMs += 15 * MINUTE_MS) {
          const endMs = startMs + 15 * MINUTE_MS;
          if (spans.some((span) => span.fromMs < endMs && span.toMs >= startMs)) continue;
          expect(increaseOf(all, startMs, endMs, RULE)).toEqual(increaseOf(without, startMs, endMs, RULE));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('reaches no further than the next neighbours where all readings rise', () => {
    const readings = readingsOf([1, 2, 3, 4, 5, 6, 7]);
    expect(increaseReach(readings, NOON_MS + 3 * HOUR_MS, RULE)).toEqual([
      { fromMs: NOON_MS + 2 * HOUR_MS, toMs: NOON_MS + 4 * HOUR_MS },
    ]);
  });

  it('reaches over no gap that stays open anyway', () => {
    const readings = sortedReadings([NOON_MS, NOON_MS + 9 * HOUR_MS], [1, 2]);
    expect(increaseReach(readings, NOON_MS + 9 * HOUR_MS, RULE)).toEqual([
      { fromMs: NOON_MS, toMs: NOON_MS },
      { fromMs: NOON_MS + 9 * HOUR_MS, toMs: NOON_MS + 9 * HOUR_MS },
    ]);
  });
});

/** A register that rises, with wrong digits, zeros, exchanges, corrections, gaps and readings without a value. */
const points: fc.Arbitrary<NaivePoint[]> = fc
  .array(
    fc.record({
      after: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 70 }), weight: 9 }, fc.integer({ min: 100, max: 300 })),
      rise: fc.oneof(
        { arbitrary: fc.integer({ min: 0, max: 6 }).map((tenths) => tenths / 10), weight: 6 },
        fc.integer({ min: 0, max: 40 }),
      ),
      odd: fc.oneof(
        { arbitrary: fc.constant('none'), weight: 10 },
        fc.constantFrom('zero', 'high', 'low', 'step up', 'step back', 'new register', 'no value'),
      ),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let timeMs = NOON_MS;
    let count = 500;
    return steps.map(({ after, rise, odd }) => {
      timeMs += after * MINUTE_MS;
      count += rise;
      if (odd === 'step up') count += 1000;
      if (odd === 'step back') count -= 1 + count / 50;
      if (odd === 'new register') count = rise;
      const shown = { zero: 0, high: count + 4000, low: count / 2, 'no value': Number.NaN }[odd];
      return { timeMs, value: shown ?? count };
    });
  });

const limits = fc.record({
  fromMinute: fc.integer({ min: -60, max: 2000 }),
  minutes: fc.integer({ min: 1, max: 1500 }),
  rate: fc.constantFrom(20, 500, Number.POSITIVE_INFINITY),
});

function pointsOf(list: readonly NaivePoint[]) {
  return sortedReadings(
    list.map((point) => point.timeMs),
    list.map((point) => point.value),
  );
}

function readingsOf(values: readonly number[]) {
  return sortedReadings(
    values.map((_, index) => NOON_MS + index * HOUR_MS),
    values,
  );
}

function hourly(values: readonly number[], rule = RULE): number[] {
  const readings = readingsOf(values);
  return values
    .slice(1)
    .map((_, index) => increaseOf(readings, NOON_MS + index * HOUR_MS, NOON_MS + (index + 1) * HOUR_MS, rule).increase);
}
