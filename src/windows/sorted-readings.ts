import { lowerBound } from './sorted-search.ts';

/**
 * The kept readings of one series in event-time order, each identity (series, time) once. Every pane and window is a
 * fold over such a sequence, so the order of arrival cannot be seen in any result.
 */
export interface SortedReadings {
  readonly count: number;
  /** Event time, ms UTC; strictly ascending by index. */
  timeMsAt(index: number): number;
  /** NaN for a reading that was delivered but does not count. */
  valueAt(index: number): number;
  /** First index whose time is not before the instant; `count` when there is none. */
  lowerBound(timeMs: number): number;
}

/**
 * Readings held in plain arrays, for history that was read back from the store.
 *
 * @param timesMs strictly ascending
 * @param values NaN where a reading does not count
 */
export function sortedReadings(timesMs: ArrayLike<number>, values: ArrayLike<number>): SortedReadings {
  return {
    count: timesMs.length,
    timeMsAt: (index) => timesMs[index]!,
    valueAt: (index) => values[index]!,
    lowerBound: (timeMs) => lowerBound(timesMs, timeMs),
  };
}
