import { OperatingError } from '../base/index.ts';
import { type CityStreams, type Cut, type MadeBatch, positionOf } from '../journal/index.ts';
import type { EngineReader, EngineRecord } from './engine-record.ts';
import { MadeRecords } from './made-records.ts';
import { Patience, type Pause, timerPause } from './patience.ts';

/** What records take in memory, beside what they take packed. */
const UNPACKED_FACTOR = 8;
/** Cuts that are known ahead. */
const CUTS_MAX = 1_000;

export interface MergedReaderOptions {
  readonly streams: CityStreams;
  /** Told of each failure that is waited out. */
  onProblem(error: Error): void;
  readonly pause?: Pause;
}

/**
 * Reads all partitions as one journal: cycle by cycle, in a cycle partition by partition, and a time mark at each cut. It
 * keeps its place and reads ahead, so reading on asks all partitions at once. While the server is away it gives nothing;
 * after an error that is for good it is not to be asked again.
 */
export class MergedReader implements EngineReader {
  readonly #options: MergedReaderOptions;
  readonly #closing = new AbortController();
  readonly #patience: Patience;
  /** Position up to which it has read; undefined where it has to look. */
  #position: number | undefined;
  /** Number of the newest cut that it has passed, and those behind it that are known. */
  #passed = 0;
  #cuts: Cut[] = [];
  #tails: readonly PartitionTail[] = [];

  constructor(options: MergedReaderOptions) {
    this.#options = options;
    this.#patience = new Patience(options.pause ?? timerPause, this.#closing.signal);
  }

  async read(after: number, upTo: number, bytesMax: number): Promise<readonly EngineRecord[]> {
    if (upTo <= after) return [];
    try {
      if (this.#position !== after) await this.#seek(after);
      const records = this.#position === undefined ? [] : await this.#collect(upTo, bytesMax);
      if (records.length > 0) this.#patience.reset();
      // What was made can be lost with a server that went over to a copy: its owner makes it again.
      else await this.#patience.wait();
      return records;
    } catch (error) {
      // Nothing was given out of what is there: the next question goes on from the same place.
      await this.#patience.afterFailure(error, this.#options.onProblem);
      return [];
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /** Finds the place behind a position. There is none while the cycle has not ended. */
  async #seek(after: number): Promise<void> {
    this.#position = undefined;
    const around = await this.#options.streams.cutsAround(after);
    if (around === undefined) return;
    const [before, next] = around;
    this.#passed = before.number;
    this.#cuts = [next];
    let passed = after - positionOf(before);
    this.#tails = before.ends.map((end, partition) => {
      const inPartition = Math.min(passed, next.ends[partition]! - end);
      passed -= inPartition;
      return new PartitionTail(partition, end + inPartition);
    });
    this.#position = after;
  }

