/**
 * Values of equal intervals in a row, as rules of space add them up: a tenth of the memory of a map, of which a city
 * would hold one a meter. Intervals without a value are not in it.
 */
export class IntervalCurve implements ReadonlyMap<number, number> {
  readonly startMs: number;
  readonly stepMs: number;
  /** NaN where there is no value. */
  readonly cells: readonly number[];
  readonly size: number;

  /** @param cells taken over; NaN where there is no value */
  constructor(startMs: number, stepMs: number, cells: readonly number[]) {
    this.startMs = startMs;
    this.stepMs = stepMs;
    this.cells = cells;
    let size = 0;
    for (const value of cells) if (!Number.isNaN(value)) size++;
    this.size = size;
  }

  get(atMs: number): number | undefined {
    const value = this.cells[(atMs - this.startMs) / this.stepMs];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  has(atMs: number): boolean {
    return this.get(atMs) !== undefined;
  }

  *entries(): Generator<[number, number], undefined, unknown> {
    for (let index = 0; index < this.cells.length; index++) {
      const value = this.cells[index]!;
      if (!Number.isNaN(value)) yield [this.startMs + index * this.stepMs, value];
    }
  }

  *keys(): Generator<number, undefined, unknown> {
    for (const [atMs] of this.entries()) yield atMs;
  }

  *values(): Generator<number, undefined, unknown> {
    for (const [, value] of this.entries()) yield value;
  }

  forEach(look: (value: number, atMs: number, curve: ReadonlyMap<number, number>) => void): void {
    for (const [atMs, value] of this.entries()) look(value, atMs, this);
  }

  [Symbol.iterator](): Generator<[number, number], undefined, unknown> {
    return this.entries();
  }
}

/** The highest value of a curve, the first of equals; undefined when it has none. */
export function highestOf(curve: IntervalCurve): { readonly atMs: number; readonly value: number } | undefined {
  let best = -1;
  for (let index = 0; index < curve.cells.length; index++) {
    const value = curve.cells[index]!;
    if (value > (best < 0 ? Number.NEGATIVE_INFINITY : curve.cells[best]!)) best = index;
  }
  return best < 0 ? undefined : { atMs: curve.startMs + best * curve.stepMs, value: curve.cells[best]! };
}

/**
 * Sums curves interval by interval. Curves stand by the names of their devices, so plain sums in their order are the same
 * in every run; a city adds ten million numbers here.
 *
 * @param isStrict an interval that one of them lacks is left out, instead of being too small
 * @returns undefined when they are not all of one grid
 */
export function sumCurves(
  curves: readonly ReadonlyMap<number, number | null>[],
  isStrict: boolean,
): IntervalCurve | undefined {
  if (!areAlike(curves)) return undefined;
  const { startMs, stepMs } = curves[0]!;
  const { sums, counts } = sumOf(curves);
  const needed = isStrict ? curves.length : 1;
  return new IntervalCurve(
    startMs,
    stepMs,
    sums.map((sum, index) => (counts[index]! < needed ? Number.NaN : sum)),
  );
}

/** Of each interval: the sum, and how many curves have it. */
interface CurveSum {
  readonly sums: readonly number[];
  readonly counts: readonly number[];
}

/** By the first curve: peak demand and load factor are made of the same curves, and the sum costs more than both. */
const SUMS = new WeakMap<IntervalCurve, CurveSum & { readonly curves: readonly IntervalCurve[] }>();

function sumOf(curves: readonly IntervalCurve[]): CurveSum {
  const first = curves[0]!;
  const known = SUMS.get(first);
  if (known?.curves.length === curves.length && known.curves.every((curve, index) => curve === curves[index])) {
    return known;
  }
  const sums = Array<number>(first.cells.length).fill(0);
  const counts = Array<number>(first.cells.length).fill(0);
  for (const { cells } of curves) {
    for (let index = 0; index < cells.length; index++) {
      const value = cells[index]!;
      if (Number.isNaN(value)) continue;
      sums[index]! += value;
      counts[index]!++;
    }
  }
  const made = { curves, sums, counts };
  SUMS.set(first, made);
  return made;
}

function areAlike(curves: readonly ReadonlyMap<number, number | null>[]): curves is readonly IntervalCurve[] {
  const [first] = curves;
  if (!(first instanceof IntervalCurve)) return false;
  const { startMs, stepMs, cells } = first;
  for (const curve of curves) {
    if (!(curve instanceof IntervalCurve)) return false;
    if (curve.startMs !== startMs || curve.stepMs !== stepMs || curve.cells.length !== cells.length) return false;
  }
  return true;
}
