import type { Message } from '../model/index.ts';

/**
 * One record. A mark carries time only: it lets the engine's clock pass when nobody publishes. `again` is a message of the
 * record `origin` that is to be decoded once more, as it was received then. `hours` are hours of series whose panes are to be
 * made again from the stored readings.
 */
export type JournalRecord =
  | { readonly kind: 'message'; readonly sequence: number; readonly message: Message }
  | { readonly kind: 'mark'; readonly sequence: number; readonly atMs: number }
  | {
      readonly kind: 'again';
      readonly sequence: number;
      readonly atMs: number;
      readonly origin: number;
      readonly message: Message;
    }
  | { readonly kind: 'hours'; readonly sequence: number; readonly atMs: number; readonly hours: SeriesHours };

/** Hours of series, as columns of equal length. */
export interface SeriesHours {
  /** Dense numbers of the store. */
  readonly series: Int32Array;
  /** Starts of local hours, ms UTC. */
  readonly startMs: Float64Array;
}

/** Hours of one record at most. */
export const HOURS_PER_RECORD_MAX = 5_000;

export interface JournalStats {
  /** Sequence of the oldest record kept, and of the newest durable one (0 when empty). */
  readonly firstSequence: number;
  readonly durableSequence: number;
  readonly bytesOnDisk: number;
  readonly segmentCount: number;
  /** Group commits done, records in them, and the longest fdatasync seen, ms. */
  readonly commitCount: number;
  readonly recordCount: number;
  readonly syncMsMax: number;
  /** Records accepted and not yet durable. */
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** Why nothing can be written at present although nothing is broken (disk full); null when all is well. */
  readonly blocked?: string | null;
  /** How often writing had to wait for room. */
  readonly blockedTotal?: number;
  /** Bytes of a torn last write that the start cut off; none of them had been acknowledged. */
  readonly tailBytesCut?: number;
}

/**
 * The writing end: the only writer of a journal. Sequences start at 1 and have no gaps. Records are durable in order.
 */
export interface JournalWriter {
  /**
   * Appends; `done` is called without an error once the record and all before it survive power loss (fdatasync).
   * With an error nothing is promised and nobody may be acknowledged. The payload must not be changed until then.
   * A sync that failed is never tried again: `failed` resolves and every later append gets the error.
   * @returns the sequence that the record has if it becomes durable
   */
  append(message: Message, done: (error?: Error) => void): number;
  /** Appends a time mark. */
  appendMark(atMs: number, done: (error?: Error) => void): number;
  /** Appends a message of the record `origin` again; `message` is as it was read from there. */
  appendAgain(origin: number, message: Message, atMs: number, done: (error?: Error) => void): number;
  /** Appends hours whose panes are to be made again; at most `HOURS_PER_RECORD_MAX`. */
  appendHours(hours: SeriesHours, atMs: number, done: (error?: Error) => void): number;
  /** Newest durable sequence. */
  durableSequence(): number;
  /** A sequence, once it is known, up to which everything lies that is durable now. Stays open when the writer is closed. */
  heldBy(): Promise<number>;
  /** Called after each group commit with the newest durable sequence. */
  onDurable(listener: (durableSequence: number) => void): void;
  /**
   * A consumer needs nothing up to and including `sequence` any more; the oldest consumer holds retention back.
   * @throws OperatingError `journal_behind_consumer` when the journal ends before `sequence`: it is not the one that was read
   */
  setConsumerPosition(consumer: string, sequence: number): void;
  /** Deletes what all consumers passed and the retention allows; returns bytes freed. */
  trim(nowMs: number): Promise<number>;
  stats(): JournalStats;
  /** Resolves with the error that made the journal refuse to go on. Never rejects. */
  readonly failed: Promise<Error>;
  /** Makes all appended records durable, then closes. */
  close(): Promise<void>;
}

/** A reading end: any number, in any thread, beside the writer. */
export interface JournalReader {
  /**
   * Records after `afterSequence`, up to and including `upToSequence`, in order, at most about `bytesMax` bytes of them
   * (at least one if there is any). Empty when there is none. Never returns a record that is not durable as long as
   * `upToSequence` is a durable sequence.
   * @throws OperatingError `journal_gap` when records after `afterSequence` were trimmed, `journal_damaged` when a
   *   record in the middle fails its checksum
   */
  read(afterSequence: number, upToSequence: number, bytesMax: number): Promise<readonly JournalRecord[]>;
  /**
   * A record before which none was received at or after an instant (ms UTC), and not far before the first that was. Behind
   * it times may go back, where the clock did.
   * @returns its sequence, that of the oldest record kept at least
   */
  firstSequenceSince(atMs: number): Promise<number>;
  close(): Promise<void>;
}

/** Retention: nothing is deleted that a consumer still needs, whatever these say. */
export interface JournalRetention {
  readonly bytesMax: number;
  readonly ageMsMax: number;
}
