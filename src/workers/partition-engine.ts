import { assert, OperatingError } from '../base/index.ts';
import type { Intake } from '../intake/index.ts';
import type { CityStreams, Cut, JournalRecord, MadeBatch, StreamStats } from '../journal/index.ts';
import { MadeBatchBuilder } from './made-batch.ts';
import { Patience, type Pause, timerPause } from './patience.ts';

/** Raw bytes that are decoded in one go: some tens of milliseconds at most. */
const READ_BYTES_MAX = 1 << 20;
/** Readings of one batch, about: a few small messages may hold very many. */
const BATCH_PARTS_MAX = 50_000;

export interface PartitionEngineOptions {
  readonly streams: CityStreams;
  readonly partition: number;
  readonly intake: Intake;
  /** False once somebody else may own the partition; asked before each batch. */
  holdsLease?(): boolean;
  /** Told of each failure that is waited out. */
  onProblem(error: Error): void;
  readonly pause?: Pause;
}

/**
 * Why an owner ended: it was told to, somebody else owns the partition, or its lease ran out. A question of an owner before
 * it that was on its way for long fences off, too: who still holds the lease begins anew.
 */
export type PartitionEnd = 'stopped' | 'fenced' | 'lease lost';

export interface PartitionProgress {
  readonly partition: number;
  /** Its number as the owner; 0 before it is. */
  readonly epoch: number;
  /** Sequence of the newest record that something was made of, and of the newest one before a known cut. */
  readonly madeEnd: number;
  readonly cutEnd: number;
  /** Kept since the start. */
  readonly recordCount: number;
  readonly readingCount: number;
}

interface Made {
  readonly batch: MadeBatch;
  readonly readingCount: number;
}

/**
 * The owner of one partition: decodes its messages up to the newest cut, and keeps what it made of them. It decodes them
 * once for all who read the city. One that was replaced finds out at the next batch, which is not kept.
 */
export class PartitionEngine {
  readonly #options: PartitionEngineOptions;
  readonly #builder = new MadeBatchBuilder();
  readonly #stopping = new AbortController();
  readonly #patience: Patience;
  #running: Promise<PartitionEnd> | undefined;
  #wake: () => void = () => {};
  #isAsleep = false;
  #isFenced = false;
  #cutNumber = -1;
  #cutEnd = 0;
  #epoch = 0;
  /** Below 0 before it is known. */
  #madeEnd = -1;
  /** Records behind those that are being kept; read meanwhile. */
  #ahead: Promise<readonly JournalRecord[]> | undefined;
  #recordCount = 0;
  #readingCount = 0;

  constructor(options: PartitionEngineOptions) {
    this.#options = options;
    this.#patience = new Patience(options.pause ?? timerPause, this.#stopping.signal);
  }

