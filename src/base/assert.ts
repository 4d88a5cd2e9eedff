/**
 * Our own mistakes stop the process, told apart from broken surroundings by the prefix `BUG:`.
 *
 * @throws {BugError} when the condition is false; nobody catches it, so the process ends and the journal keeps the truth.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** A broken invariant of this program; never caused by input from the field. */
export class BugError extends Error {
  override readonly name = 'BugError';
  constructor(message: string) {
    super(`BUG: ${message}`);
  }
}

/** An operating error with a stable code; `retryable` says whether trying again can help. */
export class OperatingError extends Error {
  override readonly name = 'OperatingError';
  readonly code: string;
  readonly retryable: boolean;
  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
