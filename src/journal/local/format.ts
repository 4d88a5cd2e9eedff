/*
 * A segment file: one header, then records back to back, all numbers little-endian.
 *
 *   header  magic "CVJOURNL" | version u32 | salt u32 | first sequence u64 | created-at f64
 *           | first sequence of the segment before u64 | its bytes u64 | latest received-at of all records before f64 | 0 u32
 *           | crc u32 over the 60 bytes before
 *   record  as in record.ts
 *
 * The header names the segment before it, so that a missing, swapped or shortened one is noticed without reading it.
 * The place in the commit tells a torn last write (cut) from damage in front of records that were synced later (refused).
 * The salt starts every record's checksum: nobody can put bytes into a payload that pass for a record.
 */
import { crc32c, OperatingError } from '../../base/index.ts';
import {
  RECORD_BODY_OFFSET,
  RECORD_HEADER_BYTES,
  type RecordFields,
  readSequence,
  writeRecord,
  writeSequence,
} from '../record.ts';

export const FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
/** More records than this are never in one commit: the place in it is 16 bits wide. */
export const COMMIT_RECORDS_MAX = 0xffff;

const MAGIC = Buffer.from('CVJOURNL', 'latin1');
const SEGMENT_NAME = /^\d{16}\.journal$/;

/** What the header of a segment says; see the picture above. */
export interface SegmentHeader {
  readonly salt: number;
  readonly firstSequence: number;
  readonly createdAtMs: number;
  /** 0 when there was none. */
  readonly previousFirstSequence: number;
  readonly previousBytes: number;
  /** The latest time of all records of earlier segments, ms UTC; 0 where there was none. */
  readonly earlierAtMsMax: number;
}

/** File name of the segment that starts with `firstSequence`; names sort as sequences do. */
export function segmentName(firstSequence: number): string {
  return `${String(firstSequence).padStart(16, '0')}.journal`;
}

/** First sequences of the segments among the names of a folder, ascending. */
export function segmentSequences(names: readonly string[]): number[] {
  return names
    .filter((name) => SEGMENT_NAME.test(name))
    .map((name) => Number(name.slice(0, 16)))
    .sort((a, b) => a - b);
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(FORMAT_VERSION, 8);
  bytes.writeUInt32LE(header.salt, 12);
  writeSequence(bytes, header.firstSequence, 16);
  bytes.writeDoubleLE(header.createdAtMs, 24);
  writeSequence(bytes, header.previousFirstSequence, 32);
  writeSequence(bytes, header.previousBytes, 40);
  bytes.writeDoubleLE(header.earlierAtMsMax, 48);
  bytes.writeUInt32LE(crc32c(bytes, 0, 60), 60);
  return bytes;
}

/**
 * Reads a header.
 * @returns undefined when the bytes are no whole header
 * @throws OperatingError `journal_format` for a version that this program does not know
 */
export function decodeHeader(bytes: Buffer, file: string): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || !MAGIC.equals(bytes.subarray(0, 8))) return undefined;
  const version = bytes.readUInt32LE(8);
  if (crc32c(bytes, 0, 60) !== bytes.readUInt32LE(60) && version === FORMAT_VERSION) return undefined;
  if (version !== FORMAT_VERSION) {
    throw new OperatingError(
      'journal_format',
      `cannot read the journal segment ${file}: it has format version ${version}, this program reads version ${FORMAT_VERSION}`,
    );
  }
  return {
    salt: bytes.readUInt32LE(12),
    firstSequence: readSequence(bytes, 16),
    createdAtMs: bytes.readDoubleLE(24),
    previousFirstSequence: readSequence(bytes, 32),
    previousBytes: readSequence(bytes, 40),
    earlierAtMsMax: bytes.readDoubleLE(48),
  };
}

/** Writes one record at `at`, with its checksum; the caller has made sure that it fits. */
export function encodeRecord(into: Buffer, at: number, fields: RecordFields, commitIndex: number, salt: number): void {
  const end = writeRecord(into, at, fields, commitIndex);
  into.writeUInt32LE(crc32c(into, at + RECORD_BODY_OFFSET, end, salt), at + 4);
}

/**
 * Looks at the record that starts at `at` in `bytes[.., end)`.
 * @returns its length in bytes when it is whole and its checksum holds; 0 when it would reach beyond `end`; -1 when it is damaged
 */
export function checkRecord(bytes: Buffer, at: number, end: number, salt: number): number {
  if (end - at < RECORD_HEADER_BYTES) return 0;
  const recordBytes = bytes.readUInt32LE(at) + RECORD_BODY_OFFSET;
  if (recordBytes < RECORD_HEADER_BYTES) return -1;
  if (recordBytes > end - at) return 0;
  if (crc32c(bytes, at + RECORD_BODY_OFFSET, at + recordBytes, salt) !== bytes.readUInt32LE(at + 4)) return -1;
  return recordBytes;
}

export function recordSequence(bytes: Buffer, at: number): number {
  return readSequence(bytes, at + 8);
}

export function recordAtMs(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at + 16);
}

/** Place of the record in the group commit that wrote it, from 0. */
export function recordCommitIndex(bytes: Buffer, at: number): number {
  return bytes.readUInt16LE(at + 30);
}
