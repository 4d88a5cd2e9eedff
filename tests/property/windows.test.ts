import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { type Pane, Quality, type Reading } from '../../src/model/index.ts';
import { paneValue, WindowEngine, type WindowSettings } from '../../src/windows/index.ts';
import { naiveHours } from './support/naive-hours.ts';

const START_MS = Date.UTC(2026, 2, 28, 20);
const SETTINGS: WindowSettings = {
  clock: 'event',
  latenessMs: 10 * DAY_MS,
  horizonMs: 10 * DAY_MS,
  counterGapMsMax: 3 * HOUR_MS,
  seriesMax: 100,
  silentAfterIntervals: 3,
  silentAfterMsMin: 5 * MINUTE_MS,
  timeZone: 'Europe/Madrid',
  registerRateMaxPerHour: () => Number.POSITIVE_INFINITY,
};

interface Sample {
  readonly minute: number;
  readonly value: number;
  readonly bad: boolean;
}

/** A register that rises half a unit a minute, now and then read wrong. */
const register = fc.tuple(fc.nat({ max: 8 }), fc.double({ min: 0, max: 1e4, noNaN: true }));

const sampleValue = (quantity: string) => {
  if (quantity === 'laeq') return fc.double({ min: 20, max: 120, noNaN: true });
  if (quantity === 'wind_direction') return fc.double({ min: 10, max: 170, noNaN: true });
  return fc.double({ min: 0, max: 1e6, noNaN: true });
};

const samples = (quantity: string): fc.Arbitrary<Sample[]> =>
  fc
    .uniqueArray(
      fc.record({
        minute: fc.integer({ min: 0, max: 60 * 60 }),
        value: sampleValue(quantity),
        misread: register,
        bad: fc.boolean(),
      }),
      { selector: ({ minute }) => minute, minLength: 1, maxLength: 120 },
    )
    .map((list) =>
      list.map(({ minute, value, misread: [odds, wrong], bad }) => {
        if (quantity !== 'energy_import') return { minute, value, bad };
        return { minute, value: odds === 0 ? wrong : 100 + minute / 2, bad: bad && odds === 1 };
      }),
    );

describe.each(['pm2_5', 'laeq', 'energy_import', 'wind_direction', 'precipitation'])('windows of %s', (quantity) => {
  it('are the same bits for every order, duplication and tick, and equal a naive recomputation', () => {
    fc.assert(
      fc.property(
        samples(quantity),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 50 }),
        (list, random, every) => {
          const inOrder = list.toSorted((a, b) => a.minute - b.minute);
          const expected = run(quantity, inOrder, 1_000_000);
          expect(run(quantity, shuffled([...list, ...list], random), every)).toEqual(expected);
          const naive = naiveHours(
            inOrder.map((sample) => readingOf(quantity, sample)),
            SETTINGS,
          );
          expect(expected.map(startCountValue(quantity))).toEqual(
            naive.map((hour) => [hour.startMs, hour.count, closeTo(hour.value)]),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('survive a snapshot at any point', () => {
    fc.assert(
      fc.property(samples(quantity), fc.nat(), (list, at) => {
        const cut = at % (list.length + 1);
        const whole = engine();
        const before = engine();
        for (const sample of list.slice(0, cut)) {
          whole.accept(readingOf(quantity, sample));
          before.accept(readingOf(quantity, sample));
        }
        whole.tick();
        before.tick();
        const after = engine();
        after.restore(structuredClone(before.state()));
        for (const sample of list.slice(cut)) {
          whole.accept(readingOf(quantity, sample));
          after.accept(readingOf(quantity, sample));
        }
        expect(after.tick()).toEqual({ ...whole.tick(), newSeries: expect.anything() });
        expect(hours(after)).toEqual(hours(whole));
      }),
      { numRuns: 50 },
    );
  });
});

function engine(): WindowEngine {
  return new WindowEngine(SETTINGS);
}

function readingOf(quantity: string, sample: Sample): Reading {
  return {
    device: 'd',
    channel: '',
    quantity,
    value: sample.bad ? Number.NaN : sample.value,
    timeMs: START_MS + sample.minute * MINUTE_MS,
    timeSource: 'device',
    quality: sample.bad ? Quality.bad : Quality.good,
    periodMs: 0,
    expectEveryMs: MINUTE_MS,
  };
}

function run(quantity: string, list: readonly Sample[], tickEvery: number): Pane[] {
  const windows = engine();
  for (const [index, sample] of list.entries()) {
    windows.accept(readingOf(quantity, sample));
    if (index % tickEvery === 0) windows.tick();
  }
  windows.tick();
  return hours(windows);
}

function hours(windows: WindowEngine): Pane[] {
  return windows.seriesCount === 0 ? [] : windows.view(0).hours(START_MS - DAY_MS, START_MS + 5 * DAY_MS);
}

function startCountValue(quantity: string) {
  const kind = {
    pm2_5: 'gauge',
    laeq: 'level',
    energy_import: 'counter',
    wind_direction: 'angle',
    precipitation: 'delta',
  } as const;
  return (pane: Pane) => [pane.startMs, pane.count, paneValue(kind[quantity as keyof typeof kind], pane)];
}

function closeTo(value: number | null): unknown {
  if (value === null) return null;
  return expect.toSatisfy((actual: number) => Math.abs(actual - value) <= 1e-9 * Math.max(1, Math.abs(value)));
}

/** Fisher-Yates, the random numbers being the property's. */
function shuffled<T>(list: readonly T[], random: Iterable<number>): T[] {
  const result = [...list];
  const numbers = random[Symbol.iterator]();
  for (let index = result.length - 1; index > 0; index--) {
    const other = (numbers.next().value as number) % (index + 1);
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}
