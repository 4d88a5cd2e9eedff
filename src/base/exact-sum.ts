/*
 * Exact, order-free floating-point summation: the sum is held as non-overlapping partials, so that adding the same
 * numbers in any order rounds to the same bits at the end.
 * Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997 (grow-expansion).
 */

/**
 * The correctly rounded sum of finite numbers: any permutation gives the same bits.
 * A result beyond the range of a double is ±Infinity; inputs must be finite.
 */
export function exactSum(values: Iterable<number>): number {
  const partials: number[] = [];
  for (const value of values) addExactly(partials, value);
  return roundPartials(partials);
}

/** Adds one finite number to an expansion of non-overlapping partials, in place. */
export function addExactly(partials: number[], value: number): void {
  let x = value;
  let kept = 0;
  for (let index = 0; index < partials.length; index++) {
    let y = partials[index]!;
    if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
    const high = x + y;
    const low = y - (high - x);
    if (low !== 0) partials[kept++] = low;
    x = high;
  }
  partials.length = kept;
  partials.push(x);
}

/** Rounds an expansion to the nearest double, ties to even, whatever order it was built in. */
export function roundPartials(partials: readonly number[]): number {
  let index = partials.length - 1;
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
