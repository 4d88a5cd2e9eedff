import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32c, type Disk, type DiskFile, writeFully } from '../base/index.ts';
import { nodeFileSystem } from '../journal/local/index.ts';
import type { PipelineSnapshot, PipelineState } from './pipeline.ts';

/*
 * Snapshot file: magic (8 bytes; the last two count the versions of the layout), then frames: length of the body (u32),
 * CRC-32C of the body (u32), body. The first frame is a V8 structured clone of `Head`, the others are pieces of the
 * windows, and an empty frame is the end.
 * Written beside its name, synced, renamed, folder synced: a snapshot is there as a whole or not at all.
 */
const MAGIC = Buffer.from('CVSNAP05', 'latin1');
const FRAME_BYTES = 8;
const KEPT = 3;
/** What one step writes, about; some milliseconds. */
const STEP_BYTES = 2 << 20;
/** Suffix of a file that is not whole yet. */
const PART = '.part';

interface Head {
  /** What the state depends on: with another calendar or clock it means something else. */
  readonly basis: string;
  readonly state: PipelineState;
}

/** A snapshot that can be used. */
export interface FoundSnapshot {
  readonly state: PipelineState;
  /** Pieces of the windows, read as they are asked for; once. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** Opens the folder of snapshots of one engine; makes it when it is not there. */
export async function openSnapshots(folder: string, basis: string, disk: Disk = nodeFileSystem): Promise<Snapshots> {
  await disk.makeFolder(folder);
  // What a kill cut short is never used and would stay for ever.
  for (const name of await disk.list(folder)) if (name.endsWith(PART)) await disk.remove(join(folder, name));
  return new Snapshots(folder, basis, disk);
}

/** The folder of snapshots of one engine. */
export class Snapshots {
  readonly #folder: string;
  readonly #basis: string;
  readonly #disk: Disk;

  constructor(folder: string, basis: string, disk: Disk) {
    this.#folder = folder;
    this.#basis = basis;
    this.#disk = disk;
  }

