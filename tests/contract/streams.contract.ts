import { setTimeout as delay, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CityStreams,
  type Cut,
  type JournalRecord,
  type MadeBatch,
  positionOf,
  type StreamWriter,
} from '../../src/journal/index.ts';
import { type Message, MessageFlag } from '../../src/model/index.ts';
import { numbered, plain } from '../unit/journal/support/messages.ts';

export const PARTITIONS = 3;
const ALL = 1 << 30;

/** Streams to be tested; each test gets new ones. */
export interface StreamsUnderTest {
  /** As another process would open them. */
  open(partitions?: number): Promise<CityStreams>;
  dispose(): Promise<void>;
}

/** What the streams of a city promise, whatever they are made of. */
export function streamsContract(name: string, make: () => Promise<StreamsUnderTest>): void {
  describe(`streams contract: ${name}`, () => {
    let under: StreamsUnderTest;
    const opened: CityStreams[] = [];
    const open: Open = async (partitions) => {
      const streams = await under.open(partitions);
      opened.push(streams);
      return streams;
    };
    beforeEach(async () => {
      under = await make();
    });
    afterEach(async () => {
      for (const streams of opened.splice(0)) await streams.close();
      await under.dispose();
    });

    itKeepsMessages(open);
    itReadsInParts(open);
    itHasOneOwner(open);
    itCuts(open);
    itFindsCuts(open);
    itTrims(open);
    itTrimsBehindTheFirst(open);
    itKnowsReplicas(open);
    itKnowsMembers(open);
  });
}

type Open = (partitions?: number) => Promise<CityStreams>;

/** Appends and waits until it is durable. */
export function appendTo(writer: StreamWriter, partition: number, message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    writer.append(partition, message, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** Appends messages one after the other; resolves when all are durable. */
export async function appendAll(writer: StreamWriter, partition: number, from: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, at) => appendTo(writer, partition, numbered(from + at))));
}

/** Numbers of the messages of a partition, in order. */
export async function numbersIn(streams: CityStreams, partition: number, bytesMax = ALL): Promise<number[]> {
  const { rawEnd } = (await streams.stats())[partition]!;
  const records: JournalRecord[] = [];
  while (records.length < rawEnd) {
    const more = await streams.readRaw(partition, records.at(-1)?.sequence ?? 0, rawEnd, bytesMax);
    expect(more.length).toBeGreaterThan(0);
    records.push(...more);
  }
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, at) => at + 1));
  return records.map((record) => (record.kind === 'message' ? Number(record.message.topic.slice(3)) : -1));
}

export function sequenceOf(length: number, from = 0): number[] {
  return Array.from({ length }, (_, at) => from + at);
}

