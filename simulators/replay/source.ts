import { OperatingError } from '../../src/base/index.ts';
import { seededRandom } from '../common/index.ts';
import type { Mapping } from './mapping.ts';
import { shuffleAll, shuffleWithin, sortByTime } from './order.ts';
import { type RecordingPlace, readRecording } from './recording-file.ts';
import { type RecordedReading, RowMapper } from './row-mapper.ts';

/** Which readings of a recording, in which order. */
export interface Selection {
  /** Event times in [fromMs, toMs), as recorded, before any shift; readings without a time fit only an open range. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Readings at most, in file order, before any reordering. */
  readonly limitCount?: number;
  /** `file`: as it stands in the file, streamed. Every other order holds the selected readings in memory. */
  readonly order: 'file' | 'time' | { readonly seed: string; readonly withinMs?: number };
  readonly signal?: AbortSignal;
}

/** What was seen on the way; filled while readings are taken. */
export interface SourceCounts {
  rowsRead: number;
  bytesRead: number;
  /** Rows that gave no reading, by reason. */
  readonly skipped: Record<string, number>;
  /** Readings that are published without a time, by reason. */
  readonly timeless: Record<string, number>;
}

/** Readings held for reordering, at most. */
export const READINGS_HELD_MAX = 5_000_000;

export function emptyCounts(): SourceCounts {
  return { rowsRead: 0, bytesRead: 0, skipped: {}, timeless: {} };
}

/** The selected readings in the selected order, in pieces. */
export async function* selectReadings(
  place: RecordingPlace,
  mapping: Mapping,
  selection: Selection,
  counts: SourceCounts,
): AsyncGenerator<readonly RecordedReading[]> {
  if (selection.order === 'file') {
    yield* readInFileOrder(place, mapping, selection, counts);
    return;
  }
  const held: RecordedReading[] = [];
  for await (const readings of readInFileOrder(place, mapping, selection, counts)) {
    if (held.length + readings.length > READINGS_HELD_MAX) {
      throw new OperatingError(
        'recording_too_large',
        `cannot reorder ${place.name}: it has more than ${READINGS_HELD_MAX} readings; choose some with --from, --to or --limit`,
      );
    }
    for (const reading of readings) held.push(reading);
  }
  yield ordered(held, selection.order);
}

function ordered(held: RecordedReading[], order: Exclude<Selection['order'], 'file'>): readonly RecordedReading[] {
  if (order === 'time') return sortByTime(held);
  const random = seededRandom(order.seed);
  if (order.withinMs !== undefined) return shuffleWithin(held, order.withinMs, random);
  shuffleAll(held, random);
  return held;
}

async function* readInFileOrder(
  place: RecordingPlace,
  mapping: Mapping,
  selection: Selection,
  counts: SourceCounts,
): AsyncGenerator<readonly RecordedReading[]> {
  const mapper = new RowMapper(mapping);
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = selection;
  const isOpen = selection.fromMs === undefined && selection.toMs === undefined;
  let left = selection.limitCount ?? Number.POSITIVE_INFINITY;
  for await (const batch of readRecording(place.file, selection.signal)) {
    counts.bytesRead = batch.bytesRead;
    if (batch.malformedCount > 0) count(counts.skipped, 'row_malformed', batch.malformedCount);
    const readings: RecordedReading[] = [];
    for (const row of batch.rows) {
      if (left <= 0) break;
      counts.rowsRead++;
      const { reading, trouble } = mapper.map(row);
      if (reading === undefined) {
        count(counts.skipped, trouble, 1);
        continue;
      }
      const { timeMs } = reading;
      if (timeMs === null ? !isOpen : timeMs < fromMs || timeMs >= toMs) {
        count(counts.skipped, 'outside_range', 1);
        continue;
      }
      if (trouble !== undefined) count(counts.timeless, trouble, 1);
      readings.push(reading);
      left--;
    }
    if (readings.length > 0) yield readings;
    if (left <= 0) return;
  }
}

function count(counters: Record<string, number>, reason: string, by: number): void {
  counters[reason] = (counters[reason] ?? 0) + by;
}

/** Oldest and newest event time of the selected readings, and their longest expected interval; one pass over the file. */
export async function timeSpan(
  place: RecordingPlace,
  mapping: Mapping,
  selection: Selection,
): Promise<{ readonly oldestMs: number; readonly newestMs: number; readonly everyMsMax: number }> {
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  let everyMsMax = 0;
  for await (const readings of readInFileOrder(place, mapping, selection, emptyCounts())) {
    for (const reading of readings) {
      everyMsMax = Math.max(everyMsMax, reading.everyMs);
      if (reading.timeMs === null) continue;
      oldestMs = Math.min(oldestMs, reading.timeMs);
      newestMs = Math.max(newestMs, reading.timeMs);
    }
  }
  if (oldestMs > newestMs) {
    throw new OperatingError('recording_empty', `cannot replay ${place.name}: no reading with a time is selected`);
  }
  return { oldestMs, newestMs, everyMsMax };
}
