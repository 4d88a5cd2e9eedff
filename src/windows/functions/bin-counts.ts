/** Span of bins grows by whole chunks, so that a slowly widening range is not copied for each bin. */
const CHUNK = 32;

/**
 * Counters of numbered bins, held for the span of bins that occur and no more: 4 bytes a bin. Integers only, so that any
 * order of adding and merging gives the same counts.
 */
export class BinCounts {
  #firstBin = 0;
  #counts = new Uint32Array(0);
  #total = 0;

  /** Sum of all counters. */
  get total(): number {
    return this.#total;
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }

  add(bin: number): void {
    if (bin < this.#firstBin || bin >= this.#firstBin + this.#counts.length) this.#hold(bin, bin);
    this.#counts[bin - this.#firstBin]!++;
    this.#total++;
  }

  merge(other: BinCounts): void {
    const { length } = other.#counts;
    if (other.#total === 0) return;
    this.#hold(other.#firstBin, other.#firstBin + length - 1);
    const shift = other.#firstBin - this.#firstBin;
    for (let index = 0; index < length; index++) this.#counts[index + shift]! += other.#counts[index]!;
    this.#total += other.#total;
  }

  /** The bin of the counted thing of rank 0 to total - 1, in ascending order of bins. */
  binOfRank(rank: number): number {
    let passed = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      passed += this.#counts[index]!;
      if (passed > rank) return this.#firstBin + index;
    }
    throw new RangeError(`rank ${rank} of ${this.#total} counted`);
  }

  /** Bins that occur, ascending, with their counts. */
  entries(): [bin: number, count: number][] {
    return Array.from(this.#counts, (count, index): [number, number] => [this.#firstBin + index, count]).filter(
      ([, count]) => count > 0,
    );
  }

  #hold(lowest: number, highest: number): void {
    const isEmpty = this.#counts.length === 0;
    const start = isEmpty ? lowest : Math.min(lowest, this.#firstBin);
    const end = isEmpty ? highest : Math.max(highest, this.#firstBin + this.#counts.length - 1);
    const firstBin = Math.floor(start / CHUNK) * CHUNK;
    const length = (Math.floor(end / CHUNK) + 1) * CHUNK - firstBin;
    if (firstBin === this.#firstBin && length === this.#counts.length) return;
    const counts = new Uint32Array(length);
    counts.set(this.#counts, isEmpty ? 0 : this.#firstBin - firstBin);
    this.#firstBin = firstBin;
    this.#counts = counts;
  }
}