function itKeepsMessages(open: Open): void {
  it('gives back every message as it was appended, in order, with sequences of its partition', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const messages = awkwardMessages();
    await Promise.all(messages.flatMap((message) => [0, 2].map((partition) => appendTo(writer, partition, message))));
    for (const partition of [0, 2]) {
      const records = await streams.readRaw(partition, 0, messages.length, ALL);
      expect(records.map(plain)).toEqual(
        messages.map((message, at) => plain({ kind: 'message', sequence: at + 1, message })),
      );
    }
    expect(await streams.stats()).toEqual([
      { rawEnd: messages.length, madeEnd: 0, epoch: 0 },
      { rawEnd: 0, madeEnd: 0, epoch: 0 },
      { rawEnd: messages.length, madeEnd: 0, epoch: 0 },
    ]);
  });

  it('keeps hours that are to be made again in partition 0', async () => {
    const streams = await open();
    const hours = { series: Int32Array.of(0, 7, 2_000_000), startMs: Float64Array.of(0, 3_600_000, 1.8e12) };
    const writer = streams.writer('one');
    await new Promise<void>((resolve) => writer.appendHours(hours, 9_000, () => resolve()));
    expect(await streams.readRaw(0, 0, 1, ALL)).toEqual([{ kind: 'hours', sequence: 1, atMs: 9_000, hours }]);
  });

  it('lets the time of reception wait in what one writer appends while its clock went back, and not for hours', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    for (const receivedAtMs of [9_000_000, 8_990_000, 9_010_000, 1_000_000, 1_060_000, 1_070_000])
      await appendTo(writer, 1, { ...numbered(1), receivedAtMs });
    const records = await streams.readRaw(1, 0, 6, ALL);
    expect(records.map((record) => record.kind === 'message' && record.message.receivedAtMs)).toEqual([
      ...[9_000_000, 9_000_000, 9_010_000],
      ...[9_010_000, 1_060_000, 1_070_000],
    ]);
  });

  it('keeps the order of each of two writers that append to one partition at once', async () => {
    const [one, two] = [await open(), await open()];
    const writers = [one.writer('same name'), two.writer('same name')];
    for (let round = 0; round < 5; round++) {
      await Promise.all(writers.map((writer, at) => appendAll(writer, 0, at * 10_000 + round * 200, 200)));
    }
    const numbers = await numbersIn(one, 0);
    expect(numbers.filter((number) => number < 10_000)).toEqual(sequenceOf(1_000));
    expect(numbers.filter((number) => number >= 10_000)).toEqual(sequenceOf(1_000, 10_000));
  });

  it('counts what waits and what was sent', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const done = appendAll(writer, 0, 0, 12_000);
    expect(writer.stats()).toMatchObject({ waitingRecords: 12_000, batchCount: 0, blocked: null });
    expect(writer.stats().waitingBytes).toBeGreaterThan(12_000 * 40);
    await done;
    const stats = writer.stats();
    expect(stats).toMatchObject({ waitingRecords: 0, waitingBytes: 0, recordCount: 12_000, blocked: null });
    expect(stats.batchCount).toBeGreaterThanOrEqual(3);
    expect(stats.answerMsMax).toBeGreaterThan(0);
    expect(await numbersIn(streams, 0)).toEqual(sequenceOf(12_000));
  });

  it('closes a writer when what was appended is there, and refuses later appends', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const done = appendAll(writer, 1, 0, 100);
    await writer.close(60_000);
    await done;
    await expect(appendTo(writer, 1, numbered(1))).rejects.toMatchObject({ code: 'streams_closed' });
    expect(await numbersIn(streams, 1)).toEqual(sequenceOf(100));
  });

  it('refuses another number of partitions', async () => {
    await open();
    await expect(open(PARTITIONS + 1)).rejects.toMatchObject({
      code: 'streams_layout',
      message: expect.stringContaining(`with ${PARTITIONS + 1} partitions: they have ${PARTITIONS};`),
    });
  });
}

function itReadsInParts(open: Open): void {
  it('reads what lies between two sequences, a part at a time', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    for (let at = 0; at < 40; at++) await appendAll(writer, 0, at * 25, 25);
    expect(await numbersIn(streams, 0, 1)).toEqual(sequenceOf(1_000));
    expect(await numbersIn(streams, 0, 10_000)).toEqual(sequenceOf(1_000));
    for (const [after, upTo] of [
      [0, 1],
      [10, 20],
      [24, 26],
      [30, 990],
      [999, 1_000],
      [1_000, 1_000],
      [1_000, 2_000],
      [990, 2_000],
    ] as const) {
      const records = await streams.readRaw(0, after, upTo, ALL);
      expect(records.map(({ sequence }) => sequence)).toEqual(
        sequenceOf(Math.max(0, Math.min(1_000, upTo) - after), after + 1),
      );
    }
  });
}

