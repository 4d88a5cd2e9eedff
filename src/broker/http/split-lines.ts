/** How much of the lines of a body may be one message. */
export interface PieceLimits {
  readonly bytesMax: number;
  /** Fields, each of which can be a reading; a line without any counts as one, as it can be a refusal. */
  readonly fieldsMax: number;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const HASH = 0x23;

interface Line {
  /** Behind its newline. */
  readonly end: number;
  readonly fields: number;
}

/**
 * Cuts a body of line protocol between its lines, so that each piece can be a message: a batch of a thousand lines is
 * more than one message may hold. Every byte is in one piece, in order. A line over the limits is a piece by itself.
 */
export function splitLines(body: Uint8Array, { bytesMax, fieldsMax }: PieceLimits): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  let fields = 0;
  while (at < body.length) {
    const line = lineAt(body, at, bytesMax);
    const count = Math.max(1, line.fields);
    const isTooMuch = line.end - start > bytesMax || fields + count > fieldsMax;
    if (isTooMuch && at > start) {
      pieces.push(body.subarray(start, at));
      start = at;
      fields = 0;
    }
    fields += count;
    at = line.end;
  }
  if (at > start || pieces.length === 0) pieces.push(body.subarray(start, at));
  return pieces;
}

/** A text may hold newlines, but one that is longer than a message has lost its end: then the line ends where it can. */
function lineAt(body: Uint8Array, start: number, bytesMax: number): Line {
  if (body[start] === HASH) return { end: endOf(body, start), fields: 0 };
  let isKey = true;
  let isText = false;
  let fields = 0;
  let textAt = start;
  for (let at = start; at < body.length; at++) {
    const byte = body[at];
    if (byte === BACKSLASH) at++;
    else if (isText) {
      if (byte === QUOTE) isText = false;
      else if (at - start > bytesMax) return { end: endOf(body, textAt), fields };
    } else if (byte === NEWLINE) return { end: at + 1, fields };
    else if (byte === SPACE) isKey = false;
    else if (byte === EQUALS && !isKey) fields++;
    else if (byte === QUOTE && !isKey && body[at - 1] === EQUALS) {
      isText = true;
      textAt = at;
    }
  }
  return { end: isText ? endOf(body, textAt) : body.length, fields };
}

function endOf(body: Uint8Array, from: number): number {
  const newline = body.indexOf(NEWLINE, from);
  return newline < 0 ? body.length : newline + 1;
}
