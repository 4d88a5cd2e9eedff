import type { HeardReplica, StreamMember } from '../journal/index.ts';

/** A partition of the journal of a city that is spread over processes. */
export interface PartitionStanding {
  readonly partition: number;
  /** Sequence of the newest message, and of the newest one that was decoded. */
  readonly rawEnd: number;
  readonly madeEnd: number;
  /** How often it got an owner so far. */
  readonly handovers: number;
  /** Process that owns it, and since when, ms UTC; nobody does when they are absent. */
  readonly owner?: string;
  readonly ownedSinceMs?: number;
}

/** What a process has to do with the KPI topics of a city that is spread over processes. */
export interface KpiTopicsStanding {
  /** One process of a city is. */
  readonly isPublisher: boolean;
  /** It has a connection to the MQTT broker. */
  readonly isConnected: boolean;
  /** Values that a broker that was away or slow could not be sent at once. */
  readonly dropped: number;
}

/** How a city stands that is spread over processes, as one of them saw it last. */
export interface ClusterStanding {
  /** Name of the process that says so, and what it does. */
  readonly node: string;
  readonly roles: readonly string[];
  /** When it looked, ms UTC. */
  readonly atMs: number;
  /** Why it could not look since; null when it could. */
  readonly problem: string | null;
  readonly partitions: readonly PartitionStanding[];
  /** The newest cut: its number, when it was made, ms UTC, and its position in the journal of all partitions. */
  readonly cut: { readonly number: number; readonly atMs: number; readonly position: number };
  /** Process that makes cuts; absent when nobody does. */
  readonly cutter?: string;
  /** Of this process, where it may publish KPI topics. */
  readonly kpiTopics?: KpiTopicsStanding;
  /** Processes that own partitions, heard within the lease. */
  readonly engines: readonly string[];
  /** All processes, heard within some seconds. */
  readonly members: readonly StreamMember[];
  /** Processes that read the whole. */
  readonly replicas: readonly HeardReplica[];
  /** Memory of the server, bytes; null where it has no bound. */
  readonly memory: { readonly usedBytes: number; readonly maxBytes: number | null };
}
