import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '../../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../src/journal/local/index.ts';
import { KEEP_ALL } from '../unit/journal/support/messages.ts';
import { journalContract } from './journal.contract.ts';

journalContract('local segment files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitals-journal-'));
  return {
    openWriter: (options = {}) =>
      openLocalJournalWriter({
        folder,
        segmentBytesMax: options.segmentBytesMax ?? 1 << 20,
        retention: options.retention ?? KEEP_ALL,
        freeBytesMin: 0,
        clock: manualClock(0),
      }),
    openReader: () => openLocalJournalReader({ folder }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});
