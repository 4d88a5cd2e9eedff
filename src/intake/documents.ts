import type { Format, Problem } from '../profiles/index.ts';
import { readCsv } from './csv.ts';
import { readLines } from './line-protocol.ts';
import { resolveSenml } from './senml.ts';

/** A payload made readable, with what is wrong with parts of it that are left out; or why it cannot be read at all. */
export type Read = { readonly document: unknown; readonly problems?: readonly Problem[] } | Problem;

/** Fatal: bytes that are no UTF-8 are an error, not U+FFFD; a byte order mark stays and makes JSON malformed. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Turns bytes into the document that a profile reads. Never throws. */
export function readDocument(payload: Uint8Array, format: Format, nestingMax: number, receivedAtMs: number): Read {
  let text: string;
  try {
    text = decoder.decode(payload);
  } catch {
    return { reason: 'not_utf8', detail: 'the payload is no UTF-8 text' };
  }
  if (format.kind === 'number') {
    const trimmed = text.trim();
    return trimmed === '' ? { reason: 'malformed', detail: 'the payload is empty' } : { document: trimmed };
  }
  if (format.kind === 'influx') return linesOf(text);
  if (format.kind === 'csv') return wrapped(readCsv(text, format.separator, format.columns));
  const depth = hasFewBrackets(text, nestingMax) ? 0 : deepest(payload);
  if (depth > nestingMax)
    return { reason: 'nesting_too_deep', detail: `the payload nests ${depth} levels; allowed are ${nestingMax}` };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { reason: 'malformed', detail: text === '' ? 'the payload is empty' : 'the payload is no JSON (RFC 8259)' };
  }
  return format.kind === 'senml' ? wrapped(resolveSenml(document, receivedAtMs / 1000)) : { document };
}

/** A body without a single line that can be read is something else. */
function linesOf(text: string): Read {
  const { points, problems } = readLines(text);
  const [first] = problems;
  return points.length === 0 && first !== undefined ? first : { document: points, problems };
}

function wrapped<T extends readonly unknown[]>(read: T | Problem): Read {
  return 'reason' in read ? read : { document: read };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** No more brackets are opened, in texts or outside, than may nest: then it cannot be too deep. */
function hasFewBrackets(text: string, nestingMax: number): boolean {
  let left = nestingMax;
  for (const bracket of '{[') {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (--left < 0) return false;
  }
  return true;
}

/** Levels of brackets, counted before parsing: what comes after must never meet a document that overflows a stack. */
function deepest(bytes: Uint8Array): number {
  let depth = 0;
  let most = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > most) most = depth;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return most;
}
