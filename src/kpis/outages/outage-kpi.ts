import { OUTAGE_QUANTITIES } from '../../model/index.ts';
import type { KpiDefinition } from '../definition.ts';

/** Windows that indices of reliability are computed for. */
export const OUTAGE_WINDOWS = {
  day: { suffix: 'day', title: 'day', words: 'of the local day in which it began' },
  'rolling-365d': { suffix: '365d', title: '365 days', words: 'that began in the last 365 local days' },
  year: { suffix: 'year', title: 'year', words: 'that began in the calendar year' },
} as const;
export type OutageWindow = keyof typeof OUTAGE_WINDOWS;

/** What all indices of reliability share. */
export function outageCommon(window: OutageWindow) {
  return {
    domain: 'energy',
    window,
    bands: [],
    scopes: ['zone', 'city'],
    completeness:
      'the customers served are known, and are no fewer than those of any interruption; provisional while interruptions run',
    quantities: OUTAGE_QUANTITIES,
    reachHours: 0,
    looksAt: [],
  } as const satisfies Partial<KpiDefinition>;
}

/** In words, what counts as sustained. */
export const SUSTAINED_WORDS =
  'sustained interruptions (longer than outages.sustainedOver, 5 minutes; running ones from their start)';

/** In words, how steps and days are counted. */
export const STEP_WORDS =
  'each step of a restoration is an interruption of its own; all minutes belong to the day on which the interruption began';
