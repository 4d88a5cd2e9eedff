import { isoTime } from '../../base/index.ts';
import type { Series } from '../../model/index.ts';
import type { StoredReading } from '../../store/index.ts';
import {
  type AggregateRow,
  distinctReadings,
  EXACT_READINGS_MAX,
  StatsFold,
  statRefusal,
  type WindowShape,
  type WindowStats,
  windowLengthMs,
  windowStepMs,
} from '../../windows/index.ts';
import { MERGES_MAX } from './aggregate-query.ts';
import type { RouteContext } from './context.ts';
import { badParameter } from './problems.ts';

/** Readings asked of the store at a time. */
const PAGE = 5_000;
/** Readings read for one answer: a year of one every 6 s. */
const READINGS_SCANNED_MAX = 5_000_000;
/** Readings of all windows together; rolling windows that overlap count theirs each. */
const WINDOW_READINGS_MAX = 20_000_000;
/** Time-weighted means leave open what lies between readings further apart than so many usual intervals. */
const GAP_INTERVALS = 3;
const STATS_MAX = 20;

/** `stats=percentiles` in full. */
const EXCEEDANCES = ['l10', 'l50', 'l90'];

/** The statistics that a query names, checked against what is measured. */
export function statsOf(text: string, series: Series): readonly string[] {
  const stats = text === 'percentiles' ? EXCEEDANCES : [...new Set(text.split(','))];
  if (stats.length > STATS_MAX) throw badParameter('stats', text, `at most ${STATS_MAX} at once`);
  if (text === 'percentiles' && series.kind !== 'level')
    throw badParameter('stats', text, `${series.quantity} is a ${series.kind}; percentiles are of levels`);
  for (const stat of stats) {
    const refusal = statRefusal(stat, series.kind);
    if (refusal !== '') throw badParameter('stats', stat, refusal);
  }
  return stats;
}

/**
 * Statistics of windows from the stored readings, read once in pages: exact up to `EXACT_READINGS_MAX` readings a window,
 * from counters beyond.
 *
 * @param rows by time, of the shape
 */
export async function windowStatistics(
  { sources }: RouteContext,
  series: Series,
  shape: WindowShape,
  rows: readonly AggregateRow[],
  stats: readonly string[],
): Promise<readonly WindowStats[]> {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return [];
  checkWork(shape, rows);
  const gapMsMax = GAP_INTERVALS * series.expectEveryMs;
  const fold = new StatsFold({
    kind: series.kind,
    stats,
    windows: rows,
    gapMsMax,
    exactReadingsMax: EXACT_READINGS_MAX,
  });
  const reachMs = stats.includes('twa') ? gapMsMax : 0;
  const range = { fromMs: first.startMs - reachMs, toMs: last.endMs + reachMs };
  for await (const page of pagesOf(sources.store, series.id, range)) {
    const { timesMs, values } = distinctReadings(page);
    for (const [index, timeMs] of timesMs.entries()) {
      if (!Number.isNaN(values[index])) fold.add(timeMs, values[index]!);
    }
  }
  return fold.finish();
}

function checkWork(shape: WindowShape, rows: readonly AggregateRow[]): void {
  const readingCount = rows.reduce((total, row) => total + row.count, 0);
  // Windows that roll by less than their length are cut by the bounds of all others.
  const cellCount = rows.length * Math.ceil((2 * windowLengthMs(shape)) / windowStepMs(shape));
  if (readingCount <= WINDOW_READINGS_MAX && cellCount <= MERGES_MAX) return;
  throw badParameter(
    'to',
    isoTime(rows.at(-1)!.endMs),
    `statistics of ${rows.length} windows with ${readingCount} readings are too much at once; ask for less time or a longer hop`,
  );
}

/** Readings by time, in pages that are never cut inside one instant, so that each instant can be judged. */
async function* pagesOf(
  store: RouteContext['sources']['store'],
  series: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): AsyncGenerator<readonly StoredReading[]> {
  let nextMs = fromMs;
  for (let scanned = 0; ; ) {
    const page = await store.readings(series, { fromMs: nextMs, toMs }, PAGE);
    if (page.length < PAGE) {
      yield page;
      return;
    }
    nextMs = page.at(-1)!.timeMs;
    const whole = page.filter((reading) => reading.timeMs < nextMs);
    scanned += whole.length;
    if (whole.length === 0 || scanned > READINGS_SCANNED_MAX) {
      throw badParameter(
        'to',
        isoTime(toMs),
        `more than ${READINGS_SCANNED_MAX} readings lie behind this; ask for less`,
      );
    }
    yield whole;
  }
}
