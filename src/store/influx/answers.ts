import type { Sent } from '../mirror.ts';

const DETAIL_CHARS_MAX = 300;
/** InfluxDB 1.x names how many points were older than the retention; the others of the request are stored. */
const BEYOND_RETENTION = /points beyond retention policy dropped=(\d+)/;

/** InfluxDB 1.x says it of a retention policy with 500. */
const MISSING = /(?:retention policy|database) not found/;

/** What a proxy says when what is behind it is gone. */
const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

/** A store's answer to a write, over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The header, as it is. */
  readonly retryAfter: string | undefined;
}

/** What an answer of a speaker of line protocol means. InfluxDB 3 names the lines that it refuses. */
export function sentBy({ status, body, retryAfter }: HttpAnswer): Sent {
  if (status === 204) return { kind: 'taken', dropped: 0 };
  // Whoever answers otherwise, such as a login page with 200, is no store that has taken anything.
  if (status < 400) return { kind: 'later', detail: `${status}, which is no answer to a write; is the address right?` };
  const detail = `${status} ${messageOf(body)}`.trim();
  if (status === 413) return { kind: 'tooLarge', detail };
  if (status !== 400 && status !== 422) {
    const afterMs = delayMs(retryAfter);
    const missing = status === 404 || MISSING.test(body) ? { isMissing: true } : {};
    const away = AWAY.has(status) ? { isAway: true } : {};
    return { kind: 'later', detail, ...(afterMs === undefined ? {} : { afterMs }), ...missing, ...away };
  }
  const beyond = BEYOND_RETENTION.exec(body);
  if (beyond !== null) return { kind: 'taken', dropped: Number(beyond[1]) };
  const lines = refusedLines(body);
  return { kind: 'refused', detail, ...(lines === undefined ? {} : { lines }) };
}

/** A request that got no answer: the store is away, or the connection broke. */
export function notSent(error: unknown): Sent {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return { kind: 'later', detail: message === '' ? 'no answer' : message.slice(0, DETAIL_CHARS_MAX), isAway: true };
}

/** Seconds, or a date (RFC 9110, 10.2.3); of the latter nothing is made, as clocks may differ. */
function delayMs(retryAfter: string | undefined): number | undefined {
  const seconds = Number(retryAfter);
  return retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function messageOf(body: string): string {
  const tree = parsed(body);
  const text = typeof tree?.error === 'string' ? tree.error : typeof tree?.message === 'string' ? tree.message : body;
  return text.trim().replace(/\s+/g, ' ').slice(0, DETAIL_CHARS_MAX);
}

function refusedLines(body: string): readonly number[] | undefined {
  const data = parsed(body)?.data;
  if (!Array.isArray(data)) return undefined;
  const lines = data.map((one: { line_number?: unknown } | null) => Number(one?.line_number) - 1);
  return lines.length > 0 && lines.every((line) => Number.isInteger(line) && line >= 0) ? lines : undefined;
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const tree: unknown = JSON.parse(body);
    return tree !== null && typeof tree === 'object' ? (tree as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
