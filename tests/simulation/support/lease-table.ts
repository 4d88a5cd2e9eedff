import type { NodeHolding } from '../../../src/jobs/fair-share.ts';
import type { LeaseTable, LeaseTiming, Taking } from '../../../src/jobs/lease-node.ts';

/** Between two looks for names whose lease ran out. */
const LOOK_EVERY_MS = 250;

interface Locked extends Taking {
  readonly node: string;
  untilMs: number;
}

/** A table in memory that any number of nodes share; its time is what the given function says. */
export class MemoryLeaseTable {
  readonly #nowMs: () => number;
  readonly #timing: LeaseTiming;
  readonly #free: string[];
  readonly #locked = new Map<string, Locked>();
  readonly #nodes = new Map<string, { readonly id: string; readonly held: number; readonly atMs: number }>();
  #number = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** While it is away, every function refuses. */
  isAway = false;

  constructor(names: readonly string[], timing: LeaseTiming, nowMs: () => number) {
    this.#free = [...names];
    this.#timing = timing;
    this.#nowMs = nowMs;
  }

  /** As one node sees it. */
  seenBy(node: string): LeaseTable {
    const whenThere =
      <A extends unknown[], R>(work: (...given: A) => R) =>
      async (...given: A): Promise<R> => {
        if (this.isAway) throw new Error('the table is away');
        return work(...given);
      };
    return {
      beat: whenThere((held: number) => this.#beat(node, held)),
      leave: whenThere(() => void this.#nodes.delete(node)),
      take: whenThere(() => this.#take(node)),
      extend: whenThere((takings: readonly Taking[]) => takings.filter((one) => !this.#extend(one)).map(nameOf)),
      release: whenThere((taking: Taking) => {
        if (this.#isLocked(taking)) this.#setFree(taking.name);
      }),
      mend: whenThere(() => undefined),
    };
  }

  #beat(id: string, held: number): readonly NodeHolding[] {
    const nowMs = this.#nowMs();
    this.#nodes.set(id, { id, held, atMs: nowMs });
    for (const node of this.#nodes.values())
      if (nowMs - node.atMs >= this.#timing.presentMs) this.#nodes.delete(node.id);
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs);
    return [...this.#nodes.values()];
  }

  #look(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    for (const { name, untilMs } of this.#locked.values()) if (nowMs >= untilMs) this.#setFree(name);
  }

  #setFree(name: string): void {
    this.#locked.delete(name);
    this.#free.push(name);
  }

  #take(node: string): Taking | undefined {
    const name = this.#free.shift();
    if (name === undefined) return undefined;
    const number = ++this.#number;
    const locked = { name, number, node, token: `${node} ${number}`, untilMs: this.#nowMs() + this.#timing.leaseMs };
    this.#locked.set(name, locked);
    return locked;
  }

  #extend(taking: Taking): boolean {
    if (!this.#isLocked(taking)) return false;
    this.#locked.get(taking.name)!.untilMs = this.#nowMs() + this.#timing.leaseMs;
    return true;
  }

  /** A lease that ran out is nobody's, also before a look found it. */
  #isLocked({ name, token }: Taking): boolean {
    const locked = this.#locked.get(name);
    return locked?.token === token && this.#nowMs() < locked.untilMs;
  }
}

function nameOf({ name }: Taking): string {
  return name;
}
