import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalReader, JournalRecord, JournalRetention, JournalWriter } from '../../src/journal/index.ts';
import { type Message, MessageFlag } from '../../src/model/index.ts';
import { appendDurably, KEEP_ALL, numbered, plain, readAll } from '../unit/journal/support/messages.ts';

/** One journal to be tested; each test gets a new one. */
export interface JournalUnderTest {
  openWriter(options?: { segmentBytesMax?: number; retention?: JournalRetention }): Promise<JournalWriter>;
  openReader(): JournalReader;
  dispose(): Promise<void>;
}

/** What every journal promises, whatever it is made of. */
export function journalContract(name: string, make: () => Promise<JournalUnderTest>): void {
  describe(`journal contract: ${name}`, () => {
    let journal: JournalUnderTest;
    const open: (JournalWriter | JournalReader)[] = [];
    const openWriter: JournalUnderTest['openWriter'] = async (options) => {
      const writer = await journal.openWriter(options);
      open.push(writer);
      return writer;
    };
    const openReader = () => {
      const reader = journal.openReader();
      open.push(reader);
      return reader;
    };

    beforeEach(async () => {
      journal = await make();
    });
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close();
      await journal.dispose();
    });

    itKeepsRecords(openWriter, openReader);
    itAcknowledgesInOrder(openWriter);
    itReadsBesideTheWriter(openWriter, openReader);
    itTrims(openWriter, openReader);
    itRefuses(openWriter);
  });
}

type OpenWriter = JournalUnderTest['openWriter'];
type OpenReader = JournalUnderTest['openReader'];

