import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HOUR_MS } from '../../src/base/index.ts';
import { AlarmEvaluation, type AlarmRule } from '../../src/kpis/index.ts';
import type { KpiValue } from '../../src/model/index.ts';

/* Hours with gaps, bad values and several revisions: the evaluator says what a search over all of them says. */

const START_MS = Date.UTC(2026, 0, 1);

interface Said {
  /** Windows that are missing before it. */
  readonly skip: number;
  readonly revisions: readonly Pick<KpiValue, 'value' | 'valid' | 'coverage' | 'final'>[];
}

const saying = fc.record({
  value: fc.option(fc.integer({ min: 0, max: 6 }), { freq: 10 }),
  valid: fc.oneof({ arbitrary: fc.constant(true), weight: 9 }, fc.constant(false)),
  coverage: fc.oneof({ arbitrary: fc.constant(1), weight: 9 }, fc.constant(0.5)),
  final: fc.boolean(),
});
const said = fc.record({
  skip: fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, fc.integer({ min: 1, max: 3 })),
  revisions: fc.array(saying, { minLength: 1, maxLength: 2 }),
});
const hours = fc.integer({ min: 0, max: 3 }).map((count) => count * HOUR_MS);
const rule = fc
  .record({
    ...{ condition: fc.constantFrom('above', 'below'), threshold: fc.integer({ min: 1, max: 5 }) },
    ...{ apart: fc.integer({ min: 0, max: 2 }), holdForMs: hours, clearForMs: hours },
  })
  .map(({ apart, ...rest }): AlarmRule => {
    const clearThreshold = rest.condition === 'above' ? rest.threshold - apart : rest.threshold + apart;
    return { ...rest, clearThreshold, coverageMin: 1 };
  });

function valuesOf(saids: readonly Said[]): KpiValue[] {
  let startMs = START_MS;
  return saids.flatMap(({ skip, revisions }) => {
    startMs += (skip + 1) * HOUR_MS;
    const window = { startMs, endMs: startMs + HOUR_MS, expectedCount: 1 };
    return revisions.map((one, revision) => ({ ...window, ...one, revision }) as KpiValue);
  });
}

/** The values that may be looked at, each window once. */
function usable(values: readonly KpiValue[]): KpiValue[] {
  const newest = values.filter((value) => !values.some((b) => b.endMs === value.endMs && b.revision > value.revision));
  return newest.filter(({ value, valid, coverage }) => value !== null && valid && coverage >= 1);
}

/** Time from one value to another one, of which only steps of one hour count. */
function heldMs(values: readonly KpiValue[], first: number, last: number): number {
  let held = 0;
  for (let at = first + 1; at <= last; at++) {
    if (values[at]!.endMs - values[at - 1]!.endMs === HOUR_MS) held += HOUR_MS;
  }
  return held;
}

/** First value of the unbroken row, up to `last` and not before `from`, of those that fit; undefined when `last` does not. */
function rowStart(values: readonly KpiValue[], from: number, last: number, fits: (value: number) => boolean) {
  let first: number | undefined;
  for (let at = last; at >= from && fits(values[at]!.value!); at--) first = at;
  return first;
}

function naiveEpisodes(values: readonly KpiValue[], { condition, threshold, clearThreshold, ...times }: AlarmRule) {
  const isUp = condition === 'above';
  const meets = (value: number) => (isUp ? value > threshold : value < threshold);
  const isBack = (value: number) => (isUp ? value <= clearThreshold : value >= clearThreshold);
  const found = [];
  for (let from = 0; from < values.length; ) {
    const reaches = (at: number, start: number, fits: typeof meets, ms: number): number | undefined => {
      const first = rowStart(values, start, at, fits);
      return first !== undefined && heldMs(values, first, at) >= ms ? first : undefined;
    };
    const indexes = [...values.keys()];
    const fired = indexes.find((at) => at >= from && reaches(at, from, meets, times.holdForMs) !== undefined);
    if (fired === undefined) break;
    const first = reaches(fired, from, meets, times.holdForMs)!;
    const cleared = indexes.find((at) => at > fired && reaches(at, fired + 1, isBack, times.clearForMs) !== undefined);
    const episode = values.slice(first, cleared === undefined ? undefined : cleared + 1);
    const met = episode.filter(({ value }) => meets(value!));
    const most = Math[isUp ? 'max' : 'min'](...met.map(({ value }) => value!));
    const { value, startMs, endMs } = met.find((one) => one.value === most)!;
    found.push({
      ...{ fromMs: values[first]!.endMs, firedAtMs: values[fired]!.endMs },
      clearedAtMs: cleared === undefined ? null : values[cleared]!.endMs,
      ...{ peak: { value, startMs, endMs }, windows: met.length },
      provisional: episode.some(({ final }) => !final),
    });
    from = cleared === undefined ? values.length : cleared + 1;
  }
  return found;
}

it('episodes are those that a search over all values finds', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(said, { maxLength: 60, size: 'max' }), rule, (saids, given) => {
      const values = valuesOf(saids);
      const evaluation = new AlarmEvaluation(given, 'hour');
      for (const value of values) evaluation.take(value);
      const findings = evaluation.finish();
      const used = usable(values);
      expect(findings.episodes).toEqual(naiveEpisodes(used, given));
      const { noValue, notValid, incomplete } = findings.leftOut;
      expect(findings).toMatchObject({ windows: saids.length, used: used.length });
      expect(used.length + noValue + notValid + incomplete).toBe(saids.length);
      found += findings.episodeCount;
    }),
    { numRuns: 1_000 },
  );
  expect(found).toBeGreaterThan(300);
});
