import type { PaneRule } from './pane-rule.ts';

/*
 * Readings of a register that lie outside of how it rises around them. Picture of the counts, in event time:
 *
 *       h h   h              h: off the band, passed over
 *   s - - - - - - e          s, e: the band's ends; a register that goes on from s arrives at e
 *             l
 *
 * One such reading is a misread digit or a zero. Several are another register's readings under this one's name, a fault
 * that lasts, or the first readings of a new register that were sent while the old one's last were still coming in.
 * What is judged is the sequence in event time, so the order of arrival cannot be seen.
 */

/** Most readings between the two ends of a band. A longer excursion is taken for what the register says. */
export const EXCURSION_MAX = 8;

/** Several readings are passed over together only when they are this many times as far off as anything moves there. */
const FAR = 10;

/** Counting readings of a register in event-time order; the first `count` entries hold. */
export interface RegisterSequence {
  readonly count: number;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  /** 1 for a reading that is passed over; written by `markExcursions`. */
  readonly passedOver: Uint8Array;
}

/**
 * Marks the readings to be passed over. Whether one is depends on the `EXCURSION_MAX + 1` readings on each side of it
 * and on nothing else.
 */
export function markExcursions(sequence: RegisterSequence, rule: PaneRule): void {
  const { count, value, timeMs } = sequence;
  sequence.passedOver.fill(0, 0, count);
  for (let start = 0; start + 2 < count; start++) {
    if (start > 0 && value[start - 1]! > value[start]!) continue;
    const lastEnd = Math.min(count - 1, start + EXCURSION_MAX + 1);
    let isDense = timeMs[start + 1]! - timeMs[start]! <= rule.counterGapMsMax;
    for (let end = start + 2; end <= lastEnd; end++) {
      isDense &&= timeMs[end]! - timeMs[end - 1]! <= rule.counterGapMsMax;
      if (value[end]! < value[start]!) continue;
      const goesOn = end + 1 === count || value[end + 1]! >= value[end]!;
      if (goesOn && (end === start + 2 || (isDense && isFarOff(sequence, start, end, rule)))) {
        markOutside(sequence, start, end, rule);
      } else if (!goesOn && isDense && givesWay(sequence, start, end, rule)) {
        markOutside(sequence, start, end, rule);
      }
    }
  }
}

function markOutside({ value, passedOver }: RegisterSequence, start: number, end: number, rule: PaneRule): void {
  const low = value[start]! - rule.register.backflowTolerance;
  const high = value[end]! + rule.register.backflowTolerance;
  for (let at = start + 1; at < end; at++) if (value[at]! < low || value[at]! > high) passedOver[at] = 1;
}

/**
 * True when what lies outside of the band lies far off: many times what the band rises, and many times what the outer
 * readings move among themselves, or else they would be a new register on its way up.
 */
function isFarOff({ value }: RegisterSequence, start: number, end: number, rule: PaneRule): boolean {
  const tolerance = rule.register.backflowTolerance;
  const low = value[start]!;
  const high = value[end]!;
  let moved = Math.max(tolerance, high - low);
  let offMin = Number.POSITIVE_INFINITY;
  let previousSide = 0;
  let runLow = 0;
  let runHigh = 0;
  for (let at = start + 1; at < end; at++) {
    const count = value[at]!;
    const side = count > high + tolerance ? 1 : count < low - tolerance ? -1 : 0;
    if (side !== 0) {
      offMin = Math.min(offMin, side > 0 ? count - high : low - count);
      runLow = side === previousSide ? Math.min(runLow, count) : count;
      runHigh = side === previousSide ? Math.max(runHigh, count) : count;
      moved = Math.max(moved, runHigh - runLow);
    }
    previousSide = side;
  }
  return Number.isFinite(offMin) && offMin > FAR * moved;
}

/**
 * True at an exchange whose two registers overlap in time: `end` is the old one's last reading, the low readings before
 * it are the new one's, and what follows goes on from them. With those passed over, the old register counts to its end
 * and the new one from its zero.
 */
function givesWay(sequence: RegisterSequence, start: number, end: number, rule: PaneRule): boolean {
  const { value, timeMs } = sequence;
  if (start === 0 || timeMs[end + 1]! - timeMs[end]! > rule.counterGapMsMax) return false;
  const low = value[start]! - rule.register.backflowTolerance;
  let newest = Number.NaN;
  for (let at = start + 1; at < end; at++) {
    if (value[at]! > value[end]!) return false;
    if (value[at]! >= low) continue;
    if (value[at]! < newest) return false;
    newest = value[at]!;
  }
  const next = value[end + 1]!;
  if (!(next >= newest)) return false;
  const offMin = value[start]! - next;
  const moved = Math.max(value[start]! - value[start - 1]!, value[end]! - value[start]!, next - newest);
  return offMin > FAR * moved && isFarOff(sequence, start, end, rule);
}
