import type { Clock } from '../../base/index.ts';
import type { LeaseOwner, Leases } from '../../jobs/index.ts';
import { type CityStreams, FIRST_CUT, positionOf, type StreamMember, type StreamStats } from '../../journal/index.ts';
import type { ClusterStanding, PartitionStanding } from '../../views/index.ts';
import { CUTTER, leaseName, leaseNames } from './partition-protocol.ts';

const LOOK_EVERY_MS = 2_000;
/** Several looks: a process that is slow is not gone. */
const HEARD_MS = 15_000;

export interface ClusterWatchOptions {
  readonly streams: CityStreams;
  readonly leases: Pick<Leases, 'owners'>;
  readonly clock: Clock;
  readonly node: string;
  readonly roles: readonly string[];
  /** What the numbers of this process depend on beside the messages; undefined where it makes none. */
  readonly basis: string | undefined;
  /** Told when another process has differed from this one in that for some seconds, with the names of those that do. */
  onDifferent(names: readonly string[]): void;
}

/** Looks again and again at how the processes of a city stand. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #standing: ClusterStanding;
  /** Since when some process differs from this one without a break. */
  #differentSinceMs: number | undefined;
  #hasTold = false;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { node, roles, clock } = options;
    const nothing = {
      partitions: [],
      engines: [],
      members: [],
      replicas: [],
      memory: { usedBytes: 0, maxBytes: null },
    };
    const cut = { ...FIRST_CUT, position: 0 };
    this.#standing = { node, roles, atMs: clock.nowMs(), problem: null, cut, ...nothing };
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    void this.#look();
  }

  standing(): ClusterStanding {
    return this.#standing;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    const { streams, node } = this.#options;
    // Where Redis is away it is not heard any more, and is forgotten a little later.
    await streams.forgetMember(node).catch(() => undefined);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow()
      .catch((error: Error) => {
        this.#standing = { ...this.#standing, problem: error.message };
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const { streams, leases, clock, node, roles, basis } = this.#options;
    const self = { name: node, roles, ...(basis === undefined ? {} : { basis }) };
    const [stats, cut, replicas, memory, owners, members] = await Promise.all([
      streams.stats(),
      streams.newestCut(),
      streams.replicas(),
      streams.memory(),
      leases.owners(leaseNames(streams.partitions)),
      streams.noteMember(self, HEARD_MS),
    ]);
    const byName = new Map(owners.map((owner) => [owner.name, owner]));
    const cutter = byName.get(CUTTER)?.node;
    this.#standing = {
      ...{ node, roles, replicas, atMs: clock.nowMs(), problem: null },
      members: members.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      cut: { number: cut.number, atMs: cut.atMs, position: positionOf(cut) },
      partitions: stats.map((one, partition) => standingOf(partition, one, byName.get(leaseName(partition)))),
      engines: [...new Set(owners.flatMap((owner) => owner.node ?? []))].sort(),
      memory: { usedBytes: memory.used, maxBytes: Number.isFinite(memory.max) ? memory.max : null },
      ...(cutter === undefined ? {} : { cutter }),
    };
    this.#tellDifferent(members);
  }

  #tellDifferent(members: readonly StreamMember[]): void {
    const { basis, clock, onDifferent } = this.#options;
    const others = members.filter((one) => basis !== undefined && one.basis !== undefined && one.basis !== basis);
    if (others.length === 0) [this.#differentSinceMs, this.#hasTold] = [undefined, false];
    else this.#differentSinceMs ??= clock.monotonicMs();
    // One that has just been ended with another configuration is still heard of.
    const isLong = this.#differentSinceMs !== undefined && clock.monotonicMs() - this.#differentSinceMs > HEARD_MS;
    if (!isLong || this.#hasTold) return;
    this.#hasTold = true;
    onDifferent(others.map(({ name }) => name).sort());
  }
}

function standingOf(
  partition: number,
  { rawEnd, madeEnd, epoch: handovers }: StreamStats,
  owner: LeaseOwner | undefined,
): PartitionStanding {
  const { node, sinceMs } = owner ?? {};
  return {
    ...{ partition, rawEnd, madeEnd, handovers },
    ...(node === undefined ? {} : { owner: node }),
    ...(sinceMs === undefined ? {} : { ownedSinceMs: sinceMs }),
  };
}
