import { join } from 'node:path';
import { assert, type DiskFile, OperatingError, TextCache } from '../../base/index.ts';
import type { JournalReader, JournalRecord } from '../journal.ts';
import { decodeRecord, RECORD_HEADER_BYTES } from '../record.ts';
import { type JournalFileSystem, nodeFileSystem } from './files.ts';
import {
  checkRecord,
  decodeHeader,
  recordSequence,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSequences,
} from './format.ts';
import { damaged } from './recovery.ts';

export interface LocalJournalReaderOptions {
  readonly folder: string;
  readonly fs?: JournalFileSystem;
}

const READ_BYTES = 1 << 20;

/** Opens a reading end on a folder of segment files. It keeps its place, so reading on is sequential. */
export function openLocalJournalReader(options: LocalJournalReaderOptions): JournalReader {
  return new LocalJournalReader(options.folder, options.fs ?? nodeFileSystem);
}

/** An open segment and the bytes of it that were read ahead. */
interface Cursor {
  readonly path: string;
  readonly file: DiskFile;
  readonly salt: number;
  /** Bytes `[at, end)` of `buffer` are not consumed yet; `buffer[at]` is byte `fileAt` of the file. */
  buffer: Buffer;
  at: number;
  end: number;
  fileAt: number;
  /** Sequence of the record at `at`. */
  next: number;
}

class LocalJournalReader implements JournalReader {
  readonly #folder: string;
  readonly #files: JournalFileSystem;
  readonly #texts = new TextCache();
  readonly #scratch = Buffer.allocUnsafeSlow(READ_BYTES);
  #cursor: Cursor | undefined;
  /** Bytes read while a record was not yet durable may since have been cut and written again. */
  #trustedSequence = 0;
  #isBusy = false;

  constructor(folder: string, files: JournalFileSystem) {
    this.#folder = folder;
    this.#files = files;
  }

