/**
 * LwM2M resource 6042 "Measurement Quality Indicator", the code list adopted for every reading.
 * Readings below `suspect` are kept so that coverage can be computed, but never enter a KPI.
 */
export const Quality = { unchecked: 0, bad: 1, likelyBad: 2, suspect: 3, good: 4 } as const;
export type Quality = (typeof Quality)[keyof typeof Quality];

/** Names of the codes, as API and `vitals decode` print them. */
export const QUALITY_NAMES = ['unchecked', 'bad', 'likely bad', 'suspect', 'good'] as const;

/** True for readings that count in aggregates: unchecked, suspect and good. */
export function qualityCounts(quality: number): boolean {
  return quality === Quality.unchecked || quality >= Quality.suspect;
}

/** One measured value in canonical units, as intake makes it of a message. */
export interface Reading {
  readonly device: string;
  /** Empty when the device has one such sensor; a phase, tariff or channel otherwise. */
  readonly channel: string;
  readonly quantity: string;
  /** In the quantity's canonical unit; NaN where the device said that it has no value (quality is then `bad`). */
  readonly value: number;
  /** Phenomenon time, ms UTC. For an interval value: the instant that the device stamps. */
  readonly timeMs: number;
  readonly timeSource: 'device' | 'received';
  readonly quality: Quality;
  /** Length of the interval that the value stands for, ms; 0 for an instantaneous value. */
  readonly periodMs: number;
  /** How often the device is expected to report this, ms. Decides expected counts and silence. */
  readonly expectEveryMs: number;
}

/** Why a message or reading is not counted. One closed list: accounting, quarantine and metrics use these words. */
export const REJECT_REASONS = [
  'unknown_topic',
  'payload_too_large',
  'malformed',
  'not_utf8',
  'nesting_too_deep',
  'too_many_readings',
  'missing_field',
  'value_not_finite',
  'unknown_unit',
  'unknown_quantity',
  'id_not_allowed',
  'time_missing',
  'time_unreadable',
  'time_too_old',
  'time_in_future',
  'conflict',
  'series_limit',
  'retained_replay',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** A message or reading that was refused; kept in quarantine with the start of its payload. */
export interface Reject {
  readonly reason: RejectReason;
  /** One sentence with the value seen and what is allowed. */
  readonly detail: string;
  /** Device where it is known, otherwise empty. */
  readonly device: string;
}
