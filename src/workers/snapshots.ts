import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32c } from '../base/index.ts';
import type { PipelineState } from './pipeline.ts';

/*
 * Snapshot file: magic (8 bytes), CRC-32C of the body (u32), body (V8 structured clone of `Snapshot`).
 * Written beside its name, synced, renamed, folder synced: a snapshot is there as a whole or not at all.
 */
const MAGIC = Buffer.from('CVSNAP01', 'latin1');
const HEADER_BYTES = MAGIC.length + 4;
const KEPT = 3;
/** Suffix of a file that is not whole yet. */
const PART = '.part';

interface Snapshot {
  /** What the state depends on: with another calendar or clock it means something else. */
  readonly basis: string;
  readonly state: PipelineState;
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
   * @throws what the file system says, or a RangeError for a state that one file cannot hold
   */
  write(state: PipelineState): number {
    const body = serialize({ basis: this.#basis, state } satisfies Snapshot);
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header.writeUInt32LE(crc32c(body), MAGIC.length);
    const file = join(this.#folder, nameOf(state.sequence));
    writeSynced(file + PART, [header, body]);
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
  newest(upToSequence: number, skipped: (file: string, reason: string) => void): PipelineState | undefined {
    for (const sequence of this.#sequences()) {
      const file = join(this.#folder, nameOf(sequence));
      if (sequence > upToSequence) {
        rmSync(file, { force: true });
        continue;
      }
      const read = readSnapshot(file);
      if (typeof read === 'string') skipped(file, read);
      else if (read.basis !== this.#basis) skipped(file, `it was made with ${read.basis}, now ${this.#basis} holds`);
      else return read.state;
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

function writeSynced(file: string, parts: readonly Buffer[]): void {
  const handle = openSync(file, 'w');
  try {
    for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(handle, part, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readSnapshot(file: string): Snapshot | string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return (error as Error).message;
  }
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'it is of another format';
  const body = bytes.subarray(HEADER_BYTES);
  if (bytes.length < HEADER_BYTES || crc32c(body) !== bytes.readUInt32LE(MAGIC.length)) return 'its checksum is wrong';
  return deserialize(body) as Snapshot;
}
