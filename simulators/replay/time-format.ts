import { MINUTE_MS } from '../../src/base/index.ts';

/** What a stamp says before any zone is applied. */
export interface Stamp {
  /** The clock's reading as if it were UTC, ms; for formats with an offset or epoch seconds the instant itself. */
  readonly clockMs: number;
  /** True when the text settles the instant (offset, `Z` or epoch). */
  readonly isInstant: boolean;
}

/** Reads one stamp; undefined when the text does not have the format or names no date (30 February). */
export type ReadStamp = (text: string) => Stamp | undefined;

interface Token {
  readonly pattern: string;
  readonly part?:
    | 'year'
    | 'month'
    | 'day'
    | 'hour'
    | 'hourEnding'
    | 'minute'
    | 'second'
    | 'fraction'
    | 'offset'
    | 'epoch';
}

/*
 * `D`, `M`, `H` read one or two digits, the doubled ones exactly two. `kk` is an hour-ending number, 01 to 24, where 24
 * is the midnight that ends the day (KPI.md 6.1).
 */
const TOKENS: readonly (readonly [string, Token])[] = [
  ['YYYY', { pattern: '(\\d{4})', part: 'year' }],
  ['MM', { pattern: '(\\d{2})', part: 'month' }],
  ['DD', { pattern: '(\\d{2})', part: 'day' }],
  ['HH', { pattern: '(\\d{2})', part: 'hour' }],
  ['kk', { pattern: '(\\d{2})', part: 'hourEnding' }],
  ['mm', { pattern: '(\\d{2})', part: 'minute' }],
  ['ss', { pattern: '(\\d{2})', part: 'second' }],
  ['M', { pattern: '(\\d{1,2})', part: 'month' }],
  ['D', { pattern: '(\\d{1,2})', part: 'day' }],
  ['H', { pattern: '(\\d{1,2})', part: 'hour' }],
  ['SSS', { pattern: '(\\d{1,9})', part: 'fraction' }],
  ['Z', { pattern: '(Z|[+-]\\d{2}:?\\d{2})', part: 'offset' }],
  ['X', { pattern: '(-?\\d{1,12})', part: 'epoch' }],
];

/**
 * Compiles a stamp format: the tokens above, literal characters, and literal text in brackets (`YYYY-MM-DD [H]kk`).
 *
 * @returns undefined when the format names no date
 */
export function compileTimeFormat(format: string): ReadStamp | undefined {
  const parts: NonNullable<Token['part']>[] = [];
  let pattern = '';
  for (let at = 0; at < format.length; ) {
    const literal = format[at] === '[' ? format.indexOf(']', at) : -1;
    if (literal > 0) {
      pattern += RegExp.escape(format.slice(at + 1, literal));
      at = literal + 1;
      continue;
    }
    const found = TOKENS.find(([name]) => format.startsWith(name, at));
    pattern += found === undefined ? RegExp.escape(format[at]!) : found[1].pattern;
    if (found?.[1].part !== undefined) parts.push(found[1].part);
    at += found === undefined ? 1 : found[0].length;
  }
  if (!parts.includes('epoch') && !['year', 'month', 'day'].every((part) => parts.includes(part as 'year')))
    return undefined;
  const expression = new RegExp(`^${pattern}$`);
  return (text) => {
    const match = expression.exec(text);
    return match === null ? undefined : stampOf(parts, match);
  };
}

function stampOf(parts: readonly string[], match: readonly string[]): Stamp | undefined {
  const text = (part: string) => match[parts.indexOf(part) + 1];
  const number = (part: string, otherwise: number) => (parts.includes(part) ? Number(text(part)) : otherwise);
  if (parts.includes('epoch')) return { clockMs: number('epoch', 0) * 1000, isInstant: true };
  const [year, month, day] = [number('year', 0), number('month', 0), number('day', 0)];
  const hourEnding = parts.includes('hourEnding');
  const hour = hourEnding ? number('hourEnding', 0) : number('hour', 0);
  const [minute, second] = [number('minute', 0), number('second', 0)];
  const dayMs = Date.UTC(year, month - 1, day);
  const isDate = new Date(dayMs).getUTCMonth() === month - 1 && day >= 1 && year >= 1000;
  const isTime = (hourEnding ? hour >= 1 && hour <= 24 : hour <= 23) && minute <= 59 && second <= 59;
  if (!isDate || !isTime) return undefined;
  const fractionMs = Math.trunc(Number(`0.${text('fraction') ?? '0'}`) * 1000);
  const clockMs = Date.UTC(year, month - 1, day, hour, minute, second) + (parts.includes('fraction') ? fractionMs : 0);
  if (!parts.includes('offset')) return { clockMs, isInstant: false };
  const offsetMinutes = parseOffset(text('offset') ?? '');
  return offsetMinutes === undefined ? undefined : { clockMs: clockMs - offsetMinutes * MINUTE_MS, isInstant: true };
}

/** Minutes east of UTC of `Z`, `UTC`, `+02:00`, `-0530`; undefined for anything else or beyond 18 hours. */
export function parseOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'UTC') return 0;
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (Number(match[3]) > 59 || minutes > 18 * 60) return undefined;
  return match[1] === '-' ? -minutes : minutes;
}
