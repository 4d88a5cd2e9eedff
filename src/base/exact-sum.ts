/*
 * Exact, order-free floating-point summation: the sum is held as non-overlapping partials, so that adding the same
 * numbers in any order rounds to the same bits at the end.
 * Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997 (grow-expansion).
 */

/** Of the sum that is being made; far more than sums of what is measured need. */
let partials = new Float64Array(64);

/**
 * The correctly rounded sum of finite numbers: any permutation gives the same bits.
 * A result beyond the range of a double is ±Infinity; inputs must be finite.
 */
export function exactSum(values: Iterable<number>): number {
  // What yields the numbers may itself add up.
  const list = Array.isArray(values) ? (values as readonly number[]) : [...values];
  let count = 0;
  for (let index = 0; index < list.length; index++) count = addExactly(count, list[index]!);
  return roundPartials(count);
}

/** Adds one finite number to the first partials, an expansion that does not overlap, and returns how many there are. */
function addExactly(count: number, value: number): number {
  if (count === partials.length) partials = roomier(partials);
  let x = value;
  let kept = 0;
  for (let index = 0; index < count; index++) {
    let y = partials[index]!;
    if (Math.abs(x) < Math.abs(y)) {
      const larger = y;
      y = x;
      x = larger;
    }
    const high = x + y;
    const low = y - (high - x);
    if (low !== 0) partials[kept++] = low;
    x = high;
  }
  // Nothing is left to be exact of.
  if (!Number.isFinite(x)) kept = 0;
  partials[kept] = x;
  return kept + 1;
}

function roomier(full: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(2 * full.length);
  grown.set(full);
  return grown;
}

/** Rounds the expansion to the nearest double, ties to even, whatever order it was built in. */
function roundPartials(count: number): number {
  let index = count - 1;
  if (index < 0) return 0;
  let high = partials[index]!;
  let low = 0;
  while (index > 0) {
    const x = high;
    const y = partials[--index]!;
    high = x + y;
    low = y - (high - x);
    if (low !== 0) break;
  }
  // Half-way case: the partial below decides the direction of the tie.
  if (index > 0 && ((low < 0 && partials[index - 1]! < 0) || (low > 0 && partials[index - 1]! > 0))) {
    const doubled = low * 2;
    const candidate = high + doubled;
    if (doubled === candidate - high) return candidate;
  }
  return high;
}