function itHasOneOwner(open: Open): void {
  it('keeps what the owner made, and nothing of an owner that was replaced', async () => {
    const [one, two] = [await open(), await open()];
    const first = await one.own(1);
    expect(await one.appendMade(1, first, made(10, 10))).toEqual({ kind: 'kept' });
    const second = await two.own(1);
    expect(second).toBeGreaterThan(first);
    expect(await one.appendMade(1, first, made(20, 10))).toEqual({ kind: 'fenced' });
    expect(await two.appendMade(1, second, made(15, 5))).toEqual({ kind: 'kept' });
    expect(await one.readMade(1, 0, 100, ALL)).toEqual([made(10, 10), made(15, 5)]);
    expect((await one.stats())[1]).toEqual({ rawEnd: 0, madeEnd: 15, epoch: second });
  });

  it('refuses what does not follow', async () => {
    const streams = await open();
    const epoch = await streams.own(0);
    await streams.appendMade(0, epoch, made(10, 10));
    for (const batch of [made(25, 10), made(15, 10), made(8, 8), made(8, 0)]) {
      expect(await streams.appendMade(0, epoch, batch)).toEqual({ kind: 'elsewhere', at: 10 });
    }
    expect(await streams.readMade(0, 0, 100, ALL)).toEqual([made(10, 10)]);
  });

  it('keeps the newest batch once when its owner gives it again', async () => {
    const streams = await open();
    const epoch = await streams.own(0);
    for (let times = 0; times < 3; times++) {
      expect(await streams.appendMade(0, epoch, made(10, 10))).toEqual({ kind: 'kept' });
    }
    expect(await streams.readMade(0, 0, 100, ALL)).toEqual([made(10, 10)]);
    const other = await streams.own(0);
    expect(await streams.appendMade(0, other, made(10, 10))).toEqual({ kind: 'elsewhere', at: 10 });
  });

  it('moves on where nothing was made', async () => {
    const streams = await open();
    const epoch = await streams.own(0);
    await streams.appendMade(0, epoch, made(10, 10));
    expect(await streams.appendMade(0, epoch, made(30, 0))).toEqual({ kind: 'kept' });
    expect(await streams.appendMade(0, epoch, made(40, 10))).toEqual({ kind: 'kept' });
    expect(await streams.readMade(0, 0, 100, ALL)).toEqual([made(10, 10), made(40, 10)]);
    expect(await streams.readMade(0, 10, 30, ALL)).toEqual([]);
    expect((await streams.stats())[0]!.madeEnd).toBe(40);
  });

  it('reads batches that reach across the bounds, a part at a time', async () => {
    const streams = await open();
    const epoch = await streams.own(0);
    const batches = sequenceOf(20, 1).map((at) => made(at * 10, 10));
    for (const batch of batches) await streams.appendMade(0, epoch, batch);
    expect(await streams.readMade(0, 15, 35, ALL)).toEqual([batches[1], batches[2], batches[3]]);
    expect(await streams.readMade(0, 20, 40, ALL)).toEqual([batches[2], batches[3]]);
    const read: MadeBatch[] = [];
    while ((read.at(-1)?.last ?? 0) < 200) {
      const more = await streams.readMade(0, read.at(-1)?.last ?? 0, 200, 20);
      expect(more.length).toBeLessThan(5);
      read.push(...more);
    }
    expect(read).toEqual(batches);
  });
}

function itCuts(open: Open): void {
  it('cuts all partitions where they are', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const first = { number: 0, atMs: Number.NEGATIVE_INFINITY, ends: [0, 0, 0] };
    expect(await streams.newestCut()).toEqual(first);
    expect(await streams.cut(1_000)).toEqual({ number: 1, atMs: 1_000, ends: [0, 0, 0] });
    await Promise.all([appendAll(writer, 0, 0, 5), appendAll(writer, 2, 0, 7)]);
    const cut = await streams.cut(2_000);
    expect(cut).toEqual({ number: 2, atMs: 2_000, ends: [5, 0, 7] });
    expect(positionOf(cut!)).toBe(14);
    expect(await streams.newestCut()).toEqual(cut);
  });

  it('never lets the time of a cut go back', async () => {
    const streams = await open();
    await streams.cut(5_000);
    expect(await streams.cut(4_000)).toMatchObject({ number: 2, atMs: 5_000 });
    expect(await streams.cut(6_000)).toMatchObject({ number: 3, atMs: 6_000 });
  });

  it('has one row of cuts, whoever makes them, and nothing goes back in it', async () => {
    const all = [await open(), await open(), await open()];
    const writer = all[0]!.writer('one');
    const counts = await Promise.all(
      all.map(async (streams, at) => {
        let count = 0;
        for (let round = 0; round < 30; round++) {
          await appendAll(writer, at, round * 3, 3);
          if ((await streams.cut(1_000 + round)) !== undefined) count++;
        }
        return count;
      }),
    );
    const cuts = await all[1]!.cutsAfter(0, 0);
    expect(cuts.length).toBe(counts.reduce((sum, count) => sum + count, 0));
    expect(cuts.map(({ number }) => number)).toEqual(sequenceOf(cuts.length, 1));
    for (const [at, { ends, atMs }] of cuts.entries()) {
      const before = cuts[at - 1];
      expect(atMs).toBeGreaterThanOrEqual(before?.atMs ?? 0);
      for (const [partition, end] of ends.entries()) {
        expect(end).toBeGreaterThanOrEqual(before?.ends[partition] ?? 0);
      }
    }
  });
}

