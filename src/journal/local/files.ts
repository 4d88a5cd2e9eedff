import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../../base/index.ts';
import { lockFolder } from './lock.ts';

/** What the journal needs of a file system; tests put a faulty one in its place. */
export interface JournalFileSystem extends Disk {
  /**
   * Takes the folder for this process; returns the release.
   * @throws OperatingError `journal_locked`
   */
  lock(folder: string): Promise<() => Promise<void>>;
}

/** The machine's own files. */
export const nodeFileSystem: JournalFileSystem = {
  async makeFolder(folder) {
    const firstMade = await mkdir(folder, { recursive: true });
    if (firstMade !== undefined) await syncFolder(dirname(firstMade));
  },
  list: (folder) => readdir(folder),
  open: openFile,
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder,
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
  lock: lockFolder,
};

const FLAGS = { read: 'r', write: 'r+', create: 'w+' } as const;

async function openFile(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
  const handle = await open(path, FLAGS[mode], 0o640);
  return {
    writev: async (buffers, position) => (await handle.writev([...buffers], position)).bytesWritten,
    read: async (into, length, position) => (await handle.read(into, 0, length, position)).bytesRead,
    datasync: () => handle.datasync(),
    truncate: (bytes) => handle.truncate(bytes),
    size: async () => (await handle.stat()).size,
    close: () => handle.close(),
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
