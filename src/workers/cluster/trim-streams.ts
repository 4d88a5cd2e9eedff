import type { CityStreams, HeardReplica } from '../../journal/index.ts';

/** A reader of the whole that said nothing for so long does not hold trimming back any more. */
const FORGOTTEN_MS = 60 * 60_000;
/** Where memory is short and another one reads on, it does so sooner. */
const FORGOTTEN_WHEN_TIGHT_MS = 2 * 60_000;
/** Memory is short from this share of what it may be, which comes before messages wait. */
const TIGHT_SHARE = 0.3;

/**
 * Deletes what all readers of the whole have; nothing where there is none. A reader that is forgotten needs the data folder
 * of another one to go on: while it is the only one, nothing takes its place and it is waited for.
 */
export async function trimStreams(streams: CityStreams): Promise<void> {
  const { used, max } = await streams.memory();
  const limitMs = used > TIGHT_SHARE * max ? FORGOTTEN_WHEN_TIGHT_MS : FORGOTTEN_MS;
  const replicas = await streams.replicas();
  const isSilent = ({ silentMs }: HeardReplica): boolean => silentMs > limitMs;
  const kept = replicas.every(isSilent) ? replicas : replicas.filter((replica) => !isSilent(replica));
  for (const replica of replicas) if (!kept.includes(replica)) await streams.forgetReplica(replica.name);
  if (kept.length > 0) await streams.trim(Math.min(...kept.map(({ position }) => position)));
}