function itKeepsRecords(openWriter: OpenWriter, openReader: OpenReader): void {
  it('gives back every record as it was appended, in order, with sequences from 1', async () => {
    const writer = await openWriter();
    const messages = awkwardMessages();
    const sequences = await Promise.all(messages.map((message) => appendDurably(writer, message)));
    const records = await readAll(openReader(), writer.durableSequence());
    expect(sequences).toEqual(messages.map((_, index) => index + 1));
    expect(records.map(plain)).toEqual(
      messages.map((message, index) => plain({ kind: 'message', sequence: index + 1, message })),
    );
  });

  it('keeps time marks between the messages', async () => {
    const writer = await openWriter();
    await appendDurably(writer, numbered(1));
    await new Promise<void>((resolve) => writer.appendMark(5_000, () => resolve()));
    const [, mark] = await readAll(openReader(), 2);
    expect(mark).toEqual({ kind: 'mark', sequence: 2, atMs: 5_000 });
  });

  it('keeps a message that is to be decoded again with its first place and time', async () => {
    const writer = await openWriter();
    const message = { ...numbered(1), receivedAtMs: 4_000 };
    await appendDurably(writer, message);
    await new Promise<void>((resolve) => writer.appendAgain(1, message, 9_000, () => resolve()));
    const [, again] = await readAll(openReader(), 2);
    expect(again).toMatchObject({ kind: 'again', sequence: 2, atMs: 9_000, origin: 1 });
    expect(plain(again!)).toEqual(plain({ kind: 'message', sequence: 2, message }));
  });

  it('keeps hours that are to be made again', async () => {
    const writer = await openWriter();
    await appendDurably(writer, numbered(1));
    const hours = { series: Int32Array.of(0, 7, 2_000_000), startMs: Float64Array.of(0, 3_600_000, 1.8e12) };
    await new Promise<void>((resolve) => writer.appendHours(hours, 9_000, () => resolve()));
    const [, record] = await readAll(openReader(), 2);
    expect(record).toEqual({ kind: 'hours', sequence: 2, atMs: 9_000, hours });
  });

  const timesOf = (records: readonly JournalRecord[]) =>
    records.map((record) => (record.kind === 'message' ? record.message.receivedAtMs : record.atMs));

  it('lets the time of reception wait for a clock that went back a little, also after a restart', async () => {
    const first = await openWriter();
    await appendDurably(first, { ...numbered(1), receivedAtMs: 90_000 });
    await appendDurably(first, { ...numbered(2), receivedAtMs: 70_000 });
    await first.close();
    const second = await openWriter();
    await appendDurably(second, { ...numbered(3), receivedAtMs: 80_000 });
    expect(timesOf(await readAll(openReader(), 3))).toEqual([90_000, 90_000, 90_000]);
  });

  it('follows a clock that was set back far once it has gone on for a minute, also over a restart', async () => {
    const first = await openWriter();
    for (const receivedAtMs of [9_000_000, 1_000_000, 1_059_999, 1_060_000])
      await appendDurably(first, { ...numbered(1), receivedAtMs });
    await first.close();
    const second = await openWriter();
    await appendDurably(second, { ...numbered(2), receivedAtMs: 1_070_000 });
    await new Promise<void>((resolve) => second.appendMark(1_080_000, () => resolve()));
    expect(timesOf(await readAll(openReader(), 6))).toEqual([
      ...[9_000_000, 9_000_000, 9_000_000],
      ...[1_060_000, 1_070_000, 1_080_000],
    ]);
  });

  it('tells where all that was received since an instant stands, though the clock was set back', async () => {
    const writer = await openWriter({ segmentBytesMax: 300 });
    const times = [...Array(20).keys()].map((number) => 1_000_000 + 60_000 * (number < 10 ? number : number - 5));
    for (const receivedAtMs of [...times, 1_000_000 * 10, ...times.map((atMs) => atMs + 600_000)])
      await appendDurably(writer, { ...numbered(1), receivedAtMs });
    await writer.close();
    await openWriter();
    const reader = openReader();
    const written = timesOf(await readAll(openReader(), 41));
    const places = new Set<number>();
    for (const sinceMs of new Set([...written, Number.NEGATIVE_INFINITY, 2 ** 41])) {
      const place = await reader.firstSequenceSince(sinceMs);
      places.add(place);
      expect(written.slice(0, place - 1).every((atMs) => atMs < sinceMs)).toBe(true);
    }
    expect(places.size).toBeGreaterThan(5);
  });

  it('goes on with the next sequence after a restart', async () => {
    for (let round = 0; round < 3; round++) {
      const writer = await openWriter({ segmentBytesMax: 300 });
      expect(writer.durableSequence()).toBe(round * 10);
      await Promise.all(Array.from({ length: 10 }, (_, index) => appendDurably(writer, numbered(round * 10 + index))));
      await writer.close();
    }
    const records = await readAll(openReader(), 30);
    expect(records.map(plain)).toEqual(
      records.map((_, index) => plain({ kind: 'message', sequence: index + 1, message: numbered(index) })),
    );
    expect(records.length).toBe(30);
  });
}

function itAcknowledgesInOrder(openWriter: OpenWriter): void {
  it('calls done in order, and only for what is durable', async () => {
    const writer = await openWriter();
    const order: number[] = [];
    const answers = Array.from({ length: 500 }, (_, index) => {
      return new Promise<void>((resolve) => {
        const sequence = writer.append(numbered(index), () => {
          order.push(sequence);
          expect(writer.durableSequence()).toBeGreaterThanOrEqual(sequence);
          resolve();
        });
      });
    });
    expect(order).toEqual([]);
    expect(writer.stats().waitingRecords).toBe(500);
    await Promise.all(answers);
    expect(order).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(writer.stats()).toMatchObject({
      waitingRecords: 0,
      waitingBytes: 0,
      durableSequence: 500,
      recordCount: 500,
    });
  });

  it('commits what arrives meanwhile together', async () => {
    const writer = await openWriter();
    await Promise.all(Array.from({ length: 2_000 }, (_, index) => appendDurably(writer, numbered(index))));
    expect(writer.stats().commitCount).toBeLessThan(10);
  });

  it('tells listeners the newest durable sequence after each commit', async () => {
    const writer = await openWriter();
    const told: number[] = [];
    writer.onDurable((sequence) => told.push(sequence));
    for (let number = 1; number <= 3; number++) await appendDurably(writer, numbered(number));
    await writer.close();
    expect(told).toEqual([1, 2, 3]);
  });

  it('makes everything durable that was appended before it is closed, and refuses what comes later', async () => {
    const writer = await openWriter();
    const before = Promise.all(Array.from({ length: 50 }, (_, index) => appendDurably(writer, numbered(index))));
    const closed = writer.close();
    await expect(appendDurably(writer, numbered(99))).rejects.toMatchObject({ code: 'journal_closed' });
    await closed;
    await before;
    expect(writer.durableSequence()).toBe(50);
  });
}

