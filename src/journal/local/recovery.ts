import { join } from 'node:path';
import { type DiskFile, OperatingError, readFully, writeFully } from '../../base/index.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import type { JournalFileSystem } from './files.ts';
import {
  checkRecord,
  decodeHeader,
  recordAtMs,
  recordCommitIndex,
  recordSequence,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentSequences,
} from './format.ts';

/** A segment as the writer keeps it in mind. */
export interface Segment {
  readonly header: SegmentHeader;
  /** Length of the file that holds whole records. */
  bytes: number;
}

/** What lies in a folder after the start has mended it. */
export interface RecoveredJournal {
  /** Ascending, without gaps; empty for a new journal. */
  readonly segments: Segment[];
  /** 0 when there is no record. */
  readonly lastSequence: number;
  /** Time of the last record, and the latest of all, ms UTC. */
  readonly lastAtMs: number;
  readonly newestAtMs: number;
  /** Bytes of a torn last write that were cut off. */
  readonly tailBytesCut: number;
}

interface Tail {
  /** Sequence that the next record has, and where it starts. */
  readonly nextSequence: number;
  readonly end: number;
  /** Where the last commit starts. */
  readonly commitAt: number;
  readonly lastAtMs: number;
  readonly newestAtMs: number;
}

const SCAN_BYTES = 1 << 20;

/**
 * Checks the segments of a folder and mends the end of the last one: a last write that is torn is cut to its last whole
 * record. No record that was acknowledged lies behind the cut, because acknowledgement waits for the sync of its commit.
 *
 * @throws OperatingError `journal_damaged` with file and byte offset, `journal_format`
 */
export async function recoverJournal(files: JournalFileSystem, folder: string): Promise<RecoveredJournal> {
  const sequences = segmentSequences(await files.list(folder));
  const segments: Segment[] = [];
  let tailBytesCut = 0;
  for (const [index, firstSequence] of sequences.entries()) {
    const isLast = index === sequences.length - 1;
    const segment = await openSegment(files, folder, firstSequence, isLast);
    if (segment === undefined) tailBytesCut += await dropUnborn(files, folder, firstSequence, segments.at(-1));
    else segments.push(segment);
  }
  checkChain(folder, segments);
  const last = segments.at(-1);
  if (last === undefined) return { segments, lastSequence: 0, lastAtMs: 0, newestAtMs: 0, tailBytesCut };
  const tail = await mendTail(files, folder, last);
  tailBytesCut += last.bytes - tail.end;
  last.bytes = tail.end;
  const { nextSequence, lastAtMs, newestAtMs } = tail;
  return { segments, lastSequence: nextSequence - 1, lastAtMs, newestAtMs, tailBytesCut };
}

async function openSegment(
  files: JournalFileSystem,
  folder: string,
  firstSequence: number,
  isLast: boolean,
): Promise<Segment | undefined> {
  const path = join(folder, segmentName(firstSequence));
  const file = await files.open(path, 'read');
  try {
    const bytes = await file.size();
    const head = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const header = decodeHeader(head.subarray(0, await file.read(head, head.length, 0)), path);
    if (header?.firstSequence === firstSequence) return { header, bytes };
    if (header !== undefined) {
      throw damaged(path, 0, `its header belongs to the segment that starts with sequence ${header.firstSequence}`);
    }
    // Records follow a header only after it was synced: without one, and with nothing behind, there was no record yet.
    if (isLast && bytes <= SEGMENT_HEADER_BYTES) return undefined;
    throw damaged(path, 0, 'its header fails its checksum');
  } finally {
    await file.close();
  }
}

/** Removes a last segment whose making was interrupted. Its records would have had to follow the segment before. */
async function dropUnborn(
  files: JournalFileSystem,
  folder: string,
  firstSequence: number,
  previous: Segment | undefined,
): Promise<number> {
  const path = join(folder, segmentName(firstSequence));
  if (previous === undefined && firstSequence !== 1) {
    throw damaged(path, 0, 'it is the only segment, its header fails its checksum, and records before it were trimmed');
  }
  const file = await files.open(path, 'read');
  const bytes = await file.size();
  await file.close();
  await files.remove(path);
  await files.syncFolder(folder);
  return bytes;
}

function checkChain(folder: string, segments: readonly Segment[]): void {
  for (const [index, { header }] of segments.entries()) {
    const previous = segments[index - 1];
    if (previous === undefined) continue;
    const path = join(folder, segmentName(header.firstSequence));
    if (header.salt !== previous.header.salt) throw damaged(path, 0, 'it belongs to another journal');
    if (header.previousFirstSequence !== previous.header.firstSequence) {
      throw damaged(path, 0, `the segment ${segmentName(header.previousFirstSequence)} before it is missing`);
    }
    if (header.previousBytes !== previous.bytes) {
      const previousPath = join(folder, segmentName(previous.header.firstSequence));
      const at = Math.min(header.previousBytes, previous.bytes);
      throw damaged(previousPath, at, `it should have ${header.previousBytes} bytes and has ${previous.bytes}`);
    }
  }
}

