// In: jobs, and the code for their kinds. Out: the jobs done, by whichever process holds them; their list lies in Redis.
import { setTimeout as delay } from 'node:timers/promises';
import { type Job as BullJob, Queue, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { type Clock, OperatingError } from '../../base/index.ts';
import {
  addressOf,
  answered,
  connectForOrders,
  connectForWork,
  letGo,
  type RedisClient,
  type RedisPlace,
  settled,
  within,
} from '../../redis/index.ts';
import {
  ATTEMPTS_MAX_DEFAULT,
  ENDED_JOBS_MAX,
  INTERRUPTIONS_MAX,
  inSteps,
  jobsFull,
  listLimit,
  RETRY_FIRST_MS,
  RETRY_LONGEST_MS,
  retryDelayMs,
  WAITING_JOBS_MAX,
} from '../job-rules.ts';
import { jsonOf, sentenceOf } from '../job-text.ts';
import type { Job, JobContext, JobCount, JobHandler, JobOptions, JobState, Jobs } from '../jobs.ts';
import { type Holder, type JobPlace, JobRecords, type Refusal } from './records.ts';

export { type BatchWorkerOptions, startBatchWorker } from './batch-worker.ts';
export { type BatchesOptions, createBullBatches } from './batches.ts';
export { type JobBoard, openJobBoard } from './board.ts';
export { type BullLeasesOptions, type BullLeaseTiming, createBullLeases } from './leases.ts';

/** Jobs that are remembered in order of adding: all that may wait and have ended of some kinds. */
const INDEX_JOBS_MAX = 20_000;
const READ_AT_ONCE = 500;

/** How long the end of the process waits for handlers that were told to stop. */
const CLOSE_MS_MAX = 5_000;

export interface JobTiming {
  /** Wait before a failed job runs again; it doubles up to `retryLongestMs`. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  /**
   * How long a lock lasts unless its process renews it, at half the time. Long enough for a busy event loop and a Redis
   * that restarts; the work of a process that died lies idle for as long.
   */
  readonly lockMs: number;
  /** How often jobs whose lock ran out are looked for; it takes two looks. */
  readonly stalledEveryMs: number;
}

const TIMING: JobTiming = {
  retryFirstMs: RETRY_FIRST_MS,
  retryLongestMs: RETRY_LONGEST_MS,
  lockMs: 30_000,
  stalledEveryMs: 15_000,
};

export interface BullJobsOptions {
  readonly redis: RedisPlace;
  readonly clock: Clock;
  /** Told when Redis cannot be used; it is tried again all the time. */
  readonly onProblem: (error: Error) => void;
  readonly timing?: Partial<JobTiming>;
}

/** Jobs in Redis: a queue of BullMQ for each kind. */
export interface BullJobs extends Jobs {
  /** Queues of some kinds, for a board. */
  queuesOf(kinds: readonly string[]): readonly Queue[];
}

/**
 * Jobs in Redis, by BullMQ. What `add` or `checkpoint` promised survives the end of this process, and that of Redis as
 * far as its append-only file does. Each runs at least once: one that a dead or hanging process held runs again in
 * another one, from its checkpoint; the old holder cannot change it any more.
 *
 * Errors: `jobs_unreachable` (retryable) while Redis is away; `jobs_full` (retryable) at 10,000 waiting jobs of a kind;
 * `jobs_closed`; `job_not_json` for an input that is no JSON value.
 */
export function createBullJobs(options: BullJobsOptions): BullJobs {
  return new RedisJobs(options);
}

interface Kind {
  readonly queue: Queue;
  worker?: Worker;
}

interface Connections {
  readonly orders: RedisClient;
  readonly work: RedisClient;
  /** For orders and questions, and for the process that does the work. */
  readonly orderRecords: JobRecords;
  readonly workRecords: JobRecords;
}

class RedisJobs implements BullJobs {
  readonly #options: BullJobsOptions;
  readonly #timing: JobTiming;
  readonly #kinds = new Map<string, Kind>();
  readonly #handlers = new Map<string, JobHandler>();
  readonly #running = new Map<string, AbortController>();
  #connections: Connections | undefined;
  #isClosing = false;

  constructor(options: BullJobsOptions) {
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
  }

  /** A Redis that is away does not keep the city from starting: orders are refused until it is there. */
  async open(): Promise<void> {
    if (this.#connections !== undefined) return;
    const { redis, onProblem } = this.#options;
    const orders = connectForOrders(redis, onProblem);
    const work = connectForWork(redis, onProblem);
    this.#connections = {
      ...{ orders, work },
      ...{ orderRecords: new JobRecords(orders), workRecords: new JobRecords(work) },
    };
    this.#isClosing = false;
    await settled(orders);
    for (const kind of this.#handlers.keys()) this.#startWorker(kind);
  }

  handle(kind: string, handler: JobHandler): void {
    this.#handlers.set(kind, handler);
    if (this.#connections !== undefined) this.#startWorker(kind);
  }

  async add(kind: string, input: unknown, options: JobOptions = {}): Promise<Job> {
    const { orders } = this.#requireOpen();
    const json = jsonOf(input, `input of a job ${kind}`);
    return this.#answered(async () => {
      const { queue } = this.#kind(kind);
      await checkRoom(queue);
      const number = await orders.incr(this.#key('next'));
      const jobId = `${kind}-${number}`;
      // In the index first: a job that runs is always listed, and an id without a job is passed over.
      await orders.zadd(this.#key('index'), number, jobId);
      await orders.zremrangebyrank(this.#key('index'), 0, -1 - INDEX_JOBS_MAX);
      const { id } = await queue.add(kind, { input: JSON.parse(json) }, this.#bullOptions(jobId, options));
      // One with its key was there.
      if (id !== jobId) await orders.zrem(this.#key('index'), jobId);
      return (await this.#read([id!]))[0]!;
    });
  }

  async get(id: string): Promise<Job | undefined> {
    this.#requireOpen();
    return this.#answered(async () => (await this.#read([id]))[0]);
  }

  async list(filter: {
    readonly kind?: string;
    readonly state?: JobState;
    readonly limit: number;
  }): Promise<readonly Job[]> {
    this.#requireOpen();
    const limit = listLimit(filter.limit);
    const found: Job[] = [];
    return this.#answered(async () => {
      for await (const ids of this.#newestFirst()) {
        if (found.length >= limit) break;
        const ofKind = ids.filter((id) => filter.kind === undefined || kindOf(id) === filter.kind);
        for (const job of await this.#read(ofKind)) {
          if (job !== undefined && (filter.state ?? job.state) === job.state) found.push(job);
        }
      }
      return found.slice(0, limit);
    });
  }

  /** Ids of jobs, some at a time; those of jobs that were forgotten are among them. */
  async *#newestFirst(): AsyncGenerator<readonly string[]> {
    const { orders } = this.#requireOpen();
    for (let at = 0; ; at += READ_AT_ONCE) {
      const ids = await orders.zrevrange(this.#key('index'), at, at + READ_AT_ONCE - 1);
      if (ids.length === 0) return;
      yield ids;
    }
  }

  async cancel(id: string): Promise<void> {
    const { orderRecords } = this.#requireOpen();
    await this.#answered(async () => {
      const kind = kindOf(id);
      if (kind === undefined) return;
      const { queue } = this.#kind(kind);
      if (!(await orderRecords.cancel(queue.toKey(id), this.#nowMs()))) return;
      this.#running.get(id)?.abort(cancelled(id));
      await (await queue.getJob(id))?.removeDeduplicationKey();
    });
  }

  async counts(): Promise<readonly JobCount[]> {
    const { orderRecords } = this.#requireOpen();
    const counts = new Map<string, { kind: string; state: JobState; count: number }>();
    return this.#answered(async () => {
      for await (const ids of this.#newestFirst()) {
        const places = ids.map((id) => this.#placeOf(id));
        for (const [row, state] of (await orderRecords.states(places)).entries()) {
          const { kind } = places[row]!;
          if (state === undefined) continue;
          const known = counts.get(`${kind} ${state}`);
          if (known === undefined) counts.set(`${kind} ${state}`, { kind, state, count: 1 });
          else known.count++;
        }
      }
      return [...counts.values()];
    });
  }

  async retry(id: string): Promise<void> {
    const { orders, orderRecords } = this.#requireOpen();
    await this.#answered(async () => {
      const kind = kindOf(id);
      const { queue } = kind === undefined ? {} : this.#kind(kind);
      const job = await queue?.getJob(id);
      if (queue === undefined || job === undefined) return;
      const state = (await this.#read([id]))[0]?.state;
      if (state !== 'failed' && state !== 'cancelled') return;
      await checkRoom(queue);
      const { deduplicationId } = job;
      const key = deduplicationId === undefined ? undefined : queue.toKey(`de:${deduplicationId}`);
      if (key !== undefined && ((await orders.get(key)) ?? id) !== id) return;
      const place = await orderRecords.retry(queue.toKey(id));
      if (place === 'ended') {
        await job.retry((await job.isFailed()) ? 'failed' : 'completed', { resetAttemptsMade: true });
      }
      // The queue itself gives a key to new jobs only.
      if (place !== undefined && key !== undefined) await orders.set(key, id, 'NX');
    });
  }

  queuesOf(kinds: readonly string[]): readonly Queue[] {
    return kinds.map((kind) => this.#kind(kind).queue);
  }

  async close(): Promise<void> {
    const connections = this.#connections;
    if (connections === undefined) return;
    this.#isClosing = true;
    const stopped = new OperatingError('jobs_closed', 'the process stops');
    for (const abort of this.#running.values()) abort.abort(stopped);
    const kinds = [...this.#kinds.values()];
    // What handlers give back goes through the queues: they close last.
    await within(CLOSE_MS_MAX, Promise.all(kinds.map(({ worker }) => worker?.close())));
    await within(CLOSE_MS_MAX, Promise.all(kinds.map(({ queue }) => queue.close())));
    this.#connections = undefined;
    this.#kinds.clear();
    letGo(connections.orders);
    letGo(connections.work);
  }

  /** The queue of a kind; made when it is first asked for. */
  #kind(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const { orders } = this.#requireOpen();
    const queue = new Queue(name, { connection: orders, prefix: this.#options.redis.prefix, skipVersionCheck: true });
    queue.on('error', this.#options.onProblem);
    const kind: Kind = { queue };
    this.#kinds.set(name, kind);
    return kind;
  }

  #startWorker(name: string): void {
    const { work } = this.#requireOpen();
    const kind = this.#kind(name);
    if (kind.worker !== undefined) return;
    const { lockMs, stalledEveryMs, retryFirstMs, retryLongestMs } = this.#timing;
    const worker = new Worker(name, (job, token) => this.#process(job, token!), {
      ...{ connection: work, prefix: this.#options.redis.prefix, autorun: false, concurrency: 1 },
      ...{ lockDuration: lockMs, stalledInterval: stalledEveryMs, maxStalledCount: INTERRUPTIONS_MAX },
      // BullMQ gives up after one interruption when it is not told otherwise, and waits 15 s after a lost connection.
      runRetryDelay: 1_000,
      settings: { backoffStrategy: (attempts = 1) => retryDelayMs(attempts, retryFirstMs, retryLongestMs) },
    });
    kind.worker = worker;
    worker.on('error', this.#options.onProblem);
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#running.get(id)?.abort(lost(id));
    });
    void this.#runWorker(kind, worker);
  }

  /** One at a time over all processes, said before the first job is taken. */
  async #runWorker({ queue }: Kind, worker: Worker): Promise<void> {
    while (!this.#isClosing) {
      try {
        await queue.setGlobalConcurrency(1);
        await worker.run();
        return;
      } catch (error) {
        this.#options.onProblem(error as Error);
        await delay(1_000, undefined, { ref: false });
      }
    }
  }

  async #process(job: BullJob, token: string): Promise<unknown> {
    const { workRecords } = this.#requireOpen();
    const id = job.id!;
    const place = this.#placeOf(id);
    const holder: Holder = { key: place.key, token };
    const begun = await workRecords.begin(holder);
    if (typeof begun !== 'number') throw refusal(id, begun);
    const abort = new AbortController();
    this.#running.set(id, abort);
    try {
      const [read] = await workRecords.read([place]);
      const handler = this.#handlers.get(job.name)!;
      const result = await handler(this.#contextOf(read!, holder, abort));
      // What comes after it was cancelled changes nothing.
      abort.signal.throwIfAborted();
      // In an object: a null result must not look like none.
      return { result: JSON.parse(jsonOf(result ?? null, `result of the job ${id}`)) };
    } catch (error) {
      if (this.#isClosing) await this.#giveBack(job, holder);
      if (abort.signal.aborted && (await workRecords.isAgain(holder))) await this.#runAgain(job, holder);
      throw abort.signal.aborted ? abort.signal.reason : new Error(sentenceOf(error));
    } finally {
      this.#running.delete(id);
    }
  }

  /** To the head of its queue. */
  async #giveBack(job: BullJob, holder: Holder): Promise<never> {
    await this.#requireOpen().workRecords.release(holder);
    await job.moveToWait(holder.token);
    throw new WaitingError('the process stops');
  }

  /** Cancelled, and to be run again: its attempts are counted anew. */
  async #runAgain(job: BullJob, holder: Holder): Promise<never> {
    await job.moveToWait(holder.token);
    throw new WaitingError('it runs again');
  }

  #contextOf(job: Job, holder: Holder, abort: AbortController): JobContext {
    const { signal } = abort;
    const change = async (field: 'progress' | 'vitals:checkpoint', json: string): Promise<void> => {
      signal.throwIfAborted();
      const refused = await this.#requireOpen().workRecords.change(holder, field, json);
      if (refused !== undefined) abort.abort(refusal(job.id, refused));
      // Also where it was stopped meanwhile: a handler that goes on from here would not hear of it any more.
      signal.throwIfAborted();
    };
    return {
      job,
      signal,
      progress: inSteps(signal, (progress) => change('progress', String(progress))),
      checkpoint: (value) => change('vitals:checkpoint', jsonOf(value, `checkpoint of the job ${job.id}`)),
    };
  }

  #bullOptions(jobId: string, { deduplicationKey, attemptsMax = ATTEMPTS_MAX_DEFAULT }: JobOptions) {
    return {
      jobId,
      timestamp: this.#nowMs(),
      attempts: Math.max(1, attemptsMax),
      backoff: { type: 'vitals' },
      removeOnComplete: { count: ENDED_JOBS_MAX },
      removeOnFail: { count: ENDED_JOBS_MAX },
      ...(deduplicationKey === undefined ? {} : { deduplication: { id: deduplicationKey } }),
    };
  }

  #read(ids: readonly string[]): Promise<(Job | undefined)[]> {
    return this.#requireOpen().orderRecords.read(ids.map((id) => this.#placeOf(id)));
  }

  #placeOf(id: string): JobPlace {
    const kind = kindOf(id) ?? '';
    const { prefix } = this.#options.redis;
    return { id, kind, key: `${prefix}:${kind}:${id}`, delayedKey: `${prefix}:${kind}:delayed` };
  }

  #answered<T>(ask: () => Promise<T>): Promise<T> {
    const asked = { code: 'jobs_unreachable', what: 'the jobs in Redis', server: this.#options.redis };
    return answered(this.#requireOpen().orders, asked, ask);
  }

  #key(name: string): string {
    return `${this.#options.redis.prefix}:jobs:${name}`;
  }

  #nowMs(): number {
    return Math.trunc(this.#options.clock.nowMs());
  }

  #requireOpen(): Connections {
    if (this.#connections !== undefined) return this.#connections;
    const address = addressOf(this.#options.redis);
    throw new OperatingError('jobs_closed', `cannot use the jobs in Redis at ${address}: they are not open`);
  }
}

async function checkRoom(queue: Queue): Promise<void> {
  if ((await queue.getWaitingCount()) + (await queue.getDelayedCount()) < WAITING_JOBS_MAX) return;
  throw jobsFull(queue.name);
}

/** The kind that an id begins with. */
function kindOf(id: string): string | undefined {
  return /^(.+)-\d+$/.exec(id)?.[1];
}

function cancelled(id: string): UnrecoverableError {
  return new UnrecoverableError(`the job ${id} was cancelled`);
}

function lost(id: string): Error {
  return new Error(`the job ${id} is another process's now: this one did not renew its lock in time`);
}

function refusal(id: string, why: Refusal): Error {
  return why === 'cancelled' ? cancelled(id) : lost(id);
}