  get progress(): PartitionProgress {
    return {
      ...{ partition: this.#options.partition, epoch: this.#epoch },
      ...{ madeEnd: Math.max(0, this.#madeEnd), cutEnd: this.#cutEnd },
      ...{ recordCount: this.#recordCount, readingCount: this.#readingCount },
    };
  }

  /** Tells of a cut; one that is older than a known one is ignored. */
  advance(cut: Cut): void {
    if (cut.number <= this.#cutNumber) return;
    this.#cutNumber = cut.number;
    this.#cutEnd = cut.ends[this.#options.partition]!;
    this.#wake();
  }

  /**
   * Tells what the server has: so an owner that has nothing to do finds out, too, that it was replaced, or that a server
   * which went over to a copy lost what it had kept. To be called now and then.
   */
  compare({ epoch, madeEnd }: StreamStats): void {
    if (!this.#isAsleep) return;
    if (epoch > this.#epoch) this.#isFenced = true;
    this.#madeEnd = Math.min(this.#madeEnd, madeEnd);
    this.#wake();
  }

  /**
   * Owns the partition until it is stopped or replaced; once. While the server is away it waits and tries again.
   * Rejects when the streams refuse for good.
   */
  run(): Promise<PartitionEnd> {
    assert(this.#running === undefined, 'the owner of a partition was started twice');
    this.#running = this.#run();
    return this.#running;
  }

  /** Ends `run`; resolves once the batch at hand is kept or given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running?.catch(() => undefined);
  }

  async #run(): Promise<PartitionEnd> {
    const { holdsLease = () => true, onProblem } = this.#options;
    while (!this.#stopping.signal.aborted) {
      if (!holdsLease()) return 'lease lost';
      if (this.#isFenced) return 'fenced';
      try {
        if (this.#madeEnd < 0) await this.#own();
        else if (this.#madeEnd >= this.#cutEnd) await this.#sleep();
        else await this.#step(holdsLease);
      } catch (error) {
        this.#ahead = undefined;
        await this.#patience.afterFailure(error, onProblem);
      }
    }
    return 'stopped';
  }

  async #own(): Promise<void> {
    const { streams, partition } = this.#options;
    // Once, however often what comes then fails: it would fence off whoever came after it.
    if (this.#epoch === 0) this.#epoch = await streams.own(partition);
    // From then on nobody before it can add to what is there.
    const stats = await streams.stats();
    this.#madeEnd = stats[partition]!.madeEnd;
  }

  async #step(holdsLease: () => boolean): Promise<void> {
    const records = await (this.#ahead ?? this.#read(this.#madeEnd));
    this.#ahead = undefined;
    if (records.length === 0) {
      // A server that went over to a copy may have less than the cut says, until the intake has sent it again.
      await this.#patience.wait();
      return;
    }
    const last = records.at(-1)!.sequence;
    if (last < this.#cutEnd) this.#readAhead(last);
    for (const made of this.#made(records)) {
      if (!holdsLease() || this.#stopping.signal.aborted || !(await this.#keep(made))) return;
    }
  }

  /** @returns false when what follows cannot be kept behind it */
  async #keep({ batch, readingCount }: Made): Promise<boolean> {
    const { streams, partition } = this.#options;
    const outcome = await streams.appendMade(partition, this.#epoch, batch);
    this.#patience.reset();
    if (outcome.kind === 'kept') {
      this.#madeEnd = batch.last;
      this.#recordCount += batch.count;
      this.#readingCount += readingCount;
      return true;
    }
    this.#ahead = undefined;
    if (outcome.kind === 'fenced') this.#isFenced = true;
    // An answer was lost on its way, or the server lost what it had answered for.
    else this.#madeEnd = outcome.at;
    return false;
  }

  async #read(after: number): Promise<readonly JournalRecord[]> {
    const { streams, partition } = this.#options;
    const records = await streams.readRaw(partition, after, this.#cutEnd, READ_BYTES_MAX);
    const first = records[0]?.sequence ?? after + 1;
    if (first === after + 1) return records;
    const text = `cannot read partition ${partition}: record ${after + 1} is expected and ${first} was found`;
    throw new OperatingError('journal_gap', text);
  }

  #readAhead(after: number): void {
    this.#ahead = this.#read(after);
    // Whoever waits for it gets the error; nobody may.
    this.#ahead.catch(() => undefined);
  }

  *#made(records: readonly JournalRecord[]): Generator<Made> {
    const builder = this.#builder;
    let readingCount = 0;
    for (const [at, record] of records.entries()) {
      assert(record.kind === 'message' || record.kind === 'hours', `a partition has no record ${record.kind}`);
      if (record.kind === 'hours') builder.addHours(record);
      else {
        const decoded = this.#options.intake(record.message);
        builder.add(record.sequence, record.message, decoded);
        if (decoded.kind === 'decoded') readingCount += decoded.readings.length;
      }
      if (builder.partCount < BATCH_PARTS_MAX && at < records.length - 1) continue;
      yield { batch: builder.finish(), readingCount };
      readingCount = 0;
    }
  }

  /** Until a cut or the stop comes. */
  async #sleep(): Promise<void> {
    this.#isAsleep = true;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#isAsleep = false;
  }
}
