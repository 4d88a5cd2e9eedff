import type { AcceptMessage } from '../../../../src/broker/index.ts';
import type { Message } from '../../../../src/model/index.ts';

type Done = (error?: Error) => void;

/** Stands where the journal stands: keeps what it is given, and answers at once or when told to. */
export class RecordingAccept {
  readonly messages: Message[] = [];
  /** Answers not given yet, when `isHolding`. */
  readonly held: Done[] = [];
  isHolding = false;
  readonly #waiting = new Set<() => void>();

  readonly accept: AcceptMessage = (message, done) => {
    this.messages.push(message);
    if (this.isHolding) this.held.push(done);
    else setImmediate(done);
    for (const check of this.#waiting) check();
  };

  /** Resolves when so many messages have been handed over. */
  count(wanted: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.messages.length < wanted) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  release(error?: Error): void {
    for (const done of this.held.splice(0)) done(error);
  }
}
