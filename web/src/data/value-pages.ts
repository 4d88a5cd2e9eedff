import type { KpiValue } from '../types.ts';

/** Answers that are put together for one view; one has up to 10,000 values. */
const PAGES_MAX = 5;

/** Asks for the values whose windows start in [from, to), both ISO; `next` says where the answer left off. */
export type AskForValues = (
  from: string,
  to: string,
) => Promise<{ readonly values: readonly KpiValue[]; readonly next: string | null }>;

export interface NewestValues {
  /** Oldest first. */
  readonly values: readonly KpiValue[];
  /** ISO: what starts before it was left out, because it was too much; null when nothing was. */
  readonly leftOutBefore: string | null;
}

/**
 * The values of a range, in as many answers as it takes. Answers go from old to new: where there are too many of them, it
 * is the newer half of the range that is loaded instead, and half of that, so that the newest values are always there.
 */
export async function loadNewestValues(ask: AskForValues, fromMs: number, toMs: number): Promise<NewestValues> {
  for (let startMs = fromMs; ; startMs += Math.ceil((toMs - startMs) / 2)) {
    const values = await allPages(ask, new Date(startMs).toISOString(), new Date(toMs).toISOString());
    if (values !== undefined)
      return { values, leftOutBefore: startMs === fromMs ? null : new Date(startMs).toISOString() };
  }
}

/** Undefined when they are more than `PAGES_MAX` answers. */
async function allPages(ask: AskForValues, from: string, to: string): Promise<readonly KpiValue[] | undefined> {
  const values: KpiValue[] = [];
  let next: string | null = from;
  for (let page = 0; page < PAGES_MAX && next !== null; page++) {
    const answer = await ask(next, to);
    values.push(...answer.values);
    next = answer.next;
  }
  return next === null ? values : undefined;
}
