/** Where the time comes from; every room takes it as an argument, so that tests and replays set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z, wall clock; may jump when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. For timers, rates and time-outs. */
  monotonicMs(): number;
}

/** The machine's clock: the only place that reads it. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that stands where it is put, for tests and simulations. */
export function manualClock(startMs: number): Clock & { advance(byMs: number): void; set(atMs: number): void } {
  let atMs = startMs;
  return {
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    advance: (byMs) => {
      atMs += byMs;
    },
    set: (toMs) => {
      atMs = toMs;
    },
  };
}
