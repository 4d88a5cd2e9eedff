import { OperatingError } from '../base/index.ts';

/** What a thread ended with: the code of an OperatingError comes across, its class does not. */
export function asError(cause: unknown): Error {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') {
    return new OperatingError(cause.code, cause.message, { cause });
  }
  return cause instanceof Error ? cause : new Error(String(cause));
}
