// In: jobs, and the code for their kinds. Out: the jobs done in this process; their list lies in one SQLite file.
import { type Clock, OperatingError } from '../../base/index.ts';
import {
  ATTEMPTS_MAX_DEFAULT,
  ENDED_JOBS_MAX,
  INTERRUPTIONS_MAX,
  inSteps,
  jobsFull,
  listLimit,
  RETRY_FIRST_MS,
  retryDelayMs,
  WAITING_JOBS_MAX,
} from '../job-rules.ts';
import { jsonOf, sentenceOf } from '../job-text.ts';
import type { Job, JobContext, JobCount, JobHandler, JobOptions, JobState, Jobs } from '../jobs.ts';
import { type JobChanges, JobsTable, type StoredJob } from './table.ts';

export { createInlineBatches } from './batches.ts';

/** Calls back after a time; the function that it returns calls it off. */
export type StartTimer = (afterMs: number, call: () => void) => () => void;

export interface InlineJobsOptions {
  /** Path of the list's own SQLite file; its folder is made when it is not there. */
  readonly file: string;
  readonly clock: Clock;
  /** For waits between attempts; the process's timers when not given. */
  readonly startTimer?: StartTimer;
}

/**
 * Jobs in this process. What `add` or `checkpoint` promised survives a crash and power loss. A job that was running
 * when the process ended waits again after `open`, with its attempts and its checkpoint; one that failed runs again
 * after a wait that doubles, while later jobs of its kind go on.
 *
 * Errors: `jobs_locked`, `jobs_unwritable`, `jobs_damaged`, `jobs_schema_newer` from `open`; `jobs_full` (retryable) at
 * 10,000 waiting jobs; `jobs_closed`; `job_not_json` for an input that is no JSON value.
 */
export function createInlineJobs(options: InlineJobsOptions): Jobs {
  return new InlineJobs(options);
}

interface Running {
  readonly id: string;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

class InlineJobs implements Jobs {
  private readonly options: InlineJobsOptions;
  private readonly startTimer: StartTimer;
  private readonly handlers = new Map<string, JobHandler>();
  private readonly running = new Map<string, Running>();
  private readonly timers = new Map<string, () => void>();
  private table: JobsTable | undefined;

  constructor(options: InlineJobsOptions) {
    this.options = options;
    this.startTimer = options.startTimer ?? startProcessTimer;
  }

  async open(): Promise<void> {
    if (this.table !== undefined) return;
    const table = new JobsTable(this.options.file);
    for (const job of table.active()) this.recover(table, job);
    this.table = table;
    for (const kind of this.handlers.keys()) this.proceed(kind);
  }

  handle(kind: string, handler: JobHandler): void {
    this.handlers.set(kind, handler);
    this.proceed(kind);
  }

  async add(kind: string, input: unknown, options: JobOptions = {}): Promise<Job> {
    const table = this.requireOpen();
    const key = options.deduplicationKey ?? null;
    const known = key === null ? undefined : table.byKey(key);
    if (known !== undefined) return publicJob(known);
    requireRoom(table, kind);
    const attemptsMax = Math.max(1, options.attemptsMax ?? ATTEMPTS_MAX_DEFAULT);
    const createdAtMs = Math.trunc(this.options.clock.nowMs());
    const job = table.add({
      kind,
      input: jsonOf(input, `input of a job ${kind}`),
      attemptsMax,
      deduplicationKey: key,
      createdAtMs,
    });
    // Later, so that the caller has the job before its handler runs.
    queueMicrotask(() => this.proceed(kind));
    return publicJob(job);
  }

  async get(id: string): Promise<Job | undefined> {
    const job = this.requireOpen().get(id);
    return job === undefined ? undefined : publicJob(job);
  }

  async list(filter: {
    readonly kind?: string;
    readonly state?: JobState;
    readonly limit: number;
  }): Promise<readonly Job[]> {
    return this.requireOpen()
      .list({ ...filter, limit: listLimit(filter.limit) })
      .map(publicJob);
  }

  async cancel(id: string): Promise<void> {
    const table = this.requireOpen();
    const job = table.get(id);
    if (job === undefined || (job.state !== 'waiting' && job.state !== 'active')) return;
    table.change(id, { state: 'cancelled', finishedAtMs: this.nowMs() });
    table.dropEndedBeyond(ENDED_JOBS_MAX);
    const running = this.running.get(job.kind);
    if (running?.id === id) running.abort.abort(new OperatingError('job_cancelled', `the job ${id} was cancelled`));
  }

  async counts(): Promise<readonly JobCount[]> {
    return this.requireOpen().counts();
  }

  async retry(id: string): Promise<void> {
    const table = this.requireOpen();
    const job = table.get(id);
    if (job === undefined || (job.state !== 'failed' && job.state !== 'cancelled')) return;
    if (job.deduplicationKey !== null && table.byKey(job.deduplicationKey) !== undefined) return;
    requireRoom(table, job.kind);
    const fresh = { attempts: 0, progress: 0, notBeforeMs: 0, error: null, finishedAtMs: null };
    table.change(id, { state: 'waiting', ...fresh });
    queueMicrotask(() => this.proceed(job.kind));
  }

