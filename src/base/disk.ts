/** One open file. Offsets and sizes are bytes. Every promise rejects with the error of the system (`code`). */
export interface DiskFile {
  /** Writes all buffers at `position`; returns the bytes written, which may be fewer than asked for. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Reads up to `length` bytes from `position` into `into[0..]`; returns the bytes read, 0 at the end of the file. */
  read(into: Uint8Array, length: number, position: number): Promise<number>;
  /** Returns when what was written survives power loss. After an error nothing is known about what was written. */
  datasync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** The little that what must survive a crash needs of a file system; tests put a faulty one in its place. */
export interface Disk {
  /** Makes the folder and its parents, durably, if they are not there. */
  makeFolder(folder: string): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
  /** `create` makes an empty file (an old one of that name is emptied) and opens it for reading and writing. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** Gives a file another name of the same folder; a file that had it is gone. */
  rename(from: string, to: string): Promise<void>;
  /** No error when it is not there. */
  remove(path: string): Promise<void>;
  /** Makes the creation, renaming and removal of files in the folder durable. */
  syncFolder(folder: string): Promise<void>;
  /** Bytes that an ordinary user may still write. */
  freeBytes(folder: string): Promise<number>;
}

/**
 * Writes all buffers at `position`, in as many steps as the system takes.
 *
 * @returns the position behind them
 * @throws what the system says, `ENOSPC` too when it takes nothing more without a word; a part may be written then
 */
export async function writeFully(file: DiskFile, buffers: readonly Uint8Array[], position: number): Promise<number> {
  let at = position;
  let rest = dropBytes(buffers, 0);
  while (rest.length > 0) {
    const written = await file.writev(rest, at);
    if (written === 0) throw Object.assign(new Error('ENOSPC: the file takes no more bytes'), { code: 'ENOSPC' });
    at += written;
    rest = dropBytes(rest, written);
  }
  return at;
}

/**
 * Reads from `position` until `into` is full or the file ends.
 *
 * @returns the bytes read
 * @throws what the system says
 */
export async function readFully(file: DiskFile, into: Uint8Array, position: number): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const got = await file.read(into.subarray(length), into.length - length, position + length);
    if (got === 0) break;
    length += got;
  }
  return length;
}

function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  let index = 0;
  while (index < buffers.length && skip >= buffers[index]!.length) skip -= buffers[index++]!.length;
  const rest = buffers.slice(index);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}
