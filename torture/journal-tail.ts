import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../src/base/index.ts';
import { openLocalJournalReader, openLocalJournalWriter } from '../src/journal/local/index.ts';

/* Damage to the end of a journal, case by case, and what the journal's own recovery makes of it. */

const HEADER_BYTES = 64;
/** Of a record: the length of what follows the first 8 bytes, the sequence, and the place in its commit. */
const LENGTH_AT = 0;
const SEQUENCE_AT = 8;
const COMMIT_PLACE_AT = 30;
const KEEP_ALL = { bytesMax: 2 ** 40, ageMsMax: 2 ** 45 };

/** Where a record lies in its segment. */
export interface Place {
  readonly at: number;
  readonly end: number;
  readonly sequence: number;
  /** Sequence of the first record of its commit. */
  readonly commitFrom: number;
}

/** The last segment of a journal folder, whole, and what to put into its place. */
export class JournalTail {
  readonly folder: string;
  readonly path: string;
  readonly whole: Buffer;
  readonly places: readonly Place[];

  /** @param folder a copy that may be spoilt; what is no part of the journal must not be in it */
  constructor(folder: string) {
    this.folder = folder;
    const name = readdirSync(folder)
      .filter((each) => each.endsWith('.journal'))
      .sort()
      .at(-1);
    if (name === undefined) throw new Error(`${folder} holds no segment`);
    this.path = join(folder, name);
    this.whole = readFileSync(this.path);
    this.places = placesIn(this.whole);
  }

  get lastSequence(): number {
    return this.places.at(-1)?.sequence ?? 0;
  }

  /** The end cut off at a byte. */
  cut(at: number): void {
    writeFileSync(this.path, this.whole.subarray(0, at));
  }

  /** One bit of a byte turned over. */
  flip(at: number, bit: number): void {
    const bytes = Buffer.from(this.whole);
    bytes[at] = bytes[at]! ^ (1 << bit);
    writeFileSync(this.path, bytes);
  }

  /** Copies the segment, damaged as it is, into another journal folder. */
  copyTo(folder: string): void {
    copyFileSync(this.path, join(folder, this.path.slice(this.folder.length + 1)));
  }

  /**
   * Whether damage to a record has to be refused: a whole record of a later commit behind it proves that it had been
   * acknowledged. Otherwise it cannot be told from a torn last write.
   */
  mustRefuse(sequence: number): boolean {
    return this.places.some((place) => place.sequence > sequence && place.commitFrom > sequence);
  }

  /** What a start makes of the folder as it is now: the newest record, or the error. */
  async recover(): Promise<{ readonly lastSequence: number } | { readonly error: Error }> {
    try {
      const writer = await openLocalJournalWriter({
        folder: this.folder,
        segmentBytesMax: 1 << 30,
        retention: KEEP_ALL,
        freeBytesMin: 0,
        clock: systemClock,
      });
      const lastSequence = writer.durableSequence();
      await writer.close();
      return { lastSequence };
    } catch (error) {
      return { error: error as Error };
    }
  }

  /** Whether the records of the last segment up to a sequence are there, byte for byte, and nothing follows. */
  async isWholeUpTo(sequence: number): Promise<boolean> {
    const end = this.places.findLast((place) => place.sequence <= sequence)?.end ?? HEADER_BYTES;
    if (!readFileSync(this.path).equals(this.whole.subarray(0, end))) return false;
    const from = this.places[0]?.sequence ?? 1;
    if (sequence < from) return true;
    const reader = openLocalJournalReader({ folder: this.folder });
    try {
      const records = await reader.read(from - 1, sequence, this.whole.length);
      return records.length === sequence - from + 1;
    } finally {
      await reader.close();
    }
  }
}

function placesIn(bytes: Buffer): Place[] {
  const places: Place[] = [];
  for (let at = HEADER_BYTES; at + SEQUENCE_AT < bytes.length; ) {
    const end = at + SEQUENCE_AT + bytes.readUInt32LE(at + LENGTH_AT);
    if (end > bytes.length) break;
    const sequence = Number(bytes.readBigUInt64LE(at + SEQUENCE_AT));
    places.push({ at, end, sequence, commitFrom: sequence - bytes.readUInt16LE(at + COMMIT_PLACE_AT) });
    at = end;
  }
  return places;
}
