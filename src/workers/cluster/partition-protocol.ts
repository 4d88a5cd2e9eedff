import type { CityConfig } from '../../config/index.ts';
import type { RedisPlace } from '../../redis/index.ts';
import type { StreamsPlace } from './streams-place.ts';

/** What the thread of partitions is started with. */
export interface PartitionThreadSettings {
  readonly config: CityConfig;
  /** Folders of device profiles, the city's own first. */
  readonly profileFolders: readonly string[];
  readonly streams: StreamsPlace;
  /** Where leases lie. */
  readonly leases: RedisPlace;
  /** Of this process; no other one has it. */
  readonly node: string;
}

/** To the thread. */
export type PartitionRequest = { readonly kind: 'stop' };

/** From the thread. */
export type PartitionNotice =
  | { readonly kind: 'ready' }
  | { readonly kind: 'info' | 'warning'; readonly text: string }
  | { readonly kind: 'stopped' };

/** Who makes cuts; a name beside those of the partitions. */
export const CUTTER = 'cutter';

/** Names of the leases of a city. */
export function leaseNames(partitions: number): string[] {
  return [CUTTER, ...Array.from({ length: partitions }, (_, partition) => leaseName(partition))];
}

export function leaseName(partition: number): string {
  return `partition-${partition}`;
}

/** The partition that a name is of. */
export function partitionOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}
