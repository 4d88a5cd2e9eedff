import { setTimeout as delay } from 'node:timers/promises';
import { assert, type Clock } from '../../base/index.ts';
import { connectForOrders, letGo, type RedisClient, type RedisPlace, settled, within } from '../../redis/index.ts';
import { LeaseNode, type LeaseTiming } from '../lease-node.ts';
import type { LeaseCounts, LeaseHolder, LeaseOwner, Leases } from '../leases.ts';
import { BullLeaseTable } from './lease-table.ts';

export interface BullLeaseTiming extends LeaseTiming {
  /** Between two steps of a node. What it adds to a lease until another node goes on: two of them, and a moment. */
  readonly stepMs: number;
}

const TIMING: BullLeaseTiming = {
  leaseMs: 10_000,
  // Three steps: two that are late do not make a node absent.
  presentMs: 750,
  drainMs: 5_000,
  settleMs: 2_000,
  stepMs: 250,
};

/** What the end needs beside the time for ending work. */
const CLOSE_MS_MAX = 2_000;
const LOOK_EVERY_MS = 20;

const NAME = /^[a-z][a-z0-9-]*$/i;

export interface BullLeasesOptions {
  readonly redis: RedisPlace;
  /** Nodes of one group share its names among them; `leases` when absent. */
  readonly group?: string;
  /** No other process has this name, nor had it in the time of a lease. */
  readonly node: string;
  readonly clock: Clock;
  /** Told once when Redis cannot be used; it is tried again all the time. */
  readonly onProblem: (error: Error) => void;
  readonly timing?: Partial<BullLeaseTiming>;
}

/**
 * Leases in Redis: a job of BullMQ for each name, whose lock is the lease. While Redis is away each node goes on until its
 * leases run out, then holds nothing; when it is back they are taken again. Names that were removed from Redis come back.
 * Numbers are as durable as Redis keeps what it answered.
 */
export function createBullLeases(options: BullLeasesOptions): Leases {
  return new RedisLeases(options);
}

class RedisLeases implements Leases {
  readonly #options: BullLeasesOptions;
  readonly #timing: BullLeaseTiming;
  readonly #redis: RedisClient;
  readonly #table: BullLeaseTable;
  #node: LeaseNode | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStepping = false;
  #isAway = false;
  #isClosing = false;

  constructor(options: BullLeasesOptions) {
    const { group = 'leases', redis: place, onProblem } = options;
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#redis = connectForOrders(place, onProblem);
    const { stepMs } = this.#timing;
    this.#table = new BullLeaseTable({ group, redis: this.#redis, place, onProblem, timing: this.#timing, stepMs });
  }

  run(names: readonly string[], holder: LeaseHolder): void {
    assert(this.#node === undefined, 'a node takes part once');
    for (const name of names) assert(NAME.test(name), `${name} is no name of a lease`);
    const { node: id, clock } = this.#options;
    const table = this.#table.seenBy(id, names);
    this.#node = new LeaseNode({ id, names, table, clock, timing: this.#timing, holder });
    // The connection has only just been ordered: that it is not there yet is no problem to tell of.
    void settled(this.#redis).then(() => {
      if (this.#isClosing) return;
      this.#timer = setInterval(() => this.#tick(), this.#timing.stepMs);
      this.#timer.unref();
      this.#tick();
    });
  }

  owners(names: readonly string[]): Promise<readonly LeaseOwner[]> {
    return this.#table.owners(names);
  }

  counts(): LeaseCounts {
    return this.#node?.counts() ?? { held: 0, taken: 0, lost: 0, handedOver: 0 };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#node !== undefined) await this.#leave(this.#node);
    clearInterval(this.#timer);
    this.#node?.abandon();
    await within(CLOSE_MS_MAX, this.#table.close());
    letGo(this.#redis);
  }

  async #leave(node: LeaseNode): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + this.#timing.drainMs + CLOSE_MS_MAX;
    node.leave();
    // A Redis that is away cannot be told: the leases run out.
    while (!node.isGone && this.#redis.status === 'ready' && clock.monotonicMs() < untilMs) {
      this.#tick();
      await delay(LOOK_EVERY_MS);
    }
  }

  #tick(): void {
    this.#node?.expire();
    if (!this.#isStepping) void this.#step();
  }

  async #step(): Promise<void> {
    this.#isStepping = true;
    try {
      await this.#node?.step();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) this.#options.onProblem(error as Error);
      this.#isAway = true;
    } finally {
      this.#isStepping = false;
    }
  }
}
