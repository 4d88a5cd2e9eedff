import type { Decoded } from '../intake/index.ts';
import { QUALITY_NAMES, QUANTITIES, type Reading } from '../model/index.ts';

/** A reading as `vitals decode` prints it and as cases expect it. */
export interface PrintedReading {
  readonly device: string;
  /** Left out when empty. */
  readonly channel?: string;
  readonly quantity: string;
  /** null: the device has no value, or an impossible one. */
  readonly value: number | null;
  readonly unit: string;
  /** Phenomenon time, ISO 8601 in UTC. */
  readonly time: string;
  readonly timeSource: 'device' | 'received';
  readonly quality: string;
  /** Left out when 0. */
  readonly periodS?: number;
}

export function printedReading(reading: Reading): PrintedReading {
  return {
    device: reading.device,
    ...(reading.channel === '' ? {} : { channel: reading.channel }),
    quantity: reading.quantity,
    value: Number.isNaN(reading.value) ? null : reading.value,
    unit: QUANTITIES.get(reading.quantity)?.unit ?? '',
    time: new Date(reading.timeMs).toISOString(),
    timeSource: reading.timeSource,
    quality: QUALITY_NAMES[reading.quality],
    ...(reading.periodMs === 0 ? {} : { periodS: reading.periodMs / 1000 }),
  };
}

/** What a case expects of a message; of a reading only the fields that stand there are compared. */
export type ExpectedReading = Partial<PrintedReading>;

/** Relative difference below which two values are the same: unit conversions round in the last digits. */
const TOLERANCE = 1e-9;

/**
 * Compares a decoded message with its expectation; the order of readings is free.
 *
 * @returns one line for each missing, surplus or refused reading; empty when all is as expected
 */
export function differences(decoded: Decoded, expected: readonly ExpectedReading[]): string[] {
  if (decoded.kind === 'rejected') {
    return [`rejected (${decoded.reject.reason}: ${decoded.reject.detail}), ${expected.length} readings were expected`];
  }
  const left = decoded.readings.map(printedReading);
  const lines = decoded.rejects.map(({ reject }) => `refused reading (${reject.reason}: ${reject.detail})`);
  // The most specific expectations choose first, so that one with few fields does not take the reading of another.
  for (const wanted of expected.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length)) {
    const index = left.findIndex((reading) => fits(reading, wanted));
    if (index < 0) lines.push(`missing ${JSON.stringify(wanted)}`);
    else left.splice(index, 1);
  }
  return [...lines, ...left.map((reading) => `surplus ${JSON.stringify(reading)}`)];
}

function fits(reading: PrintedReading, wanted: ExpectedReading): boolean {
  return (Object.keys(wanted) as (keyof PrintedReading)[]).every((key) => {
    const expected = wanted[key];
    const found = key === 'channel' ? (reading.channel ?? '') : reading[key];
    if (typeof expected === 'number' && typeof found === 'number') {
      return Math.abs(expected - found) <= TOLERANCE * Math.max(1, Math.abs(expected));
    }
    if (key === 'time' && typeof expected === 'string' && typeof found === 'string')
      return sameInstant(expected, found);
    return expected === found;
  });
}

function sameInstant(a: string, b: string): boolean {
  return Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)) === 0;
}
