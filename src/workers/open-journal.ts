import { join } from 'node:path';
import type { Clock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import { openLocalJournalWriter } from '../journal/local/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { JournalBudget } from './journal-budget.ts';

/** Where the journal of a data folder lies. */
export function journalFolder({ dataFolder }: Config): string {
  return join(dataFolder, 'journal');
}

/** @throws OperatingError `journal_locked` and what else the files say */
export function openFileJournal(config: Config, clock: Clock): Promise<JournalWriter> {
  const { segmentMax, retentionBytes, retentionAge, freeBytesMin } = config.journal;
  return openLocalJournalWriter({
    folder: journalFolder(config),
    segmentBytesMax: segmentMax,
    retention: { bytesMax: retentionBytes, ageMsMax: retentionAge },
    freeBytesMin,
    clock,
  });
}

/** Holds messages back while the journal is as large as it may be. */
export function budgetOf(journal: JournalWriter, bytesMax: () => number, log: Logger): JournalBudget {
  return new JournalBudget({
    journal,
    bytesMax,
    onChange: (blocked) => {
      if (blocked === null) log.info({ room: 'journal' }, 'the journal takes messages again');
      else log.warn({ room: 'journal' }, `the journal does not take messages: ${blocked}`);
    },
  });
}
