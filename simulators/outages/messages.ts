import { type Random, seededRandom } from '../common/index.ts';
import type { OutageEvent } from './events.ts';

/** One publish. */
export interface OutageMessage {
  readonly key: string;
  readonly topic: string;
  readonly payload: string;
}

/** Id of a state in topics and as a zone: `district-of-columbia`. */
export function stateId(state: string): string {
  return state.toLowerCase().replaceAll(' ', '-');
}

/**
 * Every event twice: as the last gasp of a meter of its own, which has its duration; and, where both numbers are told,
 * in the outage feed of its state. Events come by their start, those of one year in random order where there is a seed:
 * windows of a year are made of days that are remembered for a year or two.
 */
export function outageMessages(recording: string, events: readonly OutageEvent[], seed?: string): OutageMessage[] {
  const known = events.filter(({ startMs }) => startMs !== undefined);
  const random = seed === undefined ? undefined : seededRandom(seed);
  const byYear = Map.groupBy(known, ({ year }) => Number(year));
  return [...byYear]
    .sort(([a], [b]) => a - b)
    .flatMap(([, some]) => inOrder(some, random))
    .flatMap((event) => messagesOf(recording, event));
}

function inOrder(events: readonly OutageEvent[], random: Random | undefined): OutageEvent[] {
  const rank = (event: OutageEvent): number => (random === undefined ? event.startMs! : random());
  return events
    .map((event) => [rank(event), event] as const)
    .sort(([a], [b]) => a - b)
    .map(([, event]) => event);
}

function messagesOf(recording: string, event: OutageEvent): OutageMessage[] {
  const { id, startMs, restoredMs, customers, state } = event;
  const gasp = (timeMs: number, isLost: boolean) => ({ n: 'power_outage', vb: isLost, t: timeMs / 1000 });
  // The end first: an event that ends when it began loses nobody.
  const gasps = [...(restoredMs === undefined ? [] : [gasp(restoredMs, false)]), gasp(startMs!, true)];
  const meter = { key: id, topic: `in/${recording}/event-${id}/data`, payload: JSON.stringify(gasps) };
  if (customers === undefined || restoredMs === undefined) return [meter];
  const [started, restored] = [new Date(startMs!).toISOString(), new Date(restoredMs).toISOString()];
  const payload = JSON.stringify({ event: id, customers, started, restored });
  return [meter, { key: id, topic: `outages/${recording}/${stateId(state)}`, payload }];
}
