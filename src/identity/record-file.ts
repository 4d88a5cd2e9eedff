import {
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type * as z from 'zod';
import { OperatingError, systemClock } from '../base/index.ts';

const LOCK_WAIT_MS = 20;
const LOCK_ATTEMPTS_MAX = 250;
const LOCK_MS_MAX = 60_000;

/** Reads a JSON file of a known form; undefined when there is none. @throws OperatingError `records_damaged` */
export function readRecords<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(file, (cause as Error).message, cause);
  }
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, 'it is no JSON', cause);
  }
  const parsed = schema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(file, `${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * Puts a new version in the place of the file: whoever reads sees the old one or the new one, and after a power failure it
 * is one of them. Only the owner may read it.
 *
 * @throws what the system says (a full disk, for one); the old version stays then, and nothing is left beside it
 */
export function writeRecords(file: string, tree: unknown): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeNewFile(temporary, `${JSON.stringify(tree, undefined, 1)}\n`);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function writeNewFile(file: string, text: string): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    // Not writeSync: a disk that is nearly full takes a part without an error.
    writeFileSync(handle, text);
    giveToOwner(dirname(file), handle);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A command of the superuser makes files that the server, which has fewer rights, must be able to read. */
export function giveToOwner(folder: string, handle: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  fchownSync(handle, uid, gid);
}

/**
 * Runs `change` while no other process changes the file. A lock whose holder is gone is taken over.
 *
 * @throws OperatingError `records_locked` when another process holds it for five seconds
 */
export async function whileLocked<T>(file: string, change: () => T): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const lock = `${file}.lock`;
  for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
    if (lockedBy(lock)) {
      await setTimeout(LOCK_WAIT_MS);
      continue;
    }
    try {
      return change();
    } finally {
      rmSync(lock, { force: true });
    }
  }
  throw new OperatingError('records_locked', `cannot change ${file}: another process is changing it (${lock})`, {
    retryable: true,
  });
}

/** False when the lock is ours now. */
function lockedBy(lock: string): boolean {
  try {
    makeLock(lock);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    return true;
  }
}

/** @throws `EEXIST` when another process has it */
function makeLock(lock: string): void {
  const handle = openSync(lock, 'wx', 0o600);
  try {
    writeFileSync(handle, String(process.pid));
  } catch (error) {
    // Without the id of its holder nobody could tell that it was left behind.
    rmSync(lock, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/** A change takes milliseconds: a lock of a process that is gone, or of a minute ago, was left behind. */
function isAbandoned(lock: string): boolean {
  try {
    if (systemClock.nowMs() - statSync(lock).mtimeMs > LOCK_MS_MAX) return true;
    const pid = Number(readFileSync(lock, 'utf8'));
    if (!Number.isSafeInteger(pid) || pid <= 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Changes when another version has been put in the place of the file. */
export function versionOf(file: string): string {
  try {
    // The change time, too: nobody can set it back, and a number of a file that is gone is given to the next.
    const { ino, mtimeMs, ctimeMs, size } = statSync(file);
    return `${ino} ${mtimeMs} ${ctimeMs} ${size}`;
  } catch {
    return '';
  }
}

function damaged(file: string, because: string, cause?: unknown): OperatingError {
  return new OperatingError('records_damaged', `cannot read ${file}: ${because}`, { cause });
}
