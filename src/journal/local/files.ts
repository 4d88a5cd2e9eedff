import { type Disk, systemDisk } from '../../base/index.ts';
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
export const nodeFileSystem: JournalFileSystem = { ...systemDisk, lock: lockFolder };
