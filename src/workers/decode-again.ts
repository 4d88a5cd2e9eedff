import type { Decoded, Intake } from '../intake/index.ts';
import type { JournalRecord } from '../journal/index.ts';
import type { Message, Reject } from '../model/index.ts';
import type { DecodedAgain, QuarantineRow, ReadingColumns, StoredReading, StoreHistory } from '../store/index.ts';
import type { AccountingCounter } from './accounting-counter.ts';
import { type AgainChanges, type AgainReading, againChanges, identityColumns, rowsOfColumns } from './again-changes.ts';
import { quarantineRow } from './quarantine-row.ts';
import { ReadingColumnsBuilder } from './reading-columns.ts';

/** A message of the tick that runs. */
interface AgainMessage {
  readonly origin: number;
  readonly message: Message;
  readonly decoded: Decoded;
}

/** A reading with the message that gave it. */
export interface AgainGiven extends AgainReading {
  readonly from: AgainMessage;
}

/** What the pipeline does with what comes out. */
export interface AgainHost {
  /** Dense number of the reading's series; below 0 when there are too many. */
  intern(reading: AgainReading['reading']): number;
  /** Takes over what changed; before the tick is closed. */
  apply(changes: AgainChanges, given: readonly AgainGiven[]): void;
}

/**
 * Messages that the journal holds once more, to be decoded as the profiles are now. What their readings change is found
 * out at the end of the tick, by comparing them with the store as it was then: so a restart and a replay of the journal
 * come to the same. In its own accounting, and not in that of messages that come in.
 */
export class DecodeAgain {
  readonly #accounting: AccountingCounter;
  readonly #messages = new Map<number, AgainMessage>();
  #made: DecodedAgain | undefined;

  constructor(accounting: AccountingCounter) {
    this.#accounting = accounting;
  }

  take({ origin, message }: Extract<JournalRecord, { kind: 'again' }>, intake: Intake): void {
    this.#messages.set(origin, { origin, message, decoded: intake(message) });
  }

  /** `run` is to be called before the tick is closed. */
  get isDue(): boolean {
    return this.#messages.size > 0;
  }

  /**
   * @param history the store, which has committed all batches up to `upToSequence`
   * @param fresh readings of the tick that runs
   */
  async run(history: StoreHistory, upToSequence: number, fresh: ReadingColumns, host: AgainHost): Promise<void> {
    const messages = [...this.#messages.values()].sort((a, b) => a.origin - b.origin);
    this.#messages.clear();
    const quarantine: QuarantineRow[] = [];
    const refuse = ({ origin, message }: AgainMessage, index: number, reject: Reject): void => {
      quarantine.push(quarantineRow(origin, index, message, reject));
      if (index >= 0) this.#accounting.againReading('quarantined');
    };
    const given: AgainGiven[] = [];
    for (const from of messages) {
      this.#accounting.againMessage(from.decoded);
      if (from.decoded.kind === 'rejected') refuse(from, -1, from.decoded.reject);
      else given.push(...readingsOf(from, from.decoded, host, refuse));
    }
    const origins = new Set(messages.map(({ origin }) => origin));
    const rows = await storedRows(origins, given, (of) => history.readingsOf(of, upToSequence), fresh);
    const changes = againChanges(origins, given, rows);
    for (const [at, outcome] of changes.outcomes.entries()) {
      const { from, index, reading } = given[at]!;
      if (outcome !== 'conflict') this.#accounting.againReading(outcome);
      else refuse(from, index, conflictOf(reading));
    }
    this.#accounting.withdrawn(changes.withdrawn);
    host.apply(changes, given);
    this.#made = { messages: [...origins], ...exchanged(changes), quarantine };
  }

  /** What the store is to be told of the tick; undefined when nothing was decoded again. */
  finishTick(): DecodedAgain | undefined {
    const made = this.#made;
    this.#made = undefined;
    return made;
  }
}

type Refuse = (from: AgainMessage, index: number, reject: Reject) => void;

function* readingsOf(
  from: AgainMessage,
  { readings, rejects }: Extract<Decoded, { kind: 'decoded' }>,
  host: AgainHost,
  refuse: Refuse,
): Generator<AgainGiven> {
  for (const { index, reject } of rejects) refuse(from, index, reject);
  for (const [index, reading] of readings.entries()) {
    const series = host.intern(reading);
    if (series >= 0) yield { series, reading, index, sequence: from.origin, from };
    else refuse(from, index, seriesLimit(reading));
  }
}

/**
 * All rows of the messages, of the identities that they give now, and of the identities of the former.
 *
 * @param fresh readings that the store does not have yet
 */
export async function storedRows(
  origins: ReadonlySet<number>,
  given: readonly AgainReading[],
  ask: (of: Parameters<StoreHistory['readingsOf']>[0]) => Promise<ReadingColumns>,
  fresh: ReadingColumns,
): Promise<StoredReading[]> {
  const freshRows = [...rowsOfColumns(fresh)];
  const ofMessages = [
    ...rowsOfColumns(await ask({ messages: [...origins] })),
    ...freshRows.filter(({ sequence }) => origins.has(sequence)),
  ];
  const now = given.map(({ series, reading }) => ({ series, timeMs: Math.floor(reading.timeMs) }));
  const identities = identityColumns([...ofMessages, ...now]);
  if (identities.series.length === 0) return [];
  const wanted = new Set(Array.from(identities.series, (series, row) => `${series} ${identities.timeMs[row]}`));
  return [
    ...rowsOfColumns(await ask(identities)),
    ...freshRows.filter(({ series, timeMs }) => wanted.has(`${series} ${timeMs}`)),
  ];
}

function exchanged({ identities, rows }: AgainChanges): Pick<DecodedAgain, 'identities' | 'readings'> {
  const readings = new ReadingColumnsBuilder();
  for (const row of rows) readings.addRow(row);
  return { identities: identityColumns(identities), readings: readings.finish() };
}

/** A reading that contradicts another one of its identity. */
export function conflictOf({ device, quantity, timeMs, value }: AgainReading['reading']): Reject {
  return {
    reason: 'conflict',
    device,
    detail: `${quantity} at ${new Date(timeMs).toISOString()} is there with another value; ${value} was not counted`,
  };
}

/** A reading of a series that finds no place. */
export function seriesLimit({ device, quantity }: AgainReading['reading']): Reject {
  return {
    reason: 'series_limit',
    device,
    detail: `windows.seriesMax is reached; ${device} ${quantity} gets no series`,
  };
}
