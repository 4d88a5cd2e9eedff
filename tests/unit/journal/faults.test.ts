import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../../src/journal/local/index.ts';
import { FaultyDisk } from './support/faulty-disk.ts';
import { appendDurably, KEEP_ALL, numbered, plain, readAll } from './support/messages.ts';

const FOLDER = '/journal';

function open(disk: FaultyDisk, options: { freeBytesMin?: number; segmentBytesMax?: number } = {}) {
  return openLocalJournalWriter({
    folder: FOLDER,
    segmentBytesMax: options.segmentBytesMax ?? 1 << 20,
    retention: KEEP_ALL,
    freeBytesMin: options.freeBytesMin ?? 0,
    clock: manualClock(0),
    fs: disk,
    retryEveryMs: 1,
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function contents(disk: FaultyDisk, upTo: number): Promise<unknown[]> {
  const reader = openLocalJournalReader({ folder: FOLDER, fs: disk });
  const records = await readAll(reader, upTo);
  await reader.close();
  return records.map(plain);
}

const wanted = (count: number) =>
  Array.from({ length: count }, (_, n) => plain({ kind: 'message', sequence: n + 1, message: numbered(n + 1) }));

describe('a sync that fails', () => {
  it('is never tried again, acknowledges nobody, and is told to everybody', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    await appendDurably(writer, numbered(1));
    const syncs = disk.syncs;
    disk.faults.sync = 'EIO';
    const results = await Promise.allSettled([2, 3, 4].map((number) => appendDurably(writer, numbered(number))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await writer.failed).toMatchObject({ code: 'journal_failed', message: expect.stringContaining('EIO') });
    disk.faults = {};
    await expect(appendDurably(writer, numbered(5))).rejects.toMatchObject({ code: 'journal_failed' });
    expect(disk.syncs).toBe(syncs + 1);
    expect(writer.durableSequence()).toBe(1);
    expect(writer.stats()).toMatchObject({ waitingRecords: 0, waitingBytes: 0 });
    await writer.close();
  });

  it('also ends the appends that came while it ran', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    disk.faults.sync = 'EIO';
    const first = appendDurably(writer, numbered(1)).catch((error: Error) => error);
    await new Promise((resolve) => setImmediate(resolve));
    const second = appendDurably(writer, numbered(2)).catch((error: Error) => error);
    expect(await first).toMatchObject({ code: 'journal_failed' });
    expect(await second).toMatchObject({ code: 'journal_failed' });
    await writer.close();
  });

  it('ends the journal too when a write fails for another reason than space', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    disk.faults.write = 'EIO';
    await expect(appendDurably(writer, numbered(1))).rejects.toMatchObject({ code: 'journal_failed' });
    await writer.close();
  });
});

describe('a full disk', () => {
  it('holds the callbacks, says so, and goes on by itself when there is room', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    await appendDurably(writer, numbered(1));
    disk.faults.roomBytes = 100;
    let acknowledged = 0;
    const answers = [2, 3, 4].map((number) => appendDurably(writer, numbered(number)).then(() => acknowledged++));
    await until(() => writer.stats().blocked != null);
    const operations = disk.operations;
    await until(() => disk.operations > operations + 20);
    expect(acknowledged).toBe(0);
    expect(writer.stats()).toMatchObject({ durableSequence: 1, waitingRecords: 3, blockedTotal: 1 });
    disk.faults = {};
    await Promise.all(answers);
    expect(writer.stats()).toMatchObject({ durableSequence: 4, blocked: null, blockedTotal: 1 });
    await writer.close();
    expect(await contents(disk, 4)).toEqual(wanted(4));
  });

  it('takes the part of a record back that it could still write', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    await appendDurably(writer, numbered(1));
    disk.faults.roomBytes = 100;
    const answer = appendDurably(writer, { ...numbered(2, 400) }).catch((error: Error) => error);
    await until(() => writer.stats().blocked != null);
    const closed = writer.close();
    expect(await answer).toMatchObject({ code: 'journal_failed' });
    await closed;
    disk.faults = {};
    const again = await open(disk);
    expect(again.stats()).toMatchObject({ durableSequence: 1, tailBytesCut: 0 });
    await again.close();
  });

  it('is noticed while the next segment is made, too', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk, { segmentBytesMax: 200 });
    await appendDurably(writer, numbered(1));
    disk.faults.roomBytes = 10;
    const answer = appendDurably(writer, numbered(2));
    await until(() => writer.stats().blocked != null);
    disk.faults = {};
    await answer;
    await writer.close();
    expect(writer.stats().segmentCount).toBe(2);
    expect(await contents(disk, 2)).toEqual(wanted(2));
  });

  it('is not filled to the last byte: below the limit nothing is written', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk, { freeBytesMin: 1_000 });
    disk.faults.freeBytes = 999;
    const answer = appendDurably(writer, numbered(1));
    await until(() => writer.stats().blocked != null);
    expect(writer.stats().blocked).toMatch(/999 bytes are free.*freeBytesMin is 1000/);
    disk.faults.freeBytes = 1_000;
    await answer;
    await writer.close();
  });
});

describe('a process that may open no more files', () => {
  it.each(['EMFILE', 'ENFILE'])('goes on by itself with the next segment once it may (%s)', async (code) => {
    const disk = new FaultyDisk();
    const writer = await open(disk, { segmentBytesMax: 200 });
    await appendDurably(writer, numbered(1));
    disk.faults.open = code;
    const answer = appendDurably(writer, numbered(2));
    await until(() => writer.stats().blocked != null);
    expect(writer.stats().blocked).toContain(code);
    disk.faults = {};
    await answer;
    expect(writer.stats()).toMatchObject({ segmentCount: 2, blocked: null, blockedTotal: 1 });
    await writer.close();
    expect(await contents(disk, 2)).toEqual(wanted(2));
  });
});

describe('a segment that cannot be removed', () => {
  it('is removed by a later trimming, before those behind it', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk, { segmentBytesMax: 200 });
    for (const number of [1, 2, 3, 4]) await appendDurably(writer, numbered(number));
    writer.setConsumerPosition('engine', 3);
    disk.faults.remove = 'EIO';
    await expect(writer.trim(2 ** 50)).rejects.toThrow('EIO');
    disk.faults = {};
    expect(writer.stats()).toMatchObject({ firstSequence: 1, segmentCount: 4 });
    await writer.trim(2 ** 50);
    expect(writer.stats()).toMatchObject({ firstSequence: 4, segmentCount: 1 });
    await writer.close();
    const again = await open(disk);
    expect(again.stats()).toMatchObject({ firstSequence: 4, durableSequence: 4 });
    await again.close();
  });
});

describe('a write that is cut short', () => {
  it('is carried on where it stopped', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    disk.faults.shortWriteBytes = 7;
    await Promise.all([1, 2, 3].map((number) => appendDurably(writer, numbered(number))));
    await writer.close();
    expect(await contents(disk, 3)).toEqual(wanted(3));
  });
});

describe('an open segment', () => {
  it('is ended after a day, so that its records can be trimmed at their age', async () => {
    const disk = new FaultyDisk();
    const writer = await open(disk);
    await appendDurably(writer, numbered(1));
    await writer.trim(25 * 3_600_000);
    await appendDurably(writer, numbered(2));
    expect(writer.stats().segmentCount).toBe(2);
    await writer.close();
  });
});
