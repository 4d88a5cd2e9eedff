import type { Decoded } from '../intake/index.ts';
import type { Accounting, RejectReason } from '../model/index.ts';

type AgainEnd = Exclude<keyof Accounting['again']['readings'], 'received'>;
type ReadingEnd = 'counted' | 'invalid' | 'duplicate' | 'lateFiled';

/** Counts where every message and every reading went; see `Accounting` for the identities. */
export class AccountingCounter {
  readonly #messages = { received: 0, decoded: 0, ignored: 0, quarantined: 0 };
  readonly #readings = { received: 0, counted: 0, invalid: 0, duplicate: 0, lateFiled: 0, quarantined: 0 };
  readonly #againMessages = { received: 0, decoded: 0, ignored: 0, quarantined: 0 };
  readonly #againReadings = { received: 0, added: 0, replaced: 0, duplicate: 0, quarantined: 0 };
  #withdrawn = 0;
  readonly #rejects = new Map<RejectReason, number>();

  message(decoded: Decoded): void {
    countMessage(this.#messages, decoded);
    if (decoded.kind === 'rejected') this.#count(decoded.reject.reason);
  }

  /** A message that was decoded again. */
  againMessage(decoded: Decoded): void {
    countMessage(this.#againMessages, decoded);
  }

  againReading(end: AgainEnd): void {
    this.#againReadings.received++;
    this.#againReadings[end]++;
  }

  withdrawn(count: number): void {
    this.#withdrawn += count;
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
      again: {
        messages: { ...this.#againMessages },
        readings: { ...this.#againReadings },
        withdrawn: this.#withdrawn,
      },
      rejects: Object.fromEntries([...this.#rejects].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  restore(from: Accounting): void {
    Object.assign(this.#messages, from.messages);
    Object.assign(this.#readings, from.readings);
    Object.assign(this.#againMessages, from.again.messages);
    Object.assign(this.#againReadings, from.again.readings);
    this.#withdrawn = from.again.withdrawn;
    for (const [reason, count] of Object.entries(from.rejects)) this.#rejects.set(reason as RejectReason, count);
  }

  #count(reason: RejectReason): void {
    this.#rejects.set(reason, (this.#rejects.get(reason) ?? 0) + 1);
  }
}

function countMessage(into: { -readonly [end in keyof Accounting['messages']]: number }, decoded: Decoded): void {
  into.received++;
  if (decoded.kind === 'rejected') into.quarantined++;
  else if (decoded.readings.length + decoded.rejects.length === 0) into.ignored++;
  else into.decoded++;
}
