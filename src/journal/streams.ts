import type { Message } from '../model/index.ts';
import type { JournalRecord, SeriesHours } from './journal.ts';

/*
 * The journal of a city that is spread over processes. Messages lie in P partitions, by the hash of their device, each with
 * sequences of its own from 1. A cut says how far each partition had come at one time: what lies between two cuts is a
 * cycle, and a cut ends it as a time mark does in a journal of one process. Read cycle by cycle, and in a cycle partition by
 * partition, all of them together are one journal, the same for everybody who reads it:
 *
 *   the position of a cut        = all messages before it, of all partitions, and the number of cuts up to it
 *   the position of a message    = that of the cut before its cycle + its place in the cycle
 *
 * Beside the messages as they came, each partition has a second stream: what the partition's owner made of them.
 */

/** Ends a cycle. */
export interface Cut {
  /** From 1, without gaps; 0 is the beginning, at which no partition has anything. */
  readonly number: number;
  /** Wall clock of who made it, ms UTC; never smaller than that of the cut before. */
  readonly atMs: number;
  /** Sequence of the newest message before it, for each partition. */
  readonly ends: readonly number[];
}

/** Position of a cut in the journal of all partitions. */
export function positionOf({ number, ends }: Cut): number {
  return ends.reduce((sum, end) => sum + end, number);
}

export const FIRST_CUT: Omit<Cut, 'ends'> = { number: 0, atMs: Number.NEGATIVE_INFINITY };

/** What a partition's owner made of records that follow each other: `count` of them, up to and including `last`. */
export interface MadeBatch {
  readonly last: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** What became of what an owner made. */
export type MadeOutcome =
  | { readonly kind: 'kept' }
  /** Somebody else owns the partition since: nothing was changed. */
  | { readonly kind: 'fenced' }
  /** It does not follow what is there, which ends at `at`: nothing was changed. */
  | { readonly kind: 'elsewhere'; readonly at: number };

export interface StreamStats {
  /** Sequence of the newest message, and of the newest one that something was made of. */
  readonly rawEnd: number;
  readonly madeEnd: number;
  /** Who owns it by number: each owner has a higher one than those before; 0 when nobody did. */
  readonly epoch: number;
}

/** How much of its memory the server uses, bytes; `max` is Infinity when it has no bound. The fullest one of a cluster. */
export interface StreamMemory {
  readonly used: number;
  readonly max: number;
}

/** A reader of the whole that holds trimming back. */
export interface StreamReplica {
  readonly name: string;
  /** It needs nothing up to this position of the journal any more. */
  readonly position: number;
  /** Of its newest snapshot: it can go on from there alone. Absent while there is none. */
  readonly newest?: number;
}

/** A reader of the whole, and when it was heard. */
export interface HeardReplica extends StreamReplica {
  /** Since it said so last, by the clock of who keeps the streams, ms: those of processes may differ. */
  readonly silentMs: number;
}

/** A process of the city. */
export interface StreamMember {
  /** No other process has it, nor had it before. */
  readonly name: string;
  readonly roles: readonly string[];
  /** What its numbers depend on beside the messages, in short; absent for one that makes none. */
  readonly basis?: string;
}

/**
 * Appends to the partitions; any number of them, in any number of processes. What is appended while the server is away
 * waits, and is kept once: a batch that is sent again because nobody knows what became of it is told from a new one.
 */
export interface StreamWriter {
  /**
   * @param done called without an error once the message is as durable as configured. Called with one only when the
   *   writer was closed before
   */
  append(partition: number, message: Message, done: (error?: Error) => void): void;
  /** Hours of series that are to be made again; in partition 0. */
  appendHours(hours: SeriesHours, atMs: number, done: (error?: Error) => void): void;
  /** Records and bytes that wait, batches sent, records in them, longest time to an answer, ms; why nothing is taken. */
  stats(): {
    readonly waitingRecords: number;
    readonly waitingBytes: number;
    readonly batchCount: number;
    readonly recordCount: number;
    readonly answerMsMax: number;
    readonly blocked: string | null;
  };
  /** Waits for what was appended, at most so long; what is left then gets an error. */
  close(limitMs: number): Promise<void>;
}

/**
 * Streams of a city. All but the writer refuse with an OperatingError `streams_unreachable`, retryable, while the server
 * is away or does not answer in time.
 */
export interface CityStreams {
  readonly partitions: number;
  /** A writer with a name that no other one has; batches of the name are told apart by their number. */
  writer(name: string): StreamWriter;

  /**
   * Records of a partition after `after`, up to and including `upTo`, in order, at most about `bytesMax` bytes of them (at
   * least one if there is any), with the partition's sequences.
   *
   * @throws OperatingError `journal_gap` when records after `after` were trimmed
   */
  readRaw(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly JournalRecord[]>;

  /** Makes the caller the owner. @returns its number, higher than those of all owners before; it fences them off */
  own(partition: number): Promise<number>;
  /** Keeps what was made of the records behind `batch.last - batch.count`, if the caller is the owner still. */
  appendMade(partition: number, epoch: number, batch: MadeBatch): Promise<MadeOutcome>;
  /** What was made of records after `after`: batches, of which the first and the last may reach across the bounds. */
  readMade(partition: number, after: number, upTo: number, bytesMax: number): Promise<readonly MadeBatch[]>;
  stats(): Promise<readonly StreamStats[]>;

  /**
   * Cuts all partitions where they are. All before a cut is as durable as configured.
   * @returns the cut; undefined when somebody else made one meanwhile
   */
  cut(nowMs: number): Promise<Cut | undefined>;
  /** The newest one; number 0 when there is none. */
  newestCut(): Promise<Cut>;
  /** The oldest one that is kept, behind which all can be read; number 0 while nothing was trimmed. */
  oldestCut(): Promise<Cut>;
  /** Cuts with numbers above `number`, oldest first; waits for one for at most `waitMs`. */
  cutsAfter(number: number, waitMs: number): Promise<readonly Cut[]>;
  /**
   * The cuts around what follows a position: the newest one at or before it, and the next.
   *
   * @returns undefined when there is no next one yet
   * @throws OperatingError `journal_gap` when those were trimmed
   */
  cutsAround(position: number): Promise<readonly [before: Cut, after: Cut] | undefined>;

  /** A reader of the whole says how far it has come. */
  noteReplica(replica: StreamReplica): Promise<void>;
  replicas(): Promise<readonly HeardReplica[]>;
  forgetReplica(name: string): Promise<void>;
  /** A process says that it is there. @returns all that said so within `withinMs` */
  noteMember(member: StreamMember, withinMs: number): Promise<readonly StreamMember[]>;
  forgetMember(name: string): Promise<void>;
  /** Deletes all before the newest cut at or before the position; a cut at its place stays. */
  trim(position: number): Promise<void>;
  memory(): Promise<StreamMemory>;
  close(): Promise<void>;
}