function itFindsCuts(open: Open): void {
  it('gives cuts after a number, and waits for the next one', async () => {
    const [streams, other] = [await open(), await open()];
    const cuts: Cut[] = [];
    const writer = streams.writer('one');
    for (let at = 0; at < 20; at++) {
      await appendAll(writer, at % 3, at, 1 + (at % 4));
      cuts.push((await streams.cut(at))!);
    }
    for (const number of [0, 1, 7, 19, 20, 12]) {
      expect(await other.cutsAfter(number, 0)).toEqual(cuts.slice(number));
      expect(await streams.cutsAfter(number, 0)).toEqual(cuts.slice(number));
    }
    const next = other.cutsAfter(20, 600_000);
    const cut = (await streams.cut(99))!;
    expect(await next).toEqual([cut]);
    expect(await other.cutsAfter(21, 20)).toEqual([]);
  });

  it('finds the cuts around every position', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const cuts: Cut[] = [await streams.newestCut()];
    expect(await streams.cutsAround(0)).toBeUndefined();
    for (let at = 0; at < 6; at++) {
      await appendAll(writer, at % 3, at, at);
      cuts.push((await streams.cut(at))!);
    }
    const end = positionOf(cuts.at(-1)!);
    for (let position = 0; position < end; position++) {
      const after = cuts.findIndex((cut) => positionOf(cut) > position);
      expect(await streams.cutsAround(position)).toEqual([cuts[after - 1], cuts[after]]);
    }
    expect(await streams.cutsAround(end)).toBeUndefined();
    expect(await streams.cutsAround(end + 5)).toBeUndefined();
  });
}

function itTrims(open: Open): void {
  it('deletes what lies before a cut, and says so to whoever asks for it', async () => {
    const streams = await open();
    const writer = streams.writer('one');
    const epoch = await streams.own(0);
    const cuts: Cut[] = [];
    for (let at = 1; at <= 4; at++) {
      await appendAll(writer, 0, 10 * at, 10);
      await streams.appendMade(0, epoch, made(10 * at, 10));
      cuts.push((await streams.cut(at))!);
    }
    const [, second, third, fourth] = cuts as [Cut, Cut, Cut, Cut];
    // Between the cuts: what lies before the second one goes.
    await streams.trim(positionOf(second) + 3);
    for (const after of [0, 9, 19]) {
      await expect(streams.readRaw(0, after, 40, ALL)).rejects.toMatchObject({ code: 'journal_gap' });
      await expect(streams.readMade(0, after, 40, ALL)).rejects.toMatchObject({ code: 'journal_gap' });
    }
    expect((await streams.readRaw(0, 20, 40, ALL)).map(({ sequence }) => sequence)).toEqual(sequenceOf(20, 21));
    expect(await streams.readMade(0, 20, 40, ALL)).toEqual([made(30, 10), made(40, 10)]);
    expect(await streams.readRaw(1, 0, 10, ALL)).toEqual([]);
    await expect(streams.cutsAround(positionOf(second) - 1)).rejects.toMatchObject({ code: 'journal_gap' });
    await expect(streams.cutsAround(0)).rejects.toMatchObject({ code: 'journal_gap' });
    expect(await streams.cutsAround(positionOf(second))).toEqual([second, third]);
    expect(await streams.cutsAfter(2, 0)).toEqual([third, fourth]);
    // Once more, and further back: nothing changes.
    await streams.trim(positionOf(second));
    await streams.trim(0);
    expect(await streams.newestCut()).toEqual(fourth);
    await streams.trim(positionOf(fourth));
    await expect(streams.readRaw(0, 20, 40, ALL)).rejects.toMatchObject({ code: 'journal_gap' });
    expect(await streams.readRaw(0, 40, 50, ALL)).toEqual([]);
    expect(await streams.newestCut()).toEqual(fourth);
    await appendAll(writer, 0, 50, 1);
    expect((await streams.readRaw(0, 40, 50, ALL)).map(({ sequence }) => sequence)).toEqual([41]);
    expect(await streams.cut(5)).toMatchObject({ number: 5, ends: [41, 0, 0] });
  });
}

