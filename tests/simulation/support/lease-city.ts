import { type NodeHolding, shareOf } from '../../../src/jobs/fair-share.ts';
import { LeaseNode, type LeaseTiming } from '../../../src/jobs/lease-node.ts';
import type { Lease } from '../../../src/jobs/leases.ts';
import type { Random } from '../../unit/journal/support/random.ts';
import { MemoryLeaseTable } from './lease-table.ts';

export const TIMING: LeaseTiming = { leaseMs: 10_000, presentMs: 750, drainMs: 5_000, settleMs: 2_000 };

/** Virtual time goes on by so much; each node has a step every fifth time, at a moment of its own. */
export const QUANTUM_MS = 50;
const STEP_QUANTA = 5;

/** Most work is ended within seconds; that of one in twenty does not end by itself in time. */
const DRAIN_MS_MAX = 2_000;
const DRAIN_HANGS = 1 / 20;

interface Drain {
  readonly lease: Lease;
  readonly atMs: number;
  readonly resolve: () => void;
}

interface SimulatedNode {
  readonly id: string;
  readonly node: LeaseNode;
  readonly quantum: number;
  state: 'running' | 'paused' | 'leaving' | 'gone';
  drains: Drain[];
}

/** Nodes that share names in virtual time, and a watch over who works on what. */
export class LeaseCity {
  nowMs = 0;
  readonly names: readonly string[];
  readonly table: MemoryLeaseTable;
  readonly nodes: SimulatedNode[] = [];
  /** Names that were taken, over all nodes. */
  takenCount = 0;
  /** The longest time that nobody worked on a name that has been worked on before. */
  idleMsMax = 0;
  readonly #random: Random;
  readonly #workers = new Map<string, Map<SimulatedNode, Lease>>();
  readonly #idleSince = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  #quanta = 0;
  #nodeCount = 0;

  constructor(names: readonly string[], random: Random) {
    this.names = names;
    this.#random = random;
    this.table = new MemoryLeaseTable(names, TIMING, () => this.nowMs);
    for (const name of names) this.#workers.set(name, new Map());
  }

  /** Those that take part and do not hang. */
  get running(): readonly SimulatedNode[] {
    return this.nodes.filter(({ state }) => state === 'running');
  }

  join(): SimulatedNode {
    const id = `node-${String(this.#nodeCount++).padStart(4, '0')}`;
    const node = new LeaseNode({
      ...{ id, names: this.names, table: this.table.seenBy(id), timing: TIMING },
      clock: { monotonicMs: () => this.nowMs },
      holder: { take: (lease) => this.#onTake(joined, lease), drain: (lease) => this.#onDrain(joined, lease) },
    });
    const quantum = this.#random.integer(STEP_QUANTA);
    const joined: SimulatedNode = { id, node, quantum, state: 'running', drains: [] };
    this.nodes.push(joined);
    return joined;
  }

  leave(one: SimulatedNode): void {
    one.state = 'leaving';
    one.node.leave();
  }

  kill(one: SimulatedNode): void {
    this.#remove(one);
    for (const workers of this.#workers.values()) if (workers.has(one)) this.#endWork(one, workers.get(one)!);
  }

  /** It hangs, and does not know. */
  pause(one: SimulatedNode): void {
    one.state = 'paused';
    for (const name of this.names) if (this.#workers.get(name)!.has(one)) this.#noteIdle(name);
  }

  /** It goes on with what it believes to hold, until it looks at the time. */
  wake(one: SimulatedNode): void {
    one.state = 'running';
    one.node.expire();
    for (const name of this.names) if (this.#workers.get(name)!.has(one)) this.#noteWork(name);
  }

  async pass(forMs: number): Promise<void> {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; ) {
      this.nowMs += QUANTUM_MS;
      this.#quanta++;
      for (const one of [...this.nodes]) await this.#turn(one);
    }
  }

  async #turn(one: SimulatedNode): Promise<void> {
    if (one.state === 'paused' || one.state === 'gone') return;
    for (const drain of one.drains) if (this.nowMs >= drain.atMs) this.#endDrain(one, drain);
    if ((this.#quanta + one.quantum) % STEP_QUANTA !== 0) return;
    one.node.expire();
    // A table that is away refuses.
    await one.node.step().catch(() => undefined);
    if (one.node.isGone) this.#remove(one);
  }

  #endDrain(one: SimulatedNode, drain: Drain): void {
    one.drains = one.drains.filter((other) => other !== drain);
    this.#endWork(one, drain.lease);
    drain.resolve();
  }

  #remove(one: SimulatedNode): void {
    one.state = 'gone';
    this.nodes.splice(this.nodes.indexOf(one), 1);
  }

  #onTake(one: SimulatedNode, lease: Lease): void {
    const { name, number, lost } = lease;
    this.takenCount++;
    const others = [...this.#workers.get(name)!.keys()].filter(({ state }) => state !== 'paused');
    if (others.length > 0)
      throw new Error(`at ${this.nowMs} ms ${one.id} takes ${name}, which ${others[0]!.id} works on`);
    if (number <= (this.#numbers.get(name) ?? 0)) throw new Error(`${name} is taken with the old number ${number}`);
    this.#numbers.set(name, number);
    this.#workers.get(name)!.set(one, lease);
    this.#noteWork(name);
    lost.addEventListener('abort', () => this.#endWork(one, lease), { once: true });
  }

  #onDrain(one: SimulatedNode, lease: Lease): Promise<void> {
    const drainMs = this.#random.chance(DRAIN_HANGS) ? 2 * TIMING.drainMs : this.#random.integer(DRAIN_MS_MAX);
    return new Promise((resolve) => one.drains.push({ lease, atMs: this.nowMs + drainMs, resolve }));
  }

  #endWork(one: SimulatedNode, lease: Lease): void {
    const { name } = lease;
    const workers = this.#workers.get(name)!;
    if (workers.get(one) !== lease) return;
    workers.delete(one);
    if (one.state !== 'paused' && ![...workers.keys()].some(({ state }) => state !== 'paused')) this.#noteIdle(name);
  }

  #noteIdle(name: string): void {
    if (!this.#idleSince.has(name)) this.#idleSince.set(name, this.nowMs);
  }

  #noteWork(name: string): void {
    const sinceMs = this.#idleSince.get(name) ?? this.nowMs;
    this.idleMsMax = Math.max(this.idleMsMax, this.nowMs - sinceMs);
    this.#idleSince.delete(name);
  }

  /** Names that nobody works on now. */
  get idleNames(): readonly string[] {
    return [...this.#idleSince.keys()];
  }

  holdings(): NodeHolding[] {
    return this.running.map(({ id, node }) => ({ id, held: node.counts().held }));
  }
}

/** A lease, and a second to notice and to take what is free. */
export const IDLE_MS_MAX = TIMING.leaseMs + 1_000;

/** Names that have to move when nodes come or leave: those of the ones that left, and what is beyond the new shares. */
export function movesMin(before: readonly NodeHolding[], after: readonly NodeHolding[], nameCount: number): number {
  const left = before.filter(({ id }) => !after.some((node) => node.id === id));
  const stayed = after.map(({ id }) => ({ id, held: before.find((node) => node.id === id)?.held ?? 0 }));
  const orphans = left.reduce((sum, { held }) => sum + held, 0);
  return stayed.reduce((sum, { id, held }) => sum + Math.max(0, held - shareOf(id, stayed, nameCount)), orphans);
}
