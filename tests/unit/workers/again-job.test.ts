import { expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import type { JobContext } from '../../../src/jobs/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../../src/journal/local/index.ts';
import { type AgainJobSources, againJob } from '../../../src/workers/again-job.ts';
import { OnTheirWay } from '../../../src/workers/job-pace.ts';
import { FaultyDisk } from '../journal/support/faulty-disk.ts';
import { appendDurably, KEEP_ALL, numbered } from '../journal/support/messages.ts';

const HOUR_MS = 3_600_000;
const FOLDER = '/journal';
/** So large that the job reads them in several steps. */
const PAYLOAD_BYTES = 100_000;

/** A journal of messages that were received at these times; returns what is handed over again of a period. */
async function againOf(times: readonly number[], fromMs: number, toMs: number): Promise<number[]> {
  const fs = new FaultyDisk();
  const clock = manualClock(0);
  const retention = KEEP_ALL;
  const journal = await openLocalJournalWriter({
    folder: FOLDER,
    segmentBytesMax: 500_000,
    retention,
    freeBytesMin: 0,
    clock,
    fs,
  });
  for (const receivedAtMs of times) await appendDurably(journal, { ...numbered(1, PAYLOAD_BYTES), receivedAtMs });
  const origins: number[] = [];
  const sources: AgainJobSources = {
    clock,
    openReader: () => openLocalJournalReader({ folder: FOLDER, fs }),
    journal: {
      stats: () => journal.stats(),
      appendAgain: (origin, _message, _atMs, done) => {
        setImmediate(done);
        return origins.push(origin);
      },
    },
    store: () => ({ quarantine: async () => [] }),
    load: () => ({ lateWaiting: 0, engineSequence: 0, recordsBehind: 0, isBlocked: false }),
    lateMax: Number.POSITIVE_INFINITY,
    onTheirWay: new OnTheirWay(),
  };
  const input = { fromMs, toMs, topics: [], upToSequence: times.length };
  const nothing = async () => undefined;
  const context = { job: { input, checkpoint: null }, progress: nothing, checkpoint: nothing };
  await againJob(sources)({ ...context, signal: new AbortController().signal } as unknown as JobContext);
  await journal.close();
  return origins;
}

it('messages of a period are decoded again though the clock had leaped ahead and was set back within it', async () => {
  const minutes = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n * 60_000);
  const times = [...minutes(HOUR_MS, 10), ...minutes(9 * HOUR_MS, 10), ...minutes(HOUR_MS + 600_000, 20)];
  const chosen = await againOf(times, HOUR_MS + 300_000, HOUR_MS + 1_500_000);
  // The first message behind the leap still has the time of the one before it.
  expect(chosen).toEqual([6, 7, 8, 9, 10, ...Array.from({ length: 14 }, (_, n) => 22 + n)]);
});
