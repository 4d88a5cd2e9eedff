import { type Clock, crc32c, OperatingError, rememberTexts } from '../../base/index.ts';
import type { CityStreams, JournalStats, JournalWriter, SeriesHours, StreamWriter } from '../../journal/index.ts';
import type { Message } from '../../model/index.ts';
import { trimStreams } from './trim-streams.ts';

const LOOK_EVERY_MS = 500;
const NOTE_EVERY_MS = 2_000;
/**
 * What messages may take of its memory: what is made of them may take as much again, and leases need a little, too; without
 * them nothing could be let go. Where it has no bound they may take so many bytes.
 */
const MEMORY_SHARE = 0.4;
const MEMORY_BYTES_DEFAULT = 2 ** 30;
const CLOSE_MS_MAX = 5_000;
const TOPICS_REMEMBERED = 100_000;

export interface StreamsJournalOptions {
  readonly streams: CityStreams;
  readonly clock: Clock;
  /** Of this process; no other one has it, and none has it again. */
  readonly writerName: string;
  /** Of this reader of the whole; the same after a restart. */
  readonly replicaName: string;
  onProblem(error: Error): void;
}

/**
 * The journal of a city that is spread over processes, as the product of one process sees its own: what it appends goes to
 * the partitions, and `durableSequence` is the newest cut that something was made of in all of them.
 */
export class StreamsJournal implements JournalWriter {
  readonly failed: Promise<Error> = new Promise(() => {});
  readonly #options: StreamsJournalOptions;
  readonly #writer: StreamWriter;
  readonly #listeners: ((durableSequence: number) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  /** By the topic, which names the device or its gateway: what one of them sends stays in order. */
  readonly #partitionOf: (topic: string) => number;
  #durable = 0;
  /** Who asks what holds all that was answered before. */
  readonly #asking: ((sequence: number) => void)[] = [];
  /** And the number of the first cut that does. */
  #held: { readonly number: number; readonly tell: (sequence: number) => void }[] = [];
  #replica: number | undefined;
  #isForgotten = false;
  #newest: number | undefined;
  #notedAtMs = Number.NEGATIVE_INFINITY;
  #memory = { used: 0, max: Number.POSITIVE_INFINITY };
  #looking: Promise<void> | undefined;

  constructor(options: StreamsJournalOptions) {
    this.#options = options;
    const { partitions } = options.streams;
    this.#partitionOf = rememberTexts((topic) => crc32c(Buffer.from(topic)) % partitions, TOPICS_REMEMBERED);
    this.#writer = options.streams.writer(options.writerName);
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  append(message: Message, done: (error?: Error) => void): number {
    this.#writer.append(this.#partitionOf(message.topic), message, done);
    return 0;
  }

  /** Cuts are what time marks are elsewhere. */
  appendMark(_atMs: number, done: (error?: Error) => void): number {
    done();
    return 0;
  }

  /** Refused: `cityOrders` does not take such orders. */
  appendAgain(_origin: number, _message: Message, _atMs: number, done: (error?: Error) => void): number {
    done(new OperatingError('journal_streams', 'streams take no message again'));
    return 0;
  }

  /** @returns 0 as for all that is appended: where it lies is known later (`heldBy`) */
  appendHours(hours: SeriesHours, atMs: number, done: (error?: Error) => void): number {
    this.#writer.appendHours(hours, atMs, done);
    return 0;
  }

  durableSequence(): number {
    return this.#durable;
  }

  onDurable(listener: (durableSequence: number) => void): void {
    this.#listeners.push(listener);
  }

  heldBy(): Promise<number> {
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  /**
   * Something was made of all partitions up to there.
   *
   * @param number of the cut that is there
   */
  advance(durableSequence: number, number = 0): void {
    if (durableSequence <= this.#durable) return;
    this.#durable = durableSequence;
    for (const { tell } of this.#held.filter((one) => one.number <= number)) tell(durableSequence);
    this.#held = this.#held.filter((one) => one.number > number);
    for (const listener of this.#listeners) listener(durableSequence);
  }

  setConsumerPosition(_consumer: string, sequence: number): void {
    this.#replica = sequence;
  }

  /** The engine can go on from this snapshot alone. */
  noteSnapshot(position: number): void {
    this.#newest = position;
  }

  /** Nothing is to be kept for this reader from now on. */
  async stopNoting(): Promise<void> {
    this.#isForgotten = true;
    await this.#looking;
  }

  /** Deletes what every reader of the whole has. */
  async trim(): Promise<number> {
    await trimStreams(this.#options.streams);
    return 0;
  }

  /** Memory of Redis from which on messages wait, bytes, where the configuration does not say it. */
  get budget(): number {
    const { max } = this.#memory;
    return Number.isFinite(max) ? MEMORY_SHARE * max : MEMORY_BYTES_DEFAULT;
  }

  stats(): JournalStats {
    const { waitingRecords, waitingBytes, batchCount, recordCount, answerMsMax, blocked } = this.#writer.stats();
    return {
      ...{ firstSequence: 0, durableSequence: this.#durable, segmentCount: this.#options.streams.partitions },
      ...{ bytesOnDisk: this.#memory.used, commitCount: batchCount, recordCount, syncMsMax: answerMsMax },
      ...{ waitingRecords, waitingBytes, blocked },
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writer.close(CLOSE_MS_MAX);
    await this.#looking;
  }

  /** The cut that is being made may have passed a partition before its message: the one after it has not. */
  async #lookWhatHolds(): Promise<void> {
    if (this.#asking.length === 0) return;
    const asking = [...this.#asking];
    const { number } = await this.#options.streams.newestCut();
    this.#asking.splice(0, asking.length);
    for (const tell of asking) this.#held.push({ number: number + 2, tell });
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow()
      .catch((error: Error) => this.#options.onProblem(error))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const { streams, clock, replicaName: name } = this.#options;
    this.#memory = await streams.memory();
    await this.#lookWhatHolds();
    const nowMs = clock.monotonicMs();
    if (this.#isForgotten || this.#replica === undefined || nowMs - this.#notedAtMs < NOTE_EVERY_MS) return;
    const newest = this.#newest === undefined ? {} : { newest: this.#newest };
    await streams.noteReplica({ name, position: this.#replica, ...newest });
    this.#notedAtMs = nowMs;
  }
}
