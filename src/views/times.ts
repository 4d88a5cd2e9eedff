import { isoTime } from '../base/index.ts';

/** Like `isoTime`; null for "never" (0, an infinity, or beyond what a calendar can say). */
export function isoOrNull(atMs: number): string | null {
  return atMs === 0 || !(Math.abs(atMs) <= CALENDAR_END_MS) ? null : isoTime(atMs);
}

const CALENDAR_END_MS = 8.64e15;
// A `+` in a query string arrives as a space when it was not escaped; no other reading of it makes sense here.
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(?:Z|([+\- ])(\d\d):(\d\d))$/;

/**
 * Reads an instant as ISO 8601 with `Z` or an offset: `2026-01-15T12:00:00Z`, `2026-01-15T12:00+01:00`. A time without
 * an offset is refused, for it names no instant.
 *
 * @returns ms UTC, or undefined when the text is no instant
 */
export function parseInstant(text: string): number | undefined {
  const parts = INSTANT.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, Number((parts[7] ?? '').padEnd(3, '0')));
  // Date.UTC carries 31 February over to March: what does not read back as it was written is no date.
  const same = new Date(localMs).toISOString().startsWith(`${text.slice(0, 16)}`);
  const offsetMinutes = Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0);
  if (!same || second > 59 || offsetMinutes > 18 * 60 || Number(parts[10] ?? 0) > 59) return undefined;
  return localMs - (parts[8] === '-' ? -1 : 1) * offsetMinutes * 60_000;
}

const OFFSET = /^[+\- ](?:0\d|1[0-4]):[0-5]\d$/;

/**
 * Checks the name of a calendar: `UTC`, an IANA zone, a fixed offset `+01:00`, or `standard:<IANA zone>`.
 *
 * @returns the name as the windows room takes it, or undefined when there is no such zone
 */
export function parseTimeZone(text: string): string | undefined {
  if (OFFSET.test(text)) return text.replace(' ', '+');
  const name = text.startsWith('standard:') ? text.slice('standard:'.length) : text;
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return text;
  } catch {
    return undefined;
  }
}
