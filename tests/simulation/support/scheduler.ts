import type { Random } from '../../unit/journal/support/random.ts';

/** What an event belongs to: a process that may die, and its events with it. */
export type Owner = object;

interface Event {
  readonly atMs: number;
  readonly owner: Owner;
  readonly run: () => void;
}

/** Virtual time. Everything that would take time in a real city is an event here, and one seed says when it comes. */
export class Scheduler {
  /** Since the start of the run. */
  nowMs = 0;
  readonly #random: Random;
  /** By time, later ones first. */
  #events: Event[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  after(forMs: number, owner: Owner, run: () => void): void {
    const atMs = this.nowMs + forMs;
    let place = this.#events.length;
    while (place > 0 && this.#events[place - 1]!.atMs <= atMs) place--;
    this.#events.splice(place, 0, { atMs, owner, run });
  }

  /** Resolves within about so long; never when the owner dies before. */
  pause(aboutMs: number, owner: Owner): Promise<void> {
    return new Promise((resolve) => this.after(aboutMs * (0.5 + this.#random.next()), owner, resolve));
  }

  /** The owner is dead: what it waits for never comes. */
  drop(owner: Owner): void {
    this.#events = this.#events.filter((event) => event.owner !== owner);
  }

  /** Runs the next event and all that follows from it at once. */
  async step(): Promise<void> {
    const event = this.#events.pop();
    if (event === undefined) throw new Error('nothing is left to happen');
    this.nowMs = event.atMs;
    event.run();
    // A macrotask: all promises that can be settled have been when it runs.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
