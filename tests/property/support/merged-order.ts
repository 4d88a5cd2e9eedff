import type { Cut, JournalRecord } from '../../../src/journal/index.ts';
import { positionOf } from '../../../src/journal/index.ts';

/**
 * The journal of all partitions by the rule of streams.ts, naively.
 *
 * @param cuts all of them, the one with number 0 first
 * @param raw records of each partition, from its first one on
 */
export function* inMergedOrder(
  cuts: readonly Cut[],
  raw: readonly (readonly JournalRecord[])[],
): Generator<JournalRecord> {
  let sequence = 0;
  for (const [at, cut] of cuts.entries()) {
    if (at === 0) continue;
    for (const [partition, own] of raw.entries()) {
      const cycle = own.slice(cuts[at - 1]!.ends[partition], cut.ends[partition]);
      for (const record of cycle) yield { ...record, sequence: ++sequence };
    }
    yield { kind: 'mark', sequence: ++sequence, atMs: cut.atMs };
    if (sequence !== positionOf(cut)) throw new Error(`cut ${cut.number} is at ${positionOf(cut)}, not at ${sequence}`);
  }
}
