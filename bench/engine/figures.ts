/** Middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Memory of this process that is in use, after a collection where `--expose-gc` allows it. */
export function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}
