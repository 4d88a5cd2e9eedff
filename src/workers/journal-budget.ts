import { OperatingError } from '../base/index.ts';
import type { JournalStats, JournalWriter } from '../journal/index.ts';
import type { Message } from '../model/index.ts';

export interface JournalBudgetOptions {
  readonly journal: Pick<JournalWriter, 'append' | 'stats' | 'trim'>;
  /** Bytes of the journal from which on messages wait. */
  bytesMax(): number;
  /** Told when messages begin to wait, and with null when they go on. */
  onChange(blocked: string | null): void;
}

/**
 * Holds messages back while the journal is as large as it may be and its consumers still need all of it: the store is
 * away. What is held is not acknowledged, so publishers keep it, and the broker reads no more of them. Time marks go on,
 * so that the engine and the store can come to what lets the journal be trimmed; then everything goes on by itself.
 *
 * The size is looked at by `look`: what comes between two looks may go beyond the budget.
 */
export class JournalBudget {
  readonly #options: JournalBudgetOptions;
  #held: { readonly message: Message; readonly done: (error?: Error) => void }[] = [];
  #heldBytes = 0;
  #blocked: string | null = null;
  #isClosed = false;
  #trimming: Promise<number> = Promise.resolve(0);
  #looking: Promise<void> | undefined;
  #blockedTotal = 0;

  constructor(options: JournalBudgetOptions) {
    this.#options = options;
  }

  append(message: Message, done: (error?: Error) => void): void {
    if (this.#isClosed) {
      done(closed());
      return;
    }
    if (this.#blocked === null) {
      this.#options.journal.append(message, done);
      return;
    }
    // Bounded by what the broker lets wait for an acknowledgement.
    this.#held.push({ message, done });
    this.#heldBytes += message.payload.length;
  }

  /** Deletes what may go (`JournalWriter.trim`), one call after the other. */
  trim(nowMs: number): Promise<number> {
    this.#trimming = this.#trimming.catch(() => 0).then(() => this.#options.journal.trim(nowMs));
    return this.#trimming;
  }

  /** Looks at the size; to be called often. While one look is under way there is no other. */
  look(nowMs: number): Promise<void> {
    this.#looking ??= this.#look(nowMs).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What is held gets an error, and so does all that comes: nobody is acknowledged for it. */
  close(): void {
    this.#isClosed = true;
    for (const { done } of this.#takeHeld()) done(closed());
  }

  async #look(nowMs: number): Promise<void> {
    const { journal, bytesMax } = this.#options;
    try {
      if (journal.stats().bytesOnDisk > bytesMax()) await this.trim(nowMs);
    } finally {
      if (!this.#isClosed) this.#judge();
    }
  }

  #judge(): void {
    const { journal, bytesMax, onChange } = this.#options;
    const { bytesOnDisk } = journal.stats();
    const limit = bytesMax();
    const isOver = bytesOnDisk > limit;
    if (isOver === (this.#blocked !== null)) return;
    this.#blocked = isOver
      ? `it has ${bytesOnDisk} bytes that are still needed, and journal.budget is ${limit}: the store is behind`
      : null;
    if (isOver) this.#blockedTotal++;
    onChange(this.#blocked);
    if (isOver) return;
    for (const { message, done } of this.#takeHeld()) journal.append(message, done);
  }

  #takeHeld() {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** Those of the journal, with what is held here. */
  stats(): JournalStats {
    const stats = this.#options.journal.stats();
    return {
      ...stats,
      waitingRecords: stats.waitingRecords + this.#held.length,
      waitingBytes: stats.waitingBytes + this.#heldBytes,
      blocked: stats.blocked ?? this.#blocked,
      blockedTotal: (stats.blockedTotal ?? 0) + this.#blockedTotal,
    };
  }
}

function closed(): OperatingError {
  return new OperatingError('journal_closed', 'cannot keep a message: the journal is about to be closed');
}
