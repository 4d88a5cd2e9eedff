import { BugError, OperatingError } from '../../base/index.ts';

/** What DuckDB says about a lock, by Linux and macOS alike. */
const HOLDER = /Conflicting lock is held in (.+?) \(PID (\d+)\)/;

/** Causes that pass: space may be freed, memory given back. */
const PASSING =
  /No space left|Out of Memory|out of memory|Resource temporarily unavailable|Interrupted system call|I\/O error|IO Error/i;

/** After such an error DuckDB refuses everything until the file is opened again. */
const FATAL = /FATAL Error|INTERNAL Error|database has been invalidated/i;

const DAMAGED =
  /not a valid DuckDB database|[Cc]orrupt|checksum|Could not read enough bytes|Serialization Error|newer version of DuckDB|older version/;

/** Turns what DuckDB or the file system threw while opening into one sentence with a code. */
export function openError(file: string, cause: unknown): Error {
  if (isOurs(cause)) return cause;
  const text = textOf(cause);
  const holder = HOLDER.exec(text);
  if (holder !== null) return lockedError(file, `process ${holder[2]} (${holder[1]})`, cause);
  if (/Could not set lock/.test(text)) return lockedError(file, 'another process', cause);
  if (DAMAGED.test(text) || FATAL.test(text)) {
    const message =
      `cannot open the store ${file}: it is damaged or no store of this product (${text}); ` +
      'move the file and its .wal away, then start again: the store is made anew from the journal';
    return new OperatingError('store_damaged', message, { cause });
  }
  return new OperatingError('store_unwritable', `cannot open the store ${file}: ${text}`, { cause });
}

/** Somebody has the file; waiting does not help as long as they live. */
export function lockedError(file: string, holder: string, cause?: unknown): OperatingError {
  const message = `cannot open the store ${file}: it is held by ${holder}; only one process can have it, so stop that one or ask it over HTTP`;
  return new OperatingError('store_locked', message, { cause });
}

/** Turns what DuckDB threw while working into an operating error that says whether a retry can help. */
export function workError(what: string, file: string, cause: unknown): Error {
  if (isOurs(cause)) return cause;
  const text = textOf(cause);
  const message = `cannot ${what} the store ${file}: ${text}`;
  if (FATAL.test(text)) return new OperatingError('store_failed', message, { cause });
  if (DAMAGED.test(text)) return new OperatingError('store_damaged', message, { cause });
  return new OperatingError('store_work_failed', message, { retryable: PASSING.test(text), cause });
}

function isOurs(cause: unknown): cause is Error {
  return cause instanceof OperatingError || cause instanceof BugError;
}

function textOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text
    .split(' See also http')[0]!
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
}
