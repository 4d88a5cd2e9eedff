import { describe, expect, it } from 'vitest';
import { TextCache } from '../../../src/base/index.ts';
import { messageBody } from '../../../src/journal/record.ts';
import type { Entry } from '../../../src/journal/redis/keys.ts';
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, RawBatch, readRawBatch } from '../../../src/journal/redis/raw-batch.ts';
import { numbered, plain } from './support/messages.ts';

const nothing = () => undefined;

describe('a batch of messages', () => {
  it('is packed as it is when it is small, and comes back with the sequences of its place', () => {
    const batch = filled(3);
    expect(batch.packed().field).toBe('b');
    expect(readBack(batch, 103)).toMatchObject({ first: 101, last: 103 });
    expect(readBack(batch, 103).records.map(plain)).toEqual(
      [1, 2, 3].map((number) => plain({ kind: 'message', sequence: 100 + number, message: numbered(number) })),
    );
  });

  it('is compressed when that makes it smaller', () => {
    const batch = filled(200);
    const { field, bytes } = batch.packed();
    expect(field).toBe('z');
    expect(bytes.length).toBeLessThan(batch.bytes / 4);
    expect(readBack(batch, 200).records.length).toBe(200);
    const noise = new RawBatch();
    const payload = crypto.getRandomValues(new Uint8Array(4_000));
    noise.add(messageBody('message', numbered(1), payload), 1, nothing);
    expect(noise.packed().field).toBe('b');
  });

  it('is full at its bound of records or bytes, and takes a record that is larger', () => {
    const many = filled(BATCH_RECORDS_MAX - 1);
    expect(many.isFull()).toBe(false);
    many.add(messageBody('message', numbered(1), new Uint8Array(1)), 1, nothing);
    expect(many.isFull()).toBe(true);
    const large = filled(1);
    large.add(messageBody('message', numbered(2), new Uint8Array(5 * BATCH_BYTES_MAX)), 1, nothing);
    expect(large.isFull()).toBe(true);
    expect(readBack(large, 2).records.length).toBe(2);
  });

  it('is empty and can be filled again when it was cleared', () => {
    const batch = filled(50);
    batch.clear();
    expect(batch.isFull()).toBe(false);
    batch.add(messageBody('message', numbered(7), numbered(7).payload), numbered(7).receivedAtMs, nothing);
    expect(readBack(batch, 1).records.map(plain)).toEqual([
      plain({ kind: 'message', sequence: 1, message: numbered(7) }),
    ]);
  });
});

function filled(count: number): RawBatch {
  const batch = new RawBatch();
  for (let number = 1; number <= count; number++) {
    const message = numbered(number);
    batch.add(messageBody('message', message, message.payload), message.receivedAtMs, nothing);
  }
  return batch;
}

function readBack(batch: RawBatch, last: number) {
  const { field, bytes } = batch.packed();
  const fields = [Buffer.from('n'), Buffer.from(String(batch.dones.length)), Buffer.from(field), bytes];
  const entry: Entry = [Buffer.from(`${last}-0`), fields];
  return readRawBatch(0, entry, new TextCache());
}
