/**
 * One aggregation as a mergeable partial: readings of a stretch of time are folded into a state, states of adjacent
 * stretches merge, and the result is read off at any moment.
 *
 * Contract: `add` is called in event-time order with finite values (readings that do not count are left out by the
 * caller), each identity once. `merge` takes the state of the stretch that FOLLOWS, leaves it unchanged, and equals
 * having added its readings: bit for bit where the state is made of integers or of readings, otherwise within the
 * tolerance that the function states.
 *
 * @typeParam State mutable, owned by the caller
 * @typeParam Result a number, or named numbers; null where there is nothing to tell
 */
export interface WindowFunction<State, Result = number | null> {
  /** As API and bench name it. */
  readonly id: string;
  empty(): State;
  /** @param timeMs event time, ms UTC; not before the one added last */
  add(state: State, timeMs: number, value: number): void;
  merge(into: State, later: State): void;
  result(state: State): Result;
}
