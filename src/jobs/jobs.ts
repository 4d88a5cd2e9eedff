export type JobState = 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled';

/** Work that outlives a request: recompute, decode again, export, retention, reports. */
export interface Job {
  readonly id: string;
  readonly kind: string;
  /** JSON value, as given. */
  readonly input: unknown;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
  /** JSON value of the handler's return, once completed. */
  readonly result: unknown;
  /** One sentence: why it failed or, while it waits to be tried again, why the last attempt did. */
  readonly error: string | null;
  /** When it is tried again at the earliest, while it waits after an attempt that failed. */
  readonly nextAttemptAtMs: number | null;
  /** What the handler last saved; given back to it when it runs again. */
  readonly checkpoint: unknown;
}

export interface JobContext {
  readonly job: Job;
  /** 0 to 1. */
  progress(ratio: number): Promise<void>;
  /** Saves a JSON value durably; a later attempt starts from it. */
  checkpoint(value: unknown): Promise<void>;
  /** Aborted when the job is cancelled or the process stops. */
  readonly signal: AbortSignal;
}

/** Must be idempotent: after a crash it runs again from its last checkpoint. */
export type JobHandler = (context: JobContext) => Promise<unknown>;

export interface JobOptions {
  /** A waiting or active job with this key is returned instead of adding another. */
  readonly deduplicationKey?: string;
  /** Attempts before the job counts as failed; 3 by default. */
  readonly attemptsMax?: number;
}

/** How many jobs of a kind are in a state. */
export interface JobCount {
  readonly kind: string;
  readonly state: JobState;
  readonly count: number;
}

/** A queue of jobs: at least once, in order of adding, one at a time for each kind. */
export interface Jobs {
  open(): Promise<void>;
  /** Names the code for a kind; jobs of a kind without a handler wait. */
  handle(kind: string, handler: JobHandler): void;
  add(kind: string, input: unknown, options?: JobOptions): Promise<Job>;
  get(id: string): Promise<Job | undefined>;
  /** Newest first. */
  list(filter: { readonly kind?: string; readonly state?: JobState; readonly limit: number }): Promise<readonly Job[]>;
  /** Of all jobs that are listed; what there is none of may be absent. */
  counts(): Promise<readonly JobCount[]>;
  /** Waiting: never starts. Active: its signal is aborted. Ended: no effect. */
  cancel(id: string): Promise<void>;
  /**
   * Failed or cancelled: waits again, its attempts counted anew, from its last checkpoint. No effect in any other state,
   * and while another job with its deduplication key waits or is active.
   *
   * @throws OperatingError `jobs_full` (retryable)
   */
  retry(id: string): Promise<void>;
  /** Stops taking jobs, aborts the active ones (they run again after the next open) and closes. */
  close(): Promise<void>;
}
