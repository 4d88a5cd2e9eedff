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
/** Readings an hour apart are too far apart for a stretch of eight; the neighbours of these may be ten hours apart. */
const HALF_HOURS: PaneRule = { ...RULE, counterGapMsMax: 10 * HOUR_MS };

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

  it('goes round where a register of four or more digits, or of 16 or 32 bits, starts again', () => {
    expect(hourly([9998, 9999, 3, 4])).toEqual([1, 4, 1]);
    expect(hourly([99_990, 99_995, 12, 13])).toEqual([5, 17, 1]);
    expect(hourly([65_500, 65_530, 24, 30])).toEqual([30, 30, 6]);
    expect(hourly([2 ** 32 - 20, 2 ** 32 - 5, 7, 9])).toEqual([15, 12, 2]);
  });

  it('does not go round for an exchange, or for more than the register can have risen', () => {
    expect(hourly([8120, 8121, 3, 4])).toEqual([1, 3, 1]);
    expect(hourly([998, 999, 3, 4])).toEqual([1, 3, 1]);
    expect(hourly([9970, 9975, 3, 4], LIMITED)).toEqual([5, 3, 1]);
    expect(hourly([9900, 9901, 0, 2])).toEqual([1, 100 - 1, 2]);
    expect(hourly([9900, 9901, 2, 3])).toEqual([1, 2, 1]);
  });

  it("passes over another register's readings among its own", () => {
    const own = [5000, 5001, 5002, 5003, 5004, 5005, 5006];
    const mixed = [own[0]!, 9300, own[1]!, 9304, own[2]!, 9309, own[3]!, 9311, own[4]!, own[5]!, own[6]!];
    expect(hourly(mixed)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1]);
  });

  it('passes over a fault that lasts, above or below, up to eight readings', () => {
    for (const wrong of [0, 300, 7000]) {
      const stretch = (length: number) => [5000, 5001, ...Array<number>(length).fill(wrong), 5004, 5005];
      expect(total(stretch(2), LIMITED)).toEqual({ increase: 5, deltaCount: 3, counterEvents: 2 });
      expect(total(stretch(8), HALF_HOURS)).toMatchObject({ increase: 5, deltaCount: 3, counterEvents: 8 });
      expect(total(stretch(9), HALF_HOURS).increase).not.toBe(5);
    }
  });

  it('passes over several readings only when they are far off, as nothing moves there', () => {
    expect(total([5000, 5001, 5041, 5041, 5004, 5005]).increase).toBe(5);
    expect(total([5000, 5001, 5041, 5041, 5004, 5005]).counterEvents).toBe(2);
    expect(total([5000, 5001, 5034, 5034, 5004, 5005]).counterEvents).toBe(1);
    expect(total([5000, 5001, 5034, 5034, 5004, 5005]).increase).toBe(5);
  });

  it('takes a register that rises from zero for a new one, even when it comes past the old count', () => {
    expect(hourly([50, 51, 0, 25, 52, 77])).toEqual([1, 0, 25, 27, 25]);
    expect(hourly([1, 2, 3, 0, 1, 2, 3, 4, 5])).toEqual([1, 1, 0, 1, 1, 1, 1, 1]);
  });

  it('does not look for a way back across a gap that stays open', () => {
    const times = [0, 1, 2, 3, 7, 8].map((hour) => NOON_MS + hour * HOUR_MS);
    const readings = sortedReadings(times, [800, 801, 0.2, 0.4, 802, 803]);
    expect(increaseOf(readings, NOON_MS, NOON_MS + 4 * HOUR_MS, RULE)).toMatchObject({ increase: expect.closeTo(1.4) });
  });

  it('counts the old register to its end and the new one from zero when their readings overlap', () => {
    expect(total([811, 812, 0.1, 812.4, 0.3, 813, 0.8, 1.8], LIMITED)).toEqual({
      increase: expect.closeTo(811 + 2 + 1.8 - 811),
      deltaCount: 5,
      counterEvents: 3,
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

/**
 * A register that rises, with wrong digits, zeros, exchanges, corrections, roll-overs, gaps, readings without a value,
 * and stretches in which another register's readings stand among its own or in their place.
 */
const points: fc.Arbitrary<NaivePoint[]> = fc
  .tuple(
    fc.array(
      fc.record({
        after: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 70 }), weight: 20 }, fc.integer({ min: 100, max: 300 })),
        rise: fc.oneof(
          { arbitrary: fc.integer({ min: 0, max: 6 }).map((tenths) => tenths / 10), weight: 9 },
          fc.integer({ min: 0, max: 40 }),
        ),
        odd: fc.oneof(
          { arbitrary: fc.constant('none'), weight: 20 },
          fc.constantFrom('zero', 'high', 'low', 'step up', 'step back', 'new register', 'roll over', 'no value'),
        ),
        stretch: fc.oneof({ arbitrary: fc.constant(0), weight: 12 }, fc.integer({ min: 1, max: 12 })),
        every: fc.integer({ min: 1, max: 2 }),
        offset: fc.constantFrom(-400, 300, 5000),
      }),
      { minLength: 1, maxLength: 60 },
    ),
    fc.constantFrom(0, 500, 9900),
  )
  .map(([steps, begin]) => {
    let timeMs = NOON_MS;
    let count: number = begin;
    let [stretch, every, offset] = [0, 1, 0];
    return steps.map((step) => {
      timeMs += step.after * MINUTE_MS;
      count += step.rise;
      if (step.odd === 'step up') count += 1000;
      if (step.odd === 'step back') count -= 1 + count / 50;
      if (step.odd === 'new register') count = step.rise;
      if (step.odd === 'roll over' && count > 9900) count -= 9990;
      if (step.stretch > 0) [stretch, every, offset] = [step.stretch, step.every, step.offset];
      if (stretch-- > 0 && stretch % every === 0) return { timeMs, value: count + offset };
      const wrong: Readonly<Record<string, number>> = {
        zero: 0,
        high: count + 4000,
        low: count / 2,
        'no value': Number.NaN,
      };
      return { timeMs, value: wrong[step.odd] ?? count };
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

/** Of all the hours together. */
function total(values: readonly number[], rule = RULE) {
  const endMs = NOON_MS + values.length * HOUR_MS;
  const { increase, deltaCount, counterEvents } = increaseOf(readingsOf(values), NOON_MS, endMs, rule);
  return { increase, deltaCount, counterEvents };
}

function hourly(values: readonly number[], rule = RULE): number[] {
  const readings = readingsOf(values);
  return values
    .slice(1)
    .map((_, index) => increaseOf(readings, NOON_MS + index * HOUR_MS, NOON_MS + (index + 1) * HOUR_MS, rule).increase);
}
