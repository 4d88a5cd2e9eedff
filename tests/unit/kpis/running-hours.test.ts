import { describe, expect, it } from 'vitest';
import { calendarOf, HOUR_MS } from '../../../src/base/index.ts';
import { RunningHours } from '../../../src/kpis/running-hours.ts';

describe('hours that run', () => {
  it('are told with their series when they have ended, once', () => {
    const running = new RunningHours(calendarOf('UTC'));
    running.hear(1, 0, 2, HOUR_MS - 1);
    running.hear(5, 0, 6, HOUR_MS - 1);
    running.hear(5, HOUR_MS, 6, HOUR_MS - 1);
    running.hear(1, 0, 6, HOUR_MS - 1);
    expect([...running.takeEnded(HOUR_MS - 1)]).toEqual([]);
    expect([...running.takeEnded(HOUR_MS)]).toEqual([
      [1, 0],
      [5, 0],
    ]);
    expect([...running.takeEnded(3 * HOUR_MS)]).toEqual([[5, HOUR_MS]]);
    expect([...running.takeEnded(3 * HOUR_MS)]).toEqual([]);
  });

  it('are those that have not ended', () => {
    const running = new RunningHours(calendarOf('UTC'));
    running.hear(0, 0, 1, HOUR_MS);
    expect([...running.takeEnded(9 * HOUR_MS)]).toEqual([]);
  });
});
