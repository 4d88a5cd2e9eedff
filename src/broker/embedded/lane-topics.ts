import { TextCache } from '../../base/index.ts';
import { topicProblem } from './topics.ts';

const TOPICS_REMEMBERED = 8_192;
const SLASH = 0x2f;

/**
 * Turns the bytes of a topic into its text, once it is known that they make one that may be published to: topics repeat
 * with every message, and what is remembered of them was looked at. Bounded: 8192 topics.
 */
export class LaneTopics {
  readonly #sound = new TextCache(TOPICS_REMEMBERED);
  readonly #bytesMax: number;
  readonly #levelsMax: number;

  constructor(bytesMax: number, levelsMax: number) {
    this.#bytesMax = bytesMax;
    this.#levelsMax = levelsMax;
  }

  /** @returns undefined when `bytes[start, end)` are no topic that may be published to */
  topicOf(bytes: Buffer, start: number, end: number): string | undefined {
    if (end - start > this.#bytesMax) return undefined;
    const known = this.#sound.known(bytes, start, end);
    if (known !== undefined) return known;
    if (levelsIn(bytes, start, end) > this.#levelsMax) return undefined;
    const topic = bytes.toString('utf8', start, end);
    if (topicProblem(topic, this.#bytesMax) !== undefined) return undefined;
    return this.#sound.learn(bytes, start, end, topic);
  }
}

function levelsIn(bytes: Buffer, start: number, end: number): number {
  let levels = 1;
  for (let at = start; at < end; at++) if (bytes[at] === SLASH) levels++;
  return levels;
}
