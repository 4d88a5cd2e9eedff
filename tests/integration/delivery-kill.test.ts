import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Qos1Publisher } from '../../harness/index.ts';
import { systemClock } from '../../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../src/journal/local/index.ts';
import { Random } from '../unit/journal/support/random.ts';

const SCRIPT = fileURLToPath(new URL('./support/delivery-child.ts', import.meta.url));
const KILLS = 5;
const OUTSTANDING_MAX = 500;

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitals-kill-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<string> {
  child = spawn(process.execPath, [SCRIPT, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout!, 'data');
  return String(line).trim();
}

/** Publishes with many messages under way until the connection dies; returns the numbers that were acknowledged. */
async function publishUntilDeath(url: string, firstNumber: number, onAcknowledged: (count: number) => void) {
  const publisher = new Qos1Publisher({
    port: Number(new URL(url).port),
    clientId: 'delivery',
    windowCount: OUTSTANDING_MAX,
    reconnects: false,
    message: (number) => ({ topic: 'in/number', payload: String(firstNumber + number) }),
    onAcknowledged,
  });
  await publisher.ended;
  publisher.close();
  const { sentCount, faults } = publisher.stats();
  expect(faults).toEqual([]);
  return { acknowledged: publisher.acknowledged().map((number) => firstNumber + number), sent: sentCount };
}

async function journaledNumbers(): Promise<Map<number, number>> {
  const writer = await openLocalJournalWriter({
    folder,
    segmentBytesMax: 256 << 10,
    retention: { bytesMax: 2 ** 40, ageMsMax: 2 ** 40 },
    freeBytesMin: 0,
    clock: systemClock,
  });
  const last = writer.durableSequence();
  await writer.close();
  const reader = openLocalJournalReader({ folder });
  const counts = new Map<number, number>();
  for (let after = 0; after < last; ) {
    for (const record of await reader.read(after, last, 1 << 20)) {
      expect(record.sequence).toBe(++after);
      if (record.kind !== 'message') continue;
      const number = Number(Buffer.from(record.message.payload).toString());
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
  }
  await reader.close();
  return counts;
}

describe('the delivery path under kill -9', () => {
  it(`has every acknowledged message in the journal after ${KILLS} kills`, async () => {
    const random = new Random(20_261_124);
    const acknowledged: number[] = [];
    let nextNumber = 1;
    for (let kill = 0; kill < KILLS; kill++) {
      const url = await start();
      const killAt = 500 + random.integer(8_000);
      const life = await publishUntilDeath(url, nextNumber, (count) => {
        if (count >= killAt) child!.kill('SIGKILL');
      });
      acknowledged.push(...life.acknowledged);
      nextNumber += life.sent;
      expect(life.acknowledged.length).toBeGreaterThanOrEqual(killAt);
    }
    const journaled = await journaledNumbers();
    const lost = acknowledged.filter((number) => !journaled.has(number));
    expect(lost).toEqual([]);
    // Numbers were sent once each: the journal holds none twice, and none that was not sent.
    expect([...journaled.values()].every((count) => count === 1)).toBe(true);
    expect(Math.max(...journaled.keys())).toBeLessThan(nextNumber);
  }, 120_000);
});
