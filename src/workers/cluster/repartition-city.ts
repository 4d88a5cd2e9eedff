import { OperatingError, systemClock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { createBullLeases } from '../../jobs/bullmq/index.ts';
import { repartition } from '../../journal/redis/index.ts';
import { patiently } from '../patience.ts';
import { jobsPlace } from '../redis-place.ts';
import { leaseNames } from './partition-protocol.ts';
import { streamsPlace } from './streams-place.ts';

const CONNECT_MS_MAX = 5_000;

/**
 * Gives a city another number of partitions, once all that was taken has been read and nobody owns a partition.
 *
 * @returns the number before, and the position at which the change lies
 * @throws OperatingError `journal_local`, `streams_not_level`, `streams_layout`, `streams_unreachable`
 */
export async function repartitionCity(
  config: Config,
  partitions: number,
  onProblem: (error: Error) => void,
): Promise<{ from: number; position: number }> {
  if (config.journal.backend === 'local') {
    const text = `cannot give ${config.file} partitions: its journal.backend is "local"; write journal: {backend: redis}`;
    throw new OperatingError('journal_local', text);
  }
  const clock = systemClock;
  await checkNobodyOwns(config, onProblem);
  const { server: place, name, durability } = streamsPlace(config);
  return repartition({ place, name, durability, partitions, clock, onProblem });
}

async function checkNobodyOwns(config: Config, onProblem: (error: Error) => void): Promise<void> {
  const leases = createBullLeases({ node: 'partitions', redis: jobsPlace(config), clock: systemClock, onProblem });
  try {
    // The connection has only just been ordered: it is waited for, without a word.
    const names = leaseNames(config.journal.partitions);
    const owners = await patiently(
      () => leases.owners(names),
      () => {},
      AbortSignal.timeout(CONNECT_MS_MAX),
    );
    const nodes = [...new Set(owners.flatMap(({ node }) => node ?? []))];
    if (nodes.length === 0) return;
    const text = `cannot change the partitions: ${nodes.join(', ')} own some; end the processes with the role engine`;
    throw new OperatingError('streams_not_level', text);
  } finally {
    await leases.close();
  }
}
