import { systemClock } from '../../../src/base/index.ts';
import type { Config } from '../../../src/config/index.ts';
import type { CityStreams, Cut, JournalRecord } from '../../../src/journal/index.ts';
import { loadProfiles } from '../../../src/profiles/index.ts';
import { createDuckdbStore } from '../../../src/store/duckdb/index.ts';
import { profileFolders } from '../../../src/workers/device-rights.ts';
import { cityIntake, Pipeline } from '../../../src/workers/pipeline.ts';
import { inMergedOrder } from '../../property/support/merged-order.ts';

const READ_BYTES_MAX = 4 << 20;

/**
 * Reads the messages of all partitions as they came, and makes a store of them with one engine, as a journal in the order
 * of streams.ts. None of what owners made is read. The streams must not be trimmed.
 *
 * @param upTo position at which it ends
 * @returns messages that it took
 */
export async function storeOfOneEngine(
  streams: CityStreams,
  { config, upTo, file }: { readonly config: Config; readonly upTo: number; readonly file: string },
): Promise<number> {
  const { memoryMax, threads } = config.store;
  const store = createDuckdbStore({ file, memoryBytesMax: memoryMax, threads, clock: systemClock });
  await store.open();
  const pipeline = new Pipeline(config, cityIntake(config, loadProfiles(profileFolders(config))));
  let messages = 0;
  for (const record of inMergedOrder(...(await rawOf(streams)))) {
    if (record.sequence > upTo) break;
    if (record.kind === 'message') messages++;
    if (!pipeline.take(record)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, false);
    if (pipeline.closeWindows(false)) await pipeline.readBack(store);
    await store.write(pipeline.flush().batch);
  }
  await store.close();
  return messages;
}

/** From the beginning, which is the one with number 0. */
export async function allCuts(streams: CityStreams): Promise<Cut[]> {
  const cuts: Cut[] = [await streams.oldestCut()];
  for (;;) {
    const more = await streams.cutsAfter(cuts.at(-1)!.number, 0);
    if (more.length === 0) return cuts;
    cuts.push(...more);
  }
}

/** All cuts, and all records before the newest one. */
async function rawOf(streams: CityStreams): Promise<[Cut[], JournalRecord[][]]> {
  const cuts = await allCuts(streams);
  const raw: JournalRecord[][] = [];
  for (const [partition, end] of cuts.at(-1)!.ends.entries()) {
    const records: JournalRecord[] = [];
    while (records.length < end) {
      records.push(...(await streams.readRaw(partition, records.length, end, READ_BYTES_MAX)));
    }
    raw.push(records);
  }
  return [cuts, raw];
}
