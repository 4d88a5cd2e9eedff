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
  /** One sentence, once failed. */
  readonly error: string | null;
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

/** A queue of jobs: at least once, in order of adding, one at a time for each kind. */
export interface Jobs {
  open(): Promise<void>;
  /** Names the code for a kind; jobs of a kind without a handler wait. */
  handle(kind: string, handler: JobHandler): void;
  add(kind: string, input: unknown, options?: JobOptions): Promise<Job>;
  get(id: string): Promise<Job | undefined>;
  /** Newest first. */
  list(filter: { readonly kind?: string; readonly state?: JobState; readonly limit: number }): Promise<readonly Job[]>;
  /** Waiting: never starts. Active: its signal is aborted. Ended: no effect. */
  cancel(id: string): Promise<void>;
  /** Stops taking jobs, aborts the active ones (they run again after the next open) and closes. */
  close(): Promise<void>;
}
