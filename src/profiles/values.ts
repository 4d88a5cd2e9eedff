/** What devices write when they have no value. Compared in lower case, without blanks around. */
const NO_VALUE = new Set(
  [
    '',
    'nan',
    '-nan',
    'na',
    'n/a',
    '?',
    '-',
    '--',
    'null',
    'none',
    'inf',
    '-inf',
    '+inf',
    'infinity',
    '-infinity',
  ].concat(['+infinity', 'unknown', 'unavailable']),
);

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const TEXT_MAX = 64;

/**
 * Reads a JSON value as a number.
 *
 * @param asText texts such as " 12.5" or "00001" are numbers too
 * @returns NaN where the device says that it has none; undefined for what is no finite number
 */
export function readNumber(value: unknown, asText: boolean): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === null) return Number.NaN;
  if (!asText || typeof value !== 'string' || value.length > TEXT_MAX) return undefined;
  const text = value.trim();
  if (NUMBER.test(text)) {
    const number = Number(text);
    return Number.isFinite(number) ? number : undefined;
  }
  return NO_VALUE.has(text.toLowerCase()) ? Number.NaN : undefined;
}

/** Why `readNumber` had no answer, for a reject. */
export function explainNumber(value: unknown, asText: boolean): string {
  if (typeof value === 'number') return `the value ${value} is beyond the range of numbers`;
  if (typeof value !== 'string') return `the value is ${kindOf(value)}; a number is expected`;
  const shown = JSON.stringify(value.slice(0, 40));
  if (!asText) return `the value ${shown} is text; this format sends numbers`;
  if (/^\s*[+-]?\d+,\d+\s*$/.test(value)) return `the value ${shown} has a decimal comma; a decimal point is expected`;
  return `the value ${shown} is no number`;
}

/** A test for values by which a device says that it has none. */
export function compileInvalid(
  rules:
    | readonly (number | string | { readonly lt?: number | undefined; readonly gt?: number | undefined })[]
    | undefined,
): (raw: unknown, value: number) => boolean {
  if (rules === undefined) return () => false;
  const numbers = new Set(rules.filter((rule) => typeof rule === 'number'));
  const texts = new Set<unknown>(rules.filter((rule) => typeof rule === 'string'));
  const bounds = rules.filter((rule) => typeof rule === 'object');
  return (raw, value) =>
    numbers.has(value) ||
    texts.has(raw) ||
    bounds.some(({ lt, gt }) => (lt !== undefined && value < lt) || (gt !== undefined && value > gt));
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : String(value);
}
