import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError } from '../../base/index.ts';

const FILE = 'left-behind.txt';

/** Why a reader of the whole can never go on from what it has. */
const CODES: ReadonlySet<string> = new Set(['journal_gap', 'journal_rewound']);

/** Whether the streams have let go, or gone back from, what a reader had: waiting and trying again mend neither. */
export function isLeftBehind(error: unknown): error is OperatingError {
  return error instanceof OperatingError && CODES.has(error.code);
}

/**
 * Says so in its data folder: after a start it could not be told any more.
 *
 * @throws what the system says of the file
 */
export function noteLeftBehind(dataFolder: string, { message }: Error): void {
  writeFileSync(join(dataFolder, FILE), `${message}\n`);
}

/** @throws OperatingError `left_behind` where that was said */
export function refuseLeftBehind(dataFolder: string): void {
  const file = join(dataFolder, FILE);
  let why: string;
  try {
    why = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  throw new OperatingError(
    'left_behind',
    `cannot go on with ${dataFolder}: ${why}. Begin this node anew with an empty folder, or with a copy of another api node's (without replica.txt); ${FILE} says so`,
  );
}
