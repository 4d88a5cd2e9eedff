import type { Decoded } from '../intake/index.ts';
import type { JournalRecord } from '../journal/index.ts';
import type { Message } from '../model/index.ts';

/** What is known of a message behind intake. Its payload may be cut to the head that a quarantine row shows. */
export type ReceivedMessage = Omit<Message, 'flags'>;

/** A message that somebody else has decoded already. */
export interface DecodedRecord {
  readonly kind: 'decoded';
  readonly sequence: number;
  readonly message: ReceivedMessage;
  readonly decoded: Decoded;
}

/** What an engine takes: records of a journal, or what was made of them. */
export type EngineRecord = JournalRecord | DecodedRecord;

/** What an engine reads from: one journal, or that of many partitions. */
export interface EngineReader {
  /**
   * Records after `after`, up to and including `upTo`, in order, at most about `bytesMax` bytes of them. Empty when there is
   * none, or when there was none to be had for a while: the caller asks again.
   *
   * @throws OperatingError `journal_gap` when records after `after` were trimmed, `journal_damaged` when some fail their
   *   checksum
   */
  read(after: number, upTo: number, bytesMax: number): Promise<readonly EngineRecord[]>;
  close(): Promise<void>;
}
