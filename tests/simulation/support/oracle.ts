import { HOUR_MS } from '../../../src/base/index.ts';
import type { JournalRecord } from '../../../src/journal/index.ts';
import type { KpiDefinition } from '../../../src/kpis/index.ts';
import { type Message, MessageFlag } from '../../../src/model/index.ts';
import { storedReadingCounts } from '../../../src/store/index.ts';
import type { PipelineTick } from '../../../src/workers/pipeline.ts';
import { expectSame } from '../../property/support/drive.ts';
import { CITY, newPipeline } from './city.ts';
import { ComparedStore } from './store.ts';

/** What a sensor wanted to say. */
export interface Meant {
  /** Device and quantity. */
  readonly series: string;
  readonly timeMs: number;
  readonly value: number;
}

/** What was meant by topic and payload; messages that say nothing are absent. */
export type Meanings = ReadonlyMap<string, Meant>;

export function meaningKey({ topic, payload }: Pick<Message, 'topic' | 'payload'>): string {
  return `${topic}\n${Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')}`;
}

/** The naive model: each reading that is neither ahead nor too old counts, once; the first of two stays. */
export function countNaively(history: readonly JournalRecord[], meanings: Meanings): Map<string, number> {
  const counted = new Map<string, number>();
  for (const record of history) {
    if (record.kind === 'mark' || record.kind === 'hours') continue;
    const meant = meanings.get(meaningKey(record.message));
    if (meant === undefined || (record.message.flags & MessageFlag.will) !== 0 || isAhead(record, meanings)) continue;
    if (meant.timeMs < record.message.receivedAtMs - CITY.windows.backlogMax) continue;
    const identity = `${meant.series} ${meant.timeMs}`;
    if (!counted.has(identity)) counted.set(identity, meant.value);
  }
  return counted;
}

export function isAhead(record: JournalRecord, meanings: Meanings): boolean {
  if (record.kind === 'mark' || record.kind === 'hours') return false;
  const meant = meanings.get(meaningKey(record.message));
  return meant !== undefined && meant.timeMs > record.message.receivedAtMs + CITY.windows.aheadMax;
}

/** What a store says of which readings count, by identity. */
export function countedIn(store: ComparedStore): Map<string, number> {
  const counted = new Map<string, number>();
  for (const row of store.readings) {
    const identity = `${store.seriesName(row.series)} ${row.timeMs}`;
    if (storedReadingCounts(row) && !counted.has(identity)) counted.set(identity, row.value);
  }
  return counted;
}

/** How many readings each hour of each series counts: by the naive model, and by the panes of a store. */
export function expectHoursOnce(counted: ReadonlyMap<string, number>, store: ComparedStore): void {
  const naive = new Map<string, number>();
  for (const identity of counted.keys()) {
    const at = identity.lastIndexOf(' ');
    const timeMs = Number(identity.slice(at + 1));
    const hour = `${identity.slice(0, at)} ${timeMs - (timeMs % HOUR_MS)}`;
    naive.set(hour, (naive.get(hour) ?? 0) + 1);
  }
  const said = new Map<string, number>();
  for (const { series, level, pane } of store.panes.values()) {
    if (level === 'hour' && pane.count > 0) said.set(`${store.seriesName(series)} ${pane.startMs}`, pane.count);
  }
  expectSame(sorted(said), sorted(naive), 'readings of hours');
}

export function sorted(map: ReadonlyMap<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** One clean run over the whole journal: what a store holds that never saw a fault. */
export async function runCleanly(
  history: readonly JournalRecord[],
  kpis: readonly KpiDefinition[],
): Promise<{ readonly store: ComparedStore; readonly last: PipelineTick | undefined }> {
  const store = new ComparedStore();
  const pipeline = newPipeline(kpis);
  let last: PipelineTick | undefined;
  store.apply(pipeline.batchOf([], pipeline.basis));
  for (const record of history) {
    if (!pipeline.take(record)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, false);
    if (pipeline.closeWindows(false)) await pipeline.readBack(store);
    last = pipeline.flush();
    store.apply(last.batch);
  }
  return { store, last };
}
