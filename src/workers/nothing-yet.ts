import { type Accounting, NOTHING_AGAIN } from '../model/index.ts';
import type { EngineStanding } from '../views/index.ts';

/** Accounting before the first tick. */
export const NOTHING_YET: Accounting = {
  sequence: 0,
  messages: { received: 0, decoded: 0, ignored: 0, quarantined: 0 },
  readings: { received: 0, counted: 0, invalid: 0, duplicate: 0, lateFiled: 0, quarantined: 0 },
  again: NOTHING_AGAIN,
  rejects: {},
};

/** Standing of an engine before its first tick. */
export const NOT_STANDING_YET: EngineStanding = {
  nowMs: Number.NEGATIVE_INFINITY,
  late: { waiting: 0, rebuilt: 0, repeated: 0, tooOld: 0, noPlace: 0 },
  outages: { changes: 0, tooOld: 0, noPlace: 0, repeatsLeft: 0 },
  events: { empty: 0, silent: 0, heard: 0, revised: 0 },
};
