import { assert, type Clock, SECOND_MS } from '../base/index.ts';

/** Counts events and says how many came a second, over the last whole seconds. */
export interface RateMeter {
  add(count: number): void;
  /** Events per second over the window, the second that is running left out; 0 before the first whole second. */
  perSecond(): number;
}

/**
 * Creates a meter with one cell a second; costs one addition an event and never grows.
 *
 * @param clock its monotonic time decides the second
 * @param windowS whole seconds that the rate looks back over, 1 to 3600
 */
export function rateMeter(clock: Pick<Clock, 'monotonicMs'>, windowS = 10): RateMeter {
  assert(Number.isInteger(windowS) && windowS >= 1 && windowS <= 3600, `window of ${windowS} s is not 1 to 3600`);
  const cells = new Float64Array(windowS + 1);
  const startS = second(clock);
  let atS = startS;

  /** Empties the cells of the seconds that have begun since the last call. */
  function moveOn(): void {
    const nowS = second(clock);
    for (let step = Math.min(nowS - atS, cells.length); step > 0; step--) cells[(nowS - step + 1) % cells.length] = 0;
    atS = Math.max(atS, nowS);
  }

  return {
    add(count) {
      moveOn();
      cells[atS % cells.length]! += count;
    },
    perSecond() {
      moveOn();
      const wholeS = Math.min(atS - startS, windowS);
      if (wholeS === 0) return 0;
      const running = cells[atS % cells.length]!;
      return (cells.reduce((sum, cell) => sum + cell, 0) - running) / wholeS;
    },
  };
}

function second(clock: Pick<Clock, 'monotonicMs'>): number {
  return Math.floor(clock.monotonicMs() / SECOND_MS);
}
