import { HOUR_MS } from '../../src/base/index.ts';

/*
 * The rules for registers, recomputed from the readings of a recording in the plainest way: what results are held
 * against where they rightly differ from sums of differences. It shares no code with the product.
 */

/** A reading that counts. */
export interface RegisterPoint {
  readonly timeMs: number;
  readonly value: number;
}

/** What is believed of a register, in its own unit. */
export interface RegisterBounds {
  readonly rateMaxPerHour: number;
  readonly backflowTolerance: number;
  readonly gapMsMax: number;
}

/** From one reading that holds to the next. */
export interface RegisterStep {
  readonly fromMs: number;
  readonly toMs: number;
  /** Null when it cannot be believed. */
  readonly delta: number | null;
  readonly event: RegisterStepEvent | null;
}

export type RegisterStepEvent = 'spike' | 'backflow' | 'rollover' | 'reset';

export interface RegisterReview {
  readonly steps: readonly RegisterStep[];
  readonly passedOver: readonly RegisterPoint[];
}

/** Readings between the two ends of a band, and readings passed over between two that hold, at most. */
const BETWEEN_MAX = 8;

/** @param points ascending in time, each time once */
export function reviewRegister(points: readonly RegisterPoint[], bounds: RegisterBounds): RegisterReview {
  const steps: RegisterStep[] = [];
  const passedOver: RegisterPoint[] = [];
  let before: RegisterPoint | undefined;
  let between = 0;
  for (const [index, point] of points.entries()) {
    if (isPassedOver(points, index, bounds)) {
      passedOver.push(point);
      between++;
      continue;
    }
    if (before !== undefined && between <= BETWEEN_MAX) {
      const hours = Math.max(1, (point.timeMs - before.timeMs) / HOUR_MS);
      const judged = judge(before.value, point.value, bounds.rateMaxPerHour * hours, bounds);
      steps.push({ fromMs: before.timeMs, toMs: point.timeMs, ...judged });
    }
    before = point;
    between = 0;
  }
  return { steps, passedOver };
}

function judge(from: number, to: number, most: number, bounds: RegisterBounds): Pick<RegisterStep, 'delta' | 'event'> {
  if (to >= from) return to - from > most ? { delta: null, event: 'spike' } : { delta: to - from, event: null };
  if (from - to <= Math.max(bounds.backflowTolerance, from / 10)) return { delta: to - from, event: 'backflow' };
  const decade = 10 ** Math.max(4, Math.floor(Math.log10(from)) + 1);
  for (const modulus of [2 ** 16, 2 ** 32, decade]) {
    const around = modulus - from + to;
    const isNear = from < modulus && to >= 0 && around <= Math.min(modulus / 100, most);
    if (isNear) return { delta: around, event: 'rollover' };
  }
  return to >= 0 && to <= most ? { delta: to, event: 'reset' } : { delta: null, event: 'spike' };
}

/** A reading is passed over when there is a band of rising readings that it lies outside of. */
function isPassedOver(points: readonly RegisterPoint[], index: number, bounds: RegisterBounds): boolean {
  for (let start = Math.max(0, index - BETWEEN_MAX); start < index; start++) {
    for (let end = index + 1; end <= start + BETWEEN_MAX + 1 && end < points.length; end++) {
      const { value } = points[index]!;
      if (isOutside(value, points[start]!, points[end]!, bounds) && isBand(points, start, end, bounds)) return true;
    }
  }
  return false;
}

function isOutside(value: number, low: RegisterPoint, high: RegisterPoint, bounds: RegisterBounds): boolean {
  return value < low.value - bounds.backflowTolerance || value > high.value + bounds.backflowTolerance;
}

function isBand(points: readonly RegisterPoint[], start: number, end: number, bounds: RegisterBounds): boolean {
  const [low, high] = [points[start]!.value, points[end]!.value];
  const [before, after] = [points[start - 1], points[end + 1]];
  if (high < low || (before !== undefined && before.value > low)) return false;
  const band = points.slice(start, end + 1);
  const dense = hasNoGap(band, bounds);
  if (after === undefined || after.value >= high) return band.length === 3 || (dense && isFarOff(band, bounds));
  // The old register's last readings among the new one's first.
  const inner = band.slice(1, -1);
  const newOnes = inner.filter(({ value }) => value < low - bounds.backflowTolerance);
  const oldOnes = inner.filter((point) => !newOnes.includes(point));
  if (before === undefined || !dense || newOnes.length === 0) return false;
  if (!hasNoGap([band.at(-1)!, after], bounds) || oldOnes.some(({ value }) => value > high)) return false;
  const chain = [...newOnes, after];
  if (chain.some(({ value }, at) => at > 0 && value < chain[at - 1]!.value)) return false;
  const moved = Math.max(low - before.value, high - low, after.value - newOnes.at(-1)!.value);
  return low - after.value > 10 * moved && isFarOff(band, bounds);
}

function hasNoGap(points: readonly RegisterPoint[], { gapMsMax }: RegisterBounds): boolean {
  return points.every(({ timeMs }, at) => at === 0 || timeMs - points[at - 1]!.timeMs <= gapMsMax);
}

/** All outer readings are ten times as far off as the band rises, and as any run of them on one side moves. */
function isFarOff(band: readonly RegisterPoint[], bounds: RegisterBounds): boolean {
  const [low, high] = [band[0]!, band.at(-1)!];
  const side = band.map(({ value }) => {
    if (!isOutside(value, low, high, bounds)) return 0;
    return value > high.value ? 1 : -1;
  });
  const off = band
    .filter((_, at) => side[at] !== 0)
    .map(({ value }) => (value > high.value ? value - high.value : low.value - value));
  const moves = [bounds.backflowTolerance, high.value - low.value];
  for (let from = 1; from < band.length - 1; from++) {
    for (let to = from; side[to] !== 0 && side[to] === side[from]; to++) {
      moves.push(Math.abs(band[to]!.value - band[from]!.value));
    }
  }
  return off.length > 0 && Math.min(...off) > 10 * Math.max(...moves);
}
