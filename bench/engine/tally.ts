import type { BenchRows } from './bench-engine.ts';

/** What a run came to: the times it took, and what proves that two runs did the same, to the bit. */
export interface Tally {
  readings: number;
  /** CPU seconds. */
  ingestCpuS: number;
  emitCpuS: number;
  /** Rows of rolling windows. */
  windows: number;
  countSum: number;
  hashSum: number;
  hashXor: number;
  /** Readings by outcome: counted, invalid, duplicate, conflict, filed late. */
  outcomes: number[];
}

/** Nothing yet. */
export function emptyTally(): Tally {
  const sums = { countSum: 0, hashSum: 0, hashXor: 0, outcomes: [0, 0, 0, 0, 0] };
  return { readings: 0, ingestCpuS: 0, emitCpuS: 0, windows: 0, ...sums };
}

/** Adds what became of readings. */
export function addOutcomes(tally: Tally, outcome: Uint8Array, count: number): void {
  for (let at = 0; at < count; at++) tally.outcomes[outcome[at]!]!++;
  tally.readings += count;
}

const PRIME = 0x01000193;
const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

/** Adds the bits of all values of the rows; the order of the rows does not matter. */
export function addRows(tally: Tally, rows: BenchRows, count: number, minute: number): void {
  let { hashSum, hashXor, countSum } = tally;
  for (let row = 0; row < count; row++) {
    let hash = Math.imul(0x811c9dc5 ^ minute, PRIME);
    hash = Math.imul(hash ^ rows.series[row]!, PRIME);
    hash = Math.imul(hash ^ rows.count[row]!, PRIME);
    hash = mixDouble(hash, rows.mean[row]!);
    hash = mixDouble(hash, rows.min[row]!);
    hash = mixDouble(hash, rows.max[row]!);
    hash = mixDouble(hash, rows.p95[row]!);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hashSum = (hashSum + hash) >>> 0;
    hashXor = (hashXor ^ hash) >>> 0;
    countSum += rows.count[row]!;
  }
  tally.hashSum = hashSum;
  tally.hashXor = hashXor;
  tally.countSum = countSum;
  tally.windows += count;
}

function mixDouble(hash: number, value: number): number {
  double[0] = value;
  return Math.imul(Math.imul(hash ^ words[0]!, PRIME) ^ words[1]!, PRIME);
}

/** True when both took the same readings to the same windows, bit for bit. */
export function sameResults(a: Tally, b: Tally): boolean {
  const proof = ({ readings, windows, countSum, hashSum, hashXor, outcomes }: Tally) =>
    [readings, windows, countSum, hashSum, hashXor, ...outcomes].join();
  return proof(a) === proof(b);
}
