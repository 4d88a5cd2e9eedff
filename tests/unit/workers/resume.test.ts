import { describe, expect, it } from 'vitest';
import type { Pipeline } from '../../../src/workers/pipeline.ts';
import { resumePipeline, type Standpoint } from '../../../src/workers/resume.ts';
import type { Snapshots } from '../../../src/workers/snapshots.ts';

describe('resumePipeline', () => {
  /** What becomes of a pipeline whose newest snapshot is of `snapshotAt`. */
  async function resumed(snapshotAt: number | undefined, standpoint: Standpoint) {
    const adoptedAt: number[] = [];
    const pipeline = {
      sequence: 0,
      restore: async () => {
        pipeline.sequence = snapshotAt!;
      },
      startAt: (sequence: number) => {
        pipeline.sequence = sequence;
      },
      adoptStored: () => {
        adoptedAt.push(pipeline.sequence);
      },
    };
    const newest = async () => (snapshotAt === undefined ? undefined : { state: {}, pieces: [] });
    const warnings: string[] = [];
    const isFound = await resumePipeline(
      pipeline as unknown as Pipeline,
      { newest } as unknown as Snapshots,
      standpoint,
      (text) => warnings.push(text),
    );
    // Behind all that gives numbers to series, once.
    expect(adoptedAt).toEqual([pipeline.sequence]);
    return { isFound, sequence: pipeline.sequence, warnings };
  }

  it('goes on from a snapshot that the journal reaches', async () => {
    for (const isShared of [false, true]) {
      expect(await resumed(4_900, { storePosition: 5_000, journalFirstSequence: 4_901, isShared })).toEqual({
        ...{ isFound: true, sequence: 4_900, warnings: [] },
      });
    }
  });

  it('begins where a journal of its own begins, and says so', async () => {
    const own = await resumed(4_900, { storePosition: 5_000, journalFirstSequence: 9_001, isShared: false });
    expect(own).toMatchObject({ sequence: 9_000, warnings: [expect.stringContaining('begins at record 9001')] });
  });

  it('refuses to go on behind a gap in a journal that others have read without one', async () => {
    const standpoint = { storePosition: 5_000, journalFirstSequence: 9_001, isShared: true };
    for (const snapshotAt of [4_900, undefined]) {
      await expect(resumed(snapshotAt, standpoint)).rejects.toMatchObject({ code: 'journal_gap' });
    }
  });

  it('begins anew in the middle of a shared journal with nothing, and again before its first snapshot', async () => {
    for (const storePosition of [0, 9_050]) {
      expect(await resumed(undefined, { storePosition, journalFirstSequence: 9_001, isShared: true })).toMatchObject({
        ...{ isFound: false, sequence: 9_000 },
      });
    }
  });
});
