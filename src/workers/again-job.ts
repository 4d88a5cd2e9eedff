import { type Clock, OperatingError } from '../base/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import type { JournalReader, JournalRecord, JournalWriter } from '../journal/index.ts';
import type { RejectReason } from '../model/index.ts';
import type { QuarantineRow, Store } from '../store/index.ts';
import { awaitRoom, type JobPace, unlessAborted } from './job-pace.ts';
import { type MessageChoice, topicChosen } from './message-choice.ts';

/** The kind of the job. */
export const DECODE_AGAIN = 'decode-again';

/** What is ordered: messages of a period, or those of which quarantine holds something. */
export interface AgainOrder extends MessageChoice {
  /** Only messages that quarantine holds, of this reason and device where they are given. */
  readonly quarantine?: { readonly reason?: RejectReason; readonly device?: string };
  /** Newest record when it was ordered. */
  readonly upToSequence: number;
}

/** What became of an order. */
export interface AgainResult {
  /** Messages that were handed to the engine again. */
  readonly messages: number;
  /** Messages of quarantine that the journal does not have any more. */
  readonly gone: number;
}

export interface AgainJobSources extends JobPace {
  readonly clock: Clock;
  openReader(): JournalReader;
  readonly journal: Pick<JournalWriter, 'appendAgain' | 'stats'>;
  readonly store: () => Pick<Store, 'quarantine'>;
}

interface Checkpoint extends AgainResult {
  /** Record from which it goes on. */
  readonly next: number;
}

const READ_BYTES = 1 << 20;
const QUARANTINE_PAGE = 1_000;

/**
 * Appends messages to the journal once more, oldest first, for the engine to decode them again. At its own pace: it waits
 * while the engine is behind or much of the past waits to be rebuilt. After a restart it goes on where it was; what is
 * handed over twice changes nothing the second time.
 */
export function againJob(sources: AgainJobSources): JobHandler {
  return async (context) => {
    const order = context.job.input as AgainOrder;
    const reader = sources.openReader();
    try {
      return await run(order, context, reader, sources);
    } finally {
      await reader.close();
    }
  };
}

async function run(
  order: AgainOrder,
  context: JobContext,
  reader: JournalReader,
  sources: AgainJobSources,
): Promise<AgainResult> {
  const { upToSequence } = order;
  const before = context.job.checkpoint as Checkpoint | null;
  const isChosen = await choiceOf(order, sources);
  const kept = Math.max(1, sources.journal.stats().firstSequence);
  let next = before?.next ?? Math.max(kept, await reader.firstSequenceSince(order.fromMs));
  let messages = before?.messages ?? 0;
  const gone = before?.gone ?? isChosen.countBefore(kept);
  const first = next;
  // To the end, past the period too: where the clock was set back, messages of it come behind later ones.
  while (next <= upToSequence) {
    await awaitRoom(context.signal, sources);
    const records = await readOn(reader, next, upToSequence, sources);
    const last = records.at(-1);
    if (last === undefined) break;
    const chosen = records.filter((record) => isChosen.record(record));
    await append(chosen, sources, context.signal);
    messages += chosen.length;
    next = last.sequence + 1;
    // Where nothing was chosen nothing is lost by reading it once more.
    if (chosen.length > 0) await context.checkpoint({ next, messages, gone } satisfies Checkpoint);
    await context.progress((next - first) / Math.max(1, upToSequence + 1 - first));
  }
  return { messages, gone };
}

interface Choice {
  record(record: JournalRecord): record is Extract<JournalRecord, { kind: 'message' }>;
  /** Messages of quarantine before a record of the journal. */
  countBefore(sequence: number): number;
}

async function choiceOf(order: AgainOrder, sources: AgainJobSources): Promise<Choice> {
  const ofTopic = topicChosen(order);
  const quarantined =
    order.quarantine === undefined ? undefined : await quarantinedMessages(order.quarantine, sources.store());
  return {
    record: (record): record is Extract<JournalRecord, { kind: 'message' }> =>
      record.kind === 'message' &&
      record.message.receivedAtMs >= order.fromMs &&
      record.message.receivedAtMs < order.toMs &&
      ofTopic(record.message.topic) &&
      quarantined?.has(record.sequence) !== false,
    countBefore: (before) => [...(quarantined ?? [])].filter((sequence) => sequence < before).length,
  };
}

/** Sequences of the messages of which quarantine holds something. It is bounded, and so are they. */
async function quarantinedMessages(
  filter: NonNullable<AgainOrder['quarantine']>,
  store: Pick<Store, 'quarantine'>,
): Promise<Set<number>> {
  const found = new Set<number>();
  let page: readonly QuarantineRow[] = await store.quarantine({ ...filter, limit: QUARANTINE_PAGE });
  while (page.length > 0) {
    for (const { sequence } of page) found.add(sequence);
    page = await store.quarantine({ ...filter, limit: QUARANTINE_PAGE, beforeSequence: page.at(-1)!.sequence });
  }
  return found;
}

/** What retention took away meanwhile is passed over. */
async function readOn(
  reader: JournalReader,
  next: number,
  upToSequence: number,
  { journal }: AgainJobSources,
): Promise<readonly JournalRecord[]> {
  try {
    return await reader.read(next - 1, upToSequence, READ_BYTES);
  } catch (error) {
    const { firstSequence } = journal.stats();
    if (!(error instanceof OperatingError) || error.code !== 'journal_gap' || firstSequence <= next) throw error;
    return reader.read(firstSequence - 1, upToSequence, READ_BYTES);
  }
}

/** A reading takes some such bytes of a payload at least: so many at most are in a message. */
const READING_BYTES_MIN = 20;

async function append(
  records: readonly Extract<JournalRecord, { kind: 'message' }>[],
  { journal, clock, onTheirWay }: AgainJobSources,
  signal: AbortSignal,
): Promise<void> {
  const durable = records.map(
    ({ sequence, message }) =>
      new Promise<void>((resolve, reject) => {
        const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        const readingsMax = Math.ceil((message.payloadBytes + 1) / READING_BYTES_MIN);
        onTheirWay.add(readingsMax, journal.appendAgain(sequence, message, clock.nowMs(), done));
      }),
  );
  // A full disk holds the journal for as long as it is full: the end must not wait for that.
  await unlessAborted(Promise.all(durable), signal);
}
