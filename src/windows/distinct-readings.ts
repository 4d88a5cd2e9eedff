import { qualityCounts } from '../model/index.ts';

/** A reading as the store gives it back: one that counts, one that is bad, or one that came too late for live windows. */
export interface AggregateReading {
  readonly timeMs: number;
  readonly value: number;
  readonly quality: number;
  /** Place in the journal; 0 when absent. */
  readonly sequence?: number;
}

/**
 * Readings of one series by event time, each instant once: one that counts goes before one that does not, and otherwise
 * the one that came first stays, whatever order they stand in.
 *
 * @returns times strictly ascending; NaN for a value that does not count
 */
export function distinctReadings(readings: readonly AggregateReading[]): { timesMs: number[]; values: number[] } {
  const counts = ({ quality, value }: AggregateReading) => qualityCounts(quality) && Number.isFinite(value);
  const sorted = readings.toSorted(
    (a, b) => a.timeMs - b.timeMs || Number(counts(b)) - Number(counts(a)) || (a.sequence ?? 0) - (b.sequence ?? 0),
  );
  const timesMs: number[] = [];
  const values: number[] = [];
  for (const reading of sorted) {
    if (reading.timeMs === timesMs.at(-1)) continue;
    timesMs.push(reading.timeMs);
    values.push(counts(reading) ? reading.value : Number.NaN);
  }
  return { timesMs, values };
}
