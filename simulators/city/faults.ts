/** How much goes wrong, each a share from 0 to 1; all 0 when left out. */
export interface FaultShares {
  /** Messages that are sent twice. */
  readonly duplicates?: number;
  /** Messages that arrive up to half an hour late. */
  readonly late?: number;
  /** Devices whose clock is one to 24 hours ahead. */
  readonly futureClock?: number;
  /** Messages whose main sensor has no value ("nan", null, or the key left out). */
  readonly nan?: number;
  /** Devices whose sensors are stuck at what they saw first. */
  readonly stuck?: number;
  /** Messages of meters at which the register starts again at zero. */
  readonly counterReset?: number;
  /** Devices that fall silent within the first hour and never come back. */
  readonly silent?: number;
}

export const FAULT_NAMES = ['duplicates', 'late', 'futureClock', 'nan', 'stuck', 'counterReset', 'silent'] as const;

/** What one device suffers from for good. */
export interface Ailments {
  readonly clockAheadMs: number;
  readonly isStuck: boolean;
  /** Turns after this instant do not happen; Infinity for a healthy device. */
  readonly silentFromMs: number;
}

/** Latest arrival of a late message, ms. */
export const LATE_MS_MAX = 30 * 60_000;
