import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/index.ts';
import type { JournalWriter } from '../src/journal/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../src/journal/local/index.ts';
import type { BenchRow } from './bench-row.ts';

const PAYLOAD_BYTES = 200;
const OUTSTANDING_MAX = 5_000;
const WRITE_FOR_MS = 2_000;

/** Appends with group commit and reading back, 200-byte payloads, on the disk of the temporary folder. About 4 s. */
export async function run(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vitals-bench-journal-'));
  try {
    const writer = await openLocalJournalWriter({
      folder,
      segmentBytesMax: 64 << 20,
      retention: { bytesMax: 2 ** 40, ageMsMax: 2 ** 40 },
      freeBytesMin: 0,
      clock: systemClock,
    });
    const appended = await appendFor(writer, WRITE_FOR_MS);
    const { commitCount, recordCount, syncMsMax, durableSequence } = writer.stats();
    await writer.close();
    const read = await readAll(folder, durableSequence);
    const note = `${PAYLOAD_BYTES} B payload, ${OUTSTANDING_MAX} outstanding, ${Math.round(recordCount / commitCount)} records a commit, longest sync ${syncMsMax.toFixed(1)} ms`;
    return [
      { name: 'journal append, durable', unit: '1/s', value: appended, note },
      { name: 'journal read', unit: '1/s', value: read, note: `${recordCount} records, warm page cache` },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function appendFor(writer: JournalWriter, forMs: number): Promise<number> {
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(120);
  const startMs = systemClock.monotonicMs();
  let durable = 0;
  let outstanding = 0;
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error) => {
      if (error !== undefined) return reject(error);
      durable++;
      outstanding--;
      if (systemClock.monotonicMs() - startMs < forMs) {
        if (outstanding < OUTSTANDING_MAX / 2) fill();
      } else if (outstanding === 0) resolve();
    };
    const fill = () => {
      for (; outstanding < OUTSTANDING_MAX; outstanding++) {
        const topic = `in/air/station-${outstanding % 100}/pm2_5`;
        const receivedAtMs = systemClock.nowMs();
        const clientId = 'gateway-1';
        writer.append({ topic, payload, payloadBytes: PAYLOAD_BYTES, clientId, receivedAtMs, flags: 8 }, done);
      }
    };
    fill();
  });
  return Math.round((durable / (systemClock.monotonicMs() - startMs)) * 1000);
}

async function readAll(folder: string, upToSequence: number): Promise<number> {
  const reader = openLocalJournalReader({ folder });
  const startMs = systemClock.monotonicMs();
  let after = 0;
  while (after < upToSequence) {
    const records = await reader.read(after, upToSequence, 1 << 20);
    after = records.at(-1)!.sequence;
  }
  const tookMs = systemClock.monotonicMs() - startMs;
  await reader.close();
  return Math.round((upToSequence / tookMs) * 1000);
}
