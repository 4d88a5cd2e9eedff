import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Intake } from '../../../src/intake/index.ts';
import type { Cut, MadeBatch } from '../../../src/journal/index.ts';
import type { Message } from '../../../src/model/index.ts';
import { MadeCuts } from '../../../src/workers/made-cuts.ts';
import { MergedReader } from '../../../src/workers/merged-reader.ts';
import { PartitionEngine } from '../../../src/workers/partition-engine.ts';
import { MemoryStreams } from './support/memory-streams.ts';

const intake: Intake = () => ({ kind: 'decoded', profile: 'p', gateway: 'g', readings: [], rejects: [] });
const MESSAGE: Message = {
  ...{ topic: 't', payload: new Uint8Array(9), payloadBytes: 9, clientId: 'c', receivedAtMs: 5, flags: 0 },
};

const pause = async (): Promise<void> => {
  await nextTurn();
};

function streamsWith(...counts: readonly number[]): MemoryStreams {
  const streams = new MemoryStreams(counts.length);
  for (const [partition, count] of counts.entries()) {
    for (let at = 0; at < count; at++) streams.append(partition, MESSAGE);
  }
  return streams;
}

function ownerOf(streams: MemoryStreams, holdsLease = () => true, problems: string[] = []): PartitionEngine {
  const onProblem = ({ message }: Error): void => void problems.push(message);
  return new PartitionEngine({ streams, partition: 0, intake, holdsLease, onProblem, pause });
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    expect(turns).toBeLessThan(10_000);
    await nextTurn();
  }
}

test('decodes up to the newest cut and not beyond it', async () => {
  const streams = streamsWith(3);
  const owner = ownerOf(streams);
  const end = owner.run();
  owner.advance(streams.cutNow(1));
  streams.append(0, MESSAGE);
  await until(() => owner.progress.madeEnd === 3);
  expect(owner.progress).toMatchObject({ epoch: 1, cutEnd: 3, recordCount: 3, readingCount: 0 });
  await owner.stop();
  expect(await end).toBe('stopped');
  expect(streams.madeEnd(0)).toBe(3);
});

test('goes on where the server is when an answer was lost, and keeps nothing twice', async () => {
  const streams = streamsWith(3);
  const problems: string[] = [];
  const owner = ownerOf(streams, undefined, problems);
  void owner.run();
  await until(() => owner.progress.epoch === 1);
  // The question after which it is away is the one that keeps the batch.
  streams.isAway = () => {
    if (streams.madeEnd(0) === 0) return false;
    streams.isAway = () => false;
    return true;
  };
  owner.advance(streams.cutNow(1));
  await until(() => owner.progress.madeEnd === 3);
  expect(problems).toEqual(['the server is away']);
  streams.append(0, MESSAGE);
  owner.advance(streams.cutNow(2));
  await until(() => owner.progress.madeEnd === 4);
  await owner.stop();
  expect(streams.made[0]!.map(({ last, count }) => [last, count])).toEqual([
    [3, 3],
    [4, 1],
  ]);
});

test('goes back to what is left when the server lost what it had kept', async () => {
  const streams = streamsWith(3);
  const owner = ownerOf(streams);
  void owner.run();
  owner.advance(streams.cutNow(1));
  await until(() => owner.progress.madeEnd === 3);
  streams.loseMade(0, 1);
  streams.append(0, MESSAGE);
  owner.advance(streams.cutNow(2));
  await until(() => streams.madeEnd(0) === 4 && owner.progress.madeEnd === 4);
  streams.loseMade(0, 1);
  owner.compare((await streams.stats())[0]!);
  await until(() => streams.madeEnd(0) === 4);
  await owner.stop();
});

test('says so when it was replaced: at its next batch, or when it is told what the server has', async () => {
  for (const isBusy of [true, false]) {
    const streams = streamsWith(1);
    const owner = ownerOf(streams);
    const end = owner.run();
    owner.advance(streams.cutNow(1));
    await until(() => owner.progress.madeEnd === 1);
    await streams.own(0);
    streams.append(0, MESSAGE);
    if (isBusy) owner.advance(streams.cutNow(2));
    else owner.compare((await streams.stats())[0]!);
    expect(await end).toBe('fenced');
    expect(streams.madeEnd(0)).toBe(1);
  }
});

