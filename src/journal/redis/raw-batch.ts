import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { TextCache } from '../../base/index.ts';
import type { JournalRecord } from '../journal.ts';
import {
  decodeRecord,
  RECORD_BODY_OFFSET,
  RECORD_HEADER_BYTES,
  type RecordBody,
  recordBytesOf,
  writeRecord,
} from '../record.ts';
import { type Entry, entryAt, entryField } from './keys.ts';
import { damaged } from './link.ts';

export type Done = (error?: Error) => void;

/** A batch is closed when it holds so much; one larger record makes a batch of its own. */
export const BATCH_BYTES_MAX = 1 << 20;
export const BATCH_RECORDS_MAX = 5_000;

const FIRST_BYTES = 16 << 10;
/** Less than that is not worth the time. */
const COMPRESSED_FROM_BYTES = 1_024;
/** What a batch may unpack to, bytes. */
const UNPACKED_BYTES_MAX = 1 << 28;

const PLAIN = 'b';
const COMPRESSED = 'z';

/** Bytes as they stand in an entry, under the name of a field that says how they are packed. */
export interface PackedBatch {
  readonly field: typeof PLAIN | typeof COMPRESSED;
  readonly bytes: Buffer;
}

/** Records of one partition that are sent together; their sequences count from 1 in it. */
export class RawBatch {
  readonly dones: Done[] = [];
  bytes = 0;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  isFull(): boolean {
    return this.bytes >= BATCH_BYTES_MAX || this.dones.length >= BATCH_RECORDS_MAX;
  }

  add(body: RecordBody, atMs: number, done: Done): void {
    const end = this.bytes + recordBytesOf(body);
    if (end > this.#buffer.length) this.#grow(end);
    this.dones.push(done);
    this.bytes = writeRecord(this.#buffer, this.bytes, { ...body, sequence: this.dones.length, atMs });
  }

  /** Valid until `clear`. */
  packed(): PackedBatch {
    const bytes = this.#buffer.subarray(0, this.bytes);
    if (bytes.length < COMPRESSED_FROM_BYTES) return { field: PLAIN, bytes };
    const compressed = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    return compressed.length < bytes.length ? { field: COMPRESSED, bytes: compressed } : { field: PLAIN, bytes };
  }

  /** To be used once more; one that was very large lets go of its room. */
  clear(): void {
    this.dones.length = 0;
    this.bytes = 0;
    if (this.#buffer.length > 2 * BATCH_BYTES_MAX) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #grow(bytesMin: number): void {
    const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytesMin)));
    this.#buffer.copy(larger, 0, 0, this.bytes);
    this.#buffer = larger;
  }
}

/** A batch as it was read. */
export interface ReadBatch {
  readonly first: number;
  readonly last: number;
  /** Bytes of its records, unpacked. */
  readonly bytes: number;
  readonly records: readonly JournalRecord[];
}

/** @throws OperatingError `journal_damaged` */
export function readRawBatch(partition: number, entry: Entry, texts: TextCache): ReadBatch {
  const last = entryAt(entry);
  const count = Number(entryField(entry, 'n')?.toString('latin1'));
  try {
    const bytes = unpacked(entry);
    const records = decodeRecords(bytes, last - count, texts);
    if (records.length !== count) throw new Error(`it has ${records.length} records and should have ${count}`);
    return { first: last - count + 1, last, bytes: bytes.length, records };
  } catch (cause) {
    throw damaged(partition, last, (cause as Error).message);
  }
}

function unpacked(entry: Entry): Buffer {
  const plain = entryField(entry, PLAIN);
  if (plain !== undefined) return plain;
  const compressed = entryField(entry, COMPRESSED);
  if (compressed === undefined) throw new Error('it has no bytes');
  return zstdDecompressSync(compressed, { maxOutputLength: UNPACKED_BYTES_MAX });
}

function decodeRecords(bytes: Buffer, before: number, texts: TextCache): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    const recordBytes = checkedLength(bytes, at);
    records.push(decodeRecord(bytes, at, recordBytes, texts, before));
    at += recordBytes;
  }
  return records;
}

function checkedLength(bytes: Buffer, at: number): number {
  const left = bytes.length - at;
  if (left < RECORD_HEADER_BYTES) throw new Error(`it ends ${left} bytes into a record`);
  const recordBytes = bytes.readUInt32LE(at) + RECORD_BODY_OFFSET;
  const textBytes = bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  if (recordBytes > left || recordBytes < RECORD_HEADER_BYTES + textBytes) {
    throw new Error(`a record of ${recordBytes} bytes stands where ${left} are left`);
  }
  return recordBytes;
}
