import { DAY_MS } from '../../src/base/index.ts';
import { type Random, shuffleInPlace } from '../common/index.ts';
import type { RecordedReading } from './row-mapper.ts';

/** How far a recording's times are moved: not at all, so that its newest reading is now, or by whole days or weeks. */
export const SHIFT_UNITS = ['exact', 'days', 'weeks'] as const;
export type ShiftUnit = (typeof SHIFT_UNITS)[number];

export interface ShiftRequest {
  readonly unit: ShiftUnit;
  readonly nowMs: number;
  /** Newest event time of the recording. */
  readonly newestMs: number;
  /** Let the newest reading lie up to a unit ahead of now, for a replay that goes on live; otherwise never ahead. */
  readonly ahead: boolean;
  /** Zone of the recording's place, and the zone whose clock shall show the same hours. */
  readonly fromZone?: string;
  readonly toZone?: string;
}

/**
 * One number of milliseconds for the whole recording, so that distances in time stay exact and no reading falls into a
 * gap of summer time. Whole days and weeks keep the hour of day, and weeks the day of week too.
 */
export function shiftToNowMs(request: ShiftRequest): number {
  const { unit, nowMs, newestMs } = request;
  if (unit === 'exact') return nowMs - newestMs;
  const stepMs = unit === 'days' ? DAY_MS : 7 * DAY_MS;
  const zoneMs = zoneDifferenceMs(request);
  const steps = (nowMs - newestMs - zoneMs) / stepMs;
  return (request.ahead ? Math.ceil(steps) : Math.floor(steps)) * stepMs + zoneMs;
}

/** What turns 8 o'clock in the one zone into 8 o'clock in the other, at the offsets in force at the newest reading and now. */
function zoneDifferenceMs({ fromZone, toZone, newestMs, nowMs }: ShiftRequest): number {
  if (fromZone === undefined || toZone === undefined) return 0;
  return offsetMs(fromZone, newestMs) - offsetMs(toZone, nowMs);
}

function offsetMs(zone: string, atMs: number): number {
  return Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
}

/** Any order: every arrival order of the file's readings is as likely. In place. */
export function shuffleAll(readings: RecordedReading[], random: Random): void {
  shuffleInPlace(readings, random);
}

/**
 * The disorder of a real network: each reading arrives up to `withinMs` after its event time. Readings without a time
 * keep their place beside the reading before them.
 */
export function shuffleWithin(
  readings: readonly RecordedReading[],
  withinMs: number,
  random: Random,
): RecordedReading[] {
  let lastMs = 0;
  const keyed = readings.map((reading, index) => {
    lastMs = reading.timeMs ?? lastMs;
    return { reading, index, atMs: lastMs + random() * withinMs };
  });
  keyed.sort((a, b) => a.atMs - b.atMs || a.index - b.index);
  return keyed.map(({ reading }) => reading);
}

/** By event time, equal times in file order; readings without a time stay beside the reading before them. */
export function sortByTime(readings: readonly RecordedReading[]): RecordedReading[] {
  return shuffleWithin(readings, 0, () => 0);
}
