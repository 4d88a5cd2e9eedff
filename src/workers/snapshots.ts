import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32c } from '../base/index.ts';
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
  readonly pieces: Iterable<Uint8Array>;
}

/** The folder of snapshots of one engine. */
export class Snapshots {
  readonly #folder: string;
  readonly #basis: string;

  constructor(folder: string, basis: string) {
    this.#folder = folder;
    this.#basis = basis;
    mkdirSync(folder, { recursive: true });
    // What a kill cut short is never used and would stay for ever.
    for (const name of readdirSync(folder)) if (name.endsWith(PART)) rmSync(join(folder, name), { force: true });
  }

  /** Begins a file for a snapshot; it counts once its last step is done. */
  begin(snapshot: PipelineSnapshot): SnapshotFile {
    const file = join(this.#folder, nameOf(snapshot.state.sequence));
    const head = serialize({ basis: this.#basis, state: snapshot.state } satisfies Head);
    return new SnapshotFile(file, head, snapshot, () => this.#prune(snapshot.state.sequence));
  }

  /**
   * The newest whole snapshot that the store includes. Newer ones are removed: the journal is read from here on anyway,
   * they would push out those that it makes, and behind a new journal they would be of another one.
   *
   * @param upToSequence the store's position
   * @param skipped told of each file that cannot be used, with the reason
   */
  newest(upToSequence: number, skipped: (file: string, reason: string) => void): FoundSnapshot | undefined {
    for (const sequence of this.#sequences()) {
      const file = join(this.#folder, nameOf(sequence));
      if (sequence > upToSequence) {
        rmSync(file, { force: true });
        continue;
      }
      const head = checkedHead(file);
      if (typeof head === 'string') skipped(file, head);
      else if (head.basis !== this.#basis) skipped(file, `it was made with ${head.basis}, now ${this.#basis} holds`);
      else return { state: head.state, pieces: piecesOf(file) };
    }
    return undefined;
  }

  /**
   * Forgets all but the newest few.
   *
   * @returns the sequence of the oldest one kept: the journal from there on is needed while any of them may have to serve
   */
  #prune(newest: number): number {
    syncFolder(this.#folder);
    const sequences = this.#sequences();
    for (const sequence of sequences.slice(KEPT)) rmSync(join(this.#folder, nameOf(sequence)), { force: true });
    return sequences[Math.min(KEPT, sequences.length) - 1] ?? newest;
  }

  /** Sequences of the files, newest first. */
  #sequences(): number[] {
    return readdirSync(this.#folder)
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
  readonly #file: string;
  readonly #snapshot: PipelineSnapshot;
  readonly #onDone: () => number;
  #next: Uint8Array[];
  #handle: FileHandle | undefined;

  constructor(file: string, head: Uint8Array, snapshot: PipelineSnapshot, onDone: () => number) {
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
      this.#handle ??= await open(this.#file + PART, 'w');
      if (!(await this.#writeSome(this.#handle))) return undefined;
      await this.#handle.sync();
      await this.#handle.close();
      this.#snapshot.end();
      await rename(this.#file + PART, this.#file);
      return this.#onDone();
    } catch (error) {
      await this.giveUp();
      throw error;
    }
  }

  /** Leaves nothing behind. */
  async giveUp(): Promise<void> {
    this.#snapshot.end();
    await this.#handle?.close().catch(() => undefined);
    rmSync(this.#file + PART, { force: true });
  }

  /** A piece is valid until the next one is asked for. @returns true when the end of the snapshot was written */
  async #writeSome(handle: FileHandle): Promise<boolean> {
    for (let bytes = 0; bytes < STEP_BYTES; ) {
      const piece = this.#snapshot.nextPiece();
      const parts = [...this.#next, ...frameOf(piece ?? new Uint8Array(0))];
      this.#next = [];
      const { bytesWritten } = await handle.writev(parts);
      const wanted = parts.reduce((sum, part) => sum + part.length, 0);
      if (bytesWritten < wanted) throw new Error(`${bytesWritten} of ${wanted} bytes were written`);
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

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The first frame of a file in which every frame is whole, or what is wrong with it. */
function checkedHead(file: string): Head | string {
  try {
    let head: Head | undefined;
    for (const body of framesOf(file)) head ??= deserialize(body) as Head;
    return head ?? 'it is empty';
  } catch (error) {
    return (error as Error).message;
  }
}

function* piecesOf(file: string): Generator<Uint8Array> {
  let isHead = true;
  for (const body of framesOf(file)) {
    if (!isHead) yield body;
    isHead = false;
  }
}

/** @throws an Error that says what is wrong with the file */
function* framesOf(file: string): Generator<Buffer> {
  const handle = openSync(file, 'r');
  try {
    if (!readBytes(handle, MAGIC.length).equals(MAGIC)) throw new Error('it is of another format');
    for (;;) {
      const header = readBytes(handle, FRAME_BYTES);
      if (header.length < FRAME_BYTES) throw new Error('it is cut short');
      const length = header.readUInt32LE(0);
      const body = readBytes(handle, length);
      if (body.length < length) throw new Error('it is cut short');
      if (body.length === 0) return;
      if (crc32c(body) !== header.readUInt32LE(4)) throw new Error('its checksum is wrong');
      yield body;
    }
  } finally {
    closeSync(handle);
  }
}

/** Fewer where the file ends. */
function readBytes(handle: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let at = 0;
  for (;;) {
    const read = at < length ? readSync(handle, bytes, at, length - at, null) : 0;
    if (read === 0) return bytes.subarray(0, at);
    at += read;
  }
}