  /** Begins a file for a snapshot; it counts once its last step is done. */
  begin(snapshot: PipelineSnapshot): SnapshotFile {
    const file = join(this.#folder, nameOf(snapshot.state.sequence));
    const head = serialize({ basis: this.#basis, state: snapshot.state } satisfies Head);
    return new SnapshotFile(this.#disk, file, head, snapshot, () => this.#prune(snapshot.state.sequence));
  }

  /**
   * The newest whole snapshot that the store includes. Newer ones are removed: the journal is read from here on anyway,
   * they would push out those that it makes, and behind a new journal they would be of another one.
   *
   * @param upToSequence the store's position
   * @param skipped told of each file that cannot be used, with the reason
   */
  async newest(
    upToSequence: number,
    skipped: (file: string, reason: string) => void,
  ): Promise<FoundSnapshot | undefined> {
    for (const sequence of await this.#sequences()) {
      const file = join(this.#folder, nameOf(sequence));
      if (sequence > upToSequence) {
        await this.#disk.remove(file);
        continue;
      }
      const head = await checkedHead(this.#disk, file);
      if (typeof head === 'string') skipped(file, head);
      else if (head.basis !== this.#basis) skipped(file, `it was made with ${head.basis}, now ${this.#basis} holds`);
      else return { state: head.state, pieces: piecesOf(this.#disk, file) };
    }
    return undefined;
  }

  /**
   * Forgets all but the newest few.
   *
   * @returns the sequence of the oldest one kept: the journal from there on is needed while any of them may have to serve
   */
  async #prune(newest: number): Promise<number> {
    await this.#disk.syncFolder(this.#folder);
    const sequences = await this.#sequences();
    for (const sequence of sequences.slice(KEPT)) await this.#disk.remove(join(this.#folder, nameOf(sequence)));
    return sequences[Math.min(KEPT, sequences.length) - 1] ?? newest;
  }

  /** Sequences of the files, newest first. */
  async #sequences(): Promise<number[]> {
    return (await this.#disk.list(this.#folder))
      .filter((name) => /^\d+\.snapshot$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => b - a);
  }
}

function nameOf(sequence: number): string {
  return `${String(sequence).padStart(16, '0')}.snapshot`;
}

/** A snapshot on its way to the disk, step by step, so that the engine is never held up for long. */
export class SnapshotFile {
  readonly sequence: number;
  readonly #disk: Disk;
  readonly #file: string;
  readonly #snapshot: PipelineSnapshot;
  readonly #onDone: () => Promise<number>;
  #next: Uint8Array[];
  #handle: DiskFile | undefined;
  #bytes = 0;

  constructor(disk: Disk, file: string, head: Uint8Array, snapshot: PipelineSnapshot, onDone: () => Promise<number>) {
    this.#disk = disk;
    this.#file = file;
    this.#snapshot = snapshot;
    this.#onDone = onDone;
    this.sequence = snapshot.state.sequence;
    this.#next = [MAGIC, ...frameOf(head)];
  }

  /**
   * Writes the next few megabytes.
   *
   * @returns the sequence of the oldest snapshot kept, once this one is whole and durable; undefined before
   * @throws what the file system says; the snapshot is given up then
   */
  async step(): Promise<number | undefined> {
    try {
      this.#handle ??= await this.#disk.open(this.#file + PART, 'create');
      if (!(await this.#writeSome(this.#handle))) return undefined;
      await this.#handle.datasync();
      await this.#handle.close();
      this.#snapshot.end();
      await this.#disk.rename(this.#file + PART, this.#file);
      return await this.#onDone();
    } catch (error) {
      await this.giveUp();
      throw error;
    }
  }

  /** Leaves nothing behind. */
  async giveUp(): Promise<void> {
    this.#snapshot.end();
    await this.#handle?.close().catch(() => undefined);
    await this.#disk.remove(this.#file + PART);
  }

  /** A piece is valid until the next one is asked for. @returns true when the end of the snapshot was written */
  async #writeSome(handle: DiskFile): Promise<boolean> {
    for (let bytes = 0; bytes < STEP_BYTES; ) {
      const piece = this.#snapshot.nextPiece();
      const parts = [...this.#next, ...frameOf(piece ?? new Uint8Array(0))];
      this.#next = [];
      this.#bytes = await writeFully(handle, parts, this.#bytes);
      if (piece === undefined) return true;
      bytes += piece.length;
    }
    return false;
  }
}

function frameOf(body: Uint8Array): Uint8Array[] {
  const header = Buffer.alloc(FRAME_BYTES);
  header.writeUInt32LE(body.length, 0);
  header.writeUInt32LE(crc32c(body), 4);
  return body.length === 0 ? [header] : [header, body];
}

/** The first frame of a file in which every frame is whole, or what is wrong with it. */
async function checkedHead(disk: Disk, file: string): Promise<Head | string> {
  try {
    let head: Head | undefined;
    for await (const body of framesOf(disk, file)) head ??= deserialize(body) as Head;
    return head ?? 'it is empty';
  } catch (error) {
    return (error as Error).message;
  }
}

async function* piecesOf(disk: Disk, file: string): AsyncGenerator<Uint8Array> {
  let isHead = true;
  for await (const body of framesOf(disk, file)) {
    if (!isHead) yield body;
    isHead = false;
  }
}

/** @throws an Error that says what is wrong with the file */
async function* framesOf(disk: Disk, file: string): AsyncGenerator<Buffer> {
  const handle = await disk.open(file, 'read');
  try {
    if (!(await readBytes(handle, 0, MAGIC.length)).equals(MAGIC)) throw new Error('it is of another format');
    for (let at = MAGIC.length; ; ) {
      const header = await readBytes(handle, at, FRAME_BYTES);
      if (header.length < FRAME_BYTES) throw new Error('it is cut short');
      at += FRAME_BYTES;
      const body = await readBytes(handle, at, header.readUInt32LE(0));
      if (body.length < header.readUInt32LE(0)) throw new Error('it is cut short');
      if (body.length === 0) return;
      if (crc32c(body) !== header.readUInt32LE(4)) throw new Error('its checksum is wrong');
      yield body;
      at += body.length;
    }
  } finally {
    await handle.close();
  }
}

/** Fewer where the file ends. */
async function readBytes(handle: DiskFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  for (;;) {
    const read = at < length ? await handle.read(bytes.subarray(at), length - at, position + at) : 0;
    if (read === 0) return bytes.subarray(0, at);
    at += read;
  }
}