  /** All that can be had without asking again, once there is something. */
  async #collect(upTo: number, bytesMax: number): Promise<EngineRecord[]> {
    const into: Collected = { records: [], upTo, bytesLeft: bytesMax };
    while (this.#position! < upTo && into.bytesLeft > 0) {
      const cut = this.#cuts[0];
      if (cut !== undefined && this.#takeCycle(cut, into)) continue;
      if (into.records.length > 0 || into.bytesLeft <= 0) break;
      if (!(await (cut === undefined ? this.#learnCuts() : this.#fill(cut, bytesMax)))) break;
    }
    return into.records;
  }

  /** @returns false when something is missing before the cut */
  #takeCycle(cut: Cut, into: Collected): boolean {
    for (const tail of this.#tails) {
      const count = tail.take(cut.ends[tail.partition]!, this.#position!, into);
      this.#position! += count;
      if (this.#position! >= into.upTo || into.bytesLeft <= 0) return true;
      if (tail.isBefore(cut.ends)) return false;
    }
    const sequence = ++this.#position!;
    // Streams that went back to an earlier time, and on from there, are not those that were read.
    if (sequence !== positionOf(cut)) throw rewound(cut, sequence);
    into.records.push({ kind: 'mark', sequence, atMs: cut.atMs });
    this.#passed = cut.number;
    this.#cuts.shift();
    return true;
  }

  /** @returns false when there is none */
  async #learnCuts(): Promise<boolean> {
    const cuts = await this.#options.streams.cutsAfter(this.#passed, 0);
    const first = cuts[0]?.number ?? this.#passed + 1;
    if (first !== this.#passed + 1) throw gap(`cut ${this.#passed + 1} is expected and ${first} was found`);
    this.#cuts = cuts.slice(0, CUTS_MAX);
    return cuts.length > 0;
  }

  /**
   * Reads on in all partitions of which nothing is left, up to the newest cut known.
   *
   * @returns false when the next record before the cut is still missing
   */
  async #fill(cut: Cut, bytesMax: number): Promise<boolean> {
    const { streams } = this.#options;
    const { ends } = this.#cuts.at(-1)!;
    const share = Math.ceil(bytesMax / UNPACKED_FACTOR / this.#tails.length);
    const read = async (tail: PartitionTail): Promise<void> => {
      tail.add(await streams.readMade(tail.partition, tail.passed, ends[tail.partition]!, share));
    };
    const empty = this.#tails.filter((tail) => !tail.isReady && tail.isBefore(ends));
    // All of them, before anything goes on: an answer that came later would find another place.
    const failure = (await Promise.allSettled(empty.map(read))).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
    return this.#tails.find((tail) => tail.isBefore(cut.ends))?.isReady ?? true;
  }
}

/** What one read gives. */
interface Collected {
  readonly records: EngineRecord[];
  readonly upTo: number;
  bytesLeft: number;
}

/** What was made of a partition's records, from a sequence on. */
class PartitionTail {
  readonly partition: number;
  /** Sequence of the newest record given out. */
  passed: number;
  #batches: MadeBatch[] = [];
  /** The first batch, unpacked once it is needed. */
  #open: MadeRecords | undefined;

  constructor(partition: number, passed: number) {
    this.partition = partition;
    this.passed = passed;
  }

  get isReady(): boolean {
    return this.#batches.length > 0;
  }

  isBefore(ends: readonly number[]): boolean {
    return this.passed < ends[this.partition]!;
  }

  /** Batches behind what was given out; when nothing is left. */
  add(batches: readonly MadeBatch[]): void {
    let end = this.passed;
    for (const { last, count } of batches) {
      if (last <= end || last - count > end) {
        throw gap(`record ${end + 1} of partition ${this.partition} is expected and ${last - count + 1} was found`);
      }
      end = last;
    }
    this.#batches = [...batches];
  }

  /**
   * Gives out records up to `end`.
   *
   * @param position of the record before
   * @returns how many
   */
  take(end: number, position: number, into: Collected): number {
    const from = this.passed;
    while (this.passed < end && this.#batches.length > 0) {
      const batch = this.#batches[0]!;
      const records = this.#open ?? new MadeRecords(batch, this.partition);
      this.#open = records;
      const recordBytes = (UNPACKED_FACTOR * batch.bytes.length) / batch.count;
      const upTo = Math.min(end, batch.last, from + into.upTo - position);
      while (this.passed < upTo && into.bytesLeft > 0) {
        const own = ++this.passed;
        into.records.push(records.record(own, position + own - from));
        into.bytesLeft -= recordBytes;
      }
      if (this.passed < batch.last) break;
      this.#batches.shift();
      this.#open = undefined;
    }
    return this.passed - from;
  }
}

function rewound(cut: Cut, expected: number): OperatingError {
  return new OperatingError(
    'journal_rewound',
    `cannot read the partitions on: cut ${cut.number} lies at ${positionOf(cut)} instead of ${expected}; Redis went back to an earlier time, and on from there`,
  );
}

function gap(what: string): OperatingError {
  return new OperatingError('journal_gap', `cannot read the partitions on: ${what}`);
}
