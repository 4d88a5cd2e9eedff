import type { Decoded } from '../intake/index.ts';
import type { Accounting, RejectReason } from '../model/index.ts';

type ReadingEnd = 'counted' | 'invalid' | 'duplicate' | 'lateFiled';

/** Counts where every message and every reading went; see `Accounting` for the identities. */
export class AccountingCounter {
  readonly #messages = { received: 0, decoded: 0, ignored: 0, quarantined: 0 };
  readonly #readings = { received: 0, counted: 0, invalid: 0, duplicate: 0, lateFiled: 0, quarantined: 0 };
  readonly #rejects = new Map<RejectReason, number>();

  message(decoded: Decoded): void {
    this.#messages.received++;
    if (decoded.kind === 'rejected') {
      this.#messages.quarantined++;
      this.#count(decoded.reject.reason);
    } else if (decoded.readings.length + decoded.rejects.length === 0) this.#messages.ignored++;
    else this.#messages.decoded++;
  }

  reading(end: ReadingEnd): void {
    this.#readings.received++;
    this.#readings[end]++;
  }

  refusedReading(reason: RejectReason): void {
    this.#readings.received++;
    this.#readings.quarantined++;
    this.#count(reason);
  }

  value(sequence: number): Accounting {
    return {
      sequence,
      messages: { ...this.#messages },
      readings: { ...this.#readings },
      rejects: Object.fromEntries([...this.#rejects].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  restore(from: Accounting): void {
    Object.assign(this.#messages, from.messages);
    Object.assign(this.#readings, from.readings);
    for (const [reason, count] of Object.entries(from.rejects)) this.#rejects.set(reason as RejectReason, count);
  }

  #count(reason: RejectReason): void {
    this.#rejects.set(reason, (this.#rejects.get(reason) ?? 0) + 1);
  }
}
