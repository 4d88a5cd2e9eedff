import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { csvLine, isoTime } from '../base/index.ts';
import type { KpiValue } from '../model/index.ts';

/** Files of trials that are kept, the newest ones: at most some 25 MB each. */
export const TRIAL_FILES_MAX = 50;

const ROWS_PER_WRITE = 5_000;
const UNFINISHED = '.part';

const COLUMNS = [
  ...['kpi', 'zone', 'start', 'end', 'value', 'band', 'valid', 'validCount', 'expectedCount', 'coverage'],
  ...['deviceCount', 'coveredPopulation', 'final', 'note'],
] as const;

/**
 * Writes all values of a trial as CSV: the file is there whole or not at all, also after a power failure. What an
 * earlier trial left undone goes, and so do the oldest files beyond `TRIAL_FILES_MAX`. One at a time in a folder.
 *
 * @param file absolute path; its folder is made
 */
export function writeTrialFile(file: string, values: readonly KpiValue[]): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  makeRoom(folder, basename(file));
  const part = `${file}${UNFINISHED}`;
  const handle = openSync(part, 'w', 0o640);
  try {
    writeText(handle, csvLine(COLUMNS));
    for (let from = 0; from < values.length; from += ROWS_PER_WRITE) {
      const rows = values.slice(from, from + ROWS_PER_WRITE).map((value) => csvLine(rowOf(value)));
      writeText(handle, rows.join(''));
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  syncFolder(folder);
}

function rowOf(value: KpiValue): (string | number | boolean | null)[] {
  const { kpi, zone, startMs, endMs, band, valid, validCount, expectedCount, coverage } = value;
  const { deviceCount, coveredPopulation, final, note } = value;
  return [
    ...[kpi, zone, isoTime(startMs), isoTime(endMs), value.value, band, valid, validCount, expectedCount, coverage],
    ...[deviceCount, coveredPopulation, final, note],
  ];
}

function makeRoom(folder: string, name: string): void {
  const files = readdirSync(folder);
  for (const left of files.filter((one) => one.endsWith(UNFINISHED))) rmSync(join(folder, left), { force: true });
  const others = files
    .filter((one) => one.endsWith('.csv') && one !== name)
    .map((one) => ({ path: join(folder, one), writtenMs: statSync(join(folder, one)).mtimeMs }))
    .sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of others.slice(TRIAL_FILES_MAX - 1)) rmSync(path, { force: true });
}

function writeText(handle: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