function itReadsBesideTheWriter(openWriter: OpenWriter, openReader: OpenReader): void {
  it('reads at most about as many bytes as asked for, and at least one record', async () => {
    const writer = await openWriter();
    for (let number = 1; number <= 10; number++) await appendDurably(writer, numbered(number, 1_000));
    const reader = openReader();
    expect((await reader.read(0, 10, 1)).length).toBe(1);
    expect((await reader.read(1, 10, 3_500)).length).toBe(3);
    expect((await reader.read(4, 10, 2 ** 30)).length).toBe(6);
  });

  it('gives nothing beyond the sequence that it was told is durable', async () => {
    const writer = await openWriter();
    await Promise.all(Array.from({ length: 10 }, (_, index) => appendDurably(writer, numbered(index))));
    const reader = openReader();
    expect((await reader.read(0, 4, 2 ** 30)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(await reader.read(4, 4, 2 ** 30)).toEqual([]);
    expect((await reader.read(4, 10, 2 ** 30)).length).toBe(6);
  });

  it('can go back and start anywhere', async () => {
    const writer = await openWriter({ segmentBytesMax: 500 });
    for (let number = 1; number <= 40; number++) await appendDurably(writer, numbered(number));
    const reader = openReader();
    for (const after of [39, 0, 20, 7, 8, 25, 38]) {
      const [record] = await reader.read(after, 40, 1);
      expect(plain(record!)).toEqual(plain({ kind: 'message', sequence: after + 1, message: numbered(after + 1) }));
    }
  });

  it('follows a writer that appends all the time', async () => {
    const writer = await openWriter({ segmentBytesMax: 20_000 });
    const reader = openReader();
    const total = 5_000;
    let appended = 0;
    const writing = (async () => {
      while (appended < total) {
        const burst = Array.from({ length: 37 }, () => appendDurably(writer, numbered(++appended)));
        await Promise.all(burst);
      }
    })();
    let last = 0;
    while (last < total) {
      for (const record of await reader.read(last, writer.durableSequence(), 5_000)) {
        expect(plain(record)).toEqual(plain({ kind: 'message', sequence: ++last, message: numbered(last) }));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });
}

function itTrims(openWriter: OpenWriter, openReader: OpenReader): void {
  const fill = async (writer: JournalWriter) => {
    for (let number = 1; number <= 60; number++) await appendDurably(writer, numbered(number));
  };

  it('deletes nothing that a consumer still needs, however full and old it is', async () => {
    const writer = await openWriter({ segmentBytesMax: 500, retention: { bytesMax: 0, ageMsMax: 0 } });
    await fill(writer);
    expect(await writer.trim(2 ** 41)).toBe(0);
    writer.setConsumerPosition('engine', 60);
    writer.setConsumerPosition('store', 30);
    const freed = await writer.trim(2 ** 41);
    expect(freed).toBeGreaterThan(0);
    expect(writer.stats().firstSequence).toBeLessThanOrEqual(31);
    expect((await readAll(openReader(), 60, 30)).length).toBe(30);
    await expect(openReader().read(0, 60, 1)).rejects.toMatchObject({ code: 'journal_gap' });
  });

  it('keeps what the retention keeps although all consumers have passed it', async () => {
    const writer = await openWriter({ segmentBytesMax: 500, retention: KEEP_ALL });
    await fill(writer);
    writer.setConsumerPosition('store', 60);
    expect(await writer.trim(10_000)).toBe(0);
    expect((await readAll(openReader(), 60)).length).toBe(60);
  });

  it('deletes records that are older than the age limit', async () => {
    const writer = await openWriter({ segmentBytesMax: 500, retention: { bytesMax: 2 ** 40, ageMsMax: 1_000 } });
    await fill(writer);
    writer.setConsumerPosition('store', 60);
    // Record n was received at 1000 + n: those before 1030 are over a second old at 2030.
    await writer.trim(2_030);
    const { firstSequence } = writer.stats();
    expect(firstSequence).toBeGreaterThan(20);
    expect(firstSequence).toBeLessThanOrEqual(31);
  });

  it('deletes the oldest records when they are too many bytes', async () => {
    const writer = await openWriter({ segmentBytesMax: 500, retention: { bytesMax: 2_000, ageMsMax: 2 ** 45 } });
    await fill(writer);
    writer.setConsumerPosition('store', 60);
    const before = writer.stats().bytesOnDisk;
    const freed = await writer.trim(2_000);
    expect(writer.stats().bytesOnDisk).toBe(before - freed);
    expect(writer.stats().bytesOnDisk).toBeLessThanOrEqual(2_000);
    expect(writer.stats().bytesOnDisk).toBeGreaterThan(1_000);
  });

  it('starts again after it was trimmed', async () => {
    const first = await openWriter({ segmentBytesMax: 500, retention: { bytesMax: 0, ageMsMax: 0 } });
    await fill(first);
    first.setConsumerPosition('store', 60);
    await first.trim(2 ** 41);
    await first.close();
    const second = await openWriter();
    expect(await appendDurably(second, numbered(61))).toBe(61);
  });
}

function itRefuses(openWriter: OpenWriter): void {
  it('lets nobody write beside the writer, and says which process that is', async () => {
    await openWriter();
    await expect(openWriter()).rejects.toMatchObject({
      code: 'journal_locked',
      message: expect.stringContaining(`process ${process.pid} `),
    });
  });

  it('refuses a consumer that has read further than the journal goes', async () => {
    const writer = await openWriter();
    await appendDurably(writer, numbered(1));
    writer.setConsumerPosition('store', 1);
    expect(() => writer.setConsumerPosition('store', 2)).toThrow(/ends with record 1/);
  });
}

function awkwardMessages(): Message[] {
  const base = { clientId: 'c', receivedAtMs: 1_700_000_000_000.25, flags: 0 };
  const bytes = (payload: Uint8Array) => ({ payload, payloadBytes: payload.length });
  return [
    { ...base, topic: 'in/empty', ...bytes(new Uint8Array(0)) },
    { ...base, topic: 'in/cut', payload: new Uint8Array(256).fill(7), payloadBytes: 5_000_000 },
    { ...base, topic: 'in/straße/µg/空気/🌫', clientId: 'Zähler-№7', ...bytes(Buffer.from([0, 255, 128, 10])) },
    { ...base, topic: 't', clientId: '', ...bytes(Buffer.from('x')), flags: 31 },
    { ...base, topic: `in/${'long/'.repeat(40)}`, clientId: 'c'.repeat(300), ...bytes(new Uint8Array(70_000).fill(1)) },
    { ...base, topic: 'in/large', ...bytes(new Uint8Array(3 << 20).fill(3)), flags: MessageFlag.will },
    { ...base, topic: 'in/last', ...bytes(Buffer.from('{"pm2_5":12.5}')), flags: MessageFlag.qos1 },
  ];
}