function itTrimsBehindTheFirst(open: Open): void {
  it('keeps all while the first cut is the oldest one: whoever is new begins before it', async () => {
    const streams = await open();
    await appendAll(streams.writer('one'), 0, 10, 10);
    const first = (await streams.cut(1))!;
    await streams.trim(positionOf(first));
    expect(await streams.oldestCut()).toMatchObject({ number: 0 });
    expect(await streams.readRaw(0, 0, 10, ALL)).toHaveLength(10);
    expect(await streams.cutsAround(0)).toMatchObject([{ number: 0 }, first]);
  });
}

function itKnowsReplicas(open: Open): void {
  it('knows who holds trimming back, and how much memory is used', async () => {
    const [streams, other] = [await open(), await open()];
    for (const name of ['a', 'b']) await streams.noteReplica({ name, position: 0 });
    await delay(100);
    await streams.noteReplica({ name: 'a', position: 5, newest: 7 });
    const known = (await other.replicas()).toSorted((one, two) => one.name.localeCompare(two.name));
    expect(known).toMatchObject([
      { name: 'a', position: 5, newest: 7 },
      { name: 'b', position: 0 },
    ]);
    const [a, b] = known.map(({ silentMs }) => silentMs);
    expect(b! - a!).toBeGreaterThanOrEqual(90);
    await other.forgetReplica('a');
    expect((await streams.replicas()).map(({ name }) => name)).toEqual(['b']);
    const { used, max } = await streams.memory();
    expect(used).toBeGreaterThan(0);
    expect(max).toBeGreaterThan(used);
  });
}

function itKnowsMembers(open: Open): void {
  it('knows which processes there are, and forgets those that are not heard any more', async () => {
    const [streams, other] = [await open(), await open()];
    const one = { name: 'one', roles: ['intake', 'engine'], basis: 'abc' };
    const two = { name: 'two', roles: ['intake'] };
    expect(await streams.noteMember(one, 60_000)).toEqual([one]);
    await sleep(30);
    const both = await other.noteMember(two, 60_000);
    expect(both.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([one, two]);
    expect(await other.noteMember(two, 20)).toEqual([two]);
    await streams.forgetMember('two');
    expect(await other.noteMember(one, 60_000)).toEqual([one]);
    expect(await streams.noteMember({ ...one, basis: 'def' }, 60_000)).toContainEqual({ ...one, basis: 'def' });
  });
}

/** What an owner made of `count` records up to `last`. */
export function made(last: number, count: number): MadeBatch {
  return { last, count, bytes: Buffer.from(`made ${last}`) };
}

function awkwardMessages(): Message[] {
  const plainOne = numbered(1);
  const empty = new Uint8Array(0);
  const binary = Uint8Array.from({ length: 256 }, (_, at) => at);
  const large = Buffer.alloc(3 << 20, 'large ');
  return [
    plainOne,
    { ...plainOne, payload: empty, payloadBytes: 0, topic: 'größe/水', clientId: '' },
    { ...plainOne, payload: binary, payloadBytes: 9_999_999, flags: MessageFlag.retain | MessageFlag.dup },
    { ...plainOne, payload: large, payloadBytes: large.length, clientId: 'x'.repeat(70_000 / 2) },
    { ...plainOne, payload: binary.subarray(100, 120), payloadBytes: 20, receivedAtMs: 2 ** 41 + 0.5 },
  ];
}
