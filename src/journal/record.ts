/*
 * A record as bytes, all numbers little-endian:
 *
 *   length u32 of what follows the crc | crc u32 over it | sequence u64 | received-at f64 | kind u8 | flags u8
 *   | topic bytes u16 | client id bytes u16 | place in its commit u16 | payload bytes as sent u32
 *   | topic | client id | payload
 *
 *   A message that is decoded again stands with its payload behind the sequence (u64) and received-at (f64) of its first
 *   record; received-at of the record itself is when that was ordered.
 *
 *   Hours that are to be made again stand in the payload as series u32 and start f64, one after the other.
 *
 * Crc and place in the commit are those of segment files; where something else vouches for the bytes they are 0.
 */
import { assert, type TextCache } from '../base/index.ts';
import type { Message } from '../model/index.ts';
import { HOURS_PER_RECORD_MAX, type JournalRecord, type SeriesHours } from './journal.ts';

export const RECORD_HEADER_BYTES = 36;
/** Where that begins what the length counts. */
export const RECORD_BODY_OFFSET = 8;

const TWO_32 = 2 ** 32;
const KIND_MESSAGE = 1;
const KIND_MARK = 2;
const KIND_AGAIN = 3;
const KIND_HOURS = 4;
const KIND_CODES = { message: KIND_MESSAGE, mark: KIND_MARK, again: KIND_AGAIN, hours: KIND_HOURS } as const;
const ORIGIN_BYTES = 16;
const HOUR_BYTES = 12;
const TEXT_BYTES_MAX = 0xffff;

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

/** A record, before it has a place and a time. */
export type RecordBody = Omit<RecordFields, 'sequence' | 'atMs'>;

/** How many bytes a record takes. */
export function recordBytesOf({ topicBytes, clientIdBytes, payload }: RecordBody): number {
  return RECORD_HEADER_BYTES + topicBytes + clientIdBytes + payload.length;
}

export function messageBody(kind: 'message' | 'again', message: Message, payload: Uint8Array): RecordBody {
  const { topic, clientId, flags, payloadBytes } = message;
  const topicBytes = Buffer.byteLength(topic);
  const clientIdBytes = Buffer.byteLength(clientId);
  assert(topicBytes <= TEXT_BYTES_MAX && clientIdBytes <= TEXT_BYTES_MAX, 'a topic or client id is over 65535 bytes');
  return { kind, flags, payloadBytes, topic, topicBytes, clientId, clientIdBytes, payload };
}

export function hoursBody(hours: SeriesHours): RecordBody {
  assert(hours.series.length <= HOURS_PER_RECORD_MAX, `there are more than ${HOURS_PER_RECORD_MAX} hours in a record`);
  const payload = hoursPayload(hours);
  return { kind: 'hours', flags: 0, ...NO_TEXTS, payload, payloadBytes: payload.length };
}

export function markBody(): RecordBody {
  return { kind: 'mark', flags: 0, ...NO_TEXTS, payload: NO_BYTES, payloadBytes: 0 };
}

const NO_TEXTS = { topic: '', topicBytes: 0, clientId: '', clientIdBytes: 0 } as const;
const NO_BYTES = new Uint8Array(0);

/** Writes one record at `at`; the caller has made sure that it fits. @returns where it ends */
export function writeRecord(into: Buffer, at: number, fields: RecordFields, commitIndex = 0): number {
  const { topicBytes, clientIdBytes, payload } = fields;
  const textAt = at + RECORD_HEADER_BYTES;
  const end = textAt + topicBytes + clientIdBytes + payload.length;
  into.writeUInt32LE(end - at - RECORD_BODY_OFFSET, at);
  into.writeUInt32LE(0, at + 4);
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
  return end;
}

/**
 * Takes a checked record apart. The payload is a view of `bytes`.
 *
 * @param before what is added to the sequence that stands there
 */
export function decodeRecord(
  bytes: Buffer,
  at: number,
  recordBytes: number,
  texts: TextCache,
  before = 0,
): JournalRecord {
  const sequence = before + readSequence(bytes, at + 8);
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

function hoursPayload({ series, startMs }: SeriesHours): Uint8Array {
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

export function writeSequence(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % TWO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

export function readSequence(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32;
}
