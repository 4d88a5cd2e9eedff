import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../../src/journal/local/index.ts';
import { FaultyDisk } from './support/faulty-disk.ts';
import { KEEP_ALL, numbered, plain, readAll } from './support/messages.ts';
import { Random } from './support/random.ts';

const FOLDER = '/journal';
const SEEDS = 400;
const LIVES = 4;

interface World {
  readonly disk: FaultyDisk;
  readonly random: Random;
  /** What was appended last under each sequence. */
  readonly appended: Map<number, number>;
  acknowledged: number;
  nextNumber: number;
}

describe('a journal whose machine loses power', () => {
  it(`keeps every acknowledged record, over ${SEEDS} seeds`, async () => {
    let acknowledged = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed);
      const world: World = { disk: new FaultyDisk(), random, appended: new Map(), acknowledged: 0, nextNumber: 1 };
      for (let life = 0; life < LIVES; life++) await live(world, seed);
      await check(world, seed);
      acknowledged += world.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(SEEDS * 10);
  });
});

async function live(world: World, seed: number): Promise<void> {
  const { disk, random } = world;
  await check(world, seed);
  disk.faults.offAtOperation = disk.operations + 1 + random.integer(60);
  await appendUntilOff(world).catch((error: { code?: string; cause?: { code?: string } }) => {
    if (error.code !== 'OFF' && error.cause?.code !== 'OFF') throw new Error(`seed ${seed}`, { cause: error });
  });
  disk.powerLoss(random);
}

async function appendUntilOff(world: World): Promise<void> {
  const { disk, random } = world;
  const writer = await open(disk);
  for (let burst = 0; burst < 20; burst++) {
    const answers: Promise<void>[] = [];
    for (let count = 1 + random.integer(8); count > 0; count--) {
      const number = world.nextNumber++;
      const message = numbered(number, 10 + random.integer(900));
      answers.push(
        new Promise((resolve, reject) => {
          const sequence = writer.append(message, (error) => {
            if (error !== undefined) return reject(error);
            world.acknowledged = Math.max(world.acknowledged, sequence);
            resolve();
          });
          world.appended.set(sequence, number);
        }),
      );
    }
    await Promise.all(answers);
  }
  await writer.close();
}

/** The records found are those appended, without a gap, and none that was acknowledged is missing. */
async function check(world: World, seed: number): Promise<void> {
  const writer = await open(world.disk);
  const last = writer.durableSequence();
  await writer.close();
  expect(last, `seed ${seed}`).toBeGreaterThanOrEqual(world.acknowledged);
  const reader = openLocalJournalReader({ folder: FOLDER, fs: world.disk });
  const records = await readAll(reader, last, 0, 4_000);
  await reader.close();
  expect(records.length, `seed ${seed}`).toBe(last);
  for (const [index, record] of records.entries()) {
    const number = world.appended.get(index + 1)!;
    const payloadBytes = record.kind === 'message' ? record.message.payloadBytes : -1;
    const wanted = plain({ kind: 'message', sequence: index + 1, message: numbered(number, payloadBytes) });
    expect(plain(record), `seed ${seed}`).toEqual(wanted);
  }
  // What was found is durable from here on, and a later life must not lose it either.
  world.acknowledged = last;
}

function open(disk: FaultyDisk) {
  return openLocalJournalWriter({
    folder: FOLDER,
    segmentBytesMax: 4_000,
    retention: KEEP_ALL,
    freeBytesMin: 0,
    clock: manualClock(0),
    fs: disk,
  });
}