  async close(): Promise<void> {
    const table = this.table;
    if (table === undefined) return;
    this.table = undefined;
    for (const stop of this.timers.values()) stop();
    this.timers.clear();
    // Being stopped is no attempt that failed.
    for (const job of table.active()) table.change(job.id, { state: 'waiting', attempts: job.attempts - 1 });
    const running = [...this.running.values()];
    for (const { abort } of running) abort.abort(new OperatingError('jobs_closed', 'the process stops'));
    await Promise.all(running.map((one) => one.ended));
    table.close();
  }

  private recover(table: JobsTable, job: StoredJob): void {
    if (job.attempts < job.attemptsMax + INTERRUPTIONS_MAX) {
      table.change(job.id, { state: 'waiting' });
      return;
    }
    const error = `cannot finish the job ${job.id}: the process ended while it ran, ${job.attempts} times; that is the limit`;
    table.change(job.id, { state: 'failed', error, finishedAtMs: this.nowMs() });
  }

  /** Starts the kind's next job, or a timer for it, unless one runs. */
  private proceed(kind: string): void {
    const { table } = this;
    const handler = this.handlers.get(kind);
    if (table === undefined || handler === undefined || this.running.has(kind)) return;
    this.patiently(kind, () => {
      const job = table.next(kind, this.nowMs());
      if (job !== undefined) {
        this.start(table, handler, job);
        return;
      }
      const atMs = table.nextAtMs(kind);
      if (atMs !== undefined) this.later(kind, atMs - this.nowMs(), () => this.proceed(kind));
    });
  }

  /** Does a step of the queue; a list that cannot be written just now (full disk) delays it and loses nothing. */
  private patiently(kind: string, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof OperatingError) || !error.retryable) throw error;
      this.later(kind, RETRY_FIRST_MS, () => this.patiently(kind, step));
    }
  }

  private later(kind: string, afterMs: number, call: () => void): void {
    this.timers.get(kind)?.();
    this.timers.set(kind, this.startTimer(Math.max(1, afterMs), call));
  }

  private start(table: JobsTable, handler: JobHandler, job: StoredJob): void {
    const attempts = job.attempts + 1;
    table.change(job.id, { state: 'active', attempts, progress: 0 });
    const abort = new AbortController();
    const context = this.contextOf({ ...job, state: 'active', attempts, progress: 0 }, abort.signal);
    const ended = runHandler(handler, context).then((outcome) => this.finish({ ...job, attempts }, outcome));
    this.running.set(job.kind, { id: job.id, abort, ended });
  }

  private contextOf(job: StoredJob, signal: AbortSignal): JobContext {
    const change = (changes: JobChanges) => {
      signal.throwIfAborted();
      this.requireOpen().change(job.id, changes);
    };
    return {
      job: publicJob(job),
      signal,
      progress: inSteps(signal, async (progress) => change({ progress })),
      checkpoint: async (value) => change({ checkpoint: jsonOf(value, `checkpoint of the job ${job.id}`) }),
    };
  }

  private finish(job: StoredJob, outcome: Outcome): void {
    this.patiently(job.kind, () => {
      // After closing it waits for the next opening; after cancelling its state is final.
      if (this.table?.get(job.id)?.state === 'active') {
        this.table.change(job.id, this.changesOf(job, outcome));
        this.table.dropEndedBeyond(ENDED_JOBS_MAX);
      }
      this.running.delete(job.kind);
      this.proceed(job.kind);
    });
  }

  private changesOf(job: StoredJob, outcome: Outcome): JobChanges {
    const nowMs = this.nowMs();
    if ('result' in outcome) return { state: 'completed', progress: 1, result: outcome.result, finishedAtMs: nowMs };
    if (job.attempts >= job.attemptsMax) return { state: 'failed', error: outcome.error, finishedAtMs: nowMs };
    return { state: 'waiting', error: outcome.error, notBeforeMs: nowMs + retryDelayMs(job.attempts) };
  }

  private nowMs(): number {
    return Math.trunc(this.options.clock.nowMs());
  }

  private requireOpen(): JobsTable {
    if (this.table !== undefined) return this.table;
    throw new OperatingError('jobs_closed', `cannot use the jobs ${this.options.file}: they are not open`);
  }
}

function requireRoom(table: JobsTable, kind: string): void {
  if (table.waitingCount() < WAITING_JOBS_MAX) return;
  throw jobsFull(kind);
}

type Outcome = { readonly result: string } | { readonly error: string };

async function runHandler(handler: JobHandler, context: JobContext): Promise<Outcome> {
  try {
    const result = await handler(context);
    return { result: jsonOf(result ?? null, `result of the job ${context.job.id}`) };
  } catch (error) {
    return { error: sentenceOf(error) };
  }
}

function publicJob({ attemptsMax: _most, deduplicationKey: _key, notBeforeMs, ...job }: StoredJob): Job {
  // Columns keep what the last attempt failed of; of a job that runs, or ended otherwise, it is no longer true.
  const isTriedAgain = job.state === 'waiting' && job.error !== null;
  const error = job.state === 'failed' || isTriedAgain ? job.error : null;
  return { ...job, error, nextAttemptAtMs: isTriedAgain ? notBeforeMs : null };
}

function startProcessTimer(afterMs: number, call: () => void): () => void {
  const timer = setTimeout(call, afterMs);
  timer.unref();
  return () => clearTimeout(timer);
}
