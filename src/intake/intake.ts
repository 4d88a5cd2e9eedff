import { DAY_MS, MINUTE_MS } from '../base/index.ts';
import type { Message, Reading, Reject } from '../model/index.ts';

/**
 * What a message means. `profile` and `gateway` are empty where unknown. A whole message is refused (`reject`), or it
 * is known and gives readings, some of which may be refused on their own (`rejects`, with their index in the message).
 */
export type Decoded =
  | { readonly kind: 'rejected'; readonly profile: string; readonly reject: Reject }
  | {
      readonly kind: 'decoded';
      readonly profile: string;
      readonly gateway: string;
      readonly readings: readonly Reading[];
      readonly rejects: readonly { readonly index: number; readonly reject: Reject }[];
    };

/** Bounds that intake holds every message to. */
export interface IntakeLimits {
  readonly payloadBytesMax: number;
  readonly nestingMax: number;
  readonly readingsPerMessageMax: number;
  /** Readings before this instant are refused whatever the clock says, ms UTC. */
  readonly timeEarliestMs: number;
  /** Wall clock mode: readings older than the message's reception by more than this are refused, ms. */
  readonly backlogMsMax: number;
  /** Readings ahead of the message's reception by more than this are refused, ms. */
  readonly aheadMsMax: number;
}

/** Pure: the same message always gives the same answer; no clock, no state but caches that cannot be seen. */
export type Intake = (message: Message) => Decoded;

/** The limits that hold where a city's configuration sets no others. */
export const INTAKE_LIMITS: IntakeLimits = {
  payloadBytesMax: 64 * 1024,
  nestingMax: 8,
  readingsPerMessageMax: 1_000,
  // Nothing that the product reads was measured before 2000; a stamp of 1970 is a clock that was never set.
  timeEarliestMs: Date.UTC(2000, 0, 1),
  backlogMsMax: 400 * DAY_MS,
  aheadMsMax: 5 * MINUTE_MS,
};
