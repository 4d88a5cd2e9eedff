/**
 * Values of equal intervals in a row, as rules of space add them up: a tenth of the memory of a map, of which a city
 * would hold one a meter. Intervals without a value are not in it.
 */
export class IntervalCurve implements ReadonlyMap<number, number> {
  readonly startMs: number;
  readonly stepMs: number;
  /** NaN where there is no value. */
  readonly cells: Float64Array;
  readonly size: number;

  /** @param cells taken over; NaN where there is no value */
  constructor(startMs: number, stepMs: number, cells: Float64Array) {
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
  const [first] = curves;
  if (!(first instanceof IntervalCurve)) return undefined;
  const { startMs, stepMs, cells } = first;
  const sums = new Float64Array(cells.length);
  const counts = new Uint32Array(cells.length);
  for (const curve of curves) {
    if (!(curve instanceof IntervalCurve)) return undefined;
    if (curve.startMs !== startMs || curve.stepMs !== stepMs || curve.cells.length !== cells.length) return undefined;
    const added = curve.cells;
    for (let index = 0; index < added.length; index++) {
      const value = added[index]!;
      if (Number.isNaN(value)) continue;
      sums[index]! += value;
      counts[index]!++;
    }
  }
  const needed = isStrict ? curves.length : 1;
  for (let index = 0; index < sums.length; index++) if (counts[index]! < needed) sums[index] = Number.NaN;
  return new IntervalCurve(startMs, stepMs, sums);
}
