import { topicProblem } from './topics.ts';

const SLOTS = 8_192;
const SLASH = 0x2f;

interface Entry {
  readonly bytes: Uint8Array;
  readonly topic: string;
}

/**
 * Turns the bytes of a topic into its text, once it is known that they make one that may be published to: topics repeat
 * with every message, and one that is met again costs neither decoding nor garbage. Bounded: 8192 topics.
 */
export class LaneTopics {
  readonly #entries: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS).fill(undefined);
  readonly #bytesMax: number;
  readonly #levelsMax: number;

  constructor(bytesMax: number, levelsMax: number) {
    this.#bytesMax = bytesMax;
    this.#levelsMax = levelsMax;
  }

  /** @returns undefined when `bytes[start, end)` are no topic that may be published to */
  topicOf(bytes: Buffer, start: number, end: number): string | undefined {
    if (end - start > this.#bytesMax) return undefined;
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const entry = this.#entries[slot];
    if (entry !== undefined && isSame(entry.bytes, bytes, start, end)) return entry.topic;
    if (levelsIn(bytes, start, end) > this.#levelsMax) return undefined;
    const topic = bytes.toString('utf8', start, end);
    if (topicProblem(topic, this.#bytesMax) !== undefined) return undefined;
    this.#entries[slot] = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), topic };
    return topic;
  }
}

function isSame(known: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let index = 0; index < known.length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
}

function levelsIn(bytes: Buffer, start: number, end: number): number {
  let levels = 1;
  for (let at = start; at < end; at++) if (bytes[at] === SLASH) levels++;
  return levels;
}
