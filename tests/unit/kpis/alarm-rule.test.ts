import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../src/base/index.ts';
import {
  ALARM_EPISODES_MAX,
  AlarmEvaluation,
  type AlarmFindings,
  type AlarmRule,
} from '../../../src/kpis/alarm-rule.ts';
import type { KpiValue } from '../../../src/model/index.ts';

const START_MS = Date.UTC(2026, 0, 1);
const RULE: AlarmRule = {
  ...{ condition: 'above', threshold: 8, clearThreshold: 8, holdForMs: 0, clearForMs: 0, coverageMin: 1 },
};
/** What a window says beside its value; null for a window that is missing. */
type Hour = number | null | Partial<KpiValue>;

/** Hour by hour; instants are told as hours since the start. */
function evaluate(hours: readonly Hour[], rule: Partial<AlarmRule> = {}): AlarmFindings {
  const evaluation = new AlarmEvaluation({ ...RULE, ...rule }, 'hour');
  for (const [index, hour] of hours.entries()) {
    if (hour === null) continue;
    const startMs = START_MS + index * HOUR_MS;
    const said = typeof hour === 'number' ? { value: hour } : hour;
    const whole = { valid: true, coverage: 1, validCount: 4, expectedCount: 4, revision: 0, final: true };
    evaluation.take({ ...whole, startMs, endMs: startMs + HOUR_MS, ...said } as KpiValue);
  }
  return evaluation.finish();
}

/** [from, fired, cleared, peak, windows] of each episode, in hours since the start. */
function told(hours: readonly Hour[], rule: Partial<AlarmRule> = {}): (number | null)[][] {
  const hour = (atMs: number | null): number | null => atMs && (atMs - START_MS) / HOUR_MS;
  return evaluate(hours, rule).episodes.map(({ fromMs, firedAtMs, clearedAtMs, peak, windows }) => {
    return [hour(fromMs), hour(firedAtMs), hour(clearedAtMs), peak.value, windows];
  });
}

const HOLD = { holdForMs: 2 * HOUR_MS };

describe('an alarm', () => {
  it('fires at the end of the first window beyond the threshold, not on it, and clears when one is not', () => {
    expect(told([7, 8, 9, 10, 8, 9, 3])).toEqual([
      [3, 3, 5, 10, 2],
      [6, 6, 7, 9, 1],
    ]);
  });

  it('below a threshold is the same upside down', () => {
    expect(told([9, 8, 7, 5, 6, 8], { condition: 'below' })).toEqual([[3, 3, 6, 5, 3]]);
  });

  it('fires when the condition has held long enough, and begins anew after a value that does not meet it', () => {
    expect(told([9, 9, 1, 9, 9, 9, 9, 1], HOLD)).toEqual([[4, 6, 8, 9, 4]]);
    expect(told([9, 9, 8, 9, 9], HOLD)).toEqual([]);
  });

  it('clears only at the clear threshold, and after values have been back long enough', () => {
    expect(told([9, 7, 6, 9, 7, 5, 6, 4, 3], { clearThreshold: 5 })).toEqual([[1, 1, 6, 9, 2]]);
    const rule = { clearThreshold: 5, clearForMs: HOUR_MS };
    expect(told([9, 5, 6, 5, 5, 9], rule)).toEqual([
      [1, 1, 5, 9, 1],
      [6, 6, null, 9, 1],
    ]);
  });

  it('is still on at the end where nothing cleared it', () => {
    expect(told([9, 7, 12], { clearThreshold: 5 })).toEqual([[1, 1, null, 12, 2]]);
  });

  it('tells the first of equal peaks, with its window', () => {
    const { episodes } = evaluate([9, 11, 10, 11, 1]);
    const startMs = START_MS + HOUR_MS;
    expect(episodes[0]!.peak).toEqual({ value: 11, startMs, endMs: startMs + HOUR_MS });
  });
});

describe('a gap', () => {
  it('neither counts as holding nor ends what was held before', () => {
    expect(told([2, 9, 9, null, 9, 9, 5, 3, 3], { ...HOLD, clearThreshold: 4 })).toEqual([[2, 6, 8, 9, 4]]);
    // Were it counted, the alarm would fire at once behind it.
    expect(told([9, null, null, null, 9, 1], HOLD)).toEqual([]);
  });

  it('neither clears nor counts as being back', () => {
    expect(told([9, null, null, 9, 1])).toEqual([[1, 1, 5, 9, 2]]);
    expect(told([9, 1, null, null, 1, 1], { clearForMs: HOUR_MS })).toEqual([[1, 1, 6, 9, 1]]);
  });

  it.each([
    ['is not valid', { value: 99, valid: false }, 'notValid'],
    ['is of incomplete coverage', { value: 99, coverage: 0.75 }, 'incomplete'],
    ['has no value', { value: null, valid: true }, 'noValue'],
  ] as const)('is what %s: it never fires', (_what, said, reason) => {
    const findings = evaluate([1, said, said, said, 2]);
    expect(findings).toMatchObject({ windows: 5, used: 2, gaps: 1, episodeCount: 0, provisional: 0 });
    expect(findings.leftOut).toEqual({ noValue: 0, notValid: 0, incomplete: 0, [reason]: 3 });
    expect(told([9, { ...said, value: said.value && 1 }, 9, 1])).toEqual([[1, 1, 4, 9, 2]]);
  });
});

describe('a value', () => {
  it('of less coverage is used where the rule says so, and one of which nothing is expected always', () => {
    expect(told([{ value: 9, coverage: 0.75 }, 1], { coverageMin: 0.75 })).toEqual([[1, 1, 2, 9, 1]]);
    expect(told([{ value: 9, coverage: 0, expectedCount: 0 }, 1])).toEqual([[1, 1, 2, 9, 1]]);
  });

  it('that is not final marks the episodes that it is part of', () => {
    const open = { value: 9, final: false };
    const marks = (hours: readonly Hour[]) => evaluate(hours).episodes.map(({ provisional }) => provisional);
    expect(marks([9, 1, open])).toEqual([false, true]);
    expect(marks([9, { value: 1, final: false }])).toEqual([true]);
    expect(evaluate([9, 1, open]).provisional).toBe(1);
  });

  it('counts as its newest revision says, in whatever order they come', () => {
    const evaluation = new AlarmEvaluation(RULE, 'hour');
    const window = { startMs: START_MS, endMs: START_MS + HOUR_MS, valid: true, coverage: 1, expectedCount: 1 };
    for (const [revision, value] of [
      [1, 3],
      [0, 9],
      [2, 7],
    ])
      evaluation.take({ ...window, revision, value, final: true } as KpiValue);
    expect(evaluation.finish()).toMatchObject({ windows: 1, used: 1, episodeCount: 0 });
  });

  it('of an earlier window than the one before is a mistake of ours', () => {
    const evaluation = new AlarmEvaluation(RULE, 'hour');
    evaluation.take({ endMs: 2, revision: 0 } as KpiValue);
    expect(() => evaluation.take({ endMs: 1, revision: 0 } as KpiValue)).toThrow('BUG');
  });
});

it('tells a bounded number of episodes and counts all', () => {
  const many = Array.from({ length: 2 * ALARM_EPISODES_MAX + 6 }, (_, hour) => (hour % 2 === 0 ? 9 : 1));
  const { episodes, episodeCount } = evaluate(many);
  expect([episodes.length, episodeCount]).toEqual([ALARM_EPISODES_MAX, ALARM_EPISODES_MAX + 3]);
});
