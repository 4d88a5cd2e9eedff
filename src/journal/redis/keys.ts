/** Keys of a partition; the hash tag keeps them on one node, so that a script can touch them all. */
export interface PartitionKeys {
  /** Fields raw, made, epoch, cut, trimmed, and madeFrom and madeBy of the newest batch. */
  readonly state: string;
  /** Batches of messages; the id of an entry is the sequence of its last record. */
  readonly raw: string;
  /** What was made of them, with ids of the same kind. */
  readonly made: string;
  /** For each writer: number of its newest batch, sequence of that batch's last record, when it was written, ms. */
  readonly writers: string;
}

/** Keys of all partitions together. */
export interface CommonKeys {
  /** The id of an entry is the position of the cut. */
  readonly cuts: string;
  /** Number of the newest cut that replicas have, where that is waited for. */
  readonly confirmed: string;
  readonly replicas: string;
  /** For each process: when it was heard, ms of the server's clock, and what it said. */
  readonly members: string;
  readonly layout: string;
}

export function partitionKeys(name: string, partition: number): PartitionKeys {
  const tag = `{${name}:${partition}}`;
  return { state: `${tag}:state`, raw: `${tag}:raw`, made: `${tag}:made`, writers: `${tag}:writers` };
}

export function commonKeys(name: string): CommonKeys {
  const tag = `{${name}}`;
  return {
    ...{ cuts: `${tag}:cuts`, confirmed: `${tag}:confirmed`, layout: `${tag}:layout` },
    ...{ replicas: `${tag}:replicas`, members: `${tag}:members` },
  };
}

/** Id of the entry at a sequence or position. */
export function entryId(at: number): string {
  return `${at}-0`;
}

/** An entry of a stream as Redis gives it: its id, and fields and values in turn. */
export type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** Sequence or position of an entry. */
export function entryAt([id]: Entry): number {
  return Number.parseInt(id.toString('latin1'), 10);
}

/** Value of a field of an entry. */
export function entryField([, fields]: Entry, name: string): Buffer | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at]!.toString('latin1') === name) return fields[at + 1];
  return undefined;
}
