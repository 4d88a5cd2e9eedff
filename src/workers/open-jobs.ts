import { join } from 'node:path';
import { type Clock, OperatingError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import {
  type BullJobs,
  createBullBatches,
  createBullJobs,
  type JobBoard,
  openJobBoard,
  startBatchWorker,
} from '../jobs/bullmq/index.ts';
import type { Batches, BatchWorks, JobCount, Jobs } from '../jobs/index.ts';
import { createInlineBatches, createInlineJobs } from '../jobs/inline/index.ts';
import { addressOf, type RedisPlace } from '../redis/index.ts';
import { createThrottle, type Logger } from '../telemetry/index.ts';
import { PANES, paneBatchWork } from './pane-batch.ts';
import { jobsPlace } from './redis-place.ts';

/** What batches do, in this process or in a worker. */
const BATCH_WORKS: BatchWorks = { [PANES]: paneBatchWork };

/** Redis that is away says so at every try. */
const PROBLEM_EVERY_MS = 60_000;

export interface CityJobsOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /**
   * Whose jobs they are, where several processes have the role api: what they read and write lies with the store of each.
   * Batches are done for all of them.
   */
  readonly owner?: string;
}

export interface CityJobs {
  readonly jobs: Jobs;
  readonly batches: Batches;
  /** How many there are, by kind and state; none while Redis is away. */
  counts(): Promise<readonly JobCount[]>;
  /** Pages of the queues, where there are queues. */
  readonly board?: (kinds: readonly string[]) => JobBoard;
  close(): Promise<void>;
}

/** Opens the jobs where the configuration says: in this process, or in Redis. */
export async function openCityJobs(options: CityJobsOptions): Promise<CityJobs> {
  const { config, clock } = options;
  if (config.jobs.redis !== undefined) return openInRedis(options, jobsPlace(config));
  const jobs = createInlineJobs({ file: join(config.dataFolder, 'jobs.sqlite'), clock });
  await jobs.open();
  return { jobs, batches: createInlineBatches(BATCH_WORKS), counts: () => jobs.counts(), close: () => jobs.close() };
}

async function openInRedis(
  { clock, log, version, owner }: Omit<CityJobsOptions, 'config'>,
  redis: RedisPlace,
): Promise<CityJobs> {
  const onProblem = problemLog(log, clock, redis);
  const place = owner === undefined ? redis : { ...redis, prefix: `${redis.prefix}:${owner}` };
  const jobs: BullJobs = createBullJobs({ redis: place, clock, onProblem });
  await jobs.open();
  const batches = createBullBatches({ redis, version, onProblem });
  return {
    jobs,
    batches,
    counts: () => jobs.counts().catch(noneWhenAway),
    board: (kinds) => openJobBoard([...jobs.queuesOf(kinds), batches.queue]),
    close: async () => {
      await batches.close();
      await jobs.close();
    },
  };
}

export interface BatchProcessOptions extends CityJobsOptions {
  /** Batches that are fetched while another one is worked on. */
  readonly concurrency: number;
  readonly onDone?: (kind: string, inputBytes: number) => void;
}

/** Does batches of a city until it is closed. @throws OperatingError `jobs_inline` for a city without a queue */
export function startBatchProcess({ config, clock, log, ...options }: BatchProcessOptions): { close(): Promise<void> } {
  if (config.jobs.redis === undefined) {
    throw new OperatingError(
      'jobs_inline',
      `cannot work for ${config.file}: its jobs.backend is "inline", so batches are done where it is served; write backend: bullmq`,
    );
  }
  const redis = jobsPlace(config);
  return startBatchWorker({ ...options, redis, works: BATCH_WORKS, onProblem: problemLog(log, clock, redis) });
}

function noneWhenAway(error: unknown): readonly JobCount[] {
  if (error instanceof OperatingError && error.retryable) return [];
  throw error;
}

function problemLog(log: Logger, clock: Clock, place: RedisPlace): (error: Error) => void {
  const throttle = createThrottle({ log, clock, everyMs: PROBLEM_EVERY_MS });
  return (error) =>
    throttle.warn(error.message, { room: 'jobs', redis: addressOf(place) }, `Redis of the jobs: ${error.message}`);
}
