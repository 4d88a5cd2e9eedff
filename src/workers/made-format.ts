import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { crc32c, OperatingError } from '../base/index.ts';
import type { MadeBatch } from '../journal/index.ts';

/*
 * What was made of records of a partition that follow each other, little-endian:
 *
 *   header   version u32 | crc u32 over all behind it | sequence of the last record f64 | count of records u32
 *            | bytes of the readings u32, unpacked u32 | bytes of the origins u32, unpacked u32
 *   readings columns of records, readings and rejects, with a dictionary of their texts and series
 *   origins  topics, client ids and heads of payloads: nobody unpacks them but who has a row for the quarantine. All have
 *            one: a reading that its owner found good may contradict another one
 *
 * Both parts are zstd where that makes them shorter, and as they are otherwise.
 */
const VERSION = 1;
const HEADER_BYTES = 36;
const CRC_FROM = 8;
/** What a part may unpack to. */
const UNPACKED_BYTES_MAX = 1 << 28;
/** Anything shorter is hardly shorter packed. */
const PACKED_FROM_BYTES = 128;

/** A part as it stands in a batch. */
export interface PackedPart {
  readonly bytes: Buffer;
  readonly unpackedBytes: number;
}

/** Puts the parts of a batch behind their header. */
export function joinParts(last: number, count: number, readings: Buffer, origins: Buffer): MadeBatch {
  const parts = [packed(readings), packed(origins)];
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(VERSION, 0);
  header.writeDoubleLE(last, 8);
  header.writeUInt32LE(count, 16);
  for (const [at, part] of parts.entries()) {
    header.writeUInt32LE(part.bytes.length, 20 + 8 * at);
    header.writeUInt32LE(part.unpackedBytes, 24 + 8 * at);
  }
  const bytes = Buffer.concat([header, ...parts.map((part) => part.bytes)]);
  bytes.writeUInt32LE(crc32c(bytes, CRC_FROM), 4);
  return { last, count, bytes };
}

/** Takes a batch apart; throws where it is damaged or is not what it passes for. */
export function splitParts(batch: MadeBatch): { readonly readings: PackedPart; readonly origins: PackedPart } {
  const bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
  const version = bytes.readUInt32LE(0);
  if (version !== VERSION) throw new RangeError(`it has format version ${version}, this program reads ${VERSION}`);
  if (crc32c(bytes, CRC_FROM) !== bytes.readUInt32LE(4)) throw new RangeError('it fails its checksum');
  const last = bytes.readDoubleLE(8);
  const count = bytes.readUInt32LE(16);
  if (last !== batch.last || count !== batch.count)
    throw new RangeError(`it is that of ${count} records up to ${last}`);
  const middle = HEADER_BYTES + bytes.readUInt32LE(20);
  if (middle + bytes.readUInt32LE(28) !== bytes.length) throw new RangeError(`it has ${bytes.length} bytes`);
  return {
    readings: { bytes: bytes.subarray(HEADER_BYTES, middle), unpackedBytes: bytes.readUInt32LE(24) },
    origins: { bytes: bytes.subarray(middle), unpackedBytes: bytes.readUInt32LE(32) },
  };
}

/** Throws where the part is damaged. */
export function unpacked({ bytes, unpackedBytes }: PackedPart): Buffer {
  if (bytes.length === unpackedBytes) return bytes;
  if (unpackedBytes > UNPACKED_BYTES_MAX) throw new RangeError(`a part unpacks to ${unpackedBytes} bytes`);
  const whole = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, unpackedBytes) });
  if (whole.length !== unpackedBytes) throw new RangeError(`a part unpacks to ${whole.length} bytes`);
  return whole;
}

/** The error of a batch that cannot be read. */
export function damagedBatch({ last, count }: MadeBatch, partition: number, cause: unknown): OperatingError {
  const records = `records ${last - count + 1} to ${last}`;
  const text = `cannot read what was made of ${records} of partition ${partition}: ${(cause as Error).message}`;
  return new OperatingError('journal_damaged', text, { cause });
}

function packed(bytes: Buffer): PackedPart {
  const unpackedBytes = bytes.length;
  if (unpackedBytes < PACKED_FROM_BYTES) return { bytes, unpackedBytes };
  const shorter = zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return { bytes: shorter.length < unpackedBytes ? shorter : bytes, unpackedBytes };
}
