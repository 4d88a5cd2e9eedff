import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../src/base/index.ts';
import { createBullLeases } from '../../../src/jobs/bullmq/index.ts';
import type { Leases } from '../../../src/jobs/index.ts';
import type { CityStreams } from '../../../src/journal/index.ts';
import { openCityStreams } from '../../../src/journal/redis/index.ts';
import type { RedisServer } from '../../../src/redis/index.ts';
import { leaseNames } from '../../../src/workers/cluster/partition-protocol.ts';
import type { Server } from './workbench.ts';

const LOOK_EVERY_MS = 20;
/** On a machine with other work. */
const WAIT_MS_MAX = 120_000;

/** A name that got another owner. */
export interface HandOver {
  readonly name: string;
  /** How long nobody was seen to own it, ms; at most, as looks lie apart. */
  readonly freeMs: number;
}

/** Looks all the time, from outside, at who owns what in a city, and how far it has come. */
export class OwnerWatch {
  readonly streams: CityStreams;
  readonly handOvers: HandOver[] = [];
  readonly #names: readonly string[];
  readonly #leases: Leases;
  readonly #seen = new Map<string, { readonly node: string; readonly atMs: number }>();
  readonly #watching: Promise<void>;
  #owners: ReadonlyMap<string, string> = new Map();
  #looks = 0;
  #isStopped = false;

  private constructor(streams: CityStreams, leases: Leases) {
    this.streams = streams;
    this.#leases = leases;
    this.#names = leaseNames(streams.partitions);
    this.#watching = this.#watch();
  }

  /** @param city its id */
  static async open(city: string, partitions: number, server: RedisServer): Promise<OwnerWatch> {
    const common = { clock: systemClock, onProblem: () => undefined };
    const durability = { kind: 'fsync' } as const;
    const streams = await openCityStreams({ ...common, durability, place: server, name: city, partitions });
    return new OwnerWatch(
      streams,
      createBullLeases({ ...common, redis: { ...server, prefix: `{${city}}` }, node: 'watch' }),
    );
  }

  /** Names that a process owns; those of all when absent. */
  ownedBy(server?: Server): string[] {
    const isRight = (node: string): boolean => server === undefined || isOf(node, server);
    return [...this.#owners].filter(([, node]) => isRight(node)).map(([name]) => name);
  }

  /** Resolves once it has looked again. */
  async freshly(): Promise<void> {
    const before = this.#looks;
    // The next one may be under way already.
    await waitFor(async () => this.#looks > before + 1);
  }

  /** Waits until nothing is without an owner, ms. */
  untilOwned(): Promise<number> {
    return this.until(() => this.ownedBy().length === this.#names.length);
  }

  /** Waits until the owners are right, ms. */
  async until(isRight: (watch: OwnerWatch) => boolean): Promise<number> {
    return waitFor(async () => isRight(this));
  }

  /** Waits until each of them owns something and nothing is without an owner. */
  untilShared(servers: readonly Server[]): Promise<number> {
    const isShared = () => servers.every((server) => this.ownedBy(server).length > 0);
    return this.until(() => this.ownedBy().length === this.#names.length && isShared());
  }

  /** Waits until a cut that comes from now on is decoded in all partitions, ms. */
  untilMade(): Promise<number> {
    let before: number | undefined;
    return waitFor(async () => {
      before ??= (await this.streams.newestCut()).number;
      const [[cut], stats] = await Promise.all([this.streams.cutsAfter(before, 0), this.streams.stats()]);
      return cut?.ends.every((end, partition) => stats[partition]!.madeEnd >= end) ?? false;
    });
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#watching;
    await this.#leases.close();
    await this.streams.close();
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      await this.#look().catch(() => {
        // While Redis is away nobody can tell.
        this.#owners = new Map();
      });
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const owners = await this.#leases.owners(this.#names);
    const atMs = performance.now();
    const held = owners.flatMap(({ name, node }) => (node === undefined ? [] : [[name, node] as const]));
    for (const [name, node] of held) {
      const before = this.#seen.get(name);
      if (before !== undefined && before.node !== node) this.handOvers.push({ name, freeMs: atMs - before.atMs });
      this.#seen.set(name, { node, atMs });
    }
    this.#owners = new Map(held);
    this.#looks++;
  }
}

/** The id of its process stands in the name of a node. */
function isOf(node: string, { pid }: Server): boolean {
  return node.split('-').at(-2) === String(pid);
}

/** @returns how long it took, ms */
async function waitFor(isThere: () => Promise<boolean>): Promise<number> {
  const fromMs = performance.now();
  while (!(await isThere().catch(() => false))) {
    if (performance.now() - fromMs > WAIT_MS_MAX) throw new Error(`not reached within ${WAIT_MS_MAX / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
  return performance.now() - fromMs;
}

/** "12 hand-overs, 80 ms without an owner on average, 140 ms at most". */
export function handOversText(handOvers: readonly HandOver[]): string {
  const free = handOvers.map(({ freeMs }) => freeMs);
  const mean = free.reduce((sum, ms) => sum + ms, 0) / free.length;
  return `${free.length} hand-overs, ${mean.toFixed(0)} ms without an owner on average, ${Math.max(...free).toFixed(0)} ms at most`;
}
