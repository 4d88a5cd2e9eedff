import type { Pipeline } from './pipeline.ts';
import type { Snapshots } from './snapshots.ts';

/** Where store and journal stand at the start. */
export interface Standpoint {
  /** Journal position that the store includes. */
  readonly storePosition: number;
  /** The oldest record that the journal still has; 0 when it has none. */
  readonly journalFirstSequence: number;
}

/**
 * Brings a new pipeline to where an earlier run left off: the newest snapshot that the store includes; the journal is
 * read from there.
 *
 * @param warn told of what cannot be used
 * @returns true when a snapshot was found
 */
export async function resumePipeline(
  pipeline: Pipeline,
  snapshots: Snapshots,
  { storePosition, journalFirstSequence }: Standpoint,
  warn: (text: string) => void,
): Promise<boolean> {
  const snapshot = await snapshots.newest(storePosition, (file, reason) =>
    warn(`snapshot ${file} was not used: ${reason}`),
  );
  if (snapshot !== undefined) await pipeline.restore(snapshot.state, snapshot.pieces);
  if (pipeline.sequence < journalFirstSequence - 1) {
    warn(
      `no snapshot reaches the journal, which begins at record ${journalFirstSequence}: windows and accounting start there`,
    );
    pipeline.startAt(journalFirstSequence - 1);
  }
  return snapshot !== undefined;
}
