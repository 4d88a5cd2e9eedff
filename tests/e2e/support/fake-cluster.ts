import type { ClusterStanding, PartitionStanding } from '../../../src/views/index.ts';
import { FAKE_NOW_MS } from './fake-sources.ts';

export const ENGINES = ['engine-7f9c4d-1-mc0k2p', 'engine-7f9c4d-8-mc0k31', 'engine-b02e55-1-mc0k2q'] as const;
const PARTITIONS = 8;

/** A city that is spread over five processes, in which all is well. */
export function fakeCluster(change: Partial<ClusterStanding> = {}): ClusterStanding {
  return {
    ...{ node: 'api-5d8b77-1-mc0k1z', roles: ['intake', 'api'], atMs: FAKE_NOW_MS, problem: null },
    cut: { number: 4_711, atMs: FAKE_NOW_MS - 900, position: 8_412_930 },
    ...{ cutter: ENGINES[0], engines: ENGINES, partitions: fakePartitions() },
    members: [...ENGINES, 'api-5d8b77-1-mc0k1z', 'api-66aa01-1-mc0k2a'].map((name) => ({
      ...{ name, roles: [name.split('-')[0]!], basis: '5a1c0e77d2b94f30' },
    })),
    replicas: [
      { name: 'api-5d8b77-0c1d2e3f', position: 8_411_700, silentMs: 1_200 },
      { name: 'api-66aa01-9e8d7c6b', position: 8_392_330, silentMs: 2_900 },
    ],
    memory: { usedBytes: 734_003_200, maxBytes: 4_294_967_296 },
    ...change,
  };
}

/** Partitions that are spread over the engines; `change` is laid over the one that it returns something for. */
export function fakePartitions(
  change: (partition: number) => Partial<PartitionStanding> | 'ownerless' = () => ({}),
): PartitionStanding[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const rawEnd = 1_050_000 + partition * 311;
    const free = { ...{ partition, rawEnd, madeEnd: rawEnd - 12 * (partition % 3) }, handovers: 1 + (partition % 2) };
    const owned = { owner: ENGINES[partition % 3]!, ownedSinceMs: FAKE_NOW_MS - 7_260_000 - partition * 60_000 };
    const changed = change(partition);
    return changed === 'ownerless' ? free : { ...free, ...owned, ...changed };
  });
}
