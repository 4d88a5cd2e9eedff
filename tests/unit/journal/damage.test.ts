import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../../../src/journal/local/index.ts';
import { FaultyDisk } from './support/faulty-disk.ts';
import { appendDurably, KEEP_ALL, numbered, plain, readAll } from './support/messages.ts';

const HEADER_BYTES = 64;
/** 36 bytes of record header, topic `in/n`, client id `station`, 40 bytes of payload. */
const RECORD_BYTES = 36 + 4 + 7 + 40;

const folder = '/journal';
let disk: FaultyDisk;
beforeEach(() => {
  disk = new FaultyDisk();
});

function open(segmentBytesMax = 1 << 20) {
  return openLocalJournalWriter({
    folder,
    segmentBytesMax,
    retention: KEEP_ALL,
    freeBytesMin: 0,
    clock: manualClock(0),
    fs: disk,
  });
}

/** Each record in a commit of its own, or all in one. */
async function write(count: number, how: 'one by one' | 'together', segmentBytesMax?: number): Promise<string[]> {
  const writer = await open(segmentBytesMax);
  if (how === 'together')
    await Promise.all(Array.from({ length: count }, (_, n) => appendDurably(writer, numbered(n + 1))));
  else for (let number = 1; number <= count; number++) await appendDurably(writer, numbered(number));
  await writer.close();
  const names = (await disk.list(folder)).filter((name) => name.endsWith('.journal')).sort();
  return names.map((name) => join(folder, name));
}

/** What a start makes of the folder: how many records it finds, all of them as written. */
async function recovered(): Promise<{ records: number; cut: number | undefined }> {
  const writer = await open();
  const records = writer.durableSequence();
  const cut = writer.stats().tailBytesCut;
  await writer.close();
  await expectWhole(records);
  return { records, cut };
}

async function expectWhole(upTo: number): Promise<void> {
  const reader = openLocalJournalReader({ folder, fs: disk });
  const found = await readAll(reader, upTo);
  await reader.close();
  const wanted = Array.from({ length: upTo }, (_, n) =>
    plain({ kind: 'message', sequence: n + 1, message: numbered(n + 1) }),
  );
  expect(found.map(plain)).toEqual(wanted);
}

describe('the end of a journal', () => {
  it.each(['one by one', 'together'] as const)(
    'is cut to the last whole record wherever the file ends (%s)',
    async (how) => {
      const [path] = await write(5, how);
      const whole = disk.peek(path!);
      expect(whole.length).toBe(HEADER_BYTES + 5 * RECORD_BYTES);
      for (let length = HEADER_BYTES + 2 * RECORD_BYTES; length <= whole.length; length++) {
        disk.poke(path!, whole.subarray(0, length));
        const records = Math.floor((length - HEADER_BYTES) / RECORD_BYTES);
        expect(await recovered()).toEqual({ records, cut: length - HEADER_BYTES - records * RECORD_BYTES });
      }
    },
  );

  it('goes on behind the cut', async () => {
    const [path] = await write(3, 'one by one');
    disk.poke(path!, disk.peek(path!).subarray(0, -1));
    const writer = await open();
    expect(await appendDurably(writer, numbered(3))).toBe(3);
    await writer.close();
    await expectWhole(3);
  });

  it('is cut where the first lost sector of the last write begins, although later sectors reached the disk', async () => {
    const [path] = await write(9, 'together');
    const bytes = disk.peek(path!);
    bytes.fill(0, HEADER_BYTES + 3 * RECORD_BYTES + 20, HEADER_BYTES + 5 * RECORD_BYTES);
    disk.poke(path!, bytes);
    expect((await recovered()).records).toBe(3);
  });

  it('is cut when a large stretch of zeros follows', async () => {
    const [path] = await write(3, 'one by one');
    disk.poke(path!, Buffer.concat([disk.peek(path!), Buffer.alloc(3 << 20)]));
    expect(await recovered()).toEqual({ records: 3, cut: 3 << 20 });
  });

  it('loses a segment whose making was interrupted, and nothing else', async () => {
    await write(5, 'one by one');
    disk.poke(join(folder, '0000000000000006.journal'), Buffer.alloc(30));
    expect(await recovered()).toEqual({ records: 5, cut: 30 });
  });
});

