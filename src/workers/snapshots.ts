import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
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
const MAGIC = Buffer.from('CVSNAP02', 'latin1');
const FRAME_BYTES = 8;
const KEPT = 3;
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

  /**
   * Writes durably and forgets all but the newest few.
   *
   * @returns the sequence of the oldest one kept: the journal from there on is needed while any of them may have to serve
   * @throws what the file system says
   */
  write(snapshot: PipelineSnapshot): number {
    const { state } = snapshot;
    const file = join(this.#folder, nameOf(state.sequence));
    const handle = openSync(file + PART, 'w');
    try {
      writeWhole(handle, MAGIC);
      writeFrame(handle, serialize({ basis: this.#basis, state } satisfies Head));
      for (let piece = snapshot.nextPiece(); piece !== undefined; piece = snapshot.nextPiece()) {
        writeFrame(handle, piece);
      }
      writeFrame(handle, Buffer.alloc(0));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
      snapshot.end();
    }
    renameSync(file + PART, file);
    syncFolder(this.#folder);
    const sequences = this.#sequences();
    for (const sequence of sequences.slice(KEPT)) rmSync(join(this.#folder, nameOf(sequence)), { force: true });
    return sequences[Math.min(KEPT, sequences.length) - 1] ?? state.sequence;
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

function writeFrame(handle: number, body: Uint8Array): void {
  const header = Buffer.alloc(FRAME_BYTES);
  header.writeUInt32LE(body.length, 0);
  header.writeUInt32LE(crc32c(body), 4);
  writeWhole(handle, header);
  writeWhole(handle, body);
}

function writeWhole(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
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
      const body = readBytes(handle, header.readUInt32LE(0));
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