async function mendTail(files: JournalFileSystem, folder: string, last: Segment): Promise<Tail> {
  const path = join(folder, segmentName(last.header.firstSequence));
  const file = await files.open(path, 'write');
  try {
    const tail = await scanToEnd(file, path, last);
    if (tail.end < last.bytes) await file.truncate(tail.end);
    await rewrite(file, tail.commitAt, tail.end);
    await file.datasync();
    await files.syncFolder(folder);
    return tail;
  } finally {
    await file.close();
  }
}

/**
 * Writes the last commit once more. After a failed sync its pages may look clean and yet not be on disk, so that a
 * sync alone would promise what is not there.
 */
async function rewrite(file: DiskFile, from: number, to: number): Promise<void> {
  const bytes = Buffer.alloc(to - from);
  const length = await readFully(file, bytes, from);
  await writeFully(file, [bytes.subarray(0, length)], from);
}

async function scanToEnd(file: DiskFile, path: string, segment: Segment): Promise<Tail> {
  const { salt, firstSequence, earlierAtMsMax } = segment.header;
  let tail: Tail = {
    nextSequence: firstSequence,
    end: SEGMENT_HEADER_BYTES,
    commitAt: SEGMENT_HEADER_BYTES,
    lastAtMs: earlierAtMsMax,
    newestAtMs: earlierAtMsMax,
  };
  let windowBytes = SCAN_BYTES;
  while (tail.end < segment.bytes) {
    const window = Buffer.alloc(Math.min(windowBytes, segment.bytes - tail.end));
    const length = await readFully(file, window, tail.end);
    const before = tail;
    const step = scanWindow(window, length, salt, tail, path);
    tail = step.tail;
    const reachesEnd = before.end + length >= segment.bytes;
    if (step.bad || (reachesEnd && tail.end < segment.bytes)) {
      await refuseDamage(file, path, segment, tail);
      return tail;
    }
    // A record larger than the window: look again with a larger one.
    windowBytes = tail.end === before.end ? windowBytes * 4 : SCAN_BYTES;
  }
  return tail;
}

function scanWindow(
  window: Buffer,
  length: number,
  salt: number,
  from: Tail,
  path: string,
): { readonly tail: Tail; readonly bad: boolean } {
  let { nextSequence, commitAt, lastAtMs, newestAtMs } = from;
  let at = 0;
  let recordBytes = checkRecord(window, at, length, salt);
  while (recordBytes > 0) {
    const sequence = recordSequence(window, at);
    if (sequence !== nextSequence) {
      throw damaged(path, from.end + at, `sequence ${nextSequence} is expected there and ${sequence} was found`);
    }
    if (recordCommitIndex(window, at) === 0) commitAt = from.end + at;
    lastAtMs = recordAtMs(window, at);
    newestAtMs = Math.max(newestAtMs, lastAtMs);
    nextSequence++;
    at += recordBytes;
    recordBytes = checkRecord(window, at, length, salt);
  }
  return { tail: { nextSequence, commitAt, lastAtMs, newestAtMs, end: from.end + at }, bad: recordBytes < 0 };
}

/**
 * Looks behind a bad record for a whole one of a later commit. A commit starts only after the one before was synced, so
 * such a record proves that the bad one had been acknowledged and was damaged since; otherwise the last write is torn.
 */
async function refuseDamage(file: DiskFile, path: string, segment: Segment, tail: Tail): Promise<void> {
  const rest = Buffer.alloc(segment.bytes - tail.end);
  const length = await readFully(file, rest, tail.end);
  for (let at = 1; at + RECORD_HEADER_BYTES <= length; at++) {
    const sequence = recordSequence(rest, at);
    if (sequence <= tail.nextSequence || sequence > tail.nextSequence + length) continue;
    if (sequence - recordCommitIndex(rest, at) <= tail.nextSequence) continue;
    if (checkRecord(rest, at, length, segment.header.salt) <= 0) continue;
    throw damaged(
      path,
      tail.end,
      `record ${tail.nextSequence} fails its checksum and record ${sequence} behind it is whole`,
    );
  }
}

/** The error for damage that no interrupted write explains. */
export function damaged(path: string, offset: number, cause: string): OperatingError {
  return new OperatingError('journal_damaged', `cannot read the journal segment ${path} at byte ${offset}: ${cause}`);
}