  async read(afterSequence: number, upToSequence: number, bytesMax: number): Promise<readonly JournalRecord[]> {
    if (upToSequence <= afterSequence) return [];
    assert(!this.#isBusy, 'a journal reader was asked to read while it was reading');
    this.#isBusy = true;
    try {
      const cursor = await this.#seek(afterSequence + 1, upToSequence);
      return await this.#collect(cursor, upToSequence, bytesMax);
    } catch (error) {
      // A place that could not be read is looked up anew next time.
      await this.#leave();
      throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  async firstSequenceSince(atMs: number): Promise<number> {
    const starts = segmentSequences(await this.#files.list(this.#folder));
    for (const start of starts.slice(1).toReversed()) {
      if ((await this.#earlierAtMsMax(start)) < atMs) return start;
    }
    return starts[0] ?? 1;
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  /** Infinity of a segment that is only being made, or is gone. */
  async #earlierAtMsMax(start: number): Promise<number> {
    const path = join(this.#folder, segmentName(start));
    const file = await this.#files.open(path, 'read').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (file === undefined) return Number.POSITIVE_INFINITY;
    try {
      const head = Buffer.alloc(SEGMENT_HEADER_BYTES);
      const header = decodeHeader(head.subarray(0, await file.read(head, head.length, 0)), path);
      return header?.earlierAtMsMax ?? Number.POSITIVE_INFINITY;
    } finally {
      await file.close();
    }
  }

  async #collect(from: Cursor, upToSequence: number, bytesMax: number): Promise<JournalRecord[]> {
    const records: JournalRecord[] = [];
    let bytes = 0;
    let cursor = from;
    while (cursor.next <= upToSequence) {
      const recordBytes = this.#step(cursor, upToSequence);
      if (recordBytes > 0) {
        if (records.length > 0 && bytes + recordBytes > bytesMax) break;
        records.push(decodeRecord(cursor.buffer, cursor.at, recordBytes, this.#texts));
        bytes += recordBytes;
        advance(cursor, recordBytes);
      } else {
        cursor = await this.#more(cursor);
      }
    }
    return records;
  }

  /** @returns length of the record at the cursor, 0 when more bytes are needed */
  #step(cursor: Cursor, upToSequence: number): number {
    if (cursor.next > this.#trustedSequence) {
      cursor.end = cursor.at;
      this.#trustedSequence = upToSequence;
    }
    const recordBytes = checkRecord(cursor.buffer, cursor.at, cursor.end, cursor.salt);
    if (recordBytes < 0) throw damaged(cursor.path, cursor.fileAt, `record ${cursor.next} fails its checksum`);
    if (recordBytes > 0) {
      const sequence = recordSequence(cursor.buffer, cursor.at);
      if (sequence !== cursor.next) {
        throw damaged(
          cursor.path,
          cursor.fileAt,
          `sequence ${cursor.next} is expected there and ${sequence} was found`,
        );
      }
    }
    return recordBytes;
  }

  /** Reads on in the file, or goes to the next one when it is at its end. */
  async #more(cursor: Cursor): Promise<Cursor> {
    const kept = cursor.end - cursor.at;
    const wanted = kept < RECORD_HEADER_BYTES ? 0 : cursor.buffer.readUInt32LE(cursor.at) + 8 - kept;
    const scratch = await this.#scratchFor(cursor, wanted);
    const got = await cursor.file.read(scratch, scratch.length, cursor.fileAt + kept);
    if (got === 0) {
      if (kept > 0) throw damaged(cursor.path, cursor.fileAt, `it ends inside record ${cursor.next}`);
      return this.#follow(cursor);
    }
    // Payloads are handed out as views: each stretch gets bytes of its own, and no more than it needs.
    const buffer = Buffer.allocUnsafeSlow(kept + got);
    cursor.buffer.copy(buffer, 0, cursor.at, cursor.end);
    scratch.copy(buffer, kept, 0, got);
    Object.assign(cursor, { buffer, at: 0, end: kept + got });
    return cursor;
  }

  async #scratchFor(cursor: Cursor, wanted: number): Promise<Buffer> {
    if (wanted <= this.#scratch.length) return this.#scratch;
    const leftBytes = (await cursor.file.size()) - cursor.fileAt;
    if (wanted > leftBytes) throw damaged(cursor.path, cursor.fileAt, `record ${cursor.next} reaches beyond its end`);
    return Buffer.allocUnsafeSlow(wanted);
  }

  async #seek(sequence: number, upToSequence: number): Promise<Cursor> {
    if (this.#cursor?.next === sequence) return this.#cursor;
    await this.#leave();
    const starts = segmentSequences(await this.#files.list(this.#folder));
    const start = starts.findLast((first) => first <= sequence);
    if (start === undefined) throw this.#gap(sequence, starts[0]);
    let cursor = await this.#enter(start, sequence);
    this.#trustedSequence = upToSequence;
    const following = starts.find((first) => first > start);
    while (cursor.next < sequence) {
      const recordBytes = this.#step(cursor, upToSequence);
      if (recordBytes > 0) advance(cursor, recordBytes);
      else cursor = await this.#moreOf(cursor, sequence, following);
    }
    return cursor;
  }

  /** While seeking the file must hold the record that is looked for: running out of it means that records are missing. */
  async #moreOf(cursor: Cursor, sequence: number, following: number | undefined): Promise<Cursor> {
    const atEnd = cursor.fileAt + (cursor.end - cursor.at) >= (await cursor.file.size());
    if (!atEnd) return this.#more(cursor);
    const cause = `it ends before record ${sequence}, and the next segment is ${following === undefined ? 'missing' : segmentName(following)}`;
    throw damaged(cursor.path, cursor.fileAt, cause);
  }

  /** Goes to the segment that must start where this one ended. */
  async #follow(ended: Cursor): Promise<Cursor> {
    const starts = segmentSequences(await this.#files.list(this.#folder));
    if (starts.includes(ended.next)) {
      await this.#leave();
      return this.#enter(ended.next, ended.next);
    }
    const oldest = starts[0];
    if (oldest !== undefined && oldest > ended.next) throw this.#gap(ended.next, oldest);
    throw damaged(ended.path, ended.fileAt, `it ends here, and the segment ${segmentName(ended.next)} is missing`);
  }

  async #enter(firstSequence: number, sequence: number): Promise<Cursor> {
    const path = join(this.#folder, segmentName(firstSequence));
    const file = await this.#openPresent(path, firstSequence, sequence);
    const head = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const header = decodeHeader(head.subarray(0, await file.read(head, head.length, 0)), path);
    if (header?.firstSequence !== firstSequence) {
      await file.close();
      throw damaged(path, 0, 'its header fails its checksum or belongs to another segment');
    }
    const place = { buffer: Buffer.alloc(0), at: 0, end: 0, fileAt: SEGMENT_HEADER_BYTES, next: firstSequence };
    this.#cursor = { path, file, salt: header.salt, ...place };
    return this.#cursor;
  }

  async #openPresent(path: string, firstSequence: number, sequence: number): Promise<DiskFile> {
    try {
      return await this.#files.open(path, 'read');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw this.#gap(sequence, firstSequence + 1);
    }
  }

  #gap(sequence: number, first: number | undefined): OperatingError {
    const rest = first === undefined ? 'it has no segments' : `it starts with record ${first} or later`;
    return new OperatingError(
      'journal_gap',
      `cannot read record ${sequence} of the journal ${this.#folder}: ${rest}; older ones were trimmed`,
    );
  }

  async #leave(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.file.close();
  }
}

function advance(cursor: Cursor, recordBytes: number): void {
  cursor.at += recordBytes;
  cursor.fileAt += recordBytes;
  cursor.next++;
}
