import { DAY_MS, MINUTE_MS } from '../base/index.ts';

/** A time as written: wall clock as if it were UTC, and the offset from UTC where the text has one. */
export interface WrittenTime {
  readonly localMs: number;
  readonly offsetMs: number | undefined;
}

/** Reads a text by one fixed format; undefined when it does not fit in full. */
export type TimeReader = (text: string) => WrittenTime | undefined;

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  fractionMs: number;
  offsetMs: number | undefined;
}

/** Reads one token at a position; gives the position behind it, or -1. */
type Token = (text: string, at: number, fields: Fields) => number;

/**
 * ISO 8601 date and time: `2026-01-15T12:00:00.123Z`, `…+0100`, `…+01:00`, with `T` or a blank, seconds and fraction
 * optional. Nothing else is guessed.
 */
export const readIso: TimeReader = (text) => readPlainIso(text) ?? readAnyIso(text);

const readAnyIso: TimeReader = reader([
  number(4, 'year'),
  literal('-'),
  number(2, 'month'),
  literal('-'),
  number(2, 'day'),
  (text, at) => (text[at] === 'T' || text[at] === 't' || text[at] === ' ' ? at + 1 : -1),
  number(2, 'hour'),
  literal(':'),
  number(2, 'minute'),
  (text, at, fields) => (text[at] === ':' ? number(2, 'second')(text, at + 1, fields) : at),
  (text, at, fields) => (text[at] === '.' || text[at] === ',' ? fraction(text, at + 1, fields) : at),
  (text, at, fields) => (at === text.length ? at : zone(text, at, fields)),
]);

/** Length up to the seconds, as in `2026-01-15T12:00:00`. */
const PLAIN_CHARS = 19;
const PLAIN_SEPARATORS = [
  [4, '-'],
  [7, '-'],
  [10, 'T'],
  [13, ':'],
  [16, ':'],
] as const;

/**
 * The form in which nearly all devices write: full seconds or milliseconds, and `Z`. Gives up on any other.
 */
function readPlainIso(text: string): WrittenTime | undefined {
  const hasMs = text.length === PLAIN_CHARS + 5 && text[PLAIN_CHARS] === '.';
  if ((!hasMs && text.length !== PLAIN_CHARS + 1) || text[text.length - 1] !== 'Z') return undefined;
  for (const [at, char] of PLAIN_SEPARATORS) if (text[at] !== char) return undefined;
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  const ms = hasMs ? digitsAt(text, PLAIN_CHARS + 1, 3) : 0;
  if (year < 100 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || ms < 0) return undefined;
  return { localMs: Date.UTC(year, month - 1, day, hour, minute, second) + ms, offsetMs: 0 };
}

const TOKENS: ReadonlyMap<string, Token> = new Map<string, Token>([
  ['YYYY', number(4, 'year')],
  ['YY', shortYear],
  ['MM', number(2, 'month')],
  ['DD', number(2, 'day')],
  ['hh', number(2, 'hour')],
  ['mm', number(2, 'minute')],
  ['ss', number(2, 'second')],
  ['S', fraction],
  ['Z', zone],
]);

/**
 * Compiles a pattern of `YYYY YY MM DD hh mm ss S Z` (fraction digits; Z, UTC, GMT or an offset) and literal characters.
 *
 * @returns undefined when the pattern lacks year, month, day or hour
 */
export function compileTimePattern(pattern: string): TimeReader | undefined {
  if (!/YY/.test(pattern) || !/MM/.test(pattern) || !/DD/.test(pattern) || !/hh/.test(pattern)) return undefined;
  const parts = pattern.match(/YYYY|YY|MM|DD|hh|mm|ss|S|Z|[\s\S]/g) ?? [];
  return reader(parts.map((part) => TOKENS.get(part) ?? literal(part)));
}

/** Text lengths beyond any time; longer ones are not looked at. */
const TEXT_MAX = 64;

function reader(tokens: readonly Token[]): TimeReader {
  return (text) => {
    if (text.length > TEXT_MAX) return undefined;
    const fields: Fields = {
      year: 0,
      month: 1,
      day: 1,
      hour: 0,
      minute: 0,
      second: 0,
      fractionMs: 0,
      offsetMs: undefined,
    };
    let at = 0;
    for (const token of tokens) {
      at = token(text, at, fields);
      if (at < 0) return undefined;
    }
    return at === text.length ? written(fields) : undefined;
  };
}

/** Checks the fields against the calendar; 24:00 is the end of the day (ISO 8601-1:2019/Amd 1). */
function written(fields: Fields): WrittenTime | undefined {
  const { year, month, day, hour, minute, second, fractionMs, offsetMs } = fields;
  if (year < 100 || month < 1 || month > 12 || day < 1 || minute > 59 || second > 59) return undefined;
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0 || fractionMs > 0))) return undefined;
  if (day > 28 && day > daysOf(year, month)) return undefined;
  return { localMs: Date.UTC(year, month - 1, day, hour, minute, second) + fractionMs, offsetMs };
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysOf(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : DAYS[month - 1]!;
}

function number(digits: number, field: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): Token {
  return (text, at, fields) => {
    const value = digitsAt(text, at, digits);
    if (value < 0) return -1;
    fields[field] = value;
    return at + digits;
  };
}

function shortYear(text: string, at: number, fields: Fields): number {
  const value = digitsAt(text, at, 2);
  if (value < 0) return -1;
  fields.year = 2000 + value;
  return at + 2;
}

/** One to nine digits behind the point, rounded to the millisecond. */
function fraction(text: string, at: number, fields: Fields): number {
  let end = at;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  if (end === at || end - at > 9) return -1;
  fields.fractionMs = Math.round(Number(`0.${text.slice(at, end)}`) * 1000);
  return end;
}

function zone(text: string, at: number, fields: Fields): number {
  const rest = text.slice(at);
  for (const name of ['Z', 'z', 'UTC', 'GMT']) {
    if (rest.startsWith(name)) {
      fields.offsetMs = 0;
      return at + name.length;
    }
  }
  const sign = rest[0] === '+' ? 1 : rest[0] === '-' ? -1 : 0;
  const hours = digitsAt(text, at + 1, 2);
  if (sign === 0 || hours < 0) return -1;
  const minutesAt = at + (text[at + 3] === ':' ? 4 : 3);
  const minutes = digitsAt(text, minutesAt, 2);
  const offsetMs = sign * (hours * 60 + Math.max(minutes, 0)) * MINUTE_MS;
  if (minutes > 59 || Math.abs(offsetMs) >= DAY_MS || (minutes < 0 && text[at + 3] === ':')) return -1;
  fields.offsetMs = offsetMs;
  return minutes < 0 ? at + 3 : minutesAt + 2;
}

function literal(text: string): Token {
  return (input, at) => (input.startsWith(text, at) ? at + text.length : -1);
}

function digitsAt(text: string, at: number, count: number): number {
  if (at + count > text.length) return -1;
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const code = text.charCodeAt(index);
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 48;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