test('keeps nothing any more once its lease is lost', async () => {
  const streams = streamsWith(1);
  let holds = true;
  const owner = ownerOf(streams, () => holds);
  const end = owner.run();
  await until(() => owner.progress.epoch === 1);
  holds = false;
  owner.advance(streams.cutNow(1));
  expect(await end).toBe('lease lost');
  expect(streams.madeEnd(0)).toBe(0);
});

test('ends at once when it is stopped while the server is away', async () => {
  const streams = streamsWith(1);
  const owner = ownerOf(streams);
  streams.isAway = () => true;
  const end = owner.run();
  owner.advance(streams.cutNow(1));
  await nextTurn();
  await owner.stop();
  expect(await end).toBe('stopped');
});

/** Two partitions; the first is made, and of the second what the test says. */
async function madeStreams(): Promise<{ readonly streams: MemoryStreams; readonly second: MadeBatch }> {
  const streams = streamsWith(2, 1);
  streams.cutNow(10);
  streams.cutNow(20);
  const second = new MemoryStreams(1);
  second.append(0, MESSAGE);
  for (const of of [streams, second]) {
    const owner = ownerOf(of);
    void owner.run();
    owner.advance(of === streams ? streams.cuts.at(-1)! : second.cutNow(1));
    await until(() => of.madeEnd(0) === of.raw[0]!.length);
    await owner.stop();
  }
  return { streams, second: second.made[0]![0]! };
}

test('the whole ends where a partition is not made yet, and has the marks of empty cycles', async () => {
  const { streams, second } = await madeStreams();
  const reader = new MergedReader({ streams, onProblem: () => undefined, pause });
  const told: number[] = [];
  const onMade = (position: number): void => void told.push(position);
  const cuts = new MadeCuts({ streams, onMade, onProblem: () => undefined, pause });
  const following = cuts.follow(0);
  expect((await reader.read(0, 5, 1 << 20)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(await reader.read(2, 5, 1 << 20)).toEqual([]);
  expect(told).toEqual([]);
  streams.made[1]!.push(second);
  const rest = [...(await reader.read(2, 5, 1 << 20)), ...(await reader.read(4, 5, 1 << 20))];
  expect(rest.map(({ kind, sequence }) => [kind, sequence])).toEqual([
    ['decoded', 3],
    ['mark', 4],
    ['mark', 5],
  ]);
  await until(() => told.length > 0);
  expect(told).toEqual([5]);
  await cuts.stop();
  await following;
});

test('the whole is refused where the streams went back to an earlier time, and on from there', async () => {
  const { streams, second } = await madeStreams();
  streams.made[1]!.push(second);
  const reader = new MergedReader({ streams, onProblem: () => undefined, pause });
  expect(await reader.read(0, 4, 1 << 20)).toHaveLength(4);
  const [, , newest] = streams.cuts as [Cut, Cut, Cut];
  streams.cuts[2] = { ...newest, ends: [1, 1] };
  await expect(reader.read(4, 5, 1 << 20)).rejects.toMatchObject({
    code: 'journal_rewound',
    message: expect.stringContaining('cut 2 lies at 4 instead of 5'),
  });
});

test('the whole is refused where something is missing, damaged, or of other partitions', async () => {
  const { streams, second } = await madeStreams();
  const newReader = (of = streams) => new MergedReader({ streams: of, onProblem: () => undefined, pause });
  const bytes = Uint8Array.from(second.bytes);
  bytes[bytes.length - 1]! ^= 1;
  streams.made[1]!.push({ ...second, bytes });
  await expect(newReader().read(2, 5, 1 << 20)).rejects.toMatchObject({
    code: 'journal_damaged',
    message: 'cannot read what was made of records 1 to 1 of partition 1: it fails its checksum',
  });
  const holed = streamsWith(2);
  holed.cutNow(10);
  holed.made[0]!.push({ ...second, last: 2 });
  await expect(newReader(holed).read(0, 3, 1 << 20)).rejects.toMatchObject({
    code: 'journal_gap',
    message: 'cannot read the partitions on: record 1 of partition 0 is expected and 2 was found',
  });
  await streams.trim(5);
  await expect(newReader().read(2, 5, 1 << 20)).rejects.toMatchObject({ code: 'journal_gap' });
  const cuts = new MadeCuts({ streams, onMade: () => undefined, onProblem: () => undefined, pause });
  await expect(cuts.follow(1_000)).rejects.toMatchObject({ code: 'journal_behind_consumer' });
});
