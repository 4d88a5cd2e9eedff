import type { JournalStats, JournalWriter } from '../journal/index.ts';
import type { Message } from '../model/index.ts';

export interface JournalBudgetOptions {
  readonly journal: Pick<JournalWriter, 'append' | 'stats' | 'trim'>;
  /** Bytes on disk from which on messages wait. */
  readonly bytesMax: number;
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
  #blockedTotal = 0;

  constructor(options: JournalBudgetOptions) {
    this.#options = options;
  }

  append(message: Message, done: (error?: Error) => void): void {
    if (this.#blocked === null) {
      this.#options.journal.append(message, done);
      return;
    }
    // Bounded by what the broker lets wait for an acknowledgement.
    this.#held.push({ message, done });
    this.#heldBytes += message.payload.length;
  }

  /** Looks at the size; to be called often. */
  async look(nowMs: number): Promise<void> {
    const { journal, bytesMax, onChange } = this.#options;
    if (journal.stats().bytesOnDisk > bytesMax) await journal.trim(nowMs);
    const { bytesOnDisk } = journal.stats();
    const isOver = bytesOnDisk > bytesMax;
    if (isOver === (this.#blocked !== null)) return;
    this.#blocked = isOver
      ? `it has ${bytesOnDisk} bytes that are still needed, and journal.budget is ${bytesMax}: the store is behind`
      : null;
    if (isOver) this.#blockedTotal++;
    onChange(this.#blocked);
    if (isOver) return;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const { message, done } of held) journal.append(message, done);
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
