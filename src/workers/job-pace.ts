import { setTimeout as delay } from 'node:timers/promises';
import type { JournalWriter } from '../journal/index.ts';

/** How busy the product is. */
export interface JobLoad {
  /** Late readings that wait, as of `engineSequence`. */
  readonly lateWaiting: number;
  /** Record that the engine has come to. */
  readonly engineSequence: number;
  /** Records that the engine is behind. */
  readonly recordsBehind: number;
  /** The journal takes no messages. */
  readonly isBlocked: boolean;
}

/** What jobs that fill the journal mind, all of them together. */
export interface JobPace {
  load(): JobLoad;
  readonly lateMax: number;
  readonly onTheirWay: OnTheirWay;
}

/** What is between the journal and the engine. */
interface Sent {
  readonly count: number;
  /** Record that holds it, or a later one; Infinity while that is not known. */
  sequence: number;
}

/** Where the journal says what holds what it was given. */
export type Held = Pick<JournalWriter, 'heldBy'>;

/**
 * What jobs handed over and the engine has not come to: readings, or hours, that may join the late ones that wait. One for
 * all jobs, because they share the queue.
 */
export class OnTheirWay {
  #sent: Sent[] = [];

  add(count: number, sequence = Number.POSITIVE_INFINITY): Sent {
    const sent = { count, sequence };
    this.#sent.push(sent);
    return sent;
  }

  /** What is durable now, and in a record that the journal comes to know. */
  addHeld(count: number, journal: Held): void {
    this.settle(this.add(count), journal);
  }

  /** What was added is durable now. */
  settle(sent: Sent, journal: Held): void {
    void journal.heldBy().then((sequence) => {
      sent.sequence = sequence;
    });
  }

  countBehind(engineSequence: number): number {
    this.#sent = this.#sent.filter(({ sequence }) => sequence > engineSequence);
    return this.#sent.reduce((sum, { count }) => sum + count, 0);
  }
}

const RECORDS_BEHIND_MAX = 20_000;
/** Share of the queue of late readings that may be taken by what jobs hand over. */
const LATE_SHARE = 0.5;
const WAIT_MS = 200;

/**
 * Waits while the engine is behind, much of the past waits to be rebuilt or is on its way to, or the journal takes nothing.
 *
 * @throws the reason of the signal once it is aborted
 */
export async function awaitRoom(signal: AbortSignal, { load, lateMax, onTheirWay }: JobPace): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { lateWaiting, engineSequence, recordsBehind, isBlocked } = load();
    const isFull = lateWaiting + onTheirWay.countBehind(engineSequence) > LATE_SHARE * lateMax;
    if (!isBlocked && !isFull && recordsBehind <= RECORDS_BEHIND_MAX) return;
    await delay(WAIT_MS, undefined, { signal });
  }
}

/** Work that is not waited for by whoever stops or cancels: it must do no harm when it is done again. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const listener = (): void => reject(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  if (signal.aborted) listener();
  // Whoever stopped listening has no use for its end.
  work.catch(() => undefined);
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', listener);
  }
}
