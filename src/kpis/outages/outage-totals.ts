import { exactSum } from '../../base/index.ts';
import type { Amounts, Part } from '../definition.ts';

/** What happened in a place and window, added up over its interruptions; each step of a restoration is one of them. */
export interface OutageTotals {
  /** Customers of sustained interruptions, each as often as it was interrupted. */
  readonly sustained: number;
  /** Customers times minutes of sustained interruptions. */
  readonly minutes: number;
  /** Customers of momentary interruptions. */
  readonly momentary: number;
  /** Interruptions, and those of them that are not restored. */
  readonly steps: number;
  readonly running: number;
  /** Customers of the largest of them. */
  readonly most: number;
  /** Minutes of the longest of the sustained ones. */
  readonly longest: number;
  /** Told by an outage feed, which sees all of its place: 1 or 0. */
  readonly feed: number;
  /** Hours of the window that are over; 0 in days. */
  readonly hours: number;
}

const SUMMED = ['sustained', 'minutes', 'momentary', 'steps', 'running'] as const;
const LARGEST = ['most', 'longest', 'feed', 'hours'] as const;

export const NO_OUTAGES: OutageTotals = {
  ...{ sustained: 0, minutes: 0, momentary: 0, steps: 0, running: 0 },
  ...{ most: 0, longest: 0, feed: 0, hours: 0 },
};

/** Several places, or days, taken together; the sums are exact. */
export function addOutages(totals: readonly OutageTotals[]): OutageTotals {
  const sums = SUMMED.map((name) => [name, exactSum(totals.map((one) => one[name]))] as const);
  const largest = LARGEST.map((name) => [name, totals.reduce((most, one) => Math.max(most, one[name]), 0)] as const);
  return { ...NO_OUTAGES, ...Object.fromEntries([...sums, ...largest]) };
}

/** The amounts of a part, or of a day of the ledger. */
export function outagesOf(amounts: Amounts | undefined): OutageTotals {
  return { ...NO_OUTAGES, ...amounts };
}

/** What a part says of itself when interruptions of it run. */
export function provisionalOf({ running, steps }: OutageTotals): Pick<Part, 'provisional' | 'note'> {
  if (running === 0) return { provisional: false, note: '' };
  return { provisional: true, note: `provisional: ${running} of ${steps} not restored` };
}
