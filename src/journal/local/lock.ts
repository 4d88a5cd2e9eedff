import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { OperatingError } from '../../base/index.ts';

const LOCK_NAME = 'lock';
const ATTEMPTS_MAX = 200;
const CLEARING_WAIT_MS = 5;

/**
 * Takes a folder for this process by a lock file that holds pid and start time, so that a lock left behind by kill -9
 * is told apart from a living holder, even when the pid was given to another process or the machine restarted.
 * Processes that do not see each other's pids (containers that share a volume) cannot be told apart.
 *
 * @returns the release
 * @throws OperatingError `journal_locked`, naming the pid
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_NAME);
  const mine = JSON.stringify({ pid: process.pid, started: await startOf(process.pid), id: randomUUID() });
  // A link appears with its whole content or not at all; a plain create could be read while it is still empty.
  const temporary = join(folder, `${LOCK_NAME}.${process.pid}.${randomUUID()}`);
  await writeFile(temporary, mine);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (await linked(temporary, path)) return () => release(path, mine);
      await clearStale(folder, path, temporary);
    }
  } finally {
    await rm(temporary, { force: true });
  }
  throw new OperatingError('journal_locked', `cannot lock the journal folder ${folder}: others keep taking it`);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose holder is gone. One at a time may do so: whoever looked a moment ago could otherwise take away the
 * lock that another has just put there. What is read while clearing can only be removed by whoever clears.
 */
async function clearStale(folder: string, path: string, mine: string): Promise<void> {
  const seen = await readIfThere(path);
  if (seen === undefined) return;
  const pid = await livingHolder(seen);
  if (pid !== undefined) throw lockedBy(folder, pid);
  const clearing = join(folder, `${LOCK_NAME}.clearing`);
  if (!(await linked(mine, clearing))) {
    const other = await readIfThere(clearing);
    if (other !== undefined && (await livingHolder(other)) === undefined) await rm(clearing, { force: true });
    await setTimeout(CLEARING_WAIT_MS);
    return;
  }
  try {
    if ((await readIfThere(path)) === seen) await rm(path, { force: true });
  } finally {
    await rm(clearing, { force: true });
  }
}

function lockedBy(folder: string, pid: number): OperatingError {
  return new OperatingError(
    'journal_locked',
    `cannot open the journal ${folder} for writing: process ${pid} is already writing to it`,
  );
}

async function livingHolder(content: string): Promise<number | undefined> {
  try {
    const holder = JSON.parse(content) as { pid?: unknown; started?: unknown };
    if (typeof holder.pid !== 'number' || !isAlive(holder.pid)) return undefined;
    return holder.started === (await startOf(holder.pid)) ? holder.pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot id and start tick of a process on Linux; empty elsewhere, where only the pid decides. */
async function startOf(pid: number): Promise<string> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  const boot = await readIfThere('/proc/sys/kernel/random/boot_id');
  if (stat === undefined || boot === undefined) return '';
  // The command in parentheses may hold blanks; field 22 is counted from behind it (proc_pid_stat(5)).
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${boot.trim()}/${ticks}`;
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readIfThere(path)) === mine) await rm(path, { force: true });
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
