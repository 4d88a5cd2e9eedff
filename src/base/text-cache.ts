const TEXT_BYTES_MAX = 512;

/** What is needed of a Buffer, which the page does not know. */
interface TextBytes extends Uint8Array {
  toString(encoding?: 'utf8', start?: number, end?: number): string;
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Turns the same UTF-8 bytes into the same string object: a city has few topics and many messages, and a string that is
 * met again costs neither decoding nor garbage, nor a new hash in the maps that it is looked up in. Bounded: one text a
 * slot, the newest, of at most 512 bytes.
 */
export class TextCache {
  readonly #entries: (Entry | undefined)[];

  /** @param slots a power of two */
  constructor(slots = 4_096) {
    this.#entries = new Array<Entry | undefined>(slots).fill(undefined);
  }

  /** The text of `bytes[start, end)`. */
  text(bytes: TextBytes, start: number, end: number): string {
    if (start === end) return '';
    return this.known(bytes, start, end) ?? this.learn(bytes, start, end, bytes.toString('utf8', start, end));
  }

  /** The text of `bytes[start, end)`, if it was learnt. */
  known(bytes: TextBytes, start: number, end: number): string | undefined {
    if (end - start > TEXT_BYTES_MAX) return undefined;
    const entry = this.#entries[this.#slotOf(bytes, start, end)];
    return entry !== undefined && isSame(entry.bytes, bytes, start, end) ? entry.text : undefined;
  }

  /** @returns the text */
  learn(bytes: TextBytes, start: number, end: number, text: string): string {
    if (end - start > TEXT_BYTES_MAX) return text;
    const entry = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text };
    this.#entries[this.#slotOf(bytes, start, end)] = entry;
    return text;
  }

  #slotOf(bytes: TextBytes, start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#entries.length - 1);
  }
}

function isSame(known: Uint8Array, bytes: TextBytes, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}
