import { setTimeout as delay } from 'node:timers/promises';
import { OperatingError, systemClock } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { createBullLeases } from '../../jobs/bullmq/index.ts';
import type { LeaseOwner, Leases } from '../../jobs/index.ts';
import { repartition } from '../../journal/redis/index.ts';
import { jobsPlace } from '../redis-place.ts';
import { leaseNames } from './partition-protocol.ts';
import { streamsPlace } from './streams-place.ts';

const CONNECT_MS_MAX = 5_000;
const LOOK_EVERY_MS = 100;

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
    const owners = await ownersIn(leases, leaseNames(config.journal.partitions));
    const nodes = [...new Set(owners.flatMap(({ node }) => node ?? []))];
    if (nodes.length === 0) return;
    const text = `cannot change the partitions: ${nodes.join(', ')} own some; end the processes with the role engine`;
    throw new OperatingError('streams_not_level', text);
  } finally {
    await leases.close();
  }
}

/** The connection has only just been ordered: it is waited for. */
async function ownersIn(leases: Leases, names: readonly string[]): Promise<readonly LeaseOwner[]> {
  for (let leftMs = CONNECT_MS_MAX; ; leftMs -= LOOK_EVERY_MS) {
    try {
      return await leases.owners(names);
    } catch (error) {
      if (!(error instanceof OperatingError && error.retryable) || leftMs <= 0) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
}
