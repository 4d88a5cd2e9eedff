import { OperatingError } from '../base/index.ts';
import type { Pipeline } from './pipeline.ts';
import type { Snapshots } from './snapshots.ts';

/** Where store and journal stand at the start. */
export interface Standpoint {
  /** Journal position that the store includes. */
  readonly storePosition: number;
  /** The oldest record that the journal still has; 0 when it has none. */
  readonly journalFirstSequence: number;
  /** Others read the same journal: numbers that begin in its middle would not be theirs. */
  readonly isShared: boolean;
}

/**
 * Brings a new pipeline to where an earlier run left off: the newest snapshot that the store includes; the journal is
 * read from there.
 *
 * @param warn told of what cannot be used
 * @returns true when a snapshot was found
 * @throws OperatingError `journal_gap` when a journal that others read, too, has let go what this one needs;
 *   `series_mismatch` when snapshot and store are not of one run
 */
export async function resumePipeline(
  pipeline: Pipeline,
  snapshots: Snapshots,
  { storePosition, journalFirstSequence, isShared }: Standpoint,
  warn: (text: string) => void,
): Promise<boolean> {
  const snapshot = await snapshots.newest(storePosition, (file, reason) =>
    warn(`snapshot ${file} was not used: ${reason}`),
  );
  if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
  if (pipeline.sequence < journalFirstSequence - 1) {
    const isBehind = snapshot !== undefined || (storePosition > 0 && storePosition < journalFirstSequence - 1);
    if (isShared && isBehind) {
      throw new OperatingError(
        'journal_gap',
        `cannot go on from position ${pipeline.sequence}: the partitions begin behind ${journalFirstSequence - 1}, and what lies between was let go while this node was away`,
      );
    }
    warn(
      `no snapshot reaches the journal, which begins at record ${journalFirstSequence}: windows and accounting start there`,
    );
    pipeline.startAt(journalFirstSequence - 1);
  }
  pipeline.adoptStored();
  return snapshot !== undefined;
}
