import { join } from 'node:path';
import { type Clock, type Disk, OperatingError, writeFully } from '../base/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import { nodeFileSystem } from '../journal/local/index.ts';
import {
  collectReport,
  type ReportOrder,
  type ReportSources,
  reportCsv,
  reportFile,
  reportHtml,
  standingOf,
} from '../views/index.ts';

/** The kind of the job. */
export const REPORT = 'report';

/** What was written. */
export interface ReportResult {
  /** Absolute paths. */
  readonly html: string;
  readonly csv: string;
  readonly bytes: number;
  readonly values: number;
  readonly isFinal: boolean;
}

export interface ReportJobSources {
  readonly sources: ReportSources;
  readonly clock: Clock;
  /** Absolute path of the folder of all reports. */
  readonly reportsFolder: string;
  /** The machine's own files when absent. */
  readonly disk?: Disk;
}

/** Reading the values takes most of the time. */
const READ_SHARE = 0.9;

/** What is written at once: the process has other things to do between two writes. */
const WRITE_CHARACTERS = 64 * 1024;

/** Suffix of a file that is not whole yet. */
const PART = '.part';

/**
 * Reads the values of a period and writes the report of them, as HTML and as CSV; reports of the same zone and period
 * are replaced. A file is there whole or not at all. Run again, it says what holds then.
 */
export function reportJob(options: ReportJobSources): JobHandler {
  return (context) => run(context.job.input as ReportOrder, context, options);
}

async function run(order: ReportOrder, context: JobContext, options: ReportJobSources): Promise<ReportResult> {
  const { sources, clock, reportsFolder: folder, disk = nodeFileSystem } = options;
  const { signal } = context;
  const progress = (ratio: number) => context.progress(READ_SHARE * ratio);
  const report = await collectReport(sources, order, { nowMs: clock.nowMs(), signal, progress });
  const files = [
    { path: join(folder, reportFile(order, 'html')), pieces: reportHtml(report) },
    { path: join(folder, reportFile(order, 'csv')), pieces: reportCsv(report) },
  ] as const;
  const bytes = await writeAll(files, folder, disk, signal);
  const { values, isFinal } = standingOf(report);
  return { html: files[0].path, csv: files[1].path, bytes, values, isFinal };
}

interface NewFile {
  readonly path: string;
  readonly pieces: Iterable<string>;
}

async function writeAll(files: readonly NewFile[], folder: string, disk: Disk, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  try {
    await disk.makeFolder(folder);
    for (const { path, pieces } of files) bytes += await write(path + PART, pieces, disk, signal);
    for (const { path } of files) await disk.rename(path + PART, path);
    await disk.syncFolder(folder);
    return bytes;
  } catch (cause) {
    for (const { path } of files) await disk.remove(path + PART).catch(() => undefined);
    signal.throwIfAborted();
    const message = `cannot write the report ${files[0]?.path}: ${(cause as Error).message}`;
    throw new OperatingError('report_unwritable', message, { cause, retryable: true });
  }
}

async function write(path: string, pieces: Iterable<string>, disk: Disk, signal: AbortSignal): Promise<number> {
  const file = await disk.open(path, 'create');
  try {
    let position = 0;
    let text = '';
    for (const piece of pieces) {
      text += piece;
      if (text.length < WRITE_CHARACTERS) continue;
      signal.throwIfAborted();
      position = await writeFully(file, [Buffer.from(text)], position);
      text = '';
    }
    position = await writeFully(file, [Buffer.from(text)], position);
    await file.datasync();
    return position;
  } finally {
    await file.close();
  }
}
