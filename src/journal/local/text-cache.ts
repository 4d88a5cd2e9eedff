const SLOTS = 4_096;
const TEXT_BYTES_MAX = 512;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Turns the same bytes into the same string object: a city has few topics and many messages, and a string that is met
 * again costs neither decoding nor garbage, nor a new hash in the maps that it is looked up in. Bounded: 4096 texts.
 */
export class TextCache {
  readonly #entries: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);

  /** The UTF-8 text of `bytes[start, end)`. */
  text(bytes: Buffer, start: number, end: number): string {
    if (start === end) return '';
    if (end - start > TEXT_BYTES_MAX) return bytes.toString('utf8', start, end);
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const entry = this.#entries[slot];
    if (entry !== undefined && isSame(entry.bytes, bytes, start, end)) return entry.text;
    const text = bytes.toString('utf8', start, end);
    this.#entries[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
    return text;
  }
}

function isSame(known: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}
