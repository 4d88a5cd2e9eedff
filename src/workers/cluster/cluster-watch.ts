import type { Clock } from '../../base/index.ts';
import type { LeaseOwner, Leases } from '../../jobs/index.ts';
import { type CityStreams, FIRST_CUT, positionOf, type StreamStats } from '../../journal/index.ts';
import type { ClusterStanding, PartitionStanding } from '../../views/index.ts';
import { CUTTER, leaseName, leaseNames } from './partition-protocol.ts';

const LOOK_EVERY_MS = 2_000;

export interface ClusterWatchOptions {
  readonly streams: CityStreams;
  readonly leases: Pick<Leases, 'owners'>;
  readonly clock: Clock;
  readonly node: string;
  readonly roles: readonly string[];
}

/** Looks again and again at how the processes of a city stand. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #standing: ClusterStanding;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    const { node, roles, clock } = options;
    const nothing = { partitions: [], engines: [], replicas: [], memory: { usedBytes: 0, maxBytes: null } };
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
    const { streams, leases, clock, node, roles } = this.#options;
    const [stats, cut, replicas, memory, owners] = await Promise.all([
      streams.stats(),
      streams.newestCut(),
      streams.replicas(),
      streams.memory(),
      leases.owners(leaseNames(streams.partitions)),
    ]);
    const byName = new Map(owners.map((owner) => [owner.name, owner]));
    const cutter = byName.get(CUTTER)?.node;
    this.#standing = {
      ...{ node, roles, replicas, atMs: clock.nowMs(), problem: null },
      cut: { number: cut.number, atMs: cut.atMs, position: positionOf(cut) },
      partitions: stats.map((one, partition) => standingOf(partition, one, byName.get(leaseName(partition)))),
      engines: [...new Set(owners.flatMap((owner) => owner.node ?? []))].sort(),
      memory: { usedBytes: memory.used, maxBytes: Number.isFinite(memory.max) ? memory.max : null },
      ...(cutter === undefined ? {} : { cutter }),
    };
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
