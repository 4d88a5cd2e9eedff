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
