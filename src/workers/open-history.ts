import { copyFileSync, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatingError, systemClock } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { createDuckdbStore } from '../store/duckdb/index.ts';
import type { Store } from '../store/index.ts';

/** What is stored, to be looked at. */
export interface OpenedHistory {
  readonly store: Store;
  /** Made because the product runs and holds the store: what it writes from now on is not in it. */
  readonly isCopy: boolean;
  close(): Promise<void>;
}

/** The running product moves what it wrote into the file now and then; a copy made meanwhile is made again. */
const COPIES_MAX = 5;

/**
 * Opens the store of a data folder. Where the running product holds it, a copy is opened instead, made in the folder for
 * temporary files (TMPDIR) and deleted by `close`.
 *
 * @throws OperatingError `store_missing`; `store_not_copied` with what to do; what opening a store throws
 */
export async function openHistory(config: Config): Promise<OpenedHistory> {
  const file = join(config.dataFolder, 'store.duckdb');
  if (!existsSync(file)) {
    throw new OperatingError(
      'store_missing',
      `cannot look at the history: there is no store ${file}; name the data folder of the city with --data`,
    );
  }
  try {
    return await open(file, config);
  } catch (error) {
    if (!(error instanceof OperatingError) || error.code !== 'store_locked') throw error;
    return openCopy(file, config);
  }
}

async function open(file: string, { store: { memoryMax, threads } }: Config): Promise<OpenedHistory> {
  const store = createDuckdbStore({ file, memoryBytesMax: memoryMax, threads, clock: systemClock });
  await store.open();
  return { store, isCopy: false, close: () => store.close() };
}

async function openCopy(file: string, config: Config): Promise<OpenedHistory> {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-history-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'store.duckdb');
    copyStore(file, copy);
    const { store } = await open(copy, config);
    return {
      store,
      isCopy: true,
      close: async () => {
        await store.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * The file changes only when its log is moved into it, and the log only grows in between: a log that is copied first and a
 * file that stayed the same meanwhile belong together, and what was half written at the end of the log is left out when
 * the copy is opened.
 */
function copyStore(file: string, copy: string): void {
  for (let attempt = 0; attempt < COPIES_MAX; attempt++) {
    const before = stampOf(file);
    checkRoom(file, copy);
    try {
      rmSync(`${copy}.wal`, { force: true });
      if (existsSync(`${file}.wal`)) copyFileSync(`${file}.wal`, `${copy}.wal`);
      copyFileSync(file, copy);
    } catch (cause) {
      throw notCopied(file, (cause as Error).message, cause);
    }
    if (stampOf(file) === before) return;
  }
  throw notCopied(file, `it changed during each of ${COPIES_MAX} copies`);
}

function stampOf(file: string): string {
  const { size, mtimeNs, ino } = statSync(file, { bigint: true });
  return `${size} ${mtimeNs} ${ino}`;
}

function checkRoom(file: string, copy: string): void {
  const bytes = statSync(file).size + (statSync(`${file}.wal`, { throwIfNoEntry: false })?.size ?? 0);
  const { bavail, bsize } = statfsSync(join(copy, '..'));
  if (bavail * bsize > 1.1 * bytes) return;
  throw notCopied(
    file,
    `the copy would need ${bytes} B, and ${tmpdir()} has ${bavail * bsize} B (TMPDIR names another folder)`,
  );
}

function notCopied(file: string, why: string, cause?: unknown): OperatingError {
  return new OperatingError(
    'store_not_copied',
    `cannot copy the store ${file}, which the running product holds: ${why}; stop the product, or try again`,
    { cause },
  );
}
