import type { JournalReader } from '../journal/index.ts';
import { filterMatches, levelsOf } from '../model/index.ts';

/** Which messages are to be decoded again. */
export interface MessageChoice {
  /** Received in [fromMs, toMs), ms UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Topic filters of MQTT, of which one matches; all topics when there is none. */
  readonly topics: readonly string[];
}

/** Whether a topic is one of the choice. */
export function topicChosen({ topics }: Pick<MessageChoice, 'topics'>): (topic: string) => boolean {
  if (topics.length === 0) return () => true;
  const filters = topics.map(levelsOf);
  const known = new Map<string, boolean>();
  return (topic) => {
    const before = known.get(topic);
    if (before !== undefined) return before;
    const levels = levelsOf(topic);
    const isChosen = filters.some((filter) => filterMatches(filter, levels));
    if (known.size >= TOPICS_REMEMBERED) known.clear();
    known.set(topic, isChosen);
    return isChosen;
  };
}

const TOPICS_REMEMBERED = 100_000;

/**
 * Sequence of the first record that was written at or after an instant, between two sequences; `last + 1` when there is
 * none. Times never go back in a journal, so a few of its records tell.
 */
export async function firstSequenceAt(
  reader: JournalReader,
  atMs: number,
  first: number,
  last: number,
): Promise<number> {
  let low = first;
  let high = last + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [record] = await reader.read(middle - 1, middle, 1);
    if (record === undefined) break;
    const writtenAtMs = record.kind === 'message' ? record.message.receivedAtMs : record.atMs;
    if (writtenAtMs < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
