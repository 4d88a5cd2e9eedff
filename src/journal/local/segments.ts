import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { assert, DAY_MS, type DiskFile, writeFully } from '../../base/index.ts';
import type { JournalRetention } from '../journal.ts';
import type { JournalFileSystem } from './files.ts';
import { encodeHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './format.ts';
import type { Segment } from './recovery.ts';

/** The segment files of a writer: the open one at the end, and those before it that retention may take away. */
export class Segments {
  readonly salt: number;
  readonly #files: JournalFileSystem;
  readonly #folder: string;
  readonly #list: Segment[];
  #file: DiskFile | undefined;

  constructor(files: JournalFileSystem, folder: string, recovered: readonly Segment[]) {
    this.#files = files;
    this.#folder = folder;
    this.#list = [...recovered];
    this.salt = recovered[0]?.header.salt ?? randomInt(1, 2 ** 32);
  }

  get count(): number {
    return this.#list.length;
  }

  get bytes(): number {
    let sum = 0;
    for (const segment of this.#list) sum += segment.bytes;
    return sum;
  }

  get firstSequence(): number {
    return this.#list[0]?.header.firstSequence ?? 0;
  }

  /** The segment that is written to. */
  get active(): Segment {
    const last = this.#list.at(-1);
    assert(last !== undefined, 'the journal has no segment to write to');
    return last;
  }

  async file(): Promise<DiskFile> {
    this.#file ??= await this.#files.open(this.#path(this.active.header.firstSequence), 'write');
    return this.#file;
  }

  /** Starts a new segment, durably; when that fails the old one goes on. */
  async begin(firstSequence: number, createdAtMs: number, earlierAtMsMax: number): Promise<void> {
    const previous = this.#list.at(-1);
    const header: SegmentHeader = {
      salt: this.salt,
      firstSequence,
      createdAtMs,
      previousFirstSequence: previous?.header.firstSequence ?? 0,
      previousBytes: previous?.bytes ?? 0,
      earlierAtMsMax,
    };
    const file = await this.#make(this.#path(firstSequence), header);
    await this.#file?.close();
    this.#file = file;
    this.#list.push({ header, bytes: SEGMENT_HEADER_BYTES });
  }

  /** Removes segments that lie wholly at or before `passedSequence` and are too old, or too many; returns bytes freed. */
  async trim(passedSequence: number, retention: JournalRetention, nowMs: number): Promise<number> {
    let freed = 0;
    for (let next = this.#list[1]; next !== undefined; next = this.#list[1]) {
      const oldest = this.#list[0]!;
      const isPassed = next.header.firstSequence - 1 <= passedSequence;
      const isOld = nowMs - next.header.earlierAtMsMax > retention.ageMsMax;
      if (!isPassed || !(isOld || this.bytes > retention.bytesMax)) break;
      await this.#files.remove(this.#path(oldest.header.firstSequence));
      // One by one: power failure could bring an older one back, and leave a gap behind it.
      await this.#files.syncFolder(this.#folder);
      // At last: one that may still be there and is not known any more would lie before a gap at the next start.
      this.#list.shift();
      freed += oldest.bytes;
    }
    return freed;
  }

  /** The open segment is so old that its records could not be trimmed at their age: a new one should begin. */
  isOverdue(retention: JournalRetention, nowMs: number): boolean {
    const { header, bytes } = this.active;
    return bytes > SEGMENT_HEADER_BYTES && nowMs - header.createdAtMs > Math.min(DAY_MS, retention.ageMsMax / 10);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #make(path: string, header: SegmentHeader): Promise<DiskFile> {
    const file = await this.#files.open(path, 'create');
    try {
      await writeFully(file, [encodeHeader(header)], 0);
      await file.datasync();
      await this.#files.syncFolder(this.#folder);
      return file;
    } catch (error) {
      await file.close().catch(() => {});
      await this.#files.remove(path).catch(() => {});
      throw error;
    }
  }

  #path(firstSequence: number): string {
    return join(this.#folder, segmentName(firstSequence));
  }
}
