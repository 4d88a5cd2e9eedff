import { MINUTE_MS, QUARTER_MS } from '../../src/base/index.ts';
import { parseOffset } from './time-format.ts';

/**
 * What to make of a clock reading that occurred twice, in the hour that is repeated in autumn:
 * - earlier, later: always the first or the second occurrence
 * - file-order: the first occurrence until the series' clock stops moving forward, then the second
 * - reject: no instant
 */
export const AMBIGUITY_POLICIES = ['earlier', 'later', 'file-order', 'reject'] as const;
export type AmbiguityPolicy = (typeof AMBIGUITY_POLICIES)[number];

/** An instant in ms UTC, or why there is none. */
export type Resolved = number | 'time_nonexistent' | 'time_ambiguous';

/** Instants at which a zone's clock showed a reading: none in a gap, two in a fold, otherwise one. */
export type ClockInstants = (clockMs: number) => readonly number[];

const QUARTERS_CACHED_MAX = 200_000;

/**
 * The instants of a clock reading given as if it were UTC, ms.
 *
 * @param zone `UTC`, a fixed offset (`-05:00`), or an IANA zone
 * @throws RangeError for an unknown zone
 */
export function clockInstants(zone: string): ClockInstants {
  const offsetMinutes = parseOffset(zone);
  if (offsetMinutes !== undefined) return (clockMs) => [clockMs - offsetMinutes * MINUTE_MS];
  // Offsets change on quarters of an hour of the clock, so one look-up serves a quarter.
  const cache = new Map<number, readonly number[]>();
  Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  return (clockMs) => {
    const quarter = Math.floor(clockMs / QUARTER_MS);
    let offsets = cache.get(quarter);
    if (offsets === undefined) {
      offsets = offsetsAt(quarter * QUARTER_MS, zone);
      if (cache.size >= QUARTERS_CACHED_MAX) cache.clear();
      cache.set(quarter, offsets);
    }
    return offsets.map((offsetMs) => clockMs - offsetMs);
  };
}

function offsetsAt(clockMs: number, zone: string): readonly number[] {
  const plain = Temporal.Instant.fromEpochMilliseconds(clockMs).toZonedDateTimeISO('UTC').toPlainDateTime();
  const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
  if (!earlier.toPlainDateTime().equals(plain)) return [];
  if (earlier.epochMilliseconds === later.epochMilliseconds) return [clockMs - earlier.epochMilliseconds];
  return [clockMs - earlier.epochMilliseconds, clockMs - later.epochMilliseconds];
}

/** Resolves clock readings of many series; `file-order` needs them in the order of the file. */
export class LocalTimes {
  readonly #policy: AmbiguityPolicy;
  readonly #zones = new Map<string, ClockInstants>();
  /** Last instant of each series; only needed for `file-order`. */
  readonly #lastMs = new Map<string, number>();

  constructor(policy: AmbiguityPolicy) {
    this.#policy = policy;
  }

  /** @param series any text that tells the series of the file apart */
  resolve(zone: string, clockMs: number, series: string): Resolved {
    let instants = this.#zones.get(zone);
    if (instants === undefined) {
      instants = clockInstants(zone);
      this.#zones.set(zone, instants);
    }
    const resolved = this.#choose(instants(clockMs), series);
    if (this.#policy === 'file-order' && typeof resolved === 'number') this.#lastMs.set(series, resolved);
    return resolved;
  }

  #choose(found: readonly number[], series: string): Resolved {
    const [first, second] = found;
    if (first === undefined) return 'time_nonexistent';
    if (second === undefined) return first;
    if (this.#policy === 'earlier') return first;
    if (this.#policy === 'later') return second;
    if (this.#policy === 'reject') return 'time_ambiguous';
    return first > (this.#lastMs.get(series) ?? Number.NEGATIVE_INFINITY) ? first : second;
  }
}
