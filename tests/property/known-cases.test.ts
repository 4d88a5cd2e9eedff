import { describe, it } from 'vitest';
import { type Case, MINUTE_MS } from './support/cases.ts';
import { checkCase } from './support/checks.ts';

/*
 * Cases that random search found once, made small; they are held whatever the search draws.
 */

const START_MS = Date.UTC(2026, 0, 1);
/** A series, the minute of a reading, and what it says. */
type Row = readonly [minute: number, value: number];

function register(rows: readonly Row[], rest: Pick<Case, 'stops'>): Case {
  return {
    ...{ timeZone: 'UTC', horizonMs: 10 * MINUTE_MS, latenessMs: MINUTE_MS, rateMaxPerHour: 3, intake: 'one by one' },
    series: [{ kind: 'counter', expectEveryMs: 7 * MINUTE_MS }],
    deliveries: rows.map(([minute, value]) => ({ series: 0, timeMs: START_MS + minute * MINUTE_MS, value })),
    ...rest,
  };
}

describe('a late reading that takes an interpolated quarter of an hour away', () => {
  it('does so too when the engine was started anew from before it, behind a store that has it', () => {
    const inTime: Row[] = [
      ...([
        [7, 100],
        [14, 5_000],
        [35, Number.NaN],
        [42, 100],
        [49, 5_000],
        [63, Number.NaN],
      ] as const),
      ...([
        [75, 104],
        [75, 104],
        [124, 104],
        [131, 104],
        [138, 104],
        [145, 104],
        [145, 104],
      ] as const),
    ];
    const later: Row[] = [
      [56, 5_000],
      [150, 104],
      [150, 104],
      [157, 104],
    ];
    const stops = [
      { at: 12, what: 'snapshot' },
      { at: 14, what: 'tick' },
      { at: 15, what: 'crash' },
    ] as const;
    checkCase(register([...inTime, ...later], { stops }), 20);
  });
});

describe('a reading that changes quarters of an hour long ago, and their hour by less than a number can tell', () => {
  it('makes the quarters anew', () => {
    const least = 2e-323;
    const rows: Row[] = [
      ...([
        [7, 100],
        [15, 100],
        [22, 101],
        [22.0001, 0],
        [29, Number.NaN],
        [30, 0],
      ] as const),
      ...([
        [37, least],
        [44, least],
        [149, 0],
        [142, least],
        [156, least],
      ] as const),
    ];
    checkCase(
      { ...register(rows, { stops: [{ at: 9, what: 'tick' }] }), rateMaxPerHour: Number.POSITIVE_INFINITY },
      20,
    );
  });
});
