import { OperatingError } from '../base/index.ts';

/* What holds for jobs wherever their list lies. */

/** Attempts of a job that asks for no other number. */
export const ATTEMPTS_MAX_DEFAULT = 3;

/** Waits before a failed job runs again: 1 s, 2 s, 4 s... */
export const RETRY_FIRST_MS = 1_000;
export const RETRY_LONGEST_MS = 300_000;

/**
 * How often beyond its attempts a job may lose its process. A crash is not the job's failure, unless the job is what kills
 * the process; then it must not do so for ever.
 */
export const INTERRUPTIONS_MAX = 5;

/** Limits of the list: waiting jobs, ended jobs that stay listed, and jobs of one answer. */
export const WAITING_JOBS_MAX = 10_000;
export const ENDED_JOBS_MAX = 1_000;
export const LIST_JOBS_MAX = 1_000;

/** A synchronised write for every step of a long loop would cost more than the work. */
const PROGRESS_STEP_MIN = 0.01;

/** The wait before the next attempt, ms; it doubles with each that failed. */
export function retryDelayMs(attempts: number, firstMs = RETRY_FIRST_MS, longestMs = RETRY_LONGEST_MS): number {
  return Math.min(longestMs, firstMs * 2 ** (attempts - 1));
}

/** Jobs of one answer, from what is asked for. */
export function listLimit(asked: number): number {
  return Math.max(0, Math.min(LIST_JOBS_MAX, Math.floor(asked)));
}

/** Saves progress, 0 to 1, where it has moved on by enough or is whole. @throws the reason of the signal */
export function inSteps(
  signal: AbortSignal,
  save: (progress: number) => Promise<void>,
): (ratio: number) => Promise<void> {
  let saved = 0;
  return async (ratio) => {
    signal.throwIfAborted();
    const progress = Math.min(1, Math.max(0, ratio));
    if (Math.abs(progress - saved) < PROGRESS_STEP_MIN && progress !== 1) return;
    saved = progress;
    await save(progress);
  };
}

/** `jobs_full` (retryable) */
export function jobsFull(kind: string): OperatingError {
  const message = `cannot add a job ${kind}: ${WAITING_JOBS_MAX} jobs are waiting already, that is the limit`;
  return new OperatingError('jobs_full', message, { retryable: true });
}
