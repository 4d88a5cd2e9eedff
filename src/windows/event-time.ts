import { MINUTE_MS } from '../base/index.ts';

/**
 * A reception time this far ahead of the one before may be a clock set wrong: were it believed, all that honest sensors
 * send would be late. It is believed once time has gone on from there for a while, as it does after a long stop.
 */
const LEAP_MS = 60 * MINUTE_MS;
const LEAP_CONFIRMED_MS = MINUTE_MS;

/** Event-time now: what horizon, lateness and silence are measured from. It never goes back. */
export class EventTime {
  readonly #clock: 'wall' | 'event';
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Reception time that leaped ahead and is not believed yet; 0 when there is none. */
  #leapMs = 0;

  constructor(clock: 'wall' | 'event') {
    this.#clock = clock;
  }

  /** ms UTC; -Infinity before anything came. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** A message or mark was received: moves now on in `wall` mode. */
  received(atMs: number): void {
    if (this.#clock !== 'wall' || atMs <= this.#nowMs) return;
    if (atMs - this.#nowMs > LEAP_MS && Number.isFinite(this.#nowMs)) {
      if (this.#leapMs === 0 || atMs < this.#leapMs) this.#leapMs = atMs;
      if (atMs - this.#leapMs < LEAP_CONFIRMED_MS) return;
    }
    this.#leapMs = 0;
    this.#nowMs = atMs;
  }

  /** A reading was accepted: moves now on in `event` mode. */
  accepted(timeMs: number): void {
    if (this.#clock === 'event' && timeMs > this.#nowMs) this.#nowMs = timeMs;
  }

  state(): readonly [nowMs: number, leapMs: number] {
    return [this.#nowMs, this.#leapMs];
  }

  restore([nowMs, leapMs]: readonly [nowMs: number, leapMs: number]): void {
    this.#nowMs = nowMs;
    this.#leapMs = leapMs;
  }
}
