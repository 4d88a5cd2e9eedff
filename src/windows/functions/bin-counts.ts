/** Bins of the smallest span that is held. */
const SPAN_MIN = 32;

/**
 * Counters of numbered bins, 4 bytes each, held for a span that doubles until it reaches the bins that occur. Integers
 * only, so that any order of adding and merging gives the same counts.
 */
export class BinCounts {
  readonly #rangeStart: number;
  readonly #rangeEnd: number;
  #firstBin = 0;
  #counts = new Uint32Array(0);
  /** Indices that occur: from the first, up to and without the second. */
  #usedFrom = 0;
  #usedTo = 0;
  #total = 0;

  /** @param lowestBin @param highestBin the bins that may be counted, both inclusive */
  constructor(lowestBin: number, highestBin: number) {
    this.#rangeStart = lowestBin;
    this.#rangeEnd = highestBin + 1;
  }

  /** Sum of all counters. */
  get total(): number {
    return this.#total;
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }

  add(bin: number): void {
    let index = bin - this.#firstBin;
    if (index < this.#usedFrom || index >= this.#usedTo) {
      this.#use(bin, bin + 1);
      index = bin - this.#firstBin;
    }
    this.#counts[index]!++;
    this.#total++;
  }

  merge(other: BinCounts): void {
    if (other.#total === 0) return;
    this.#use(other.#firstBin + other.#usedFrom, other.#firstBin + other.#usedTo);
    const shift = other.#firstBin - this.#firstBin;
    const [into, from] = [this.#counts, other.#counts];
    for (let index = other.#usedFrom, end = other.#usedTo; index < end; index++) into[index + shift]! += from[index]!;
    this.#total += other.#total;
  }

  /** The bin of the counted thing of rank 0 to total - 1, in ascending order of bins. */
  binOfRank(rank: number): number {
    let passed = 0;
    for (let index = this.#usedFrom; index < this.#usedTo; index++) {
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

  /** Holds the bins from `start` up to and without `end`, and counts them among the used ones. */
  #use(start: number, end: number): void {
    const isEmpty = this.#total === 0;
    const from = isEmpty ? start : Math.min(start, this.#firstBin + this.#usedFrom);
    const to = isEmpty ? end : Math.max(end, this.#firstBin + this.#usedTo);
    if (from < this.#firstBin || to > this.#firstBin + this.#counts.length) this.#grow(from, to);
    this.#usedFrom = from - this.#firstBin;
    this.#usedTo = to - this.#firstBin;
  }

  /** A span at least twice as long, with the room on both sides, within the range. */
  #grow(from: number, to: number): void {
    const slack = Math.max(SPAN_MIN, 2 * this.#counts.length) - (to - from);
    const firstBin = Math.max(this.#rangeStart, from - Math.max(0, slack >> 1));
    const endBin = Math.min(this.#rangeEnd, to + Math.max(0, slack - (slack >> 1)));
    const counts = new Uint32Array(endBin - firstBin);
    if (this.#total > 0) {
      const used = this.#counts.subarray(this.#usedFrom, this.#usedTo);
      counts.set(used, this.#firstBin + this.#usedFrom - firstBin);
    }
    this.#firstBin = firstBin;
    this.#counts = counts;
  }
}
