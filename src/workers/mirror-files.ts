import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { StoreMark } from '../store/index.ts';

/** Where the cursors of all mirrors lie. */
export function mirrorFolder(dataFolder: string): string {
  return join(dataFolder, 'mirrors');
}

/** Where a mirror's cursor lies, and what goes with it. */
export function mirrorFiles(folder: string, name: string) {
  return {
    cursor: join(folder, `${name}.json`),
    rewind: join(folder, `${name}.rewind.json`),
    refused: join(folder, `${name}.refused.ndjson`),
  };
}

/** Where a mirror was left. */
export interface Cursor {
  readonly mark: StoreMark;
  /** When the embedded store was made that the mark is of, ms UTC. */
  readonly madeAtMs: number;
  /** What the mirror is. */
  readonly target: string;
  /** When it had everything last, ms UTC; NaN while it never had. */
  readonly levelAtMs: number;
}

const cursorSchema = z.object({
  mark: z.object({ position: z.number(), stamp: z.number() }),
  madeAtMs: z.number(),
  target: z.string(),
  levelAtMs: z.number().nullable(),
});

const rewindSchema = z.object({ toMs: z.number() });

/** @returns undefined when there is none, or none that can be read: then everything is told again */
export function readCursor(file: string): Cursor | undefined {
  const cursor = cursorSchema.safeParse(treeOf(file)).data;
  return cursor && { ...cursor, levelAtMs: cursor.levelAtMs ?? Number.NaN };
}

export function writeCursor(file: string, { levelAtMs, ...cursor }: Cursor): void {
  put(file, { ...cursor, levelAtMs: Number.isNaN(levelAtMs) ? null : levelAtMs });
}

/** Orders a mirror to begin again before all that says something of an instant or later; 0 for everything. */
export function writeRewind(file: string, toMs: number): void {
  put(file, { toMs });
}

/** Does what is ordered, if anything is; an order that cannot be read is gone afterwards, too. */
export async function takeRewind(file: string, obey: (toMs: number) => Promise<void>): Promise<void> {
  const taken = `${file}.taken`;
  // Another order may come while this one is obeyed; one that was not obeyed to its end is taken up again.
  if (existsSync(file)) renameSync(file, taken);
  if (!existsSync(taken)) return;
  const order = rewindSchema.safeParse(treeOf(taken)).data;
  if (order !== undefined) await obey(order.toMs);
  rmSync(taken, { force: true });
}

/** Whoever reads sees the old file or the new one. */
function put(file: string, tree: unknown): void {
  writeFileSync(`${file}.tmp`, JSON.stringify(tree));
  renameSync(`${file}.tmp`, file);
}

function treeOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
