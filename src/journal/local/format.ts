/*
 * A segment file: one header, then records back to back, all numbers little-endian.
 *
 *   header  magic "CVJOURNL" | version u32 | salt u32 | first sequence u64 | created-at f64
 *           | first sequence of the segment before u64 | its bytes u64 | received-at of its last record f64 | 0 u32
 *           | crc u32 over the 60 bytes before
 *   record  length u32 of what follows the crc | crc u32 over it | sequence u64 | received-at f64 | kind u8 | flags u8
 *           | topic bytes u16 | client id bytes u16 | place in its commit u16 | payload bytes as sent u32
 *           | topic | client id | payload
 *
 *   A message that is decoded again stands with its payload behind the sequence (u64) and received-at (f64) of its first
 *   record; received-at of the record itself is when that was ordered.
 *
 *   Hours that are to be made again stand in the payload as series u32 and start f64, one after the other.
 *
 * The header names the segment before it, so that a missing, swapped or shortened one is noticed without reading it.
 * The place in the commit tells a torn last write (cut) from damage in front of records that were synced later (refused).
 * The salt starts every record's checksum: nobody can put bytes into a payload that pass for a record.
 */
import { assert, crc32c, OperatingError, type TextCache } from '../../base/index.ts';
import type { Message } from '../../model/index.ts';
import type { JournalRecord, SeriesHours } from '../journal.ts';

export const FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 36;
/** More records than this are never in one commit: the place in it is 16 bits wide. */
export const COMMIT_RECORDS_MAX = 0xffff;

const MAGIC = Buffer.from('CVJOURNL', 'latin1');
const SEGMENT_NAME = /^\d{16}\.journal$/;
const BODY_OFFSET = 8;
const TWO_32 = 2 ** 32;
const KIND_MESSAGE = 1;
const KIND_MARK = 2;
const KIND_AGAIN = 3;
const KIND_HOURS = 4;
const KIND_CODES = { message: KIND_MESSAGE, mark: KIND_MARK, again: KIND_AGAIN, hours: KIND_HOURS } as const;
const ORIGIN_BYTES = 16;
const HOUR_BYTES = 12;

/** What the header of a segment says; see the picture above. */
export interface SegmentHeader {
  readonly salt: number;
  readonly firstSequence: number;
  readonly createdAtMs: number;
  /** 0 when there was none. */
  readonly previousFirstSequence: number;
  readonly previousBytes: number;
  /** No record of the segment was received before this. */
  readonly floorAtMs: number;
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
  bytes.writeDoubleLE(header.floorAtMs, 48);
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
    floorAtMs: bytes.readDoubleLE(48),
  };
}

/** What goes into a record. */
export interface RecordFields {
  readonly kind: JournalRecord['kind'];
  readonly sequence: number;
  readonly atMs: number;
  readonly flags: number;
  readonly payloadBytes: number;
  readonly topic: string;
  readonly topicBytes: number;
  readonly clientId: string;
  readonly clientIdBytes: number;
  readonly payload: Uint8Array;
}

/** Writes one record at `at`; the caller has made sure that it fits. */
export function encodeRecord(into: Buffer, at: number, fields: RecordFields, commitIndex: number, salt: number): void {
  const { topicBytes, clientIdBytes, payload } = fields;
  const textAt = at + RECORD_HEADER_BYTES;
  const end = textAt + topicBytes + clientIdBytes + payload.length;
  into.writeUInt32LE(end - at - BODY_OFFSET, at);
  writeSequence(into, fields.sequence, at + 8);
  into.writeDoubleLE(fields.atMs, at + 16);
  into[at + 24] = KIND_CODES[fields.kind];
  into[at + 25] = fields.flags;
  into.writeUInt16LE(topicBytes, at + 26);
  into.writeUInt16LE(clientIdBytes, at + 28);
  into.writeUInt16LE(commitIndex, at + 30);
  into.writeUInt32LE(fields.payloadBytes, at + 32);
  into.write(fields.topic, textAt, topicBytes, 'utf8');
  into.write(fields.clientId, textAt + topicBytes, clientIdBytes, 'utf8');
  into.set(payload, textAt + topicBytes + clientIdBytes);
  into.writeUInt32LE(crc32c(into, at + BODY_OFFSET, end, salt), at + 4);
}

