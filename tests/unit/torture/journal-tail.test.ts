import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { openLocalJournalWriter } from '../../../src/journal/local/index.ts';
import { JournalTail } from '../../../torture/journal-tail.ts';
import { appendDurably, KEEP_ALL, numbered } from '../journal/support/messages.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitals-tail-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Three records, the last two in one commit. */
async function tail(): Promise<JournalTail> {
  const options = { folder, segmentBytesMax: 1 << 20, retention: KEEP_ALL, freeBytesMin: 0, clock: systemClock };
  const writer = await openLocalJournalWriter(options);
  await appendDurably(writer, numbered(1));
  await Promise.all([appendDurably(writer, numbered(2)), appendDurably(writer, numbered(3))]);
  await writer.close();
  return new JournalTail(folder);
}

describe('the end of a journal', () => {
  it('is taken apart into records and their commits', async () => {
    const { places, whole } = await tail();
    expect(places.map(({ sequence, commitFrom }) => [sequence, commitFrom])).toEqual([
      [1, 1],
      [2, 2],
      [3, 2],
    ]);
    expect(places.at(-1)!.end).toBe(whole.length);
  });

  it('has to be refused where a later commit is whole, and nowhere else', async () => {
    const end = await tail();
    expect([1, 2, 3].map((sequence) => end.mustRefuse(sequence))).toEqual([true, false, false]);
    end.flip(end.places[0]!.at + 40, 0);
    expect(await end.recover()).toMatchObject({ error: { code: 'journal_damaged' } });
  });

  it('is whole up to where it was cut, and says when it is not', async () => {
    const end = await tail();
    end.cut(end.places[2]!.end - 1);
    expect(await end.recover()).toEqual({ lastSequence: 2 });
    expect(await end.isWholeUpTo(2)).toBe(true);
    expect(await end.isWholeUpTo(3)).toBe(false);
  });
});
