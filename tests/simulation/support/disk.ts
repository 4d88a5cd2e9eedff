import type { DiskFile } from '../../../src/base/index.ts';
import type { JournalFileSystem } from '../../../src/journal/local/index.ts';
import { FaultyDisk } from '../../unit/journal/support/faulty-disk.ts';
import type { Random } from '../../unit/journal/support/random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

const OPERATION_MS = 20;
const IN_PIECES = 0.2;

/** A disk whose operations take virtual time, and may be cut anywhere by the death of the process that asked for them. */
export class SimulatedDisk {
  readonly storage = new FaultyDisk();
  /** Every operation takes so many times as long. */
  slowness = 1;
  /** Share of writes that stop early. */
  shortWrites = 0;
  /** Counts down with every operation; at 0 somebody is told, while it is under way. */
  operationsLeft = Number.POSITIVE_INFINITY;
  onLast: () => void = () => {};
  /** The next sync fails. */
  failsNextSync = false;
  readonly #scheduler: Scheduler;
  readonly #random: Random;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** The disk as one process has it. */
  mount(owner: Owner): JournalFileSystem {
    const { storage } = this;
    const timed = async <T>(operation: () => Promise<T>): Promise<T> => {
      if (--this.operationsLeft === 0) this.#scheduler.after(this.#random.next() * OPERATION_MS * 2, this, this.onLast);
      await this.#pause(owner);
      const outcome = await operation();
      await this.#pause(owner);
      return outcome;
    };
    return {
      makeFolder: () => timed(() => storage.makeFolder()),
      list: (folder) => timed(() => storage.list(folder)),
      open: async (path, mode) => this.#file(await timed(() => storage.open(path, mode)), owner, timed),
      rename: (from, to) => timed(() => storage.rename(from, to)),
      remove: (path) => timed(() => storage.remove(path)),
      syncFolder: (folder) => timed(() => storage.syncFolder(folder)),
      freeBytes: () => timed(() => storage.freeBytes()),
      lock: async () => async () => undefined,
    };
  }

  #file(file: DiskFile, owner: Owner, timed: <T>(operation: () => Promise<T>) => Promise<T>): DiskFile {
    return {
      writev: (buffers, position) => timed(() => this.#write(file, Buffer.concat(buffers), position, owner)),
      read: (into, length, position) => timed(() => file.read(into, length, position)),
      datasync: () => timed(() => this.#sync(file)),
      truncate: (bytes) => timed(() => file.truncate(bytes)),
      size: () => timed(() => file.size()),
      close: () => timed(() => file.close()),
    };
  }

  /** Now and then in two pieces, so that death comes between them. */
  async #write(file: DiskFile, bytes: Buffer, position: number, owner: Owner): Promise<number> {
    const length = this.#random.chance(this.shortWrites) ? 1 + this.#random.integer(bytes.length) : bytes.length;
    const first = this.#random.chance(IN_PIECES) ? 1 + this.#random.integer(length) : length;
    const written = await file.writev([bytes.subarray(0, first)], position);
    if (written < first || first === length) return written;
    await this.#pause(owner);
    const more = await file.writev([bytes.subarray(first, length)], position + first).catch(() => 0);
    return written + more;
  }

  async #sync(file: DiskFile): Promise<void> {
    if (!this.failsNextSync) return file.datasync();
    this.failsNextSync = false;
    this.storage.faults.sync = 'EIO';
    try {
      await file.datasync();
    } finally {
      delete this.storage.faults.sync;
    }
  }

  #pause(owner: Owner): Promise<void> {
    return this.#scheduler.pause(OPERATION_MS * this.slowness, owner);
  }
}
