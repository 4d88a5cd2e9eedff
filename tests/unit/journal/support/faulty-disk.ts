import { basename, dirname } from 'node:path';
import type { DiskFile } from '../../../../src/base/index.ts';
import type { JournalFileSystem } from '../../../../src/journal/local/index.ts';
import type { Random } from './random.ts';

const SECTOR_BYTES = 512;

/** A file as the process sees it, and as it would be found after the power went. */
class FakeFile {
  now: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  /**
   * Sectors whose write-back failed: they look clean, so that no later sync brings them to the disk; only writing them
   * once more does (Rebello et al., "Can Applications Recover from fsync Failures?", 2020).
   */
  readonly stale = new Set<number>();
}

/** Faults to be had from now on. */
export interface Faults {
  /** Error code of every write, until taken away. */
  write?: string;
  sync?: string;
  /** Error code of opening a file or a folder. */
  open?: string;
  remove?: string;
  /** Bytes of a write that are done before it stops. */
  shortWriteBytes?: number;
  /** Bytes that may be written in all before ENOSPC. */
  roomBytes?: number;
  freeBytes?: number;
  /** From this operation on nothing works any more: the machine is off. */
  offAtOperation?: number;
}

/**
 * A disk in memory that keeps what was not synced apart: `powerLoss` keeps a random part of the sectors and names that
 * were not synced, as a real disk may.
 */
export class FaultyDisk implements JournalFileSystem {
  faults: Faults = {};
  operations = 0;
  syncs = 0;
  #names = new Map<string, FakeFile>();
  #durableNames = new Map<string, FakeFile>();
  #isLocked = false;

  async makeFolder(): Promise<void> {
    this.#tick();
  }

  async list(folder: string): Promise<readonly string[]> {
    this.#tick();
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    this.#tick();
    if (this.faults.open !== undefined) throw codeError(this.faults.open);
    let file = this.#names.get(path);
    if (mode === 'create') {
      file ??= new FakeFile();
      file.now = Buffer.alloc(0);
      this.#names.set(path, file);
    }
    if (file === undefined) throw codeError('ENOENT');
    return this.#handle(file);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#tick();
    const file = this.#names.get(from);
    if (file === undefined) throw codeError('ENOENT');
    this.#names.set(to, file);
    this.#names.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#tick();
    if (this.faults.remove !== undefined) throw codeError(this.faults.remove);
    this.#names.delete(path);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#tick();
    if (this.faults.open !== undefined) throw codeError(this.faults.open);
    for (const path of [...this.#durableNames.keys()]) if (dirname(path) === folder) this.#durableNames.delete(path);
    for (const [path, file] of this.#names) if (dirname(path) === folder) this.#durableNames.set(path, file);
  }

  async freeBytes(): Promise<number> {
    this.#tick();
    return this.faults.freeBytes ?? 2 ** 40;
  }

  async lock(): Promise<() => Promise<void>> {
    this.#tick();
    if (this.#isLocked) throw codeError('LOCKED');
    this.#isLocked = true;
    return async () => {
      this.#isLocked = false;
    };
  }

  /** Content of a file, to be looked at from outside. */
  peek(path: string): Buffer {
    const file = this.#names.get(path);
    if (file === undefined) throw codeError('ENOENT');
    return Buffer.from(file.now);
  }

  /** Puts a file there from outside, durably; undefined takes it away. */
  poke(path: string, bytes: Buffer | undefined): void {
    const file = new FakeFile();
    file.now = Buffer.from(bytes ?? '');
    file.durable = Buffer.from(bytes ?? '');
    for (const names of [this.#names, this.#durableNames]) {
      if (bytes === undefined) names.delete(path);
      else names.set(path, file);
    }
  }

  /** Switches the machine off and on again. */
  powerLoss(random: Random): void {
    const names = new Map<string, FakeFile>();
    for (const path of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const survivor = random.chance(0.5) ? this.#names.get(path) : this.#durableNames.get(path);
      if (survivor !== undefined) names.set(path, survivor);
    }
    for (const file of names.values()) {
      file.now = mixed(file, random);
      file.durable = Buffer.from(file.now);
      file.stale.clear();
    }
    this.#names = names;
    this.#durableNames = new Map(names);
    this.#isLocked = false;
    this.faults = {};
  }

  #handle(file: FakeFile): DiskFile {
    return {
      writev: async (buffers, position) => this.#write(file, Buffer.concat(buffers), position),
      read: async (into, length, position) => {
        this.#tick();
        const found = file.now.subarray(position, position + length);
        into.set(found);
        return found.length;
      },
      datasync: async () => {
        this.#tick();
        this.syncs++;
        if (this.faults.sync !== undefined) {
          dropDirty(file);
          throw codeError(this.faults.sync);
        }
        file.durable = written(file);
      },
      truncate: async (bytes) => {
        this.#tick();
        file.now = Buffer.from(file.now.subarray(0, bytes));
      },
      size: async () => file.now.length,
      close: async () => {},
    };
  }

  #write(file: FakeFile, bytes: Buffer, position: number): number {
    // Power that goes during a write leaves a part of it: the sectors that are mixed later.
    const isLast = this.faults.offAtOperation === this.operations + 1;
    if (!isLast) this.#tick();
    const { write, shortWriteBytes = bytes.length, roomBytes = Number.POSITIVE_INFINITY } = this.faults;
    if (write !== undefined) throw codeError(write);
    const length = Math.min(bytes.length, shortWriteBytes, roomBytes);
    if (length === 0) throw codeError('ENOSPC');
    if (this.faults.roomBytes !== undefined) this.faults.roomBytes -= length;
    const grown = Buffer.alloc(Math.max(file.now.length, position + length));
    file.now.copy(grown);
    bytes.copy(grown, position, 0, length);
    file.now = grown;
    for (let sector = sectorOf(position); sector <= sectorOf(position + length - 1); sector++)
      file.stale.delete(sector);
    if (isLast) this.#tick();
    return length;
  }

  #tick(): void {
    this.operations++;
    if (this.faults.offAtOperation !== undefined && this.operations >= this.faults.offAtOperation)
      throw codeError('OFF');
  }
}

function sectorOf(position: number): number {
  return Math.floor(position / SECTOR_BYTES);
}

/** A sync has failed: what it should have written looks clean from here on. */
function dropDirty(file: FakeFile): void {
  for (let at = 0; at < file.now.length; at += SECTOR_BYTES) {
    const end = at + SECTOR_BYTES;
    if (!file.now.subarray(at, end).equals(file.durable.subarray(at, end))) file.stale.add(sectorOf(at));
  }
}

/** What is on the disk after a sync. */
function written(file: FakeFile): Buffer {
  const bytes = Buffer.from(file.now);
  for (const sector of file.stale) {
    const at = sector * SECTOR_BYTES;
    const end = Math.min(at + SECTOR_BYTES, bytes.length);
    if (at >= end) continue;
    bytes.fill(0, at, end);
    bytes.set(file.durable.subarray(at, end), at);
  }
  return bytes;
}

/** What a disk may hold of a file that was not synced: any of the changed sectors, any length in between. */
function mixed(file: FakeFile, random: Random): Buffer {
  const { now, durable } = file;
  const low = Math.min(now.length, durable.length);
  const size = random.pick([
    now.length,
    durable.length,
    low + random.integer(Math.abs(now.length - durable.length) + 1),
  ]);
  const found = Buffer.alloc(size);
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    const source = random.chance(0.5) ? now : durable;
    found.set(source.subarray(at, Math.min(at + SECTOR_BYTES, size)), at);
  }
  return found;
}

function codeError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
