import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { connectForWork, letGo, within } from '../../redis/index.ts';
import type { BatchWorks } from '../batches.ts';
import { INTERRUPTIONS_MAX } from '../job-rules.ts';
import {
  BATCHES,
  type BatchData,
  type BatchesOptions,
  compressed,
  decompressed,
  RESULT_KEPT_S,
  resultKey,
} from './batches.ts';

/**
 * A batch takes a fraction of a second. The lock is renewed at half its time, which a batch that holds the event loop
 * delays; what a dead worker held is free again after it ran out and two looks.
 */
const LOCK_MS = 15_000;
const STALLED_EVERY_MS = 5_000;

/** A batch at hand is finished in that time; with Redis away there is nothing to wait for. */
const CLOSE_MS_MAX = 10_000;

export interface BatchWorkerOptions extends BatchesOptions {
  readonly works: BatchWorks;
  /** Batches that are fetched while another one is worked on. */
  readonly concurrency: number;
  /** Told of each batch that was done. */
  readonly onDone?: (kind: string, inputBytes: number) => void;
}

/** Takes batches from Redis until it is closed; closing finishes those at hand. */
export function startBatchWorker(options: BatchWorkerOptions): { close(): Promise<void> } {
  const { redis, version, works, onProblem, onDone } = options;
  const connection = connectForWork(redis, onProblem);
  const process = async (job: Job<BatchData>): Promise<void> => {
    // Another worker may be of that version: it is tried again.
    if (job.data.version !== version)
      throw new Error(`it is of version ${job.data.version}, and this worker of version ${version}`);
    const work = works[job.name];
    if (work === undefined) throw new UnrecoverableError('this worker does not know its kind');
    const input = decompressed(Buffer.from(job.data.columns, 'base64'));
    const result = compressed(work(input));
    await connection.set(resultKey(redis.prefix, job.id!), result, 'EX', RESULT_KEPT_S);
    onDone?.(job.name, input.byteLength);
  };
  const worker = new Worker<BatchData>(BATCHES, process, {
    ...{ connection, prefix: redis.prefix, concurrency: options.concurrency, runRetryDelay: 1_000 },
    ...{ lockDuration: LOCK_MS, stalledInterval: STALLED_EVERY_MS, maxStalledCount: INTERRUPTIONS_MAX },
  });
  worker.on('error', onProblem);
  return {
    close: async () => {
      await within(CLOSE_MS_MAX, worker.close());
      letGo(connection);
    },
  };
}