/**
 * Looks at the record that starts at `at` in `bytes[.., end)`.
 * @returns its length in bytes when it is whole and its checksum holds; 0 when it would reach beyond `end`; -1 when it is damaged
 */
export function checkRecord(bytes: Buffer, at: number, end: number, salt: number): number {
  if (end - at < RECORD_HEADER_BYTES) return 0;
  const recordBytes = bytes.readUInt32LE(at) + BODY_OFFSET;
  if (recordBytes < RECORD_HEADER_BYTES) return -1;
  if (recordBytes > end - at) return 0;
  if (crc32c(bytes, at + BODY_OFFSET, at + recordBytes, salt) !== bytes.readUInt32LE(at + 4)) return -1;
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

/** Takes a checked record apart. The payload is a view of `bytes`. */
export function decodeRecord(bytes: Buffer, at: number, recordBytes: number, texts: TextCache): JournalRecord {
  const sequence = readSequence(bytes, at + 8);
  const atMs = bytes.readDoubleLE(at + 16);
  const kind = bytes[at + 24];
  if (kind === KIND_MARK) return { kind: 'mark', sequence, atMs };
  if (kind === KIND_HOURS) return { kind: 'hours', sequence, atMs, hours: hoursOf(bytes, at, recordBytes) };
  assert(
    kind === KIND_MESSAGE || kind === KIND_AGAIN,
    `journal record ${sequence} passed its checksum and has the unknown kind ${kind}`,
  );
  const topicAt = at + RECORD_HEADER_BYTES;
  const clientAt = topicAt + bytes.readUInt16LE(at + 26);
  const payloadAt = clientAt + bytes.readUInt16LE(at + 28);
  const isAgain = kind === KIND_AGAIN;
  const bytesAt = isAgain ? payloadAt + ORIGIN_BYTES : payloadAt;
  const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + bytesAt, at + recordBytes - bytesAt);
  const message = {
    topic: texts.text(bytes, topicAt, clientAt),
    payload,
    payloadBytes: bytes.readUInt32LE(at + 32),
    clientId: texts.text(bytes, clientAt, payloadAt),
    receivedAtMs: isAgain ? bytes.readDoubleLE(payloadAt + 8) : atMs,
    flags: bytes[at + 25]!,
  };
  if (isAgain) return { kind: 'again', sequence, atMs, origin: readSequence(bytes, payloadAt), message };
  return { kind: 'message', sequence, message };
}

/** The payload of a message that is decoded again: where it stood first, and its bytes. */
export function againPayload(origin: number, { receivedAtMs, payload }: Message): Uint8Array {
  const bytes = Buffer.allocUnsafe(ORIGIN_BYTES + payload.length);
  writeSequence(bytes, origin, 0);
  bytes.writeDoubleLE(receivedAtMs, 8);
  bytes.set(payload, ORIGIN_BYTES);
  return bytes;
}

/** The payload of hours that are to be made again. */
export function hoursPayload({ series, startMs }: SeriesHours): Uint8Array {
  const bytes = Buffer.allocUnsafe(HOUR_BYTES * series.length);
  for (let row = 0; row < series.length; row++) {
    bytes.writeUInt32LE(series[row]!, row * HOUR_BYTES);
    bytes.writeDoubleLE(startMs[row]!, row * HOUR_BYTES + 4);
  }
  return bytes;
}

function hoursOf(bytes: Buffer, at: number, recordBytes: number): SeriesHours {
  const from = at + RECORD_HEADER_BYTES;
  const count = (recordBytes - RECORD_HEADER_BYTES) / HOUR_BYTES;
  const rows = Array.from({ length: count }, (_, row) => from + row * HOUR_BYTES);
  return {
    series: Int32Array.from(rows, (row) => bytes.readUInt32LE(row)),
    startMs: Float64Array.from(rows, (row) => bytes.readDoubleLE(row + 4)),
  };
}

function writeSequence(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % TWO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

function readSequence(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32;
}
