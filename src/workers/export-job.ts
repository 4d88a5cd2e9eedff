import { join } from 'node:path';
import { calendarOf, DAY_MS, OperatingError } from '../base/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import type { ExportKind, Store, TimeRange } from '../store/index.ts';
import { unlessAborted } from './job-pace.ts';

/** The kind of the job. */
export const EXPORT = 'export';

/** Rows of whole local days, a file a day and kind. */
export interface DaysOrder {
  readonly kinds: readonly ExportKind[];
  /** Instants of the first day's start and of the last one's end, ms UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Folder among the exports. */
  readonly folder: string;
}

/** What was written. */
export interface DaysResult {
  /** Absolute path. */
  readonly folder: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface ExportSources {
  readonly store: () => Pick<Store, 'export'>;
  /** Absolute path of the folder of all exports. */
  readonly exportsFolder: string;
  /** Local day of the city that an instant lies in. */
  dayOf(atMs: number): LocalDay;
}

interface Checkpoint extends Omit<DaysResult, 'folder'> {
  readonly nextMs: number;
}

/** Ten years and some days: what a single order may make of files. */
const DAYS_MAX = 4_000;

export interface LocalDay {
  readonly startMs: number;
  readonly endMs: number;
  /** As in `2026-03-01`. */
  readonly name: string;
}

/** The day of a time zone that an instant lies in. */
export function localDayOf(timeZone: string, atMs: number): LocalDay {
  const calendar = calendarOf(timeZone);
  return { startMs: calendar.dayStart(atMs), endMs: calendar.dayEnd(atMs), name: calendar.isoDate(atMs) };
}

/** The days that a range touches, whole. @throws OperatingError `days_too_many` */
export function daysOrder(timeZone: string, kinds: readonly ExportKind[], { fromMs, toMs }: TimeRange): DaysOrder {
  if (toMs - fromMs > DAYS_MAX * DAY_MS) {
    throw new OperatingError('days_too_many', `cannot export more than ${DAYS_MAX} days at once; order them in parts`);
  }
  const [first, last] = [localDayOf(timeZone, fromMs), localDayOf(timeZone, toMs - 1)];
  const folder = `${first.name}-to-${last.name}`;
  return { kinds, fromMs: first.startMs, toMs: last.endMs, folder };
}

/** Writes day by day; after a restart it goes on with the day at hand, whose files are replaced. */
export function exportJob(sources: ExportSources): JobHandler {
  return (context) => run(context.job.input as DaysOrder, context, sources);
}

async function run(order: DaysOrder, context: JobContext, sources: ExportSources): Promise<DaysResult> {
  const folder = join(sources.exportsFolder, order.folder);
  const before = context.job.checkpoint as Checkpoint | null;
  let { nextMs, files, rows, bytes } = before ?? { nextMs: order.fromMs, files: 0, rows: 0, bytes: 0 };
  while (nextMs < order.toMs) {
    const { startMs, endMs, name } = sources.dayOf(nextMs);
    for (const kind of order.kinds) {
      context.signal.throwIfAborted();
      const file = join(folder, `${kind}-${name}.parquet`);
      // A file on its way is whole in the end, or not there.
      const written = await unlessAborted(
        sources.store().export({ kind, fromMs: startMs, toMs: endMs, file }),
        context.signal,
      );
      files++;
      rows += written.rows;
      bytes += written.bytes;
    }
    nextMs = endMs;
    await context.checkpoint({ nextMs, files, rows, bytes } satisfies Checkpoint);
    await context.progress(Math.min(1, (nextMs - order.fromMs) / (order.toMs - order.fromMs)));
  }
  return { folder, files, rows, bytes };
}