describe('damage to records that had been synced', () => {
  it('is refused at every single bit, or the record is the last one and is cut', async () => {
    const [path] = await write(4, 'one by one');
    const whole = disk.peek(path!);
    const secondAt = HEADER_BYTES + RECORD_BYTES;
    for (let bit = secondAt * 8; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      disk.poke(path!, flipped);
      const isLastRecord = bit >> 3 >= HEADER_BYTES + 3 * RECORD_BYTES;
      if (isLastRecord) expect((await recovered()).records, `bit ${bit}`).toBe(3);
      else {
        const record = 2 + Math.floor(((bit >> 3) - secondAt) / RECORD_BYTES);
        const at = HEADER_BYTES + (record - 1) * RECORD_BYTES;
        await expect(open(), `bit ${bit}`).rejects.toMatchObject({
          code: 'journal_damaged',
          message: expect.stringContaining(`${path} at byte ${at}:`),
        });
      }
    }
  });

  it('is noticed at every single bit of a header', async () => {
    const [path] = await write(2, 'one by one');
    const whole = disk.peek(path!);
    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      disk.poke(path!, flipped);
      await expect(open(), `bit ${bit}`).rejects.toMatchObject({
        code: expect.stringMatching(/^journal_(damaged|format)$/),
      });
    }
  });

  it('stops a reader at the record, in a segment that the start did not look into', async () => {
    const [first] = await write(12, 'one by one', 500);
    const bytes = disk.peek(first!);
    const at = HEADER_BYTES + 2 * RECORD_BYTES;
    bytes[at + 70]! ^= 4;
    disk.poke(first!, bytes);
    const writer = await open();
    const reader = openLocalJournalReader({ folder, fs: disk });
    expect((await reader.read(0, 12, 1)).length).toBe(1);
    await expect(reader.read(1, 12, 2 ** 20)).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining(`${first} at byte ${at}:`),
    });
    await reader.close();
    await writer.close();
  });
});

describe('segments that are not what they were', () => {
  it('are refused when one is missing in the middle', async () => {
    const paths = await write(20, 'one by one', 500);
    disk.poke(paths[1]!, undefined);
    await expect(open()).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining(paths[2]!),
    });
    const reader = openLocalJournalReader({ folder, fs: disk });
    await expect(readAll(reader, 20)).rejects.toMatchObject({ code: 'journal_damaged' });
    await reader.close();
  });

  it('are refused when two changed places', async () => {
    const paths = await write(20, 'one by one', 500);
    const [first, second] = [disk.peek(paths[0]!), disk.peek(paths[1]!)];
    disk.poke(paths[0]!, second);
    disk.poke(paths[1]!, first);
    await expect(open()).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining(paths[0]!),
    });
  });

  it('are refused when one stands twice', async () => {
    const paths = await write(20, 'one by one', 500);
    const copy = join(folder, '0000000000000099.journal');
    disk.poke(copy, disk.peek(paths[1]!));
    await expect(open()).rejects.toMatchObject({ code: 'journal_damaged', message: expect.stringContaining(copy) });
  });

  it('are refused when one before the last is shorter than it was', async () => {
    const paths = await write(20, 'one by one', 500);
    disk.poke(paths[0]!, disk.peek(paths[0]!).subarray(0, -1));
    await expect(open()).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining(paths[0]!),
    });
  });

  it('are refused with a sentence when a newer version wrote them', async () => {
    const [path] = await write(1, 'together');
    const bytes = disk.peek(path!);
    bytes.writeUInt32LE(2, 8);
    disk.poke(path!, bytes);
    const sentence = `cannot read the journal segment ${path}: it has format version 2, this program reads version 1`;
    await expect(open()).rejects.toMatchObject({ code: 'journal_format', message: sentence });
  });

  it('do not take bytes in a payload for a record', async () => {
    const [path] = await write(3, 'one by one');
    const record = disk.peek(path!).subarray(HEADER_BYTES + 2 * RECORD_BYTES);
    disk.poke(path!, undefined);
    const forged = Buffer.from(record);
    forged.writeUInt32LE(9, 8);
    const writer = await open();
    await Promise.all([appendDurably(writer, numbered(1)), appendDurably(writer, { ...numbered(2), payload: forged })]);
    await writer.close();
    const [again] = (await disk.list(folder)).filter((name) => name.endsWith('.journal'));
    const bytes = disk.peek(join(folder, again!));
    bytes[HEADER_BYTES + 10]! ^= 1;
    disk.poke(join(folder, again!), bytes);
    const mended = await open();
    expect(mended.durableSequence()).toBe(0);
    await mended.close();
  });
});
