import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TimeWeighting, timeWeightedMean } from '../../../../src/windows/functions/index.ts';

interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

function meanOf(weighting: TimeWeighting, gapMsMax: number, list: readonly Sample[]): number | null {
  const each = timeWeightedMean(weighting, gapMsMax);
  const state = each.empty();
  for (const { timeMs, value } of list) each.add(state, timeMs, value);
  return each.result(state);
}

/** What lies in the window [startMs, endMs) of a list, with the neighbours of the list as its surroundings. */
function windowOf(weighting: TimeWeighting, gapMsMax: number, list: readonly Sample[], startMs: number, endMs: number) {
  const each = timeWeightedMean(weighting, gapMsMax);
  const state = each.empty();
  for (const { timeMs, value } of list) if (timeMs >= startMs && timeMs < endMs) each.add(state, timeMs, value);
  return each.within(state, {
    startMs,
    endMs,
    before: list.findLast(({ timeMs }) => timeMs < startMs),
    after: list.find(({ timeMs }) => timeMs >= endMs),
  });
}

/**
 * The same by looking at the middle of every millisecond of the window: what the series was then, if anything is known.
 */
function naive(weighting: TimeWeighting, gapMsMax: number, list: readonly Sample[], startMs: number, endMs: number) {
  let [total, coveredMs] = [0, 0];
  for (let ms = startMs; ms < endMs; ms++) {
    const before = list.findLast(({ timeMs }) => timeMs <= ms);
    const after = list.find(({ timeMs }) => timeMs > ms) ?? heldTo(weighting, list, endMs);
    if (before === undefined || after === undefined || after.timeMs - before.timeMs > gapMsMax) continue;
    const share = (ms + 0.5 - before.timeMs) / (after.timeMs - before.timeMs);
    total += weighting === 'locf' ? before.value : before.value + share * (after.value - before.value);
    coveredMs++;
  }
  return { total, coveredMs };
}

function heldTo(weighting: TimeWeighting, list: readonly Sample[], endMs: number): Sample | undefined {
  const last = list.at(-1);
  return weighting === 'locf' && last !== undefined ? { timeMs: endMs, value: last.value } : undefined;
}

const samples = fc
  .uniqueArray(fc.record({ timeMs: fc.nat({ max: 200 }), value: fc.integer({ min: -50, max: 50 }) }), {
    selector: ({ timeMs }) => timeMs,
    maxLength: 20,
  })
  .map((list) => list.sort((a, b) => a.timeMs - b.timeMs));

describe.each(['locf', 'linear'] as const)('%s', (weighting) => {
  test('the mean of a window is what looking at every millisecond gives, gaps left open', () => {
    fc.assert(
      fc.property(
        samples,
        fc.nat({ max: 150 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 90 }),
        (list, startMs, lengthMs, gapMsMax) => {
          const { value, coveredMs } = windowOf(weighting, gapMsMax, list, startMs, startMs + lengthMs);
          const expected = naive(weighting, gapMsMax, list, startMs, startMs + lengthMs);
          expect(coveredMs).toBe(expected.coveredMs);
          if (expected.coveredMs > 0) expect(value).toBeCloseTo(expected.total / expected.coveredMs, 9);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a single reading is its own mean, and none has none', () => {
    expect(meanOf(weighting, 1000, [{ timeMs: 5, value: 12 }])).toBe(12);
    expect(meanOf(weighting, 1000, [])).toBeNull();
  });
});

test('a burst of readings weighs the time it took, not its number', () => {
  // 10 for an hour, then six readings of 40 within a minute, then 10 again for an hour.
  const burst = Array.from({ length: 6 }, (_, index) => ({ timeMs: 3_600_000 + index * 10_000, value: 40 }));
  const list = [{ timeMs: 0, value: 10 }, ...burst, { timeMs: 3_660_000, value: 10 }, { timeMs: 7_260_000, value: 10 }];
  // locf: 60 min of 10, 1 min of 40, 60 min of 10.
  expect(meanOf('locf', 7_200_000, list)).toBeCloseTo((120 * 10 + 40) / 121, 12);
});

test('a ramp has the mean of its ends when joined by lines, and of its steps when held', () => {
  const ramp = Array.from({ length: 11 }, (_, index) => ({ timeMs: index * 1000, value: index }));
  expect(meanOf('linear', 1000, ramp)).toBe(5);
  expect(meanOf('locf', 1000, ramp)).toBe(4.5);
});
